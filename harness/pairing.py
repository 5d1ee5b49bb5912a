"""The cells of a comparison, and the pairs of invocations that its records make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.gate_result import Metric
from harness.plan import Arm, Case, Plan
from harness.record import Purpose, Record
from harness.store import StoredRun


@dataclass(frozen=True, kw_only=True)
class CellCases:
    """What is compared: two cases that differ in the model, or in the tool, and in nothing else."""

    baseline: Case
    candidate: Case

    @property
    def name(self) -> str:
        """The cell's name, as in `Cell.case`."""
        return self.baseline.cell

    @property
    def cases(self) -> tuple[Case, Case]:
        """Both, the baseline first."""
        return self.baseline, self.candidate


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A valid invocation of each, started one after the other. Numbers count from 0."""

    number: int
    baseline: Record
    candidate: Record


def cells_of(plan: Plan) -> list[CellCases]:
    """The cells of a comparison in the order of its plan; none for a plan that compares nothing."""
    candidates = {case.cell: case for case in plan.cases if case.arm == Arm.CANDIDATE}
    return [
        CellCases(baseline=case, candidate=candidates[case.cell])
        for case in plan.cases
        if case.arm == Arm.BASELINE
    ]


def control_of(plan: Plan) -> Case | None:
    """The case that is the same in all comparisons, if there is one."""
    return next((case for case in plan.cases if case.arm == Arm.CONTROL), None)


def pairs_of(cell: CellCases, records: Sequence[Record], purpose: Purpose) -> list[Pair]:
    """The complete pairs in their order: of a pair that was redone, the last complete attempt."""
    found: dict[tuple[int, int], dict[str, Record]] = {}
    for record in records:
        if record.valid and record.measurement is not None and record.purpose == purpose:
            found.setdefault((record.round, record.attempt), {})[record.case] = record
    pairs: dict[int, Pair] = {}
    for number, attempt in sorted(found):
        mine = found[number, attempt]
        baseline, candidate = (mine.get(case.id) for case in cell.cases)
        if baseline is not None and candidate is not None:
            pairs[number] = Pair(number=number, baseline=baseline, candidate=candidate)
    return [pairs[number] for number in sorted(pairs)]


def stored_pairs(cell: CellCases, run: StoredRun, purpose: Purpose) -> list[Pair]:
    """The pairs of a stored run; it looks only at the records of the cell's own cases."""
    mine = [record for case in cell.cases for record in run.invocations(case, purpose)]
    return pairs_of(cell, mine, purpose)


def values_of(pairs: Sequence[Pair], metric: Metric) -> tuple[dict[int, float], dict[int, float]]:
    """The values of baseline and candidate by the pair's number, in `UNITS[metric]`.

    Pairs in which a device did not tell one of them are left out.
    """
    read = _VALUES[metric]
    both = {pair.number: (read(pair.baseline), read(pair.candidate)) for pair in pairs}
    known = {n: (a, b) for n, (a, b) in both.items() if a is not None and b is not None}
    return {n: a for n, (a, _) in known.items()}, {n: b for n, (_, b) in known.items()}


def _latency_ms(record: Record) -> float | None:
    return record.measurement.latency_us / 1000 if record.measurement else None


def _init_ms(record: Record) -> float | None:
    return record.measurement.init_us / 1000 if record.measurement else None


def _first_ms(record: Record) -> float | None:
    first_us = record.measurement.first_us if record.measurement else None
    return None if first_us is None else first_us / 1000


def _memory_mb(record: Record) -> float | None:
    return record.peak_memory_mb


_VALUES: Mapping[Metric, Callable[[Record], float | None]] = {
    Metric.LATENCY: _latency_ms,
    Metric.INIT: _init_ms,
    Metric.FIRST: _first_ms,
    Metric.MEMORY: _memory_mb,
}
PAIRED = tuple(_VALUES)
