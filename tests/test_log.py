from __future__ import annotations

import pytest

from harness.log import parse_log
from harness.measurement import Measurement, Phase, ToolLog


def short_log(before: str = "", after: str = "", stderr: str = "") -> ToolLog:
    """The least that is a result, with other lines around it."""
    stdout = (
        "count=1 curr=73\n\ncount=1 curr=5\n\n"
        "Inference timings in us: Init: 950, First inference: 73, Warmup (avg): 73, "
        "Inference (avg): 5\n"
    )
    return ToolLog(stdout=before + stdout + after, stderr=stderr, exit_code=0)


@pytest.mark.parametrize(
    "line",
    [
        "VERBOSE: count=1 curr=5",
        "Timings (microseconds): count=1 curr=24",
        "                   cpu w/ 1 threads: count=1 curr=5",
        "Loaded model BENCHMARK RESULTS.tflite",
    ],
)
def test_lines_that_look_alike_are_passed_over(line: str) -> None:
    for log in (short_log(before=f"{line}\n"), short_log(after=line), short_log(stderr=line)):
        assert parse_log(log) == parse_log(short_log())


@pytest.mark.parametrize("percentiles", ["", " p5=0 median=0 p95=0"])
@pytest.mark.parametrize("average", ["0", "nan", "-nan"])
def test_without_warm_up_there_is_no_first_run(percentiles: str, average: str) -> None:
    log = ToolLog(
        stdout=f"INFO: count=0{percentiles}\nINFO: count=1 curr=5\nINFO: Inference timings in us: "
        f"Init: 9, First inference: 0, Warmup (avg): {average}, Inference (avg): 5",
        stderr="",
        exit_code=0,
    )

    assert parse_log(log) == Measurement(
        init_us=9, first_us=None, warmup=Phase(count=0), inference=Phase(count=1, last_us=5)
    )


@pytest.mark.parametrize("size", ["0", "-1", "nan", "1e400", "9" * 5000, "big"])
def test_an_odd_size_beside_the_result_is_left_out(size: str) -> None:
    sizes = (
        f"The input model file size (MB): {size}\n"
        f"#threads used for CPU inference: [{'9' * 5000}]\n"
        f"Peak memory footprint (MB): init=1 overall={size}\n"
    )

    assert parse_log(short_log(after=sizes)) == parse_log(short_log())


def test_warnings_are_those_that_a_reader_needs() -> None:
    stdout = (
        "WARN: Duplicate flags: num_threads\n"
        "WARN: Tensor # 0 is named a but flags call it b\n"
        "NNAPI acceleration is unsupported on this platform.\n"
        "WARN: GPU acceleration is unsupported on this platform.\n"
    )
    stderr = (
        "WARNING: linker: /data/local/tmp/benchmark_model: unused DT entry: type 0x1d arg 0x5d6\n"
        "ERROR: Can not open OpenCL library on this device - dlopen failed: \x1b[31mlibOpenCL\n"
        "INFO: Falling back to OpenGL\n"
        "ERROR: Falling back to OpenGL\n"
        "ERROR: Falling back to OpenGL\n"
        "12 operations will run on the GPU, and the remaining 3 operations will run on the CPU.\n"
    )

    assert parse_log(short_log(before=stdout, stderr=stderr)).warnings == (
        "NNAPI acceleration is unsupported on this platform.",
        "WARN: GPU acceleration is unsupported on this platform.",
        "ERROR: Can not open OpenCL library on this device - dlopen failed: \ufffd[31mlibOpenCL",
        "INFO: Falling back to OpenGL",
        "ERROR: Falling back to OpenGL",
        "12 operations will run on the GPU, and the remaining 3 operations will run on the CPU.",
    )


def test_a_delegate_that_was_done_without_is_a_warning() -> None:
    stderr = (
        "ERROR: Node number 9 (TfLiteXNNPackDelegate) failed to prepare.\n"
        "ERROR: Restored original execution plan after delegate application failure.\n"
    )

    assert parse_log(short_log(stderr=stderr)).warnings == tuple(stderr.splitlines())


def test_warnings_are_short_and_few() -> None:
    stderr = "".join(f"WARNING: {number} {'long ' * 1000}\n" for number in range(1000))

    warnings = parse_log(short_log(stderr=stderr)).warnings

    assert [len(warning) for warning in warnings] == [200] * 20


@pytest.mark.parametrize(
    ("lines", "threads"),
    [
        ("Num threads: [4]\n", 4),
        ("Num threads: [-1]\n", -1),
        ("INFO: Num threads: [-1]\nINFO: #threads used for CPU inference: [2]\n", 2),
        ("Num threads: 4\n", None),
    ],
)
def test_threads_are_what_the_tool_was_given(lines: str, threads: int | None) -> None:
    assert parse_log(short_log(before=lines)).threads == threads
