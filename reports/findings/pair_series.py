"""The pairs of a cell in the order in which the gate counts them, and what each look saw."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.gate_result import GateVerdict, Metric
from harness.gate_rules import limits_at
from harness.pairing import CellCases, Pair, pairs_of, values_of
from harness.policy import CellLimits
from harness.record import Purpose, Record
from harness.sequential import Judged, Limits, judge, looks_up_to, to_percent

_PURPOSES = (Purpose.LATENCY, Purpose.CONFIRMATION)


@dataclass(frozen=True, kw_only=True)
class PairPoint:
    """One pair: how much slower its candidate was, in percent, and which side was started first."""

    change_percent: float
    baseline_first: bool


@dataclass(frozen=True, kw_only=True)
class PairPhase:
    """The pairs of one measurement, the first or the fresh one that confirms it, with its looks.

    `looks` are those that the pairs sufficed for, up to the one that decided; `next_look` is how
    many pairs the next one needs, where none has decided and there is one.
    """

    fresh: bool
    points: tuple[PairPoint, ...]
    looks: tuple[Judged, ...]
    next_look: int | None
    limits: Limits


def pair_phases(
    cell: CellCases, records: Sequence[Record], limits: CellLimits, max_pairs: int
) -> tuple[PairPhase, ...]:
    """The latency's pairs as the gate judges them; a measurement without a usable pair is left out.

    `records` are in the order in which they were stored.
    """
    position = {_key(record): index for index, record in enumerate(records)}
    phases = []
    for purpose in _PURPOSES:
        pairs = pairs_of(cell, records, purpose)
        before, after = values_of(pairs, Metric.LATENCY)
        if not before or not all(0 < v < math.inf for v in (*before.values(), *after.values())):
            continue
        used = limits_at(limits, statistics.median(before.values()), looks_up_to(max_pairs))
        known = [pair for pair in pairs if pair.number in before]
        ratios = [math.log(after[pair.number] / before[pair.number]) for pair in known]
        looks = _looks(ratios, used)
        later = [look for look in used.looks if look > len(ratios)]
        decided = bool(looks) and looks[-1].verdict is not None
        phases.append(
            PairPhase(
                fresh=purpose is Purpose.CONFIRMATION,
                points=tuple(
                    PairPoint(
                        change_percent=to_percent(ratio),
                        baseline_first=_is_baseline_first(pair, position),
                    )
                    for ratio, pair in zip(ratios, known, strict=True)
                ),
                looks=looks,
                next_look=later[0] if later and not decided else None,
                limits=used,
            )
        )
    return tuple(phases)


def describe_look(look: Judged) -> str:
    """What a look saw and decided: `8 pairs: -0.9 to +1.2 %, pass`."""
    word = "undecided" if look.verdict is None else look.verdict.value
    pairs = "1 pair" if look.pairs == 1 else f"{look.pairs} pairs"
    if not math.isfinite(look.upper_percent):
        return f"{pairs}: too few for bounds, {word}"
    return f"{pairs}: {look.lower_percent:+.1f} to {look.upper_percent:+.1f} %, {word}"


def describe_phase(phase: PairPhase) -> str:
    """All looks of a measurement in a sentence."""
    name = "Fresh pairs" if phase.fresh else "Looks"
    told = [describe_look(look) for look in phase.looks]
    if phase.next_look is not None:
        last = phase.limits.looks[-1] == phase.next_look
        told.append(f"{'the last look' if last else 'the next look'} is at {phase.next_look} pairs")
    verdicts = [look.verdict for look in phase.looks]
    if phase.next_look is None and verdicts and verdicts[-1] is None:
        told.append(f"no look is left: {GateVerdict.INCONCLUSIVE}")
    return f"{name}: {'; '.join(told)}."


def _looks(ratios: Sequence[float], limits: Limits) -> tuple[Judged, ...]:
    found: list[Judged] = []
    for index, pairs in enumerate(limits.looks):
        if pairs > len(ratios):
            break
        found.append(judge(ratios, index, limits))
        if found[-1].verdict is not None:
            break
    return tuple(found)


def _is_baseline_first(pair: Pair, position: dict[tuple[object, ...], int]) -> bool:
    return position[_key(pair.baseline)] < position[_key(pair.candidate)]


def _key(record: Record) -> tuple[object, ...]:
    return record.case, record.purpose, record.round, record.attempt, record.valid
