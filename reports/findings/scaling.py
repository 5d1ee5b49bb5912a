"""How latency changes along one axis of a run: over threads, and over the length of a sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.plan import Case
from harness.statistics import Estimate
from harness.summary import CaseResult
from reports.findings.axis_groups import Axis, AxisGroup, group_by_axis
from reports.findings.growth import PowerFit, fit_power
from reports.findings.ratios import common_ratio, is_in_noise


@dataclass(frozen=True, kw_only=True)
class Step:
    """One case of a sweep. `index` is its place in the plan, `at` its count of threads or tokens.

    `reference` is the count of the case that it is compared with, None for the first that was
    measured and for one that was not; `ratio` is None too where they share no round.
    """

    index: int
    case: CaseResult
    at: int
    reference: int | None = None
    ratio: Estimate | None = None


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The cases of one model and setting along an axis, in ascending order, two of them measured.

    `fit` is there only for tokens, where there are enough lengths and the growth from the first
    to the last, which is `overall`, is outside the noise.
    """

    common: Case
    steps: tuple[Step, ...]
    overall: Estimate | None
    fit: PowerFit | None = None

    @property
    def measured(self) -> tuple[Step, ...]:
        """The steps that have a latency."""
        return tuple(step for step in self.steps if _value(step.case) is not None)


def sweep_threads(cases: Sequence[CaseResult]) -> list[Sweep]:
    """Each case's speedup over the fewest threads of its sweep: more than 1 is faster."""
    return [
        _sweep(group, lambda case: case.case.threads, _speedup, moves=False)
        for group in _measured_groups(cases, Axis.THREADS)
    ]


def sweep_tokens(cases: Sequence[CaseResult]) -> list[Sweep]:
    """Each case's ratio to the next shorter one that was measured: more than 1 is slower."""
    return [
        _sweep(group, lambda case: case.case.sequence_length or 0, common_ratio, moves=True)
        for group in _measured_groups(cases, Axis.SEQUENCE_LENGTH)
    ]


def _measured_groups(cases: Sequence[CaseResult], axis: Axis) -> list[AxisGroup]:
    return [
        group
        for group in group_by_axis(cases, axis)
        if sum(_value(case) is not None for _, case in group.cases) > 1
    ]


def _sweep(
    group: AxisGroup,
    count: Callable[[CaseResult], int],
    compare: Callable[[CaseResult, CaseResult], Estimate | None],
    *,
    moves: bool,
) -> Sweep:
    steps: list[Step] = []
    reference: CaseResult | None = None
    for index, case in sorted(group.cases, key=lambda pair: count(pair[1])):
        if _value(case) is None or reference is None:
            steps.append(Step(index=index, case=case, at=count(case)))
        else:
            ratio = compare(case, reference)
            steps.append(
                Step(
                    index=index,
                    case=case,
                    at=count(case),
                    reference=count(reference),
                    ratio=ratio,
                )
            )
        if _value(case) is not None and (moves or reference is None):
            reference = case
    points = [(s.at, v) for s in steps if (v := _value(s.case)) is not None]
    ends = [step.case for step in steps if _value(step.case) is not None]
    overall = compare(ends[-1], ends[0])
    grows = overall is not None and not is_in_noise(overall)
    fit = fit_power(points) if moves and grows else None
    return Sweep(common=group.common, steps=tuple(steps), overall=overall, fit=fit)


def _speedup(case: CaseResult, reference: CaseResult) -> Estimate | None:
    return common_ratio(reference, case)


def _value(case: CaseResult) -> float | None:
    """The latency in ms; None also for zero, which has no ratio and no logarithm."""
    return case.latency_ms.value if case.latency_ms and case.latency_ms.value > 0 else None
