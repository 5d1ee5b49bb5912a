"""Sentences that a page, a terminal and a chart share."""

from __future__ import annotations

from harness.checks import Verdict
from harness.evidence import Evidence
from harness.sustained import Sustained
from reports.cells import number, one_line


def describe_sustained(series: Sustained) -> str:
    """What became of the latency in a series: start, steady state, ratio, knee, throttling."""
    parts = [
        f"{number(series.start_ms)} ms at the start, {number(series.steady_ms)} ms in the steady "
        f"state: {number(series.ratio)} times"
    ]
    if series.knee_s is not None:
        parts.append(f"knee after {minutes(series.knee_s)}")
    if series.first_throttle_s is not None:
        parts.append(f"first throttling after {minutes(series.first_throttle_s)}")
    return "; ".join(parts) + "."


def minutes(seconds: float) -> str:
    """`3.2 min`."""
    return f"{seconds / 60:.1f} min"


def name_contradictions(evidence: Evidence | None) -> tuple[str, ...]:
    """What was asked for and what was seen, for each check that is contradicted."""
    checks = evidence.checks if evidence else ()
    return tuple(
        f"{check.name} (asked {one_line(check.requested, 80)}, seen {one_line(check.observed)})"
        for check in checks
        if check.verdict is Verdict.CONTRADICTED
    )
