"""Why a log of `benchmark_model` is no measurement: the error, and the search for its cause.

Exception
└── LogError    what ended the invocation; `kind` is the FailureKind

The official tool says why it stopped in texts that changed little from TensorFlow 2.0 to LiteRT 2.x
(`tensorflow/lite/tools/benchmark/`, `tensorflow/lite/core/`). They tell more than an exit code, so
they are asked first: which command ran, then what failed, then how the process ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from harness.log_lines import SUMMARY_STARTS, Line, quote
from harness.measurement import FailureKind, ToolLog

_QUOTED_LINES = 4

_STARTED = ("Running benchmark for at least ", "count=")
_FAILED = "Benchmarking failed."

# What stops the tool before its first run, and what to do about it.
_REJECTIONS = tuple(
    (re.compile(pattern), advice)
    for pattern, advice in (
        (
            r"Could not open|Failed to mmap model|Failed to load model|The model allocation is null"
            r"|Please specify the name of your TF Lite",
            "Check the path that --graph names, and that the file was pushed.",
        ),
        (
            r"The model is not a valid Flatbuffer|Model provided is schema version",
            "The file is cut short or is not a .tflite file: build or push it again.",
        ),
        (
            r"Encountered unresolved custom op|Select TensorFlow op|Didn't find op for builtin",
            "The tool lacks an operator of this model: use a newer build, or "
            "benchmark_model_plus_flex where TensorFlow operators are missing.",
        ),
        (
            r"Node number [0-9]{1,9} \([^)]{0,80}Delegate[^)]{0,80}\) failed to prepare",
            "The delegate cannot take this model here: try another delegate, or none.",
        ),
        (
            r"Node number [0-9]{1,9} \([^)]{0,80}\) failed to prepare|Failed to allocate tensors!",
            "The model cannot take these input shapes: build it for this sequence length.",
        ),
        (
            r"Inputs mismatch: |Input tensor #|The number of items in --input_layer|Incorrect size "
            r"string|Any unknown sizes in the shapes|Cannot find the corresponding input_layer|"
            r"Wrong low and high value|Failed to read the input_layer_value_file|"
            r"The size of .{1,2000} is [0-9]{1,20} bytes\. It should be ",
            "Compare --input_layer, its shapes and its value files with the inputs of the model.",
        ),
    )
)

_REJECTION = re.compile("|".join(pattern.pattern for pattern, _ in _REJECTIONS))

# Failures that are not the model's, as their lines begin.
_OTHER_ERRORS = {
    "Disallowed CPU fallback detected": "No delegate took the whole model: try another one, or "
    "drop --require_full_delegation.",
    "Failed to apply ": "The delegate does not work here: try another one, or none.",
    "Failed to parse flag ": "The tool wants another kind of value for this flag.",
    "usage: ": "The tool was asked for its flags, or cannot read one of them.",
}

# Linux numbers, not those of the machine that reads the log, and what each usually means here.
_SIGNALS = {
    1: ("SIGHUP", "The link to the device dropped, or somebody ended the tool."),
    2: ("SIGINT", "Somebody interrupted the tool."),
    3: ("SIGQUIT", "Somebody ended the tool."),
    4: ("SIGILL", "The tool was built for another kind of CPU."),
    5: ("SIGTRAP", "The tool failed a check of its own."),
    6: ("SIGABRT", "The tool gave up by itself: its last error says why."),
    7: ("SIGBUS", "The model file changed or vanished while the tool read it."),
    8: ("SIGFPE", "The tool divided by zero: try another build, or another delegate."),
    9: ("SIGKILL", "The out-of-memory killer, or somebody's `kill -9`: free memory and try again."),
    11: ("SIGSEGV", "The tool crashed: try another build, or another delegate."),
    13: ("SIGPIPE", "The link to the device dropped."),
    14: ("SIGALRM", "A timer ended the tool."),
    15: ("SIGTERM", "Somebody ended the tool."),
    31: ("SIGSYS", "The system forbids a call that the tool makes."),
}
_EXIT_CODES = {
    126: "The shell could not start the tool: is it executable, and built for this CPU?",
    127: "The shell found no such tool, or the tool a library that it needs.",
}


class LogError(Exception):
    """A log that holds no measurement: what happened, what the log says, what to do next."""

    def __init__(
        self, kind: FailureKind, what: str, *, lines: Iterable[Line] = (), advice: str = ""
    ) -> None:
        self.kind = kind
        quotes = ", ".join(repr(quote(line)) for line in lines)
        evidence = f"The log says: {quotes}" if quotes else ""
        super().__init__("\n".join(part for part in (what, evidence, advice) if part))


def refuse_failure(log: ToolLog, lines: Sequence[Line]) -> None:
    """Return if the invocation ended like one that has a result; `lines` are distinct.

    Raises:
        LogError: the best explanation of why there is none.
    """
    errors = [line for line in lines if _is_error(line)]
    ending = _ending(log.exit_code)
    # A command that was not taken as given explains all that follows, so these two come first.
    _refuse_wrong_tool(lines)
    _refuse_ignored_flags(lines, errors)
    _refuse_failed_run(errors, ending)
    _refuse_rejection(lines, errors, ending)
    if any(line.text.startswith(_FAILED) for line in errors):
        what = f"The tool says that it failed ({ending})."
        raise failure(FailureKind.BENCHMARKING_FAILED, what, lines)
    if log.exit_code is None:
        what = f"No result: the tool still ran at its deadline, after {log.wall_s:.0f} s."
        advice = "Allow it more time, or ask for fewer runs."
        raise failure(FailureKind.TIMEOUT, what, lines, advice)
    signal = _signal(log.exit_code)
    if signal is not None:
        what = f"No result: a signal ended the tool ({ending})."
        _, advice = _SIGNALS.get(signal, ("", ""))
        raise failure(FailureKind.SIGNAL, what, lines, advice)
    if log.exit_code != 0:
        what = f"No result: the tool gave up ({ending})."
        raise failure(FailureKind.EXIT_CODE, what, lines, _EXIT_CODES.get(log.exit_code, ""))
    # Such a line comes before an abort; an exit code of 0 then is one that the link lost.
    if any(line.level == "FATAL" for line in errors):
        what = f"The tool says that it gave up ({ending})."
        raise failure(FailureKind.BENCHMARKING_FAILED, what, lines)


def failure(kind: FailureKind, what: str, lines: Sequence[Line], advice: str = "") -> LogError:
    """The error with the log's first errors, or its last words where it holds no error."""
    errors = [line for line in lines if _is_error(line)]
    causes = [line for line in errors if not line.text.startswith(_FAILED)]
    last_words = next((line for line in reversed(lines) if not line.is_harmless), None)
    quoted = causes[:_QUOTED_LINES] or errors[:1] or ([last_words] if last_words else [])
    known = (
        text
        for line in quoted
        for start, text in _OTHER_ERRORS.items()
        if line.text.startswith(start)
    )
    return LogError(kind, what, lines=quoted, advice=advice or next(known, ""))


