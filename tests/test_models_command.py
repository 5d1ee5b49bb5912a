"""`mbert-bench models` as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from reference_checkpoints import Tensors, copy_checkpoint

from models.catalog import CATALOG
from models.inspect import inspect_model

TINY = Path(__file__).parent / "data" / "models" / "tiny.tflite"


def bench(*words: object, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    kept = {"MBERT_BENCH_CACHE": str(cache)} if cache else {}
    return subprocess.run(
        [sys.executable, "-c", "from harness.cli import main; main()", "models", *map(str, words)],
        env=os.environ | kept,
        capture_output=True,
        text=True,
        check=False,
    )


def build(folder: Path, out: Path, *words: object) -> subprocess.CompletedProcess[str]:
    task = ("--task", "encoder", "--seq-len", 16)
    model = "bert-base"
    return bench(
        "build", model, *task, "--weights", folder, "--out", out, *words, cache=out.parent / "cache"
    )


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_the_list_tells_sizes_tasks_and_sources_of_every_model() -> None:
    done = bench("list", "--json")
    assert done.returncode == 0
    models = {model["name"]: model for model in json.loads(done.stdout)["models"]}
    assert models.keys() == CATALOG.keys()
    assert models["mobilebert"] == {
        "name": "mobilebert",
        "title": "MobileBERT, uncased",
        "parameters": 24_581_888,
        "macs_128": 2_692_743_168,
        "weight_bytes": {
            "fp32": 98_327_552,
            "fp16": 49_163_776,
            "dynamic": 24_581_888,
            "int8": 24_581_888,
        },
        "checkpoint": "google/mobilebert-uncased",
        "source": "Sun et al. 2020, MobileBERT (arXiv 2004.02984)",
        "variants": [["released", "paper"], ["nonorm", "layernorm"], ["relu", "gelu"]],
        "tasks": [
            "qa",
            "encoder",
            "masked-lm",
            "pretraining",
            "next-sentence",
            "classification",
            "token-classification",
            "multiple-choice",
        ],
    }
    assert "pretraining" not in models["distilbert"]["tasks"]


def test_the_list_for_people_has_a_row_of_numbers_for_every_model() -> None:
    done = bench("list")
    assert done.returncode == 0
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    assert rows.keys() >= CATALOG.keys()
    assert rows["bert-base"][1:6] == ["108,891,648", "11,173,625,856", "435.6", "217.8", "108.9"]
    assert "checkpoint: google/mobilebert-uncased" in done.stdout
    assert "checkpoint: none is published" in done.stdout


def test_a_checkpoint_is_built_into_a_file(tmp_path: Path) -> None:
    folder = copy_checkpoint("bert", tmp_path / "bert")
    done = build(folder, tmp_path / "bert.tflite")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'bert.tflite'}\n"), done.stderr
    facts = inspect_model(tmp_path / "bert.tflite").facts
    assert facts is not None
    assert facts.weights.startswith("checkpoint ")
    assert facts.parameters < 100_000


def _no_bias(tensors: Tensors) -> None:
    del tensors["bert.encoder.layer.1.output.dense.bias"]


def test_a_refused_checkpoint_leaves_no_file(tmp_path: Path) -> None:
    folder = copy_checkpoint("bert", tmp_path / "bert", edit=_no_bias)
    done = build(folder, tmp_path / "out" / "bert.tflite")
    assert (done.returncode, done.stdout) == (2, "")
    assert "missing: encoder.layer.1.output.dense.bias" in done.stderr
    assert files_in(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("mobilebert", "its model_type is 'bert', and this model's is 'mobilebert'"),
        ("mobilebert@paper", "cannot have variant 'paper'"),
    ],
)
def test_weights_of_another_model_are_refused(name: str, why: str, tmp_path: Path) -> None:
    folder = copy_checkpoint("bert", tmp_path / "bert")
    out = tmp_path / "out" / "m.tflite"
    done = bench("build", name, "--weights", folder, "--out", out, cache=tmp_path / "cache")
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert not out.parent.exists()
    assert not (tmp_path / "cache").exists()


def test_a_file_is_shown_with_what_xnnpack_takes_of_it() -> None:
    done = bench("inspect", TINY)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert "XNNPACK      7 of 10 operators (70.0 %) in 1 partition" in lines
    assert "weights      223 values in the file: float32 892 bytes" in lines
    assert "            800 bytes  float32 [50x4]  'GatherV2/params'" in lines
    assert "      2  GATHER (2 not in XNNPACK)" in lines

    document = json.loads(bench("inspect", TINY, "--json").stdout)
    assert document["schema"] == 1
    assert document["xnnpack"] == {
        "nodes": 10,
        "partitions": 1,
        "left": {"GATHER": 2, "CAST": 1},
    }
    assert document["weight_bytes"] == {"float32": 892}
    assert document["largest"][0]["name"] == "GatherV2/params"


def test_two_files_are_shown_side_by_side() -> None:
    control = Path(__file__).parents[1] / "models" / "control.tflite"
    done = bench("inspect", TINY, control)
    assert done.returncode == 0
    rows = {line[:24].strip(): line[24:].split() for line in done.stdout.splitlines()}
    assert rows["MACs"] == ["96", "134,217,728", "1398101.333"]
    assert rows["FULLY_CONNECTED"] == ["1", "64", "64.000"]
    assert rows["GATHER"] == ["2", "0", "0.000"]
    assert rows["in XNNPACK"] == ["7", "64", "9.143"]

    document = json.loads(bench("inspect", TINY, control, "--json").stdout)
    assert [file["macs"] for file in document["files"]] == [96, 134_217_728]


def test_three_files_are_too_many() -> None:
    done = bench("inspect", TINY, TINY, TINY)
    assert (done.returncode, done.stdout) == (2, "")
    assert "one file, or two to compare" in done.stderr
