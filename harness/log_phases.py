"""Reads one `count=` line of `benchmark_model`: the statistics of a phase.

Its forms are those of TensorFlow's `stats_calculator.h`: `count=0`, `count=1 curr=X`,
`count=N curr=X(all same)`, or all fields; the percentiles follow since TF 2.19 and LiteRT 1.1.
"""

from __future__ import annotations

import math
import re
from dataclasses import astuple

from harness.log_errors import LogError
from harness.log_lines import INTEGER, NUMBER, Line
from harness.measurement import FailureKind, Phase

# The tool prints averages with six significant digits: two prints of one differ by less.
ROUNDING = 1e-5

_PHASE = re.compile(
    r"count=(?P<count>[0-9]{1,18})"
    rf"(?: curr=(?P<only>{INTEGER})(?P<same>\(all same\))?"
    rf"| first=(?P<first>{INTEGER}) curr=(?P<last>{INTEGER})"
    rf" min=(?P<min>{INTEGER}) max=(?P<max>{INTEGER})"
    rf" avg=(?P<average>{NUMBER}) std=(?P<std>{NUMBER}))?"
    rf"(?: p5=(?P<p5>{INTEGER}) median=(?P<median>{INTEGER}) p95=(?P<p95>{INTEGER}))?"
)


def read_phase(line: Line) -> Phase:
    """The phase that a line describes.

    Raises:
        LogError: the line is damaged, or its numbers are no times or contradict each other.
    """
    match = _PHASE.fullmatch(line.text)
    if match is None or not _is_complete(match):
        raise LogError(FailureKind.NO_RESULT, "A phase line is damaged.", lines=[line])
    if int(match["count"]) == 0:
        return Phase(count=0)  # its percentiles, where printed, are of nothing
    phase = Phase(
        count=int(match["count"]),
        first_us=_integer(match["first"]),
        last_us=_integer(match["last"] or match["only"]),
        min_us=_integer(match["min"]),
        max_us=_integer(match["max"]),
        average_us=_number(match["average"]),
        std_us=_number(match["std"]),
        p5_us=_integer(match["p5"]),
        median_us=_integer(match["median"]),
        p95_us=_integer(match["p95"]),
    )
    _check_numbers(phase, line)
    _check_order(phase, line)
    return phase


def average_us(phase: Phase) -> float | None:
    """The average of the phase's runs, None if it had none."""
    return phase.last_us if phase.average_us is None else phase.average_us


def first_run_us(phase: Phase) -> int | None:
    """The first of the phase's runs, None if it had none."""
    return phase.last_us if phase.first_us is None else phase.first_us


def _is_complete(match: re.Match[str]) -> bool:
    """Whether the line has the form that its count demands; a line that was cut has another."""
    count = int(match["count"])
    if count == 0:
        return match["only"] is None and match["first"] is None
    if count == 1:
        return match["only"] is not None and match["same"] is None
    return match["same"] is not None or match["first"] is not None


def _check_numbers(phase: Phase, line: Line) -> None:
    values = [value for value in astuple(phase) if value is not None]
    if not all(math.isfinite(value) and value >= 0 for value in values):
        what = "A time of a phase is negative or no number."
        raise LogError(FailureKind.IMPLAUSIBLE, what, lines=[line])


def _check_order(phase: Phase, line: Line) -> None:
    low = first_run_us(phase) if phase.min_us is None else phase.min_us
    high = first_run_us(phase) if phase.max_us is None else phase.max_us
    average = average_us(phase)
    assert low is not None  # a phase of at least one run has all three
    assert high is not None
    assert average is not None
    percentiles = [t for t in (phase.p5_us, phase.median_us, phase.p95_us) if t is not None]
    runs = [t for t in (phase.first_us, phase.last_us) if t is not None]
    if (
        percentiles != sorted(percentiles)
        or not all(low <= time <= high for time in (*runs, *percentiles))
        or not low * (1 - ROUNDING) <= average <= high * (1 + ROUNDING)
    ):
        what = "The times of a phase contradict each other."
        raise LogError(FailureKind.IMPLAUSIBLE, what, lines=[line])


def _integer(text: str | None) -> int | None:
    return None if text is None else int(text)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
