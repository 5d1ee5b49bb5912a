"""Tests of a cell's pairs in their order, and of the looks at them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from compared import CELL
from factories import make_comparison_run, make_pair, make_pairs, make_record

from harness.gate import judge_comparison
from harness.gate_result import GateVerdict, Metric
from harness.policy import CellLimits, Policy
from harness.record import Purpose, Record
from reports.findings.pair_series import PairPhase, PairPoint, describe_phase, pair_phases

LIMITS = CellLimits(tolerance_percent=5.0, noise_floor_percent=1.0, absolute_floor=0.0)
WILD = 30.0


def phases(records: Sequence[Record], max_pairs: int = 24) -> tuple[PairPhase, ...]:
    return pair_phases(CELL, records, LIMITS, max_pairs)


def only(records: Sequence[Record], max_pairs: int = 24) -> PairPhase:
    (phase,) = phases(records, max_pairs)
    return phase


def test_each_pair_tells_its_change_and_which_side_was_started_first() -> None:
    slower, faster = make_pair(CELL, 0, 20.0, 22.0), make_pair(CELL, 1, 20.0, 19.0)

    points = only([*slower, *reversed(faster)]).points

    assert [point.baseline_first for point in points] == [True, False]
    assert [point.change_percent for point in points] == pytest.approx([10.0, -5.0])


def test_a_pair_that_was_redone_counts_once_where_the_gate_counts_it() -> None:
    first = make_pairs(CELL, pairs=2)
    spoilt = [
        make_record(CELL.baseline, 2, 20.0),
        make_record(CELL.candidate, 2, 40.0, valid=False),
    ]
    again = [make_record(case, 2, 20.0, attempt=1) for case in reversed(CELL.cases)]

    points = only([*first, *spoilt, *again]).points

    assert points[2:] == (PairPoint(change_percent=0.0, baseline_first=False),)


def test_the_looks_end_with_the_one_that_decides_as_the_gate_does() -> None:
    records = make_pairs(CELL, 3.0, 24, scatter=12.0)

    phase = only(records)

    run = make_comparison_run(records, cells=[CELL])
    gate = judge_comparison(run, Policy(), strict=False)
    (cell,) = [c for c in gate.cells if c.metric is Metric.LATENCY]
    assert [look.pairs for look in phase.looks] == [8, 12, 18, 24]
    assert [look.verdict for look in phase.looks] == [None, None, None, cell.verdict]
    assert cell.pairs == 24


def test_pairs_after_the_deciding_look_are_shown_but_not_looked_at() -> None:
    phase = only(make_pairs(CELL, 0.0, 14))

    assert len(phase.points) == 14
    assert [(look.pairs, look.verdict) for look in phase.looks] == [(8, GateVerdict.PASS)]
    assert phase.next_look is None


@pytest.mark.parametrize(("pairs", "expected"), [(3, 8), (8, 12), (23, 24)])
def test_the_next_look_is_told_where_none_has_decided(pairs: int, expected: int) -> None:
    assert only(make_pairs(CELL, 3.0, pairs, scatter=WILD)).next_look == expected


def test_no_look_is_left_after_the_last() -> None:
    phase = only(make_pairs(CELL, 3.0, 24, scatter=WILD))

    assert phase.next_look is None
    assert "no look is left: inconclusive" in describe_phase(phase)


def test_fresh_pairs_are_a_measurement_of_their_own() -> None:
    first, fresh = phases(
        [*make_pairs(CELL, 8.0), *make_pairs(CELL, 7.0, purpose=Purpose.CONFIRMATION)]
    )

    assert (first.fresh, fresh.fresh) == (False, True)
    assert describe_phase(first).startswith("Looks: 8 pairs: +7.")
    assert describe_phase(fresh).startswith("Fresh pairs: 8 pairs: +6.")
    assert describe_phase(fresh).endswith(", fail.")


def test_a_look_with_too_few_pairs_has_no_bounds() -> None:
    phase = only(make_pairs(CELL, 3.0, 4), max_pairs=4)

    assert describe_phase(phase) == (
        "Looks: 4 pairs: too few for bounds, undecided; no look is left: inconclusive."
    )


def test_the_limits_are_moved_up_for_a_short_latency() -> None:
    records = [r for n in range(8) for r in make_pair(CELL, n, 0.1, 0.1 + n / 1e6)]
    limits = CellLimits(tolerance_percent=5.0, noise_floor_percent=1.0, absolute_floor=0.02)

    (phase,) = pair_phases(CELL, records, limits, 24)

    assert phase.limits.noise_floor_percent == pytest.approx(20.0)
    assert phase.limits.tolerance_percent == pytest.approx(24.0)


@pytest.mark.parametrize(
    "records",
    [
        [],
        make_pair(CELL, 0, 0.0, 20.0),
        [make_record(CELL.baseline, 0, 20.0)],
    ],
    ids=["none", "no time", "half a pair"],
)
def test_without_a_usable_pair_there_is_nothing(records: list[Record]) -> None:
    assert phases(records) == ()
