from __future__ import annotations

import pytest

from harness.log import LogError, parse_log
from harness.measurement import FailureKind, ToolLog

_RESULT = (
    "count=1 curr=73\n\ncount=1 curr=5\n\n"
    "Inference timings in us: Init: 9, First inference: 73, Warmup (avg): 73, Inference (avg): 5\n"
)
_RUNNING = "INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds\n"


def failure(log: ToolLog) -> tuple[FailureKind, list[str]]:
    """How the log fails: the kind, and the message by lines."""
    with pytest.raises(LogError) as caught:
        parse_log(log)
    return caught.value.kind, str(caught.value).split("\n")


@pytest.mark.parametrize("level", ["", "ERROR: ", "FATAL: "])
@pytest.mark.parametrize("exit_code", [0, 1, 134, None])  # TF 2.0 always ends with 0
@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("Failed to mmap model m.tflite", "--graph"),
        ("Please specify the name of your TF Lite input file with --graph", "--graph"),
        ("Encountered unresolved custom op: Sinh.", "operator"),
        (
            "Select TensorFlow op(s), included in the given model, is(are) not supported",
            "plus_flex",
        ),
        ("Didn't find op for builtin opcode 'GELU' version '2'. An older version", "newer"),
        ("Node number 0 (TfLiteGpuDelegateV2) failed to prepare.", "another delegate"),
        ("Node number 4 (RESHAPE) failed to prepare.", "sequence length"),
        ("Failed to allocate tensors!", "sequence length"),
        ("The number of items in --input_layer_shape (, with 0 items) must match", "--input_layer"),
        ("Input tensor #0 should have 3 dimensions!", "--input_layer"),
        ("Any unknown sizes in the shapes (-1's) must be replaced", "--input_layer"),
        ("Incorrect size string specified: 1,abc", "--input_layer"),
        (
            "Cannot find the corresponding input_layer name(y) in --input_layer as x",
            "--input_layer",
        ),
        ("Wrong low and high value of the input value range specified: x,0.5,1", "--input_layer"),
        ("Failed to read the input_layer_value_file:x.bin", "value files"),
        ("The size of short.bin is 100 bytes. It should be 4194304 bytes.", "value files"),
    ],
)
def test_a_model_that_is_refused_is_told_from_the_text(
    level: str, exit_code: int | None, text: str, advice: str
) -> None:
    stderr = f"INFO: Initialized TensorFlow Lite runtime.\n{level}{text}\nBenchmarking failed.\n"

    kind, message = failure(ToolLog(stdout="STARTING!\n", stderr=stderr, exit_code=exit_code))

    assert kind is FailureKind.MODEL_REJECTED
    assert message[1] == f"The log says: {level + text!r}"
    assert advice in message[2]


