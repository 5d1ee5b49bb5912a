"""The cases of a run that are best in size and latency at once, and what to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.summary import CaseResult
from reports.cells import number, one_line
from reports.findings.pareto import pareto_front

_MOST_TOLD = 4  # fronts, in words


@dataclass(frozen=True, kw_only=True)
class Front:
    """The cases of one `work` (task and length) than which no other is both smaller and faster.

    They stand from the smallest to the fastest. What is as small and faster, or as fast and
    smaller, is better too. Only the estimates count.
    """

    work: str
    cases: tuple[CaseResult, ...]


def find_fronts(cases: Sequence[CaseResult]) -> list[Front]:
    """A front for each task and length, for a case of fewer tokens is no better one."""
    works: dict[tuple[str | None, int | None], list[CaseResult]] = {}
    for case in sized(cases):
        works.setdefault((case.case.task, case.sequence_length), []).append(case)
    return [
        Front(
            work=one_line(", ".join(str(part) for part in (task, _tokens(length)) if part)),
            cases=tuple(mine[index] for index in pareto_front([place(case) for case in mine])),
        )
        for (task, length), mine in works.items()
    ]


def has_line(cases: Sequence[CaseResult]) -> bool:
    """Whether a front has two cases, between which a line can be drawn."""
    return any(len(front.cases) > 1 for front in find_fronts(cases))


def describe_fronts(cases: Sequence[CaseResult]) -> str:
    """The fronts in words, with their ends; empty without a case that has a size and a latency."""
    fronts = find_fronts(cases)
    told = [_describe(front, is_one_of_many=len(fronts) > 1) for front in fronts[:_MOST_TOLD]]
    if len(fronts) > _MOST_TOLD:
        told.append(f"{len(fronts) - _MOST_TOLD} other fronts are drawn, but not told.")
    return " ".join(told)


def sized(cases: Sequence[CaseResult]) -> list[CaseResult]:
    """The cases that have a latency and a model file."""
    return [case for case in cases if case.latency_ms and case.model]


def size_mb(case: CaseResult) -> float:
    """The size of the model file in 10^6 bytes, of one of `sized`."""
    assert case.model is not None
    return case.model.size_bytes / 1e6


def latency(case: CaseResult) -> float:
    """The estimate in ms, of one of `sized`."""
    assert case.latency_ms is not None
    return case.latency_ms.value


def place(case: CaseResult) -> tuple[float, float]:
    """Size in MB and latency in ms, of one of `sized`."""
    return size_mb(case), latency(case)


def _describe(front: Front, *, is_one_of_many: bool) -> str:
    of = f" of {front.work}" if is_one_of_many and front.work else ""
    smallest, fastest = _name(front.cases[0]), _name(front.cases[-1])
    if len(front.cases) == 1:
        return f"By the estimates{of}, no case is smaller or faster than {smallest}."
    return (
        f"By the estimates{of}, no case beats the {len(front.cases)} on the Pareto front in both "
        f"size and latency, from the smallest, {smallest}, to the fastest, {fastest}."
    )


def _tokens(length: int | None) -> str | None:
    return None if length is None else f"{length} tokens"


def _name(case: CaseResult) -> str:
    return f"{one_line(case.case.id, 80)} ({number(size_mb(case))} MB, {number(latency(case))} ms)"