def _refuse_wrong_tool(lines: Sequence[Line]) -> None:
    header = "Summary of All Runs w/ Different Performance Options"
    if any(header in line.text for line in lines):
        raise LogError(
            FailureKind.WRONG_TOOL,
            "The log is of benchmark_model_performance_options, which runs many configurations.",
            advice="Use the plain benchmark_model of TensorFlow Lite.",
        )
    titles = [line for line in lines if "BENCHMARK RESULTS" in line.text]
    if titles and not any(line.text.startswith(SUMMARY_STARTS) for line in lines):
        raise LogError(
            FailureKind.WRONG_TOOL,
            "The log is of LiteRT's CompiledModel tool, which is named benchmark_model too.",
            lines=titles[:1],
            advice="Use the benchmark_model of TensorFlow Lite (tflite/tools/benchmark).",
        )


def _refuse_ignored_flags(lines: Sequence[Line], errors: Sequence[Line]) -> None:
    for line in lines:
        if "Unconsumed cmdline flags:" in line.text:
            raise LogError(
                FailureKind.UNCONSUMED_FLAGS,
                "The tool ignored flags, so it did not measure what was asked for.",
                lines=[line, *errors[: _QUOTED_LINES - 1]],
                advice="Use a build that has these flags, or leave them out; flags are read only "
                "as --name=value.",
            )


def _refuse_failed_run(errors: Sequence[Line], ending: str) -> None:
    for index, line in enumerate(errors):
        if "failed to invoke" in line.text:
            raise LogError(
                FailureKind.INVOKE_FAILED,
                f"The model fails when it runs; times in the log are of failed runs ({ending}).",
                lines=_around(errors, index),
                advice="Check the input values, such as token ids beyond the vocabulary, then the "
                "delegate.",
            )


def _refuse_rejection(lines: Sequence[Line], errors: Sequence[Line], ending: str) -> None:
    # Once runs have begun, these texts tell of a delegate that failed and was done without.
    if any(line.text.startswith(_STARTED) for line in lines):
        return
    for index, line in enumerate(errors):
        for pattern, advice in _REJECTIONS:
            if pattern.match(line.text):
                raise LogError(
                    FailureKind.MODEL_REJECTED,
                    f"The tool cannot use this model as it was told to ({ending}).",
                    lines=_around(errors, index),
                    advice=advice,
                )


def _around(errors: Sequence[Line], index: int) -> Sequence[Line]:
    """The telling error, the two before it, which are its cause, and the one after."""
    window = errors[max(0, index - 2) : index + _QUOTED_LINES - 2]
    return [line for line in window if not line.text.startswith(_FAILED)]


def _is_error(line: Line) -> bool:
    if line.level:
        return line.level in ("ERROR", "FATAL")
    # The tool's own errors had no level before TF 2.10-2.14.
    return (
        line.text.startswith((_FAILED, *_OTHER_ERRORS))
        or "failed to invoke" in line.text
        or _REJECTION.match(line.text) is not None
    )


def _signal(exit_code: int) -> int | None:
    """The signal that an exit code stands for: negative from the host, 128 + n from a shell."""
    if exit_code < 0:
        return -exit_code
    return exit_code - 128 if exit_code - 128 in _SIGNALS else None


def _ending(exit_code: int | None) -> str:
    if exit_code is None:
        return "ended by the deadline"
    number = _signal(exit_code)
    if number is None:
        return f"exit code {exit_code}"
    name, _ = _SIGNALS.get(number, (f"signal {number}", ""))
    return name if exit_code < 0 else f"{name}, exit code {exit_code}"