@pytest.mark.parametrize(
    ("exit_code", "kind", "what"),
    [
        (None, FailureKind.TIMEOUT, "No result: the tool still ran at its deadline, after 12 s."),
        (-9, FailureKind.SIGNAL, "No result: a signal ended the tool (SIGKILL)."),
        (-50, FailureKind.SIGNAL, "No result: a signal ended the tool (signal 50)."),
        (134, FailureKind.SIGNAL, "No result: a signal ended the tool (SIGABRT, exit code 134)."),
        (135, FailureKind.SIGNAL, "No result: a signal ended the tool (SIGBUS, exit code 135)."),
        (139, FailureKind.SIGNAL, "No result: a signal ended the tool (SIGSEGV, exit code 139)."),
        (143, FailureKind.SIGNAL, "No result: a signal ended the tool (SIGTERM, exit code 143)."),
        (1, FailureKind.EXIT_CODE, "No result: the tool gave up (exit code 1)."),
        (127, FailureKind.EXIT_CODE, "No result: the tool gave up (exit code 127)."),
        (128, FailureKind.EXIT_CODE, "No result: the tool gave up (exit code 128)."),
        (255, FailureKind.EXIT_CODE, "No result: the tool gave up (exit code 255)."),
    ],
)
@pytest.mark.parametrize("stdout", ["", _RUNNING, _RESULT])
def test_a_bad_ending_is_no_result_whatever_was_printed(
    stdout: str, exit_code: int | None, kind: FailureKind, what: str
) -> None:
    log = ToolLog(stdout=stdout, stderr="", exit_code=exit_code, wall_s=12.3)

    assert (failure(log)[0], failure(log)[1][0]) == (kind, what)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Benchmarking failed.", FailureKind.BENCHMARKING_FAILED),
        ("ERROR: Benchmarking failed.", FailureKind.BENCHMARKING_FAILED),
        ("FATAL: Something is null.", FailureKind.BENCHMARKING_FAILED),
        ("Unconsumed cmdline flags: --num_runs 5", FailureKind.UNCONSUMED_FLAGS),
        ("ERROR: Node number 3 (X) failed to invoke.", FailureKind.INVOKE_FAILED),
        ("count=1 curr=5", FailureKind.IMPLAUSIBLE),
        (_RESULT, FailureKind.IMPLAUSIBLE),
        (_RESULT.split("\n")[4], FailureKind.IMPLAUSIBLE),
        (
            "==============Summary of All Runs w/ Different Performance Options==============",
            FailureKind.WRONG_TOOL,
        ),
    ],
)
def test_one_line_can_spoil_a_whole_result(line: str, kind: FailureKind) -> None:
    for log in (
        ToolLog(stdout=_RESULT + line, stderr="", exit_code=0),
        ToolLog(stdout=f"INFO: STARTING!\n{line}\n{_RESULT}", stderr="", exit_code=0),
        ToolLog(stdout=_RESULT, stderr=line, exit_code=0),
    ):
        assert failure(log)[0] is kind


@pytest.mark.parametrize(
    ("stdout", "kind", "what"),
    [
        ("", FailureKind.NO_RESULT, "but printed nothing"),
        (" \n\r\n", FailureKind.NO_RESULT, "but printed nothing"),
        (_RUNNING, FailureKind.NO_RESULT, "but timed nothing"),
        ("count=1 curr=5\n", FailureKind.NO_RESULT, "a phase line is missing"),
        ("count=1 curr=5\ncount=1 curr=5", FailureKind.NO_RESULT, "summary line is missing"),
        (_RESULT[:-20], FailureKind.NO_RESULT, "The summary line is damaged"),
        (_RESULT.replace("Init: 9", "Init: -9"), FailureKind.IMPLAUSIBLE, "time of the start"),
        (_RESULT.replace("Init: 9", "Init: nan"), FailureKind.IMPLAUSIBLE, "time of the start"),
        (_RESULT.replace("Init: 9", "Init: 1e999"), FailureKind.IMPLAUSIBLE, "time of the start"),
        (_RESULT.replace("Init: 9", "Init: " + "9" * 5000), FailureKind.NO_RESULT, "is damaged"),
        (_RESULT.replace("=5", "=6"), FailureKind.IMPLAUSIBLE, "Inference (avg) is 5 us"),
        (_RESULT.replace("=73", "=74"), FailureKind.IMPLAUSIBLE, "Warmup (avg) is 73 us"),
        (
            _RESULT.replace("inference: 73", "inference: 72"),
            FailureKind.IMPLAUSIBLE,
            "First inference is 72 us",
        ),
        (_RESULT.replace(": 5", ": nan"), FailureKind.IMPLAUSIBLE, "Inference (avg) is nan us"),
        (_RESULT.replace("5", "0"), FailureKind.IMPLAUSIBLE, "The inference took 0 us"),
        (
            _RESULT.replace("count=1 curr=5", "count=3 curr=0(all same)").replace(": 5", ": 0"),
            FailureKind.IMPLAUSIBLE,
            "The inference took 0 us",
        ),
        (
            _RESULT.replace("count=1 curr=5", "count=0").replace(": 5", ": nan"),
            FailureKind.IMPLAUSIBLE,
            "No run was timed",
        ),
        (
            _RESULT.replace(
                "count=1 curr=5",
                "count=9 first=0 curr=0 min=0 max=9 avg=5 std=1 p5=0 median=0 p95=9",
            ),
            FailureKind.IMPLAUSIBLE,
            "The inference took 0 us",
        ),
    ],
)
def test_an_exit_code_of_0_is_not_enough(stdout: str, kind: FailureKind, what: str) -> None:
    actual, message = failure(ToolLog(stdout=stdout, stderr="", exit_code=0))

    assert actual is kind
    assert what in message[0]


