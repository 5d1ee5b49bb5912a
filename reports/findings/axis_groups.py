"""Cases that differ in one axis only: what scaling and side-by-side tables compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.plan import Case
from harness.summary import CaseResult
from reports.cells import one_line


class Axis(StrEnum):
    """What is swept; each the name of a field of a case."""

    THREADS = "threads"
    SEQUENCE_LENGTH = "sequence_length"
    DELEGATE = "delegate"
    QUANTIZATION = "quantization"


@dataclass(frozen=True, kw_only=True)
class AxisGroup:
    """The cases of a run that differ in an axis and in nothing else, with their place in the plan.

    `common` is a case in which the axis says nothing.
    """

    common: Case
    cases: tuple[tuple[int, CaseResult], ...]


def group_by_axis(cases: Sequence[CaseResult], axis: Axis) -> list[AxisGroup]:
    """The groups of two cases or more, in the plan's order.

    A file of `--model-file` has no length and quantization that a plan could vary: two files may
    differ in anything.
    """
    groups: dict[Case, list[tuple[int, CaseResult]]] = {}
    for index, case in enumerate(cases):
        if getattr(case.case, axis) is not None:
            groups.setdefault(_without(case.case, axis), []).append((index, case))
    return [
        AxisGroup(common=common, cases=tuple(found))
        for common, found in groups.items()
        if len(found) > 1
    ]


def failure_text(case: CaseResult) -> str:
    """Why a case has no latency, for the place where it would stand."""
    return one_line(f"failed: {case.failure.kind}" if case.failure else "no measurement", 80)


def _without(case: Case, axis: Axis) -> Case:
    if axis is Axis.THREADS:
        return replace(case, threads=0)
    if axis is Axis.DELEGATE:
        return replace(case, delegate="")
    # The name of a pair of a comparison holds the length and the quantization too.
    if axis is Axis.SEQUENCE_LENGTH:
        return replace(case, sequence_length=None, pair=None)
    return replace(case, quantization=None, pair=None)
