"""Runs the stand-in tool as a process on a real model, and compares what it prints and returns."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils

from android_runner.litert_benchmark_model import (
    Delegation,
    Profile,
    Settings,
    ToolEnded,
    count_line,
    format_profile,
    read_delegation,
    run_phase,
)
from harness.op_profile import read_op_profile

TOOL = Path(__file__).parents[1] / "android_runner" / "litert_benchmark_model.py"
TINY = Path(__file__).parent / "data" / "models" / "tiny.tflite"

LAYERS = "--input_layer=input_ids,input_mask,segment_ids"
SHAPES = "--input_layer_shape=1,8:1,8:1,8"
RANGES = "--input_layer_value_range=input_ids,0,49:input_mask,1,1:segment_ids,0,1"
ONE_WARMUP = "--warmup_min_secs=0"
QUICK = (ONE_WARMUP, "--num_runs=3", "--min_secs=0")
TINY_RUN = (f"--graph={TINY}", LAYERS, SHAPES, RANGES)

NUMBER = r"(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
PERCENTILES = r" p5=\d+ median=\d+ p95=\d+"
ONE_RUN = r"INFO: count=1 curr=(\d+) p5=\1 median=\1 p95=\1"
DEFAULT_DELEGATE_LINE = "INFO: Created TensorFlow Lite XNNPACK delegate for CPU."


def runs_of(count: int) -> str:
    """The count line of so many runs: all different, or all the same by chance."""
    different = rf"first=\d+ curr=\d+ min=\d+ max=\d+ avg={NUMBER} std=\d+"
    return rf"INFO: count={count} (?:{different}|curr=\d+\(all same\)){PERCENTILES}"


def replacing(nodes: int, of: int, partitions: int) -> str:
    return (
        f"VERBOSE: Replacing {nodes} out of {of} node(s) with delegate (TfLiteXNNPackDelegate) "
        f"node, yielding {partitions} partitions for subgraph 0 (main)."
    )


def run_tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TOOL), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def counts(result: subprocess.CompletedProcess[str]) -> list[int]:
    assert result.returncode == 0, result.stderr
    return [int(count) for count in re.findall(r"(?m)^INFO: count=(\d+)", result.stdout)]


def cut_model(path: Path, *, first: int, last: int, custom_op: bool = False) -> Path:
    """Writes the part of the tiny model from one operator to another: GATHER is 0, RESHAPE 9."""
    model = flatbuffer_utils.read_model(str(TINY))
    graph = model.subgraphs[0]
    graph.operators = graph.operators[first : last + 1]
    graph.inputs = [0] if first == 0 else [graph.operators[0].inputs[0]]
    graph.outputs = list(graph.operators[-1].outputs)
    if custom_op:
        code = model.operatorCodes[graph.operators[0].opcodeIndex]
        code.builtinCode = code.deprecatedBuiltinCode = 32  # BuiltinOperator.CUSTOM
        code.customCode = b"Sinh"
    path.write_bytes(bytes(flatbuffer_utils.convert_object_to_bytearray(model)))
    return path


def test_prints_the_official_format_line_by_line() -> None:
    result = run_tool(*TINY_RUN, *QUICK, "--num_threads=2", "--report_peak_memory_footprint=true")

    expected = [
        r"INFO: This is mbert-bench's stand-in for benchmark_model, on LiteRT \d\S+ for Python, "
        r"not the official tool\.",
        r"INFO: STARTING!",
        r"INFO: Log parameter values verbosely: \[0\]",
        r"INFO: Min num runs: \[3\]",
        r"INFO: Min runs duration \(seconds\): \[0\]",
        r"INFO: Num threads: \[2\]",
        r"INFO: Min warmup runs duration \(seconds\): \[0\]",
        r"INFO: Report the peak memory footprint: \[1\]",
        rf"INFO: Graph: \[{re.escape(str(TINY))}\]",
        r"INFO: Input layers: \[input_ids,input_mask,segment_ids\]",
        r"INFO: Input shapes: \[1,8:1,8:1,8\]",
        r"INFO: Input value ranges: \[input_ids,0,49:input_mask,1,1:segment_ids,0,1\]",
        r"INFO: #threads used for CPU inference: \[2\]",
        rf"INFO: Loaded model {re.escape(str(TINY))}",
        rf"INFO: The input model file size \(MB\): {TINY.stat().st_size / 1e6:g}",
        rf"INFO: Initialized session in {NUMBER}ms\.",
        r"INFO: Running benchmark for at least 1 iterations and at least 0 seconds but terminate "
        r"if exceeding 150 seconds\.",
        ONE_RUN,
        r"",
        r"INFO: Running benchmark for at least 3 iterations and at least 0 seconds but terminate "
        r"if exceeding 150 seconds\.",
        runs_of(3),
        r"",
        rf"INFO: Inference timings in us: Init: \d+, First inference: \d+, "
        rf"Warmup \(avg\): {NUMBER}, Inference \(avg\): {NUMBER}",
        r"INFO: Note: as the benchmark tool itself affects memory footprint, the following is only "
        r"APPROXIMATE to the actual memory footprint of the model at runtime\. Take the "
        r"information at your discretion\.",
        r"INFO: Memory footprint delta from the start of the tool \(MB\): "
        rf"init={NUMBER} overall={NUMBER}",
        rf"INFO: Overall peak memory footprint \(MB\) via periodic monitoring: {NUMBER}",
        r"INFO: Memory status at the end of exeution:",
        r"INFO: - VmRSS              : \d+ MB",
        r"INFO: \+ RssAnnon           : \d+ MB",
        r"INFO: \+ RssFile \+ RssShmem : \d+ MB",
    ]
    lines = result.stdout.splitlines()
    assert len(lines) == len(expected), result.stdout
    assert [(p, x) for p, x in zip(expected, lines, strict=True) if not re.fullmatch(p, x)] == []
    assert result.returncode == 0
    assert result.stderr.splitlines() == [DEFAULT_DELEGATE_LINE, replacing(7, 10, 1)]


def test_init_and_first_inference_are_the_same_numbers_in_all_lines() -> None:
    output = run_tool(*TINY_RUN, *QUICK).stdout

    session_ms = float(re.search(r"Initialized session in (\S+)ms\.", output)[1])  # type: ignore[index]
    warmup_us = int(re.search(r"count=1 curr=(\d+)", output)[1])  # type: ignore[index]
    summary = f"Init: {session_ms * 1000:.0f}, First inference: {warmup_us}, Warmup (avg): "
    assert f"{summary}{warmup_us:g}, " in output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--warmup_runs=4", "--num_runs=17", "--min_secs=0"), [4, 17]),
        (("--warmup_runs=0", "--num_runs=1", "--min_secs=0"), [0, 1]),
        (("--num_runs=0", "--min_secs=0"), [1, 0]),
        (("--num_runs=5", "--min_secs=0", "--num_runs=9"), [1, 5]),
        (("--num_runs=2", "--min_secs=0", "--num_threads=0"), [1, 2]),
        (("--dry_run=1",), [0, 0]),
        (("--num_runs=1", "--min_secs=0.9", "--run_delay=0.5"), [1, 2]),
        (("--num_runs=1", "--min_secs=0.9", "--run_frequency=2"), [1, 2]),
    ],
)
def test_runs_as_often_as_the_flags_say(arguments: tuple[str, ...], expected: list[int]) -> None:
    assert counts(run_tool(*TINY_RUN, ONE_WARMUP, *arguments)) == expected


@pytest.mark.parametrize(
    ("durations_us", "expected"),
    [
        ([], "count=0 p5=0 median=0 p95=0"),
        ([73], "count=1 curr=73 p5=73 median=73 p95=73"),
        ([0, 0, 0], "count=3 curr=0(all same) p5=0 median=0 p95=0"),
        (
            [5, 1, 3, 2],
            "count=4 first=5 curr=2 min=1 max=5 avg=2.75 std=1 p5=1 median=3 p95=5",
        ),
        (
            [1010127, 1010128],
            "count=2 first=1010127 curr=1010128 min=1010127 max=1010128 avg=1.01013e+06 std=0 "
            "p5=1010127 median=1010128 p95=1010128",
        ),
        (
            list(range(100, 0, -1)),
            "count=100 first=100 curr=1 min=1 max=100 avg=50.5 std=28 p5=6 median=51 p95=96",
        ),
    ],
)
def test_count_line_has_the_official_forms(durations_us: list[int], expected: str) -> None:
    assert count_line(durations_us) == expected


def test_counts_the_nodes_of_several_partitions() -> None:
    def node(index: int, name: str, inputs: list[int], outputs: list[int]) -> dict[str, object]:
        return {"index": index, "op_name": name, "inputs": inputs, "outputs": outputs}

    operations = [
        node(0, "GATHER", [0, 90], [1]),
        node(1, "MUL", [1, 91], [2]),
        node(2, "SPLIT", [2], [3, 4]),
        node(3, "CUMSUM", [3], [5]),
        node(4, "ADD", [5, 4], [6]),
        node(5, "FULLY_CONNECTED", [6, 92, -1], [7]),
        node(6, "DELEGATE", [1, 91], [3, 4]),
        node(7, "DELEGATE", [5, 4, 92], [7]),
    ]

    assert read_delegation(operations) == Delegation(nodes=4, nodes_total=6, partitions=2)


@pytest.mark.parametrize(
    ("nodes", "partitions", "complete"), [(6, 1, True), (6, 2, False), (5, 1, False), (0, 0, False)]
)
def test_delegation_is_complete_in_one_kernel_only(
    nodes: int, partitions: int, *, complete: bool
) -> None:
    delegation = Delegation(nodes=nodes, nodes_total=6, partitions=partitions)

    assert delegation.complete is complete


class SlowInterpreter:
    """Takes 15 ms to copy an input, and 20 ms to run."""

    def set_tensor(self, index: int, data: np.ndarray) -> None:
        time.sleep(0.015)

    def invoke(self) -> None:
        time.sleep(0.02)


def test_times_the_run_in_microseconds_without_the_copy_of_the_input() -> None:
    inputs = [(0, np.zeros(1, np.int32))]

    phase = run_phase(SlowInterpreter(), inputs, Settings(), min_runs=5, min_s=0.0)

    assert len(phase.durations_us) == 5
    assert 20_000 <= statistics.median(phase.durations_us) < 35_000


def test_no_run_has_its_own_count_line() -> None:
    output = run_tool(*TINY_RUN, "--dry_run=true").stdout

    assert output.count("INFO: count=0 p5=0 median=0 p95=0\n\n") == 2
    assert "First inference: 0, Warmup (avg): 0, Inference (avg): 0\n" in output


def test_min_secs_makes_more_runs_than_num_runs() -> None:
    warmup, inference = counts(run_tool(*TINY_RUN, "--warmup_min_secs=0.1", "--min_secs=0.2"))

    assert warmup > 1
    assert inference > 50


def test_max_secs_ends_a_phase() -> None:
    result = run_tool(*TINY_RUN, ONE_WARMUP, "--num_runs=100000000", "--max_secs=0.3")

    assert 1 < counts(result)[1] < 100_000_000


@pytest.mark.parametrize(
    ("operator", "lowest", "highest"),
    [pytest.param(1, 0, 99, id="int32"), pytest.param(9, -0.5, 0.5, id="float32")],
)
def test_default_data_is_random_within_the_range_of_its_type(
    tmp_path: Path, operator: int, lowest: float, highest: float
) -> None:
    # Both operators, CAST to float32 and RESHAPE, hand on the values of their input.
    model = cut_model(tmp_path / "copy.tflite", first=operator, last=operator)

    samples = []
    for name in ("first", "second"):
        result = run_tool(f"--graph={model}", *QUICK, f"--output_filepath={tmp_path / name}")
        assert counts(result) == [1, 3]
        samples.append(np.fromfile(tmp_path / name, np.float32))

    assert all(lowest <= value <= highest for sample in samples for value in sample)
    assert max(map(np.max, samples)) - min(map(np.min, samples)) > (highest - lowest) / 4
    assert samples[0].tolist() != samples[1].tolist()


def test_verbose_logs_what_is_not_set() -> None:
    lines = run_tool(*TINY_RUN, *QUICK, "--verbose=true").stdout.splitlines()

    assert "INFO: Log parameter values verbosely: [1]" in lines
    assert "INFO: Max runs duration (seconds): [150]" in lines
    assert "INFO: Input value files: []" in lines
    assert "INFO: Num threads: [-1]" in lines
    assert "INFO: Use xnnpack: [0]" in lines


@pytest.mark.parametrize(
    ("arguments", "on_stderr"),
    [
        ((), [DEFAULT_DELEGATE_LINE, replacing(7, 10, 1)]),
        (("--use_xnnpack=true",), [DEFAULT_DELEGATE_LINE, replacing(7, 10, 1)]),
        (("--use_xnnpack=false",), []),
    ],
)
def test_use_xnnpack_unset_true_and_false_differ(
    arguments: tuple[str, ...], on_stderr: list[str]
) -> None:
    result = run_tool(*TINY_RUN, *QUICK, *arguments)

    applied = [line for line in result.stdout.splitlines() if "XNNPACK delegate" in line]
    explicitly = (
        "INFO: Explicitly applied XNNPACK delegate, and the model graph will be partially executed "
        "by the delegate w/ 1 delegate kernels."
    )
    assert applied == ([explicitly] if "--use_xnnpack=true" in arguments else [])
    assert result.stderr.splitlines() == on_stderr
    assert counts(result) == [1, 3]


def test_full_delegation_is_said_and_may_be_required(tmp_path: Path) -> None:
    model = cut_model(tmp_path / "full.tflite", first=7, last=9)

    explicit = ("--use_xnnpack=true", "--require_full_delegation=true")
    result = run_tool(f"--graph={model}", *QUICK, *explicit)

    assert counts(result) == [1, 3]
    assert result.stderr.splitlines() == [DEFAULT_DELEGATE_LINE, replacing(3, 3, 1)]
    assert (
        "INFO: Explicitly applied XNNPACK delegate, and the model graph will be completely "
        "executed by the delegate." in result.stdout.splitlines()
    )
    assert run_tool(f"--graph={model}", *QUICK, explicit[1]).returncode == 1


def test_says_when_an_explicit_delegate_takes_nothing(tmp_path: Path) -> None:
    model = cut_model(tmp_path / "none.tflite", first=0, last=0)

    layer = ("--input_layer=input_ids", "--input_layer_shape=1,8")
    values = "--input_layer_value_range=input_ids,0,9"
    result = run_tool(f"--graph={model}", *layer, values, *QUICK, "--use_xnnpack=true")

    assert counts(result) == [1, 3]
    assert "Replacing" not in result.stderr
    assert (
        "INFO: Though XNNPACK delegate is explicitly applied, the model graph will not be executed "
        "by the delegate." in result.stdout.splitlines()
    )


@pytest.mark.parametrize("arguments", [(), ("--use_xnnpack=true",), ("--use_xnnpack=false",)])
def test_partial_delegation_is_refused_where_full_is_required(arguments: tuple[str, ...]) -> None:
    result = run_tool(*TINY_RUN, *QUICK, "--require_full_delegation=true", *arguments)

    assert result.returncode == 1
    assert result.stderr.splitlines()[-2:] == [
        "ERROR: Disallowed CPU fallback detected.",
        "ERROR: Benchmarking failed.",
    ]
    assert "INFO: Running benchmark" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "unconsumed"),
    [
        (("--use_warp_drive=true",), "--use_warp_drive=true"),
        (("--num_threads", "4", "--bogus=1"), "--num_threads 4 --bogus=1"),
        (("\u2014num_runs=7",), "\u2014num_runs=7"),
        (("--num_runs=9",), "--num_runs=9"),
        (("-h",), "-h"),
    ],
)
def test_what_is_no_flag_is_only_warned_of(arguments: tuple[str, ...], unconsumed: str) -> None:
    result = run_tool(*TINY_RUN, *QUICK, *arguments)

    assert result.stdout.splitlines()[2] == f"WARN: Unconsumed cmdline flags: {unconsumed}"
    assert counts(result) == [1, 3]


@pytest.mark.parametrize("argument", ["--help", "--help=true"])
def test_help_has_the_official_table_on_stderr(argument: str) -> None:
    result = run_tool(argument)

    lines = result.stderr.splitlines()
    assert lines[:2] == [f"ERROR: usage: {TOOL} <flags>", "Flags:"]
    assert lines[-2:] == ["", "ERROR: Benchmarking failed."]
    row = re.compile(r"\t--(\w+)=(\S*) *\t(int32|float|bool|string)\toptional\t\S.*")
    rows = [row.fullmatch(line) for line in lines[2:-2]]
    assert [lines[2 + i] for i, match in enumerate(rows) if match is None] == []
    flags = {match[1]: (match[2], match[3]) for match in rows if match is not None}
    assert flags["num_runs"] == ("50", "int32")
    assert flags["min_secs"] == ("1", "float")
    assert flags["graph"] == ("", "string")
    assert flags["use_xnnpack"] == ("false", "bool")
    assert len({line.rindex("\toptional") - len(line.split("\t")[2]) for line in lines[2:-2]}) == 1
    assert len(result.stdout.splitlines()) == 2
    assert result.returncode == 1


@pytest.mark.parametrize(
    "argument",
    [
        "--num_runs=abc",
        "--num_runs=5.5",
        "--num_runs=",
        "--num_runs=2147483648",
        "--num_runs=\u0663",
        "--min_secs=1s",
        "--min_secs=nan",
        "--max_secs=1e999",
        "--use_xnnpack=yes",
        "--verbose=True",
        "--help=2",
    ],
)
def test_a_bad_value_ends_with_the_usage(argument: str) -> None:
    result = run_tool(*TINY_RUN, argument)

    name = argument[2:].partition("=")[0]
    lines = result.stderr.splitlines()
    assert lines[0] == f"ERROR: Failed to parse flag '{name}' against argv '{argument}'"
    assert lines[1].startswith("ERROR: usage: ")
    assert lines[-1] == "ERROR: Benchmarking failed."
    assert result.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "errors"),
    [
        ((), ["Please specify the name of your TF Lite input file with --graph"]),
        (
            ("--graph=/none.tflite",),
            [
                "Could not open '/none.tflite'.",
                "The model allocation is null/empty",
                "Failed to load model /none.tflite",
            ],
        ),
        (
            ("--graph=/none.tflite", "--input_layer=a"),
            [
                "The number of items in --input_layer_shape (, with 0 items) must match the number "
                "of items in --input_layer (a, with 1 items). For example "
                "--input_layer=input1,input2 --input_layer_shape=1,224,224,4:1,20"
            ],
        ),
        (
            (f"--graph={TINY}", LAYERS, "--input_layer_shape=1,8,1:1,8:1,8"),
            ["Input tensor #0 should have 2 dimensions!"],
        ),
        (
            (f"--graph={TINY}", LAYERS, "--input_layer_shape=1,8:1,-1:1,8"),
            [
                "Any unknown sizes in the shapes (-1's) must be replaced with the size you want to "
                "benchmark with."
            ],
        ),
        (
            (f"--graph={TINY}", LAYERS, SHAPES, "--input_layer_value_range=input_ids,0.5,1"),
            ["Wrong low and high value of the input value range specified: input_ids,0.5,1"],
        ),
        (
            (f"--graph={TINY}", LAYERS, SHAPES, "--input_layer_value_range=input_ids,2,1"),
            ["Wrong low and high value of the input value range specified: input_ids,2,1"],
        ),
        (
            (f"--graph={TINY}", LAYERS, SHAPES, "--input_layer_value_range=input_ids,2"),
            ["Wrong input value range item specified: input_ids,2"],
        ),
        (
            (f"--graph={TINY}", LAYERS, SHAPES, "--input_layer_value_files=input_ids"),
            ["Wrong input value file item specified: input_ids"],
        ),
        (
            (*TINY_RUN, "--num_threads=-2"),
            ["num_threads should be >= 0 or just -1 to let TFLite runtime set the value."],
        ),
        (
            (*TINY_RUN, "--op_profiling_output_mode=proto"),
            ["--op_profiling_output_mode=proto is not supported: take stdout or csv."],
        ),
    ],
)
def test_an_error_has_the_official_text_and_exit_code_1(
    arguments: tuple[str, ...], errors: list[str]
) -> None:
    result = run_tool(*QUICK, *arguments)

    assert result.stderr.splitlines() == [
        *(f"ERROR: {error}" for error in errors),
        "ERROR: Benchmarking failed.",
    ]
    assert result.returncode == 1
    assert "INFO: Running benchmark" not in result.stdout


@pytest.mark.parametrize(
    "content", [TINY.read_bytes()[:1000], TINY.read_bytes()[:40], b"hello\n"], ids=len
)
def test_refuses_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(content)

    result = run_tool(f"--graph={path}")

    assert result.stderr.splitlines() == [
        "ERROR: The model is not a valid Flatbuffer buffer",
        f"ERROR: Failed to load model {path}",
        "ERROR: Benchmarking failed.",
    ]
    assert result.returncode == 1


@pytest.mark.parametrize("kind", ["empty file", "folder"])
def test_refuses_what_cannot_be_mapped(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.tflite"
    if kind == "folder":
        path.mkdir()
    else:
        path.touch()

    result = run_tool(f"--graph={path}")

    assert result.stderr.splitlines()[-3:] == [
        "ERROR: The model allocation is null/empty",
        f"ERROR: Failed to load model {path}",
        "ERROR: Benchmarking failed.",
    ]
    assert result.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--input_layer=input_ids", "--input_layer_shape=1,8"),
            "Inputs mismatch: Model inputs #:1 expected: 3",
        ),
        ((LAYERS, "--input_layer_shape=1,8:1,abc:1,8"), "Incorrect size string specified: 1,abc"),
        ((LAYERS, "--input_layer_shape=1,8::1,8"), "Incorrect size string specified: "),
        (
            (LAYERS, SHAPES, "--input_layer_value_range=ids,0,1"),
            "Cannot find the corresponding input_layer name(ids) in --input_layer as "
            "input_ids,input_mask,segment_ids",
        ),
        (
            (LAYERS, SHAPES, f"--input_layer_value_files=mask:{TINY}"),
            "Cannot find the corresponding input_layer name(mask) in --input_layer as "
            "input_ids,input_mask,segment_ids",
        ),
        (
            (LAYERS, SHAPES, "--input_layer_value_files=input_ids:/none.bin"),
            "Failed to read the input_layer_value_file:/none.bin",
        ),
        (
            (LAYERS, SHAPES, f"--input_layer_value_files=input_ids:{TINY}"),
            f"The size of {TINY} is {TINY.stat().st_size} bytes. It should be 32 bytes.",
        ),
    ],
)
def test_a_fatal_error_has_the_official_text_and_aborts(
    arguments: tuple[str, ...], message: str
) -> None:
    result = run_tool(f"--graph={TINY}", *QUICK, *arguments)

    assert result.stderr.splitlines()[-1] == f"FATAL: {message}"
    assert "Benchmarking failed." not in result.stderr
    assert result.returncode == -signal.SIGABRT
    assert "INFO: Running benchmark" not in result.stdout


def test_a_size_that_the_model_cannot_take_fails_in_allocation() -> None:
    arguments = (LAYERS, "--input_layer_shape=1,16:1,16:1,16", "--use_xnnpack=false")
    result = run_tool(f"--graph={TINY}", *arguments)

    lines = result.stderr.splitlines()
    assert re.fullmatch(r"ERROR: Node number \d+ \(RESHAPE\) failed to prepare\.", lines[1])
    assert lines[2:] == ["ERROR: Failed to allocate tensors!", "ERROR: Benchmarking failed."]
    assert result.returncode == 1


def test_an_operation_that_the_runtime_lacks_fails_in_allocation(tmp_path: Path) -> None:
    model = cut_model(tmp_path / "custom.tflite", first=8, last=8, custom_op=True)

    result = run_tool(f"--graph={model}")

    lines = result.stderr.splitlines()
    assert "ERROR: Encountered unresolved custom op: Sinh." in lines
    assert lines[-3:] == [
        "ERROR: Node number 0 (Sinh) failed to prepare.",
        "ERROR: Failed to allocate tensors!",
        "ERROR: Benchmarking failed.",
    ]
    assert result.returncode == 1


OUT_OF_BOUNDS = "--input_layer_value_range=input_ids,50,60:segment_ids,0,1"


def test_a_failing_warmup_run_ends_the_tool_after_its_count_line() -> None:
    result = run_tool(f"--graph={TINY}", LAYERS, SHAPES, OUT_OF_BOUNDS)

    assert result.stderr.splitlines()[-3:] == [
        "ERROR: gather index out of bounds",
        "ERROR: Node number 0 (GATHER) failed to invoke.",
        "ERROR: Benchmarking failed.",
    ]
    assert re.fullmatch(ONE_RUN, result.stdout.splitlines()[-2])
    assert result.returncode == 1


def test_a_failing_timed_run_still_prints_the_summary() -> None:
    no_warmup = ("--warmup_runs=0", ONE_WARMUP)
    result = run_tool(f"--graph={TINY}", LAYERS, SHAPES, OUT_OF_BOUNDS, *no_warmup)

    assert "ERROR: Node number 0 (GATHER) failed to invoke." in result.stderr.splitlines()
    assert result.stderr.endswith("ERROR: Benchmarking failed.\n")
    assert "INFO: Inference timings in us: Init: " in result.stdout
    assert result.returncode == 1


def tiny_inputs() -> dict[str, np.ndarray]:
    return {
        "input_ids": np.array([[7, 49, 0, 3, 21, 34, 1, 2]], np.int32),
        "input_mask": np.array([[1, 1, 1, 1, 1, 0, 1, 0]], np.int32),
        "segment_ids": np.array([[0, 0, 0, 1, 1, 1, 0, 1]], np.int32),
    }


def tiny_output(inputs: dict[str, np.ndarray]) -> bytes:
    interpreter = Interpreter(model_path=str(TINY))
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], inputs[detail["name"]])
    interpreter.invoke()
    (output,) = interpreter.get_output_details()
    assert output["name"] == "logits"
    return bytes(interpreter.get_tensor(output["index"]).tobytes())


@pytest.mark.parametrize("suffix", ["", ":0"])
def test_value_files_reach_the_model_and_the_output_is_written(tmp_path: Path, suffix: str) -> None:
    inputs = tiny_inputs()
    for name, data in inputs.items():
        (tmp_path / f"{name}.bin").write_bytes(data.tobytes())
    escaped = suffix.replace(":", "::")
    files = ",".join(f"{name}{escaped}:{tmp_path / name}.bin" for name in inputs)
    layers = ",".join(f"{name}{suffix}" for name in inputs)

    result = run_tool(
        f"--graph={TINY}",
        f"--input_layer={layers}",
        SHAPES,
        f"--input_layer_value_files={files}",
        f"--output_filepath={tmp_path / 'out.bin'}",
        *QUICK,
    )

    assert counts(result) == [1, 3]
    assert (tmp_path / "out.bin").read_bytes() == tiny_output(inputs)
    warnings = [line for line in result.stdout.splitlines() if line.startswith("WARN: ")]
    assert warnings == [
        f"WARN: Tensor # {index} is named {name} but flags call it {name}{suffix}"
        for index, name in enumerate(inputs)
        if suffix
    ]


def test_ranges_reach_the_model_and_files_go_before_them(tmp_path: Path) -> None:
    inputs = tiny_inputs() | {"input_ids": np.full((1, 8), 5, np.int32)}
    for name in ("input_mask", "segment_ids"):
        (tmp_path / name).write_bytes(inputs[name].tobytes())
    files = ",".join(f"{name}:{tmp_path / name}" for name in ("input_mask", "segment_ids"))

    result = run_tool(
        *(f"--graph={TINY}", LAYERS, SHAPES, *QUICK),
        "--input_layer_value_range=input_ids,5,5:segment_ids,1,1",
        f"--input_layer_value_files={files}",
        f"--output_filepath={tmp_path / 'out.bin'}",
    )

    assert counts(result) == [1, 3]
    assert (tmp_path / "out.bin").read_bytes() == tiny_output(inputs)


PROFILED = ("--enable_op_profiling=true",)
# All nodes of the tiny model, as the built-in kernels run them.
TINY_NODES = {
    "GATHER": 2,
    "CAST": 1,
    "ADD": 1,
    "RESHAPE": 2,
    "STRIDED_SLICE": 1,
    "MUL": 1,
    "FULLY_CONNECTED": 1,
    "SOFTMAX": 1,
}
# Those that XNNPACK leaves, and its own, which it names otherwise.
TINY_NODES_WITH_XNNPACK = {
    "GATHER": 2,
    "CAST": 1,
    "Add (ND)": 1,
    "Static Reshape (NC)": 3,
    "Slice (ND, X32)": 1,
    "Multiply (ND)": 1,
    "Fully Connected (NC, F32) GEMM": 1,
    "Softmax (NC, F32)": 1,
}


def nodes_in(profile: str) -> dict[str, int]:
    operators = read_op_profile(profile)
    assert {operator.graph for operator in operators} <= {"primary"}
    return {operator.operator: operator.nodes for operator in operators}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), TINY_NODES_WITH_XNNPACK),
        (("--use_xnnpack=true", "--num_threads=2"), TINY_NODES_WITH_XNNPACK),
        (("--use_xnnpack=false",), TINY_NODES),
    ],
)
def test_a_profile_has_the_nodes_that_ran(
    arguments: tuple[str, ...], expected: dict[str, int]
) -> None:
    result = run_tool(*TINY_RUN, *QUICK, *PROFILED, *arguments)

    assert counts(result) == [1, 3]
    assert nodes_in(result.stdout) == expected
    lines = result.stdout.splitlines()
    title = lines.index("INFO: Operator-wise Profiling Info for Regular Benchmark Runs:")
    assert lines[title - 1].startswith("INFO: Memory footprint delta from the start of the tool")
    (timings,) = (line for line in lines if line.startswith("Timings (microseconds): "))
    assert timings.startswith("Timings (microseconds): count=3 ")


@pytest.mark.parametrize(
    ("mode", "separator"), [((), "\t"), (("--op_profiling_output_mode=csv",), ",")]
)
def test_a_profile_may_go_to_a_file(tmp_path: Path, mode: tuple[str, ...], separator: str) -> None:
    path = tmp_path / "profile"

    result = run_tool(*(*TINY_RUN, *QUICK, *PROFILED, *mode), f"--op_profiling_output_file={path}")

    assert counts(result) == [1, 3]
    assert "Operator-wise" not in result.stdout
    assert nodes_in(path.read_text()) == TINY_NODES_WITH_XNNPACK
    assert separator in path.read_text().splitlines()[2]


def test_the_older_flag_for_the_file_means_csv(tmp_path: Path) -> None:
    path = tmp_path / "profile.csv"

    result = run_tool(*TINY_RUN, *QUICK, *PROFILED, f"--profiling_output_csv_file={path}")

    assert counts(result) == [1, 3]
    assert nodes_in(path.read_text()) == TINY_NODES_WITH_XNNPACK
    assert "node type, count, avg_ms, avg %, cdf %, mem KB, times called" in path.read_text()


def test_the_nodes_of_all_partitions_are_in_the_profile(tmp_path: Path) -> None:
    model = flatbuffer_utils.read_model(str(TINY))
    code = model.operatorCodes[model.subgraphs[0].operators[6].opcodeIndex]
    code.builtinCode = code.deprecatedBuiltinCode = 95  # FLOOR_MOD for MUL: XNNPACK leaves it
    path = tmp_path / "parted.tflite"
    path.write_bytes(bytes(flatbuffer_utils.convert_object_to_bytearray(model)))

    result = run_tool(f"--graph={path}", *TINY_RUN[1:], *QUICK, *PROFILED)

    assert counts(result) == [1, 3]
    assert replacing(6, 10, 2) in result.stderr.splitlines()
    expected = TINY_NODES_WITH_XNNPACK | {"FLOOR_MOD": 1}
    del expected["Multiply (ND)"]
    assert nodes_in(result.stdout) == expected


@pytest.mark.parametrize("arguments", [(), ("--use_xnnpack=false",)])
def test_the_profiled_model_gets_the_inputs_and_gives_the_output(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    inputs = tiny_inputs()
    model = flatbuffer_utils.read_model(str(TINY))
    graph = model.subgraphs[0]
    graph.inputs = [2, 0, 1]
    path = tmp_path / "reordered.tflite"
    path.write_bytes(bytes(flatbuffer_utils.convert_object_to_bytearray(model)))
    for name, data in inputs.items():
        (tmp_path / name).write_bytes(data.tobytes())

    result = run_tool(
        *(f"--graph={path}", SHAPES, *QUICK, *PROFILED, *arguments),
        "--input_layer=segment_ids,input_ids,input_mask",
        "--input_layer_value_files=" + ",".join(f"{name}:{tmp_path / name}" for name in inputs),
        f"--output_filepath={tmp_path / 'out.bin'}",
    )

    assert counts(result) == [1, 3]
    output = np.fromfile(tmp_path / "out.bin", np.float32)
    expected = np.frombuffer(tiny_output(inputs), np.float32)
    np.testing.assert_allclose(output, expected, rtol=1e-5)


def test_nothing_is_profiled_without_the_flag_or_without_a_run(tmp_path: Path) -> None:
    path = tmp_path / "profile.csv"
    unasked = run_tool(*TINY_RUN, *QUICK, f"--profiling_output_csv_file={path}")
    dry = run_tool(*TINY_RUN, *PROFILED, "--dry_run=true")

    assert (counts(unasked), counts(dry)) == ([1, 3], [0, 0])
    assert not path.exists()
    assert "Operator-wise" not in unasked.stdout + dry.stdout


def test_the_inputs_of_a_profiled_model_keep_their_shape(tmp_path: Path) -> None:
    model = cut_model(tmp_path / "cast.tflite", first=1, last=1)
    layer = ("--input_layer=input_mask", "--input_layer_shape=2,8")

    assert counts(run_tool(f"--graph={model}", *layer, *QUICK)) == [1, 3]
    result = run_tool(f"--graph={model}", *layer, *QUICK, *PROFILED)

    assert result.stderr.splitlines()[-2:] == [
        "ERROR: --enable_op_profiling takes inputs of the model's own shapes only.",
        "ERROR: Benchmarking failed.",
    ]


def test_a_failing_profiled_run_has_no_profile() -> None:
    no_warmup = ("--warmup_runs=0", ONE_WARMUP)
    result = run_tool(f"--graph={TINY}", LAYERS, SHAPES, OUT_OF_BOUNDS, *no_warmup, *PROFILED)

    assert "gather index out of bounds" in result.stderr
    assert result.stderr.endswith("ERROR: Benchmarking failed.\n")
    assert "Operator-wise" not in result.stdout
    assert result.returncode == 1


# A run of 100 us and one of 60 us.
NODES = [("CAST", "[a, b]:0"), ("Add (ND, F32)", "Delegate/Add (ND, F32):0"), ("CAST", "[c]:1")]
RUNS_US = [[10, 70, 20], [0, 60, 0]]


def test_a_profile_in_text_has_the_official_form() -> None:
    order = (
        "\t                             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]"
        "\t  [mem KB]\t[times called]\t[Name]\n"
    )
    cast = "\t                                    CAST"
    add = "\t                           Add (ND, F32)"
    rule = "=" * 30

    assert format_profile(NODES, RUNS_US, csv=False) == (
        "Operator-wise Profiling Info for Regular Benchmark Runs:\n"
        f"{rule} Run Order {rule}\n{order}"
        f"{cast}\t    0.010\t    0.005\t  6.250%\t  6.250%\t     0.000\t        1\t[a, b]:0\n"
        f"{add}\t    0.070\t    0.065\t 81.250%\t 87.500%\t     0.000\t        1"
        "\tDelegate/Add (ND, F32):0\n"
        f"{cast}\t    0.020\t    0.010\t 12.500%\t100.000%\t     0.000\t        1\t[c]:1\n\n"
        f"{rule} Top by Computation Time {rule}\n{order}"
        f"{add}\t    0.070\t    0.065\t 81.250%\t 81.250%\t     0.000\t        1"
        "\tDelegate/Add (ND, F32):0\n"
        f"{cast}\t    0.020\t    0.010\t 12.500%\t 93.750%\t     0.000\t        1\t[c]:1\n"
        f"{cast}\t    0.010\t    0.005\t  6.250%\t100.000%\t     0.000\t        1\t[a, b]:0\n\n"
        f"Number of nodes executed: 3\n{rule} Summary by node type {rule}\n"
        "\t                             [Node type]\t  [count]\t  [avg ms]\t    [avg %]"
        "\t    [cdf %]\t  [mem KB]\t[times called]\n"
        f"{add}\t        1\t     0.065\t    81.250%\t    81.250%\t     0.000\t        1\n"
        f"{cast}\t        2\t     0.015\t    18.750%\t   100.000%\t     0.000\t        2\n\n"
        "Timings (microseconds): count=2 first=100 curr=60 min=60 max=100 avg=80 std=20\n"
        "Memory (bytes): count=0\n3 nodes observed\n\n\n"
    )


def test_a_profile_in_csv_has_the_official_form() -> None:
    order = "node type, first, avg_ms, %, cdf%, mem KB, times called, name\n"
    rule = "=" * 30

    assert format_profile(NODES, RUNS_US, csv=True) == (
        "Operator-wise Profiling Info for Regular Benchmark Runs:\n"
        f"{rule} Run Order {rule}\n{order}"
        "CAST, 0.01, 0.005, 6.25%, 6.25%, 0, 1, [a\t b]:0\n"
        "Add (ND, F32), 0.07, 0.065, 81.25%, 87.5%, 0, 1, Delegate/Add (ND\t F32):0\n"
        "CAST, 0.02, 0.01, 12.5%, 100%, 0, 1, [c]:1\n\n"
        f"{rule} Top by Computation Time {rule}\n{order}"
        "Add (ND, F32), 0.07, 0.065, 81.25%, 81.25%, 0, 1, Delegate/Add (ND\t F32):0\n"
        "CAST, 0.02, 0.01, 12.5%, 93.75%, 0, 1, [c]:1\n"
        "CAST, 0.01, 0.005, 6.25%, 100%, 0, 1, [a\t b]:0\n\n"
        f"Number of nodes executed: 3\n{rule} Summary by node type {rule}\n"
        "node type, count, avg_ms, avg %, cdf %, mem KB, times called\n"
        "Add (ND, F32), 1, 0.065, 81.25%, 81.25%, 0, 1\n"
        "CAST, 2, 0.015, 18.75%, 100%, 0, 2\n\n"
        "Timings (microseconds): count=2 first=100 curr=60 min=60 max=100 avg=80 std=20\n"
        "Memory (bytes): count=0\n3 nodes observed\n\n\n"
    )


def test_a_profile_of_no_time_at_all_is_still_read() -> None:
    text = format_profile([("CAST", "[a]:0")], [[0], [0]], csv=False)

    assert [(o.operator, o.average_ms, o.share_percent) for o in read_op_profile(text)] == [
        ("CAST", 0.0, 0.0)
    ]


class OneNodeInterpreter:
    """As much of an interpreter as a profile asks for its names."""

    def _get_ops_details(self) -> list[dict[str, object]]:
        return [{"index": 0, "op_name": "CAST", "inputs": [0], "outputs": [1]}]

    def get_tensor_details(self) -> list[dict[str, object]]:
        return [{"index": 0, "name": "in"}, {"index": 1, "name": "out"}]


CAST_EVENT = (2, 0, "CAST", 0, 90)
# The run as a whole, a delegate's node and telemetry, and a node of another graph.
OTHER_EVENTS = [(1, 0, "Invoke", 0, 99), (32, 0, "Invoke", 0, 2**32), (2, 1, "ADD", 0, 5)]


def test_only_the_nodes_of_the_main_graph_count() -> None:
    profile = Profile(OneNodeInterpreter())

    profile.add_run([CAST_EVENT, *OTHER_EVENTS], 100.0)

    assert (profile.nodes, profile.runs_us) == ([("CAST", "[out]:0")], [[90]])


@pytest.mark.parametrize(
    "events",
    [
        [],
        OTHER_EVENTS,
        [CAST_EVENT, CAST_EVENT],
        [(2, 0, "CAST", 0, 102)],
        [CAST_EVENT, (8, 0, "Add (ND)", 0, 1)],
    ],
    ids=["no event", "no node", "too many nodes", "too much time", "another node than before"],
)
def test_events_that_are_not_those_of_the_run_are_refused(
    events: list[tuple[int, int, str, int, int]],
) -> None:
    profile = Profile(OneNodeInterpreter())
    profile.add_run([CAST_EVENT], 100.0)

    with pytest.raises(ToolEnded, match="The profile is wrong"):
        profile.add_run(events, 100.0)


def test_an_unexpected_failure_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    result = run_tool(*TINY_RUN, *QUICK, f"--output_filepath={tmp_path}")

    assert re.fullmatch(r"ERROR: IsADirectoryError: .*", result.stderr.splitlines()[-2])
    assert result.stderr.splitlines()[-1] == "ERROR: Benchmarking failed."
    assert result.returncode == 1


def test_help_needs_no_library_and_a_run_says_which_one_is_missing() -> None:
    def without_packages(*arguments: str) -> list[str]:
        command = [sys.executable, "-S", str(TOOL), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert result.returncode == 1
        return result.stderr.splitlines()

    assert without_packages("--help")[1] == "Flags:"
    assert without_packages(f"--graph={TINY}") == [
        "ERROR: ModuleNotFoundError: No module named 'ai_edge_litert'",
        "ERROR: Benchmarking failed.",
    ]
    assert without_packages(f"--graph={TINY}", *PROFILED) == [
        "ERROR: --enable_op_profiling takes ai-edge-litert 2.3; this is (unknown version).",
        "ERROR: Benchmarking failed.",
    ]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_process_leaves_what_it_printed(number: signal.Signals) -> None:
    command = [
        sys.executable,
        str(TOOL),
        *TINY_RUN,
        ONE_WARMUP,
        "--num_runs=1000000000",
        "--max_secs=20",
    ]
    # Buffered, as the tool's output is by default: it has to flush by itself.
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("INFO: Running benchmark for at least 1000000000 "):
                break
        process.send_signal(number)
        rest, errors = process.stdout.read(), process.stderr.read()

    assert lines[1] == "INFO: STARTING!\n"
    assert re.fullmatch(ONE_RUN, lines[-3].rstrip())
    assert rest == ""
    assert "Traceback" not in errors
    assert process.returncode == -number
