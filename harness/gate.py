"""The gate over the pairs of a comparison: pure, and repeatable from what is stored."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.evidence import Evidence
from harness.gate_notes import evidence_notes, gate_notes, policy_notes
from harness.gate_result import Cell, GateResult, GateVerdict, Metric
from harness.gate_rules import (
    combine,
    confirm,
    count_cell,
    limits_at,
    missing_cell,
    needs_confirmation,
    paired_cell,
    size_cell,
    with_evidence,
)
from harness.pair_facts import (
    CONTINUE,
    evidence_of,
    most_partitions,
    most_undelegated,
    why_missing,
)
from harness.pairing import PAIRED, CellCases, Pair, cells_of, stored_pairs, values_of
from harness.policy import CellLimits, Policy
from harness.record import Purpose
from harness.sequential import looks_up_to, minimum_detectable_percent
from harness.store import StoredRun

# Beside the cell that fails, only a latency beyond the midpoint is worth fresh pairs.
_SUSPECTED = (Metric.LATENCY,)


def judge_comparison(run: StoredRun, policy: Policy, *, strict: bool) -> GateResult:
    """A verdict for each metric of each cell, and for all of them."""
    compared = cells_of(run.info.plan)
    cells: list[Cell] = []
    notes = list(gate_notes(run))
    for cell in compared:
        evidence = evidence_of(run, cell)
        cells += _judge_cell(run, cell, policy, evidence)
        for case, found in zip(cell.cases, evidence, strict=True):
            notes += evidence_notes(cell.name, f"{case.arm}", found)
    notes += policy_notes(policy, [cell.name for cell in compared])
    verdict, exit_code = combine(cells, policy, strict=strict)
    return GateResult(
        verdict=verdict,
        exit_code=exit_code,
        cells=tuple(cells),
        minimum_detectable_percent=_detectable(run, policy),
        title=run.info.plan.title,
        device=run.info.device.name,
        notes=tuple(notes),
    )


def is_decided(name: str, pairs: Sequence[Pair], policy: Policy, max_pairs: int) -> bool:
    """Whether a planned look has given each metric of pairs a verdict."""
    return bool(pairs) and not any(
        cell.verdict == GateVerdict.INCONCLUSIVE
        for cell, _ in _paired_cells(name, pairs, policy, max_pairs)
    )


def is_suspect(name: str, pairs: Sequence[Pair], policy: Policy, max_pairs: int) -> bool:
    """Whether fresh pairs must confirm what these say."""
    return any(
        _needs_fresh(_completed(cell, len(pairs), max_pairs, CONTINUE), limits)
        for cell, limits in _paired_cells(name, pairs, policy, max_pairs)
    )


def _paired_cells(
    name: str, pairs: Sequence[Pair], policy: Policy, max_pairs: int
) -> Iterator[tuple[Cell, CellLimits]]:
    """The cells of the metrics that are gated and that the device tells."""
    for metric in PAIRED:
        limits = policy.limits_for(name, metric)
        before, after = values_of(pairs, metric)
        if limits is not None and (before or metric == Metric.LATENCY):
            looks = looks_up_to(max_pairs)
            yield paired_cell(name, metric, before, after, limits, looks), limits


def _judge_cell(
    run: StoredRun, cell: CellCases, policy: Policy, evidence: Sequence[Evidence | None]
) -> Iterator[Cell]:
    """What the pairs say, then what the files and the delegate's own words say."""
    name, max_pairs = cell.name, run.info.plan.settings.rounds
    pairs = stored_pairs(cell, run, Purpose.LATENCY)
    why = why_missing(run, cell)
    if not pairs:
        yield missing_cell(name, Metric.LATENCY, why)
        return
    fresh = stored_pairs(cell, run, Purpose.CONFIRMATION)
    verdicts = [found.verdict if found is not None else None for found in evidence]
    again = {
        second.metric: _completed(second, len(fresh), max_pairs, why)
        for second, _ in _paired_cells(name, fresh, policy, max_pairs)
        if fresh
    }
    for cut, limits in _paired_cells(name, pairs, policy, max_pairs):
        first = _completed(cut, len(pairs), max_pairs, why)
        yield with_evidence(_confirmed(first, again.get(first.metric), limits), *verdicts)
    for exact in _exact_cells(run, cell, pairs, policy):
        yield with_evidence(exact, *verdicts)


