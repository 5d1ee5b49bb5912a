"""Comparisons by `mbert-bench ab` with a tool of known noise and slowdown, judged by `gate`.

With MBERT_BENCH_TRIALS=5, five times the comparisons: a hundred and more. Each is dozens of
processes of the tool; only the commands run in this process, to spare the imports of matplotlib.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from noisy_tool import write_noisy_tool
from work_model import model_with_work

from harness.cli import app

SEEDS = range(6 * int(os.environ.get("MBERT_BENCH_TRIALS", "1")))
# The small model takes some 0.1 ms, which the tool tells in whole us.
SCALE = 100.0


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for arm in ("baseline", "candidate"):
        (folder / f"{arm}.tflite").write_bytes(model_with_work())
    return folder


def command(*words: object) -> int:
    """The exit code of a command."""
    return app([str(word) for word in words], standalone_mode=False) or 0


def compare(models: Path, folder: Path, *, change_percent: float, seed: int) -> int:
    """Measures one comparison and gives what `gate --strict` exits with."""
    tool = write_noisy_tool(folder / "tool", change_percent=change_percent, seed=seed, scale=SCALE)
    measured = command(
        "ab", "--device", "host", "--baseline", models / "baseline.tflite",
        "--candidate", models / "candidate.tflite", "--baseline-tool", tool, "--threads", "1",
        "--seed", seed, "--allow", "cpu-busy", "--out", folder / "run",
    )  # fmt: skip
    assert measured == 0
    return command("gate", folder / "run", "--strict")


def exit_codes(models: Path, folder: Path, change_percent: float) -> Counter[int]:
    """How often each exit code came out."""
    return Counter(
        compare(models, folder / f"{seed}", change_percent=change_percent, seed=seed)
        for seed in SEEDS
    )


def test_identical_models_never_fail(models: Path, tmp_path: Path) -> None:
    codes = exit_codes(models, tmp_path, 0.0)

    assert codes[1] == 0, codes
    assert codes[0] >= 0.8 * len(SEEDS), codes


def test_a_slowdown_within_the_tolerance_is_no_trouble_of_the_device(
    models: Path, tmp_path: Path
) -> None:
    codes = exit_codes(models, tmp_path, 3.0)

    assert set(codes) <= {0, 1, 4}, codes


@pytest.mark.parametrize(("change_percent", "least"), [(5.0, 0.66), (10.0, 0.8)])
def test_a_regression_fails(
    models: Path, tmp_path: Path, change_percent: float, least: float
) -> None:
    codes = exit_codes(models, tmp_path, change_percent)

    assert codes[1] >= least * len(SEEDS), codes
    assert set(codes) <= {0, 1, 4}, codes
