"""The rules of the gate: a cell for each metric of a case, and what all cells say together.

Latency, init, first inference and peak memory are judged from pairs, or from two stored runs; size
and counts are exact. Nothing that was not measured, or not proven, is ever green. All limits come
from a `Policy`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.checks import Verdict
from harness.exact_cells import REFRESH, count_cell, missing_cell, size_cell
from harness.gate_result import MEASURED, Cell, GateVerdict, Metric
from harness.policy import CellLimits, Inconclusive, Missing, Policy
from harness.sequential import LOOKS, Decision, Limits, decide
from harness.unpaired import decide_unpaired

__all__ = [
    "REFRESH",
    "asymmetric_throttle",
    "combine",
    "confirm",
    "count_cell",
    "limits_at",
    "missing_cell",
    "needs_confirmation",
    "paired_cell",
    "size_cell",
    "unpaired_cell",
    "with_evidence",
]

_LEAST_DROPS = 6
_CHANCE = 0.05


def paired_cell(
    case: str,
    metric: Metric,
    baseline: Mapping[int, float],
    candidate: Mapping[int, float],
    limits: CellLimits,
    looks: tuple[int, ...] = LOOKS,
) -> Cell:
    """A cell from the values of pairs by their number, in `UNITS[metric]`, of pairs that both have.

    The limits are those of `limits_at`. A value that is not over 0 is infrastructure.
    """
    pairs = sorted(baseline.keys() & candidate.keys())
    before, after = [baseline[pair] for pair in pairs], [candidate[pair] for pair in pairs]
    problem = _problem(before, after, "no pair was measured")
    if problem is not None:
        return missing_cell(case, metric, problem)
    used = limits_at(limits, statistics.median(before), looks)
    ratios = [math.log(new / old) for old, new in zip(before, after, strict=True)]
    decision = decide(ratios, used)
    judged = decision.pairs
    return _measured(case, metric, before[:judged], after[:judged], decision, used)


def unpaired_cell(
    case: str,
    metric: Metric,
    baseline: Sequence[float],
    candidate: Sequence[float],
    limits: CellLimits,
    session_noise_percent: float,
) -> Cell:
    """A cell from two stored runs, whose values have no pairs, in `UNITS[metric]`.

    `session_noise_percent` is by how much two sessions differ that measure the same; the interval
    of the cell includes it. The limits are those of `limits_at`. A side without values, or a value
    that is not over 0, is infrastructure. Raises ValueError for a noise that is negative or NaN.
    """
    problem = _problem(baseline, candidate, "one of the runs has no value")
    if problem is not None:
        return missing_cell(case, metric, problem)
    used = limits_at(limits, statistics.median(baseline))
    decision = decide_unpaired(baseline, candidate, used, session_noise_percent)
    return _measured(case, metric, baseline, candidate, decision, used)


def limits_at(limits: CellLimits, baseline: float, looks: tuple[int, ...] = LOOKS) -> Limits:
    """The limits, moved up together until the noise floor is at least the absolute one.

    `baseline` is in `UNITS[metric]` and over 0. Raises ValueError for a tolerance that is not above
    the noise floor.
    """
    relative = Limits(
        noise_floor_percent=limits.noise_floor_percent,
        tolerance_percent=limits.tolerance_percent,
        looks=looks,
    )
    return relative.at_least(limits.absolute_floor / baseline * 100)


def with_evidence(cell: Cell, baseline: Verdict | None, candidate: Verdict | None) -> Cell:
    """The cell itself where the evidence of both sides is proven, else infrastructure.

    None is a side without evidence. The numbers are kept: a person may look at them.
    """
    sides = {"baseline": baseline, "candidate": candidate}
    problems = [
        f"the {side}'s evidence is {verdict or 'missing'}"
        for side, verdict in sides.items()
        if verdict != Verdict.PROVEN
    ]
    if not problems or cell.verdict == GateVerdict.INFRASTRUCTURE:
        return cell
    reason = f"{' and '.join(problems)}; measured: {cell.reason}"
    return replace(cell, verdict=GateVerdict.INFRASTRUCTURE, reason=reason)


def needs_confirmation(cell: Cell, limits: CellLimits) -> bool:
    """Whether fresh pairs must tell: it fails, or is inconclusive beyond the midpoint.

    Exact metrics are the same each time and need none.
    """
    if cell.metric not in MEASURED or cell.confirmed is not None:
        return False
    suspect = cell.verdict == GateVerdict.INCONCLUSIVE and _beyond_midpoint(cell, limits)
    return cell.verdict == GateVerdict.FAIL or suspect


def confirm(first: Cell, second: Cell, limits: CellLimits) -> Cell:
    """What two measurements say: red where the second fails too, or both are beyond the midpoint.

    The numbers are those of the second, fresh one: the first was chosen for being bad. A failure
    that is not confirmed is inconclusive; one that could not be measured again, infrastructure.
    """
    if second.verdict == GateVerdict.INFRASTRUCTURE:
        reason = f"could not be confirmed ({second.reason}); measured before: {first.reason}"
        return replace(first, verdict=GateVerdict.INFRASTRUCTURE, reason=reason, confirmed=False)
    both = _beyond_midpoint(first, limits) and _beyond_midpoint(second, limits)
    if second.verdict == GateVerdict.FAIL or both:
        reason = f"{second.reason}; confirms {first.reason}"
        return replace(second, verdict=GateVerdict.FAIL, reason=reason, confirmed=True)
    failed = first.verdict == GateVerdict.FAIL
    verdict = GateVerdict.INCONCLUSIVE if failed else second.verdict
    reason = f"{second.reason}; does not confirm {first.reason}"
    return replace(second, verdict=verdict, reason=reason, confirmed=False)


def asymmetric_throttle(baseline_dropped: int, candidate_dropped: int) -> str | None:
    """A note where heat spoilt the candidate's invocations more often than chance explains.

    That is so where, of at least 6, the exact one-sided binomial test gives p < 0.05.
    """
    n = baseline_dropped + candidate_dropped
    if n < _LEAST_DROPS:
        return None
    p = sum(math.comb(n, k) for k in range(candidate_dropped, n + 1)) / 2**n
    if p >= _CHANCE:
        return None
    return (
        f"heat spoilt {candidate_dropped} invocations of the candidate and {baseline_dropped} of "
        f"the baseline (p = {p:.2g}): a model that runs hotter is slower than its latency shows"
    )


def combine(
    cells: Sequence[Cell], policy: Policy, *, strict: bool, advisory: bool = False
) -> tuple[GateVerdict, int]:
    """The verdict of all cells, which is that of the gravest, and the exit code.

    Without cells nothing was measured. Exit code 1 is a proven regression, 3 infrastructure, 4
    undecided under `strict`. With `advisory` there are only 0 and 3; the verdict keeps its word.
    """
    verdicts = {cell.verdict for cell in cells}
    missing = GateVerdict.INFRASTRUCTURE in verdicts or not verdicts
    always = policy.inconclusive is Inconclusive.STRICT
    asked = strict and policy.inconclusive is Inconclusive.WARN
    verdict, code = GateVerdict.PASS, 0
    if GateVerdict.FAIL in verdicts:
        verdict, code = GateVerdict.FAIL, 1
    elif missing:
        verdict = GateVerdict.INFRASTRUCTURE
        code = 1 if policy.missing is Missing.FAIL else 3
    elif GateVerdict.INCONCLUSIVE in verdicts:
        verdict, code = GateVerdict.INCONCLUSIVE, 4 if always or asked else 0
    return verdict, (3 if missing else 0) if advisory else code


def _problem(baseline: Sequence[float], candidate: Sequence[float], none: str) -> str | None:
    """Why these values cannot be judged."""
    bad = [value for value in (*baseline, *candidate) if not 0 < value < math.inf]
    if bad:
        return f"the value {bad[0]!r} is no measurement"
    return None if baseline and candidate else none


def _measured(
    case: str,
    metric: Metric,
    baseline: Sequence[float],
    candidate: Sequence[float],
    decision: Decision,
    limits: Limits,
) -> Cell:
    return Cell(
        case=case,
        metric=metric,
        verdict=decision.verdict,
        reason=decision.reason + _refresh(decision, limits),
        estimate_percent=decision.estimate_percent,
        low_percent=decision.low_percent,
        high_percent=decision.high_percent,
        noise_floor_percent=limits.noise_floor_percent,
        tolerance_percent=limits.tolerance_percent,
        pairs=decision.pairs,
        baseline=statistics.median(baseline),
        candidate=statistics.median(candidate),
    )


def _refresh(decision: Decision, limits: Limits) -> str:
    """An improvement beyond the tolerance hides later slowdowns while the baseline is old."""
    value, high = decision.estimate_percent, decision.high_percent
    improved = value is not None and value <= -limits.tolerance_percent
    certain = improved and high is not None and high < 0
    return REFRESH if certain else ""


def _beyond_midpoint(cell: Cell, limits: CellLimits) -> bool:
    """The limits of a cell may have been moved up together: half their distance stays."""
    if cell.estimate_percent is None or cell.tolerance_percent is None:
        return False
    half = (limits.tolerance_percent - limits.noise_floor_percent) / 2
    return cell.estimate_percent > cell.tolerance_percent - half