def _completed(cell: Cell, pairs: int, planned: int, why: str) -> Cell:
    """The cell itself, unless it is undecided for a lack of pairs: then it was not measured."""
    if cell.verdict != GateVerdict.INCONCLUSIVE or pairs >= planned:
        return cell
    reason = f"only {pairs} of {planned} pairs were measured: {why}; so far {cell.reason}"
    return replace(cell, verdict=GateVerdict.INFRASTRUCTURE, reason=reason)


def _confirmed(first: Cell, second: Cell | None, limits: CellLimits) -> Cell:
    if not needs_confirmation(first, limits) or _is_vague(first):
        return first
    if second is None and not _needs_fresh(first, limits):
        return first
    if second is None:
        why = f"fresh pairs to confirm it were not measured; {CONTINUE}"
        second = missing_cell(first.case, first.metric, why)
    elif _is_vague(second):
        second = missing_cell(first.case, first.metric, f"too few values: {second.reason}")
    return confirm(first, second, limits)


def _needs_fresh(cell: Cell, limits: CellLimits) -> bool:
    suspect = cell.metric in _SUSPECTED and not _is_vague(cell)
    return needs_confirmation(cell, limits) and (cell.verdict == GateVerdict.FAIL or suspect)


def _is_vague(cell: Cell) -> bool:
    """Whether there are too few pairs for an interval: such an estimate suggests nothing, so that
    two of them, both high by chance, are no regression."""
    return cell.verdict == GateVerdict.INCONCLUSIVE and cell.low_percent is None


def _exact_cells(
    run: StoredRun, cell: CellCases, pairs: Sequence[Pair], policy: Policy
) -> Iterator[Cell]:
    """Of counts, the worst invocation of each side: a delegate may fail now and then."""
    old, new = (run.info.models[case.model_id] for case in cell.cases)
    limits = policy.limits_for(cell.name, Metric.SIZE)
    if limits is not None:
        yield size_cell(cell.name, old.size_bytes, new.size_bytes, limits)
    sides = [pair.baseline for pair in pairs], [pair.candidate for pair in pairs]
    counts = {
        Metric.OPERATORS: (old.operators, new.operators),
        Metric.PARTITIONS: tuple(map(most_partitions, sides)),
        Metric.UNDELEGATED: tuple(map(most_undelegated, sides)),
    }
    for metric, (before, after) in counts.items():
        # Where neither side has a delegate, there is nothing to count.
        if policy.limits_for(cell.name, metric) is not None and (before, after) != (None, None):
            yield count_cell(cell.name, metric, before, after)


def _detectable(run: StoredRun, policy: Policy) -> float | None:
    """Of the cell that shows the least; None where one of them cannot tell."""
    found = []
    for cell in cells_of(run.info.plan):
        limits = policy.limits_for(cell.name, Metric.LATENCY)
        pairs = stored_pairs(cell, run, Purpose.LATENCY)
        if limits is not None:
            found.append(detectable_percent(pairs, limits, run.info.plan.settings.rounds))
    known = [percent for percent in found if percent is not None]
    return max(known) if known and len(known) == len(found) else None


def detectable_percent(pairs: Sequence[Pair], limits: CellLimits, max_pairs: int) -> float | None:
    """The smallest slowdown of the latency that these pairs' noise lets the gate see."""
    before, after = values_of(pairs, Metric.LATENCY)
    values = (*before.values(), *after.values())
    if not values or not all(0 < value < math.inf for value in values):
        return None
    used = limits_at(limits, statistics.median(before.values()), looks_up_to(max_pairs))
    ratios = [math.log(after[number] / before[number]) for number in before]
    return minimum_detectable_percent(ratios, used)
