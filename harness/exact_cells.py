"""Cells of the gate that need no statistics: sizes and counts, and what was not measured."""

from __future__ import annotations

from harness.gate_result import UNITS, Cell, GateVerdict, Metric
from harness.policy import CellLimits

REFRESH = "; an improvement: refresh the baseline"  # ends the reason of such a cell


def size_cell(case: str, baseline: int, candidate: int, limits: CellLimits) -> Cell:
    """Whether a file of `candidate` bytes is too large beside one of `baseline` bytes.

    It may grow by the tolerance, or by less than the absolute floor, up to the budget.
    """
    if baseline <= 0 or candidate <= 0:
        return missing_cell(case, Metric.SIZE, f"no size: {baseline!r} and {candidate!r} bytes")
    growth, percent = candidate - baseline, (candidate / baseline - 1) * 100
    tolerance, least = limits.tolerance_percent, limits.absolute_floor
    verdict, reason = GateVerdict.PASS, f"{growth:+d} bytes ({percent:+.2f} %)"
    # Not `percent`, which is 1.0000000000000009 for one of exactly 1 %.
    much = abs(growth) * 100 > tolerance * baseline and abs(growth) >= least
    if much and growth > 0:
        verdict = GateVerdict.FAIL
        reason += f"; more than {tolerance:.3g} % and at least {least:.0f} bytes"
    if limits.budget_bytes is not None and candidate > limits.budget_bytes:
        verdict = GateVerdict.FAIL
        reason += f"; {candidate} bytes are over the budget of {limits.budget_bytes}"
    if much and verdict == GateVerdict.PASS:
        reason += REFRESH
    return _exact(case, Metric.SIZE, verdict, reason, baseline, candidate, tolerance)


def count_cell(case: str, metric: Metric, baseline: int | None, candidate: int | None) -> Cell:
    """Operators, partitions or nodes that no delegate took: not one more is allowed."""
    if baseline is None or candidate is None:
        side = "baseline" if baseline is None else "candidate"
        return missing_cell(case, metric, f"the {side}'s number of {UNITS[metric]} is not known")
    verdict = GateVerdict.FAIL if candidate > baseline else GateVerdict.PASS
    reason = f"{baseline} {UNITS[metric]} before, {candidate} now"
    if candidate < baseline:
        reason += REFRESH
    return _exact(case, metric, verdict, reason, baseline, candidate, 0.0)


def missing_cell(case: str, metric: Metric, reason: str) -> Cell:
    """A cell that was not measured, and why."""
    return Cell(case=case, metric=metric, verdict=GateVerdict.INFRASTRUCTURE, reason=reason)


def _exact(
    case: str,
    metric: Metric,
    verdict: GateVerdict,
    reason: str,
    baseline: int,
    candidate: int,
    tolerance_percent: float,
) -> Cell:
    return Cell(
        case=case,
        metric=metric,
        verdict=verdict,
        reason=reason,
        estimate_percent=(candidate / baseline - 1) * 100 if baseline else None,
        tolerance_percent=tolerance_percent,
        baseline=baseline,
        candidate=candidate,
    )
