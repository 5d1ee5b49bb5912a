from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from harness.peak import build_product, measure_peak_gflops


@pytest.mark.parametrize("int8", [False, True])
def test_reaches_a_rate_that_a_cpu_can_have(int8: bool) -> None:
    gflops = measure_peak_gflops(1, int8=int8)

    assert gflops is not None
    # Below: a CPU of twenty years ago. Above: four times the widest core of today in fp32.
    assert 0.5 < gflops < (16_000 if int8 else 2000)


def test_measures_the_same_from_a_folder_with_files_of_our_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("harness.py", "numpy.py", "types.py"):
        (tmp_path / name).write_text("raise SystemExit(1)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert measure_peak_gflops(1) is not None


def test_does_not_wait_for_a_child_that_does_not_end() -> None:
    assert measure_peak_gflops(1, timeout_s=0.01) is None


@pytest.mark.parametrize("end", ["raise SystemExit(3)", "print('none')", "print('nan')", "pass"])
def test_a_child_that_fails_gives_no_rate(
    end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{end}"\n', encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))

    assert measure_peak_gflops(1) is None


def test_an_interpreter_that_cannot_be_started_gives_no_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    assert measure_peak_gflops(1) is None


@pytest.mark.parametrize("int8", [False, True])
def test_the_product_is_one_operator_that_multiplies(int8: bool) -> None:
    interpreter = Interpreter(model_content=build_product(4, int8=int8), num_threads=1)
    interpreter.allocate_tensors()
    rows = np.arange(16, dtype=np.float32).reshape(4, 4)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], rows)
    interpreter.invoke()

    product = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    # With int8 each row is quantized to 255 steps.
    expected = rows @ np.ones((4, 4), dtype=np.float32)
    np.testing.assert_allclose(product, expected, atol=15 / 255 * 4 if int8 else 0)


def test_importing_it_loads_no_runtime() -> None:
    code = "import sys, harness.peak; sys.exit('ai_edge_litert' in sys.modules)"

    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0
