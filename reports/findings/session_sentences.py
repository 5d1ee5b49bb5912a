"""The course of a run in words: what the device told, what heat did, and how to read the chart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.record import Record
from reports.cells import number, one_line
from reports.findings.session_course import GAP_MIN, MOST_POINTS, Course, Line, Mark


def describe_course(course: Course, records: Sequence[Record]) -> Iterator[str]:
    """Sentences: what the device told, and what heat did to invocations."""
    if course.temperatures or course.clocks:
        yield f"{_told(course)}, over {_duration(course.duration_min)}."
    else:
        yield "The device tells neither its temperature nor its clocks, so there is no chart."
    if course.temperatures and not course.clocks:
        yield "It does not tell its clocks."
    if course.clocks and not course.temperatures:
        yield "It does not tell its temperature."
    yield from _heat(course, records)
    if course.lost:
        yield f"Left out, as their start is no time: {_invocations(course.lost)}."


def _told(course: Course) -> str:
    parts = []
    if course.temperatures:
        warmth = [f"of the {line.name} {_range(line, '°C')}" for line in course.temperatures]
        parts.append(f"Temperature {', '.join(warmth)}")
    clocks = [f"of {line.name} {_range(line, 'GHz')}" for line in course.clocks if not line.is_cap]
    if clocks:
        parts.append(f"{'c' if parts else 'C'}lock {', '.join(clocks)}")
    return one_line("; ".join(parts) or "The highest clocks that are allowed", 600)


def _range(line: Line, unit: str) -> str:
    low, high = number(min(line.values)), number(max(line.values))
    return f"{low} {unit} throughout" if low == high else f"{low} to {high} {unit}"


def _heat(course: Course, records: Sequence[Record]) -> Iterator[str]:
    counts = {mark: _count(course, mark) for mark in Mark}
    slowed = counts[Mark.SLOWED] + counts[Mark.REDONE]
    told_status = any(
        state.thermal_status is not None
        for record in records
        for state in (record.before, record.after)
        if state is not None
    )
    if slowed:
        yield (
            f"Heat slowed {slowed:,} of {_invocations(len(records))}; "
            f"redone: {counts[Mark.REDONE]:,}."
        )
    elif course.temperatures or told_status:
        yield f"Nothing shows that heat slowed any of {_invocations(len(records))}."
    if counts[Mark.WARM]:
        yield f"{_invocations(counts[Mark.WARM])} started warmer than the run's start allows."
    if counts[Mark.COOLING]:
        waited_s = sum(record.waited_s for record in records if 0 < record.waited_s < math.inf)
        yield (
            f"The run waited {waited_s:,.0f} s for cooling, before "
            f"{_invocations(counts[Mark.COOLING])}."
        )
    if counts[Mark.STATUS]:
        highest = max(
            state.thermal_status or 0
            for record in records
            for state in (record.before, record.after)
            if state is not None
        )
        yield (
            f"The thermal status was above 0 before or after {_invocations(counts[Mark.STATUS])}; "
            f"the highest was {highest}."
        )


def explain_chart(course: Course) -> str:
    """What the marks and lines of the chart mean."""
    parts = ["Values are those before and after each invocation, of any purpose"]
    if any(not line.is_cap for line in course.clocks):
        parts.append(
            "; a clock is that of such a moment, when CPUs may idle, not that of the measurement"
        )
    parts.append(".")
    if any(line.is_cap for line in course.clocks):
        parts.append(" Dashed: the highest clock that was allowed.")
    if course.events:
        parts.append(
            " Below: waits for cooling as bars, and a sign for each invocation that something "
            "happened to; signs that fall on one place are one."
        )
    if course.thinned:
        parts.append(
            f" A line has at most {MOST_POINTS} points, the lowest and the highest of each of "
            f"{MOST_POINTS // 2} equal times, so peaks are all there."
        )
    if any(line.has_gap for line in (*course.temperatures, *course.clocks)):
        parts.append(f" A line is broken where nothing was seen for {GAP_MIN:.0f} minutes.")
    return "".join(parts)


def _count(course: Course, mark: Mark) -> int:
    """How many invocations have a mark; one may have it twice."""
    return len({id(event.record) for event in course.events if event.mark is mark})


def _invocations(count: int) -> str:
    return "1 invocation" if count == 1 else f"{count:,} invocations"


def _duration(minutes: float) -> str:
    return f"{number(minutes)} minutes" if minutes < 120 else f"{number(minutes / 60)} hours"