def test_ignored_flags_explain_the_failure_that_they_lead_to() -> None:
    stderr = "ERROR: Please specify the name of your TF Lite input file with --graph\n"
    stdout = "WARN: Unconsumed cmdline flags: --graph m.tflite\n"

    kind, message = failure(ToolLog(stdout=stdout, stderr=stderr, exit_code=1))

    assert kind is FailureKind.UNCONSUMED_FLAGS
    assert message[1] == (
        "The log says: 'WARN: Unconsumed cmdline flags: --graph m.tflite', "
        "'ERROR: Please specify the name of your TF Lite input file with --graph'"
    )


@pytest.mark.parametrize("exit_code", [None, 137])
def test_a_delegate_that_was_done_without_is_not_blamed_for_the_end(exit_code: int | None) -> None:
    stderr = "ERROR: Node number 9 (TfLiteXNNPackDelegate) failed to prepare.\n"

    kind, _ = failure(ToolLog(stdout=_RUNNING, stderr=stderr, exit_code=exit_code))

    assert kind in (FailureKind.TIMEOUT, FailureKind.SIGNAL)


def test_runs_that_fail_are_not_blamed_on_a_delegate_that_was_done_without() -> None:
    stderr = (
        "ERROR: Node number 9 (TfLiteXNNPackDelegate) failed to prepare.\n"
        "ERROR: gather index out of bounds\n"
        "ERROR: Node number 2 (GATHER) failed to invoke.\n"
    )

    assert failure(ToolLog(stdout="", stderr=stderr, exit_code=1))[0] is FailureKind.INVOKE_FAILED


def test_a_delegate_that_fails_is_quoted_with_its_cause() -> None:
    stderr = (
        "ERROR: Can not open OpenCL library on this device\n"
        "ERROR: TfLiteGpuDelegate Init: no API\n"
        "ERROR: TfLiteGpuDelegate Prepare: delegate is not initialized\n"
        "ERROR: Node number 7 (TfLiteGpuDelegateV2) failed to prepare.\n"
        "ERROR: Restored original execution plan after delegate application failure.\n"
        "ERROR: Failed to apply GPU delegate.\n"
        "ERROR: Benchmarking failed.\n"
    )

    assert failure(ToolLog(stdout="INFO: STARTING!\n", stderr=stderr, exit_code=1)) == (
        FailureKind.MODEL_REJECTED,
        [
            "The tool cannot use this model as it was told to (exit code 1).",
            "The log says: 'ERROR: TfLiteGpuDelegate Init: no API', 'ERROR: TfLiteGpuDelegate "
            "Prepare: delegate is not initialized', 'ERROR: Node number 7 (TfLiteGpuDelegateV2) "
            "failed to prepare.', 'ERROR: Restored original execution plan after delegate "
            "application failure.'",
            "The delegate cannot take this model here: try another delegate, or none.",
        ],
    )


def test_the_last_words_stand_in_for_an_error() -> None:
    stderr = "/system/bin/sh: ./benchmark_model: not found\nError in cpuinfo: no such CPU\n"

    assert failure(ToolLog(stdout="", stderr=stderr, exit_code=127)) == (
        FailureKind.EXIT_CODE,
        [
            "No result: the tool gave up (exit code 127).",
            "The log says: '/system/bin/sh: ./benchmark_model: not found'",
            "The shell found no such tool, or the tool a library that it needs.",
        ],
    )


def test_a_message_stays_short_and_printable() -> None:
    stderr = "".join(f"ERROR: {number} \x1b[2J{'long ' * 1000}\n" for number in range(1000))

    _, message = failure(ToolLog(stdout="", stderr=stderr, exit_code=1))

    assert len(message) == 2
    assert len("".join(message)) < 1000
    assert "".join(message).isprintable()
