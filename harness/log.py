"""Reads the log of one invocation of the official `benchmark_model` into a Measurement.

The lines are those of `tensorflow/lite/tools/benchmark/benchmark_model.cc`, the numbers of a phase
those of `stats_calculator.h`, in all their forms from TensorFlow 2.0 to LiteRT 2.x. A log without a
result raises LogError, the only exception (its tree is in log_errors.py): nothing is guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.log_delegates import read_delegations
from harness.log_errors import LogError, failure, refuse_failure
from harness.log_lines import NUMBER, SUMMARY_STARTS, Line, quote, read_lines, split_prefix
from harness.log_phases import ROUNDING, average_us, first_run_us, read_phase
from harness.log_sources import quote_sources
from harness.measurement import FailureKind, Measurement, Phase, ToolLog

__all__ = ["LogError", "parse_log"]

_SUMMARY = re.compile(  # since TF 2.3
    rf"Inference timings in us: Init: (?P<init>{NUMBER}), First inference: (?P<first>{NUMBER}), "
    rf"Warmup \(avg\): (?P<warmup>{NUMBER}), Inference \(avg\): (?P<inference>{NUMBER})"
)
_OLD_SUMMARY = re.compile(  # `no stats` in TF 2.0 and 2.1, `Inference` in 2.2
    rf"Average inference timings in us: Warmup: (?P<warmup>{NUMBER}), Init: (?P<init>{NUMBER}), "
    rf"[^:]{{1,40}}: (?P<inference>{NUMBER})"
)
_THREADS_USED = re.compile(r"#threads used for CPU inference: \[(-?[0-9]{1,9})\]")
_THREADS_ASKED = re.compile(r"Num threads: \[(-?[0-9]{1,9})\]")
_MODEL_SIZE = re.compile(rf"The input model file size \(MB\): ({NUMBER})")
_PEAK_MEMORY = re.compile(
    r"(?:Overall peak memory footprint \(MB\) via periodic monitoring: "
    rf"|Peak memory footprint \(MB\): init={NUMBER} overall=)({NUMBER})"
)
# Lines without a level in older versions, or with a level that belittles them.
_FALLBACK = re.compile(
    r"(?:GPU|NNAPI) acceleration is unsupported|Falling back to |Could not create |"
    r"Hexagon [Dd]elegate is not supported|(?:No|[0-9]{1,9}) operations will run on the GPU|"
    r"Restored original execution plan"
)
_WARNINGS = 20
# A MB of memory is 1024 KiB in the tool (`memory_info.cc`), a MB of a model 10^6 bytes.
_MB_PER_MIB = 2**20 / 10**6
_KEEP_APART = "Keep the output of every invocation apart."


@dataclass(frozen=True, kw_only=True)
class _Summary:
    """The line that closes an invocation, in microseconds; TF 2.0 to 2.2 have no `first_us`."""

    line: Line
    init_us: float
    first_us: float | None
    warmup_us: float
    inference_us: float


def parse_log(log: ToolLog) -> Measurement:
    """The measurement that a log holds.

    A result has exit code 0, exactly two phase lines, of which the first is the warm-up, and a
    summary that agrees with both. A latency of 0 is refused: downstream may divide by it.

    Raises:
        LogError: there is no result; the message says why and what to do next.
    """
    texts = read_lines(log)
    # A failure may repeat a line 100,000 times; once is enough, except of what is counted.
    lines = [split_prefix(text) for text in dict.fromkeys(texts)]
    refuse_failure(log, lines)
    repeats = (split_prefix(t) for t in texts if "count=" in t or " timings in us: " in t)
    timings = [line for line in repeats if line.level in ("", "INFO")]
    warmup, inference = _read_phases(timings, lines)
    summary = _read_summary(timings, lines)
    _check_agreement(summary, warmup, inference)
    first_us = first_run_us(warmup)
    threads = _find(_THREADS_USED, lines) or _find(_THREADS_ASKED, lines)
    measurement = Measurement(
        init_us=summary.init_us,
        first_us=None if first_us is None else float(first_us),
        warmup=warmup,
        inference=inference,
        threads=None if threads is None else int(threads),
        model_mb=_size_mb(_find(_MODEL_SIZE, lines)),
        peak_memory_mb=_size_mb(_find(_PEAK_MEMORY, lines), _MB_PER_MIB),
        delegations=read_delegations(lines),
        warnings=_read_warnings(lines),
        sources=quote_sources(lines),
    )
    if measurement.latency_us == 0:
        what = "The inference took 0 us, which is no latency."
        raise LogError(FailureKind.IMPLAUSIBLE, what, lines=[summary.line])
    return measurement


def _read_phases(timings: Sequence[Line], lines: Sequence[Line]) -> tuple[Phase, Phase]:
    # The operator profile has such numbers too, but after `Timings (microseconds): `.
    found = [line for line in timings if line.text.startswith("count=")]
    if len(found) > 2:
        what = (
            f"The log has {len(found)} phase lines; an invocation has a warm-up and an inference."
        )
        raise LogError(FailureKind.IMPLAUSIBLE, what, lines=found[:3], advice=_KEEP_APART)
    phases = [read_phase(line) for line in found]
    if len(phases) < 2:
        what = "The tool ended well, but printed nothing."
        if lines:
            what = "The tool ended well, but timed nothing."
        if phases:
            what = "The tool ended well, but a phase line is missing; a lone one is no result."
        raise failure(FailureKind.NO_RESULT, what, lines)
    warmup, inference = phases
    if inference.count == 0:
        advice = "Ask for at least one (--num_runs)."
        raise LogError(FailureKind.IMPLAUSIBLE, "No run was timed.", lines=found, advice=advice)
    return warmup, inference


def _read_summary(timings: Sequence[Line], lines: Sequence[Line]) -> _Summary:
    found = [line for line in timings if line.text.startswith(SUMMARY_STARTS)]
    if not found:
        what = "The tool ended well, but its summary line is missing."
        raise failure(FailureKind.NO_RESULT, what, lines)
    if len(found) > 1:
        what = f"The log has {len(found)} summary lines; an invocation has one."
        raise LogError(FailureKind.IMPLAUSIBLE, what, lines=found[:2], advice=_KEEP_APART)
    match = _SUMMARY.fullmatch(found[0].text) or _OLD_SUMMARY.fullmatch(found[0].text)
    if match is None:
        raise LogError(FailureKind.NO_RESULT, "The summary line is damaged.", lines=found)
    init_us = float(match["init"])
    if not (math.isfinite(init_us) and init_us >= 0):
        what = "The time of the start is negative or no number."
        raise LogError(FailureKind.IMPLAUSIBLE, what, lines=found)
    first = match.groupdict().get("first")
    return _Summary(
        line=found[0],
        init_us=init_us,
        first_us=None if first is None else float(first),
        warmup_us=float(match["warmup"]),
        inference_us=float(match["inference"]),
    )


def _check_agreement(summary: _Summary, warmup: Phase, inference: Phase) -> None:
    """Raise if the summary is of other phases: then lines were lost, or logs were mixed up."""
    pairs = (
        ("Inference (avg)", summary.inference_us, average_us(inference)),
        ("Warmup (avg)", summary.warmup_us, average_us(warmup)),
        ("First inference", summary.first_us, first_run_us(warmup)),
    )
    for name, claimed_us, phase_us in pairs:
        # Without warm-up, the summary has 0 or nan for it.
        if claimed_us is None or phase_us is None:
            continue
        if not math.isclose(claimed_us, phase_us, rel_tol=ROUNDING):
            what = f"The summary's {name} is {claimed_us:g} us, the phase line's {phase_us:g} us."
            raise LogError(FailureKind.IMPLAUSIBLE, what, lines=[summary.line], advice=_KEEP_APART)


def _read_warnings(lines: Sequence[Line]) -> tuple[str, ...]:
    """What did not stop the tool, but may have made it run something else than one thinks."""
    levels = ("WARN", "WARNING", "ERROR")
    found = (
        line
        for line in lines
        if (line.level in levels and not line.is_harmless) or _FALLBACK.match(line.text)
    )
    return tuple(quote(line) for line, _ in zip(found, range(_WARNINGS), strict=False))


def _find(pattern: re.Pattern[str], lines: Sequence[Line]) -> str | None:
    match = next((match for line in lines if (match := pattern.fullmatch(line.text))), None)
    return None if match is None else match[1]


def _size_mb(text: str | None, unit_mb: float = 1.0) -> float | None:
    """A size beside the result, None where it is no size: the result stands without it."""
    size_mb = float(text or "nan") * unit_mb
    return round(size_mb, 6) if math.isfinite(size_mb) and size_mb > 0 else None
