"""Tests of the chart of a cell's pairs: marks, looks, far pairs, and what it tells in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
from compared import CELL
from factories import make_pair, make_pairs

from harness.policy import CellLimits
from harness.record import Purpose, Record
from harness.sequential import Judged, Limits, looks_up_to
from reports.charts.pairs import pairs_chart
from reports.findings.pair_series import PairPhase, PairPoint, pair_phases

SHAPES = {"baseline first", "candidate first", "bounds of a look"}


def chart(
    records: Sequence[Record], max_pairs: int = 24, name: str = CELL.name, tolerance: float = 5.0
) -> str:
    limits = CellLimits(tolerance_percent=tolerance, noise_floor_percent=1.0, absolute_floor=0.0)
    svg = pairs_chart(name, pair_phases(CELL, records, limits, max_pairs), "a")
    assert svg is not None
    return svg


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("text")]


def description(svg: str) -> str:
    return ElementTree.fromstring(svg).findtext("desc") or ""


def marks(svg: str) -> int:
    """Elements that repeat a marker, ticks among them."""
    return sum(1 for _ in ElementTree.fromstring(svg).iter("use"))


def test_it_names_the_looks_the_limits_and_the_shapes() -> None:
    shown = texts(chart(make_pairs(CELL, 3.0, 24, scatter=12.0)))

    assert {"8: more", "12: more", "18: more", "24: pass", "noise floor", "tolerance"} <= set(shown)
    assert set(shown) >= SHAPES


def test_fresh_pairs_have_a_panel_of_their_own() -> None:
    first = make_pairs(CELL, 8.0)
    alone, both = (
        chart(records)
        for records in (first, [*first, *make_pairs(CELL, 8.0, purpose=Purpose.CONFIRMATION)])
    )

    assert "fresh pair, to confirm" not in texts(alone)
    assert "fresh pair, to confirm" in texts(both)
    assert [texts(svg).count("8: fail") for svg in (alone, both)] == [1, 2]


def test_a_look_to_come_is_shown_as_such() -> None:
    assert "12: to come" in texts(chart(make_pairs(CELL, 3.0, 9, scatter=12.0)))


def test_the_finding_is_told_in_words() -> None:
    svg = chart(make_pairs(CELL, 0.0))

    assert re.fullmatch(r"Looks: 8 pairs: \S+ to \S+ %, pass\.", description(svg))
    assert ElementTree.fromstring(svg).findtext("title") == f"Pairs of {CELL.name}"


@pytest.mark.parametrize(("after_ms", "told"), [(200.0, "+900 %"), (2.0, "-90 %")])
def test_a_pair_that_is_far_away_is_told_at_the_edge(after_ms: float, told: str) -> None:
    far = make_pair(CELL, 12, 20.0, after_ms)

    svg = chart([*make_pairs(CELL, 3.0, 12, scatter=12.0), *far])

    ticks = [float(text.replace("−", "-")) for text in texts(svg) if re.fullmatch(r"−?\d+", text)]
    assert told in texts(svg)
    assert all(-30 < tick < 30 for tick in ticks)


def test_both_orders_are_drawn() -> None:
    baseline_first = make_pairs(CELL, 0.0)
    turned = list(reversed(baseline_first))

    assert chart(baseline_first) != chart(turned)
    assert marks(chart(baseline_first)) == marks(chart(turned))


def test_a_tolerance_beyond_all_pairs_does_not_flatten_them() -> None:
    shown = texts(chart(make_pairs(CELL, 0.0), tolerance=2000.0))

    assert "tolerance" not in shown
    assert "2000" not in shown


def test_names_of_looks_do_not_cover_each_other() -> None:
    limits = Limits(noise_floor_percent=1.0, tolerance_percent=5.0, looks=looks_up_to(1000))
    looks = tuple(
        Judged(verdict=None, pairs=pairs, lower_percent=-2.0, upper_percent=8.0)
        for pairs in limits.looks
    )
    points = (PairPoint(change_percent=3.0, baseline_first=True),) * 1000
    phase = PairPhase(fresh=False, points=points, looks=looks, next_look=None, limits=limits)

    svg = pairs_chart("a", [phase], "a")

    assert svg is not None
    named = [int(text.partition(":")[0]) for text in texts(svg) if re.match(r"\d+: ", text)]
    assert set(named) < set(limits.looks)
    assert 1000 in named
    assert 8 not in named


def test_a_thousand_pairs_are_bounded() -> None:
    assert len(chart(make_pairs(CELL, 3.0, 1000, scatter=30.0), max_pairs=1000)) < 400_000


def test_it_is_the_same_each_time_and_has_no_foreign_markup() -> None:
    attack = "<script>alert(1)</script> $x^2$"

    first, second = (chart(make_pairs(CELL), name=attack) for _ in range(2))

    assert first == second
    assert "<script" not in first


def test_without_pairs_there_is_no_chart() -> None:
    assert pairs_chart("a", (), "a") is None
