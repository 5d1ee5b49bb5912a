from __future__ import annotations

from pathlib import Path

import pytest

from harness.log import LogError, parse_log
from harness.measurement import Delegation, FailureKind, Measurement, Phase, ToolLog

_LOGS = Path(__file__).parent / "data" / "benchmark_model"


def read(name: str) -> ToolLog:
    stderr, code = _LOGS / f"{name}.stderr", _LOGS / f"{name}.rc"
    return ToolLog(
        stdout=(_LOGS / f"{name}.stdout").read_text(),
        stderr=stderr.read_text() if stderr.exists() else "",
        exit_code=int(code.read_text()) if code.exists() else 0,
    )


def phase(
    count: int, first: int, last: int, least: int, most: int, average: float, std: float
) -> Phase:
    return Phase(
        count=count,
        first_us=first,
        last_us=last,
        min_us=least,
        max_us=most,
        average_us=average,
        std_us=std,
    )


_RESULTS = {
    "ok": Measurement(
        init_us=5993,
        first_us=64617,
        warmup=phase(9, 64617, 61895, 61606, 64617, 62362.1, 868),
        inference=phase(20, 62898, 69346, 62056, 84242, 66651.4, 5108),
        threads=1,
        model_mb=8.12678,
    ),
    "ok_fp16": Measurement(
        init_us=974,
        first_us=69828,
        warmup=phase(8, 69828, 62040, 61544, 69828, 62820.8, 2656),
        inference=phase(20, 62000, 62256, 61407, 62704, 62063.8, 330),
        threads=1,
        model_mb=4.08493,
    ),
    "maxsecs": Measurement(
        init_us=612,
        first_us=63945,
        warmup=phase(9, 63945, 61343, 61343, 63945, 62098, 781),
        inference=phase(16, 61459, 62617, 61459, 64798, 63017.7, 745),
        threads=1,
        model_mb=8.12678,
    ),
    "peak": Measurement(
        init_us=660,
        first_us=63299,
        warmup=phase(9, 63299, 61995, 61079, 63299, 61956.4, 582),
        inference=phase(10, 61937, 65568, 61242, 65568, 62071, 1200),
        threads=1,
        model_mb=8.12678,
        peak_memory_mb=19.902497,  # 18.9805 MiB
    ),
    "profile": Measurement(
        init_us=771,
        first_us=63339,
        warmup=phase(9, 63339, 62037, 62037, 63339, 62442.8, 365),
        inference=phase(10, 61904, 61686, 61468, 62228, 61829.3, 260),
        threads=1,
        model_mb=8.12678,
    ),
    "profile_csv": Measurement(
        init_us=690,
        first_us=63409,
        warmup=phase(9, 63409, 61600, 61300, 64593, 62318.4, 1011),
        inference=phase(10, 61803, 62112, 61803, 62973, 62391.4, 359),
        threads=1,
        model_mb=8.12678,
    ),
    "verbose": Measurement(
        init_us=5002,
        first_us=40429,
        warmup=phase(15, 40429, 31366, 31366, 44193, 34477.1, 4185),
        inference=phase(5, 31428, 32187, 31318, 32187, 31700.8, 385),
        threads=2,
        model_mb=8.12678,
    ),
    "sample_tf_2_0": Measurement(
        init_us=31021,
        first_us=4385331,
        warmup=Phase(count=1, last_us=4385331),
        inference=phase(50, 105224, 151561, 87415, 197387, 116375, 28964),
        threads=4,
        delegations=(Delegation(delegate="GPU"),),
    ),
    "sample_tf_2_1": Measurement(
        init_us=1700,
        first_us=1012349,
        warmup=Phase(count=1, last_us=1012349),
        inference=phase(10, 1010010, 1010290, 1009998, 1010305, 1010130, 101),
        threads=1,
    ),
    "sample_tf_2_2": Measurement(
        init_us=130200,
        first_us=140021,
        warmup=phase(4, 140021, 139873, 139706, 140021, 139867, 112),
        inference=phase(50, 139700, 139912, 139555, 141230, 139904, 260),
        threads=2,
        model_mb=26.4,
        peak_memory_mb=105.119744,  # 100.25 MiB
        delegations=(Delegation(delegate="NNAPI"),),
    ),
    "sample_tf_2_3": Measurement(
        init_us=5685,
        first_us=18535,
        warmup=phase(35, 18535, 14377, 14149, 18535, 14462.3, 690),
        inference=phase(69, 14375, 14640, 14211, 15230, 14575.2, 231),
        threads=4,
        model_mb=25.12,
        peak_memory_mb=33.554432,  # 32 MiB
        delegations=(Delegation(delegate="GPU", applied="partially"),),
    ),
    "sample_litert_percentiles": Measurement(
        init_us=48101,
        first_us=1187,
        warmup=Phase(
            count=480,
            first_us=1187,
            last_us=1003,
            min_us=951,
            max_us=1187,
            average_us=1021.5,
            std_us=40,
            p5_us=963,
            median_us=1019,
            p95_us=1099,
        ),
        inference=Phase(
            count=1054,
            first_us=1015,
            last_us=942,
            min_us=910,
            max_us=1102,
            average_us=947.132,
            std_us=23,
            p5_us=915,
            median_us=942,
            p95_us=991,
        ),
        threads=4,
        model_mb=100.412,
        delegations=(
            Delegation(
                delegate="XNNPACK", applied="partially", nodes=180, nodes_total=200, partitions=3
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", _RESULTS)
def test_reads_the_log_of_every_version(name: str) -> None:
    assert parse_log(read(name)) == _RESULTS[name]


@pytest.mark.parametrize(
    ("name", "latency_us"), [("ok", 66651.4), ("sample_litert_percentiles", 942.0)]
)
def test_the_latency_is_the_median_where_there_is_one(name: str, latency_us: float) -> None:
    assert parse_log(read(name)).latency_us == latency_us


@pytest.mark.parametrize("name", _RESULTS)
def test_line_ends_and_merged_streams_change_nothing(name: str) -> None:
    log = read(name)
    head, separator, tail = log.stdout.partition("Running benchmark")
    merged = f"{head.removesuffix('INFO: ')}{log.stderr}INFO: {separator}{tail}"
    crlf = merged.replace("\n", "\r\n")

    assert parse_log(ToolLog(stdout=crlf, stderr="", exit_code=0)) == _RESULTS[name]


def test_runtime_lines_may_stand_between_the_phases() -> None:
    log = read("ok")
    noisy = log.stdout.replace("\n\n", "\nINFO: Initialized OpenCL-based API.\n\n")

    assert parse_log(ToolLog(stdout=noisy, stderr="", exit_code=0)) == _RESULTS["ok"]


_FAILURES = [
    (
        "bad_shape",
        FailureKind.MODEL_REJECTED,
        [
            "The tool cannot use this model as it was told to (SIGABRT, exit code 134).",
            "The log says: 'FATAL: Inputs mismatch: Model inputs #:1 expected: 3'",
            "Compare --input_layer, its shapes and its value files with the inputs of the model.",
        ],
    ),
    (
        "full_deleg",
        FailureKind.BENCHMARKING_FAILED,
        [
            "The tool says that it failed (exit code 1).",
            "The log says: 'ERROR: Disallowed CPU fallback detected.'",
            "No delegate took the whole model: try another one, or drop --require_full_delegation.",
        ],
    ),
    (
        "gather_oob",
        FailureKind.INVOKE_FAILED,
        [
            "The model fails when it runs; times in the log are of failed runs (exit code 1).",
            "The log says: 'ERROR: gather index out of bounds', 'ERROR: Node number 2 (GATHER) "
            "failed to invoke.', 'ERROR: Node number 2 (GATHER) failed to'",
            "Check the input values, such as token ids beyond the vocabulary, then the delegate.",
        ],
    ),
    (
        "help",
        FailureKind.BENCHMARKING_FAILED,
        [
            "The tool says that it failed (exit code 1).",
            "The log says: 'ERROR: usage: /o/benchmark_model <flags>'",
            "The tool was asked for its flags, or cannot read one of them.",
        ],
    ),
    (
        "killed",
        FailureKind.SIGNAL,
        [
            "No result: a signal ended the tool (SIGKILL, exit code 137).",
            "The log says: 'INFO: Running benchmark for at least 1000000 iterations and at "
            "least 1 seconds but terminate if exceeding 150 seconds.'",
            "The out-of-memory killer, or somebody's `kill -9`: free memory and try again.",
        ],
    ),
    (
        "missing",
        FailureKind.MODEL_REJECTED,
        [
            "The tool cannot use this model as it was told to (exit code 1).",
            "The log says: \"ERROR: Could not open '/m/none.tflite'.\", 'ERROR: The model "
            "allocation is null/empty'",
            "Check the path that --graph names, and that the file was pushed.",
        ],
    ),
    (
        "resize",
        FailureKind.MODEL_REJECTED,
        [
            "The tool cannot use this model as it was told to (exit code 1).",
            "The log says: 'ERROR: ./tensorflow/lite/kernels/reshape.cc:92 num_input_elements "
            "!= num_output_elements (16 != 32)', 'ERROR: Node number 7 (RESHAPE) failed to "
            "prepare.', 'ERROR: Failed to allocate tensors!'",
            "The model cannot take these input shapes: build it for this sequence length.",
        ],
    ),
    (
        "truncated",
        FailureKind.MODEL_REJECTED,
        [
            "The tool cannot use this model as it was told to (exit code 1).",
            "The log says: 'ERROR: The model is not a valid Flatbuffer buffer', 'ERROR: Failed "
            "to load model /m/trunc.tflite'",
            "The file is cut short or is not a .tflite file: build or push it again.",
        ],
    ),
    (
        "unknown_flag",
        FailureKind.UNCONSUMED_FLAGS,
        [
            "The tool ignored flags, so it did not measure what was asked for.",
            "The log says: 'WARN: Unconsumed cmdline flags: --use_warp_drive=true'",
            "Use a build that has these flags, or leave them out; flags are read only as "
            "--name=value.",
        ],
    ),
    (
        "use_gpu_absent",
        FailureKind.UNCONSUMED_FLAGS,
        [
            "The tool ignored flags, so it did not measure what was asked for.",
            "The log says: 'WARN: Unconsumed cmdline flags: --use_gpu=true'",
            "Use a build that has these flags, or leave them out; flags are read only as "
            "--name=value.",
        ],
    ),
    (
        "sample_litert_compiled_model",
        FailureKind.WRONG_TOOL,
        [
            "The log is of LiteRT's CompiledModel tool, which is named benchmark_model too.",
            "The log says: '========== BENCHMARK RESULTS =========='",
            "Use the benchmark_model of TensorFlow Lite (tflite/tools/benchmark).",
        ],
    ),
]


@pytest.mark.parametrize(("name", "kind", "message"), _FAILURES)
def test_every_failed_log_says_what_happened_and_what_to_do(
    name: str, kind: FailureKind, message: list[str]
) -> None:
    with pytest.raises(LogError) as caught:
        parse_log(read(name))

    assert (caught.value.kind, str(caught.value).split("\n")) == (kind, message)


def test_no_log_is_left_out() -> None:
    names = {path.stem for path in _LOGS.glob("*.stdout")}

    assert names == {*_RESULTS, *(name for name, _, _ in _FAILURES)}
