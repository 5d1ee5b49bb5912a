"""The catalogue's models in full size, built as a user builds them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from models.build import build_model
from models.catalog import CATALOG, ModelSpec
from models.inspect import Facts, inspect_model

required = os.environ.get("MBERT_BENCH_REQUIRE", "")
pytestmark = [
    pytest.mark.big,
    pytest.mark.skipif(
        required != "all" and "big" not in required,
        reason="builds full-size models; set MBERT_BENCH_REQUIRE=big",
    ),
]

TOOL = Path(__file__).parents[2] / "android_runner" / "litert_benchmark_model.py"

BERT_BASE = ModelSpec(name="bert-base")
RELEASED = ModelSpec(name="mobilebert")
PAPER = ModelSpec(name="mobilebert", variant="paper")
TINY = ModelSpec(name="mobilebert-tiny")
TINYBERT = ModelSpec(name="tinybert-4l")
DISTILBERT = ModelSpec(name="distilbert")


@pytest.fixture(scope="module")
def cache() -> Iterator[Path]:
    """Where built models are kept; removed at the end unless the environment names one."""
    if folder := os.environ.get("MBERT_BENCH_CACHE"):
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory(prefix="mbert-bench-") as folder:
        yield Path(folder)


RANGES = {"input_ids": "0,30521", "input_mask": "1,1", "segment_ids": "0,1"}


def replaced_nodes(path: Path, inputs: Sequence[str], length: int) -> tuple[int, int, int]:
    """What the stand-in tool says that XNNPACK took: nodes, of all nodes, partitions."""
    shapes = ":".join([f"1,{length}"] * len(inputs))
    ranges = ":".join(f"{name},{RANGES[name]}" for name in inputs)
    process = subprocess.run(
        [
            sys.executable,
            str(TOOL),
            f"--graph={path}",
            f"--input_layer={','.join(inputs)}",
            f"--input_layer_shape={shapes}",
            f"--input_layer_value_range={ranges}",
            "--num_runs=1",
            "--min_secs=0",
            "--warmup_min_secs=0",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # the runtime's own lines
        text=True,
        check=True,
    )
    line = next(line for line in process.stdout.splitlines() if "Replacing" in line)
    words = line.replace(",", "").split()
    return (
        int(words[words.index("Replacing") + 1]),
        int(words[words.index("of") + 1]),
        int(words[words.index("yielding") + 1]),
    )


@pytest.mark.parametrize(
    ("spec", "parameters", "megabytes", "dense"),
    [
        pytest.param(BERT_BASE, 108_891_648, 434.47, 12 * 6, id="bert-base"),
        pytest.param(RELEASED, 24_581_888, 97.67, 1 + 24 * 15, id="mobilebert"),
        pytest.param(PAPER, 25_359_104, 100.81, 1 + 24 * 14, id="mobilebert@paper"),
        pytest.param(TINY, 15_485_696, 61.30, 1 + 24 * 10, id="mobilebert-tiny"),
        # Of these the size is that of the weights.
        pytest.param(TINYBERT, 14_252_592, 57.01, 4 * 6, id="tinybert-4l"),
        pytest.param(DISTILBERT, 66_362_880, 265.45, 6 * 6, id="distilbert"),
    ],
)
def test_a_full_size_model_has_its_published_size_and_runs_on_xnnpack(
    spec: ModelSpec, parameters: int, megabytes: float, dense: int, cache: Path
) -> None:
    path = build_model(spec, cache)
    info = inspect_model(path)
    config = CATALOG[spec.name].config
    head_macs = 128 * config.hidden * 2
    assert info.facts == Facts(
        name=spec.name,
        variant=spec.variant,
        task="qa",
        sequence_length=128,
        quantization="fp32",
        weights="seed 0",
        parameters=parameters,
        head_parameters=2 * config.hidden + 2,
        macs=info.macs - head_macs,
    )
    # Sizes of files that the same architectures gave without our code, in 10^6 bytes.
    assert info.size_bytes / 1e6 == pytest.approx(megabytes, rel=0.01)
    assert info.operators["FULLY_CONNECTED"] == dense + 1  # the head
    nodes = sum(info.operators.values())
    # The lookups and the cast of the mask, one for each input, are the CPU's own.
    inputs = [tensor.name for tensor in info.inputs]
    assert replaced_nodes(path, inputs, 128) == (nodes - len(inputs), nodes, 1)


def test_a_second_build_gives_the_same_bytes(cache: Path, tmp_path: Path) -> None:
    again = build_model(TINY, tmp_path)
    try:
        assert again.read_bytes() == build_model(TINY, cache).read_bytes()
    finally:
        again.unlink()  # pytest keeps its folders
