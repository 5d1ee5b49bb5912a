"""Tests of what a device told along a run: lines that are not too long, and what happened."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from devices import at_minute, make_heat, make_state, make_timed
from factories import make_case, make_record

from harness.device import ClusterState, Observation
from reports.findings.session_course import (
    GAP_MIN,
    MOST_POINTS,
    Event,
    Line,
    Mark,
    follow_device,
    start_s,
    thin,
)

CASE = make_case()


def test_a_phone_gives_its_skin_its_battery_and_each_cluster_with_its_cap() -> None:
    records = [
        make_timed(CASE, 0, make_state(30.0), make_state(31.0)),
        make_timed(CASE, 2, make_state(31.5, cap_khz=None)),
    ]

    course = follow_device(records, is_phone=True)

    assert course.temperatures == (
        Line(name="skin", points=((0.0, 30.0), (1.0, 31.0), (2.0, 31.5), (3.0, 31.5))),
        Line(name="battery", points=((0.0, 25.0), (1.0, 25.0), (2.0, 25.0), (3.0, 25.0))),
    )
    assert course.clocks == (
        Line(
            name="policy4",
            points=((0.0, 1.2), (1.0, 1.2), (2.0, 1.2), (3.0, 1.2)),
            cluster="policy4",
        ),
        Line(
            name="cap of policy4", points=((0.0, 2.4), (1.0, 2.4)), cluster="policy4", is_cap=True
        ),
    )
    assert (course.events, course.duration_min, course.thinned) == ((), 3.0, False)


def test_a_host_gives_its_hottest_zone_and_its_mean_clock() -> None:
    seen = Observation(temperature_c=50.0, cpu_mhz=2600.0)

    course = follow_device([make_timed(CASE, 0, seen)], is_phone=False)

    assert [line.name for line in course.temperatures] == ["hottest zone"]
    assert course.clocks == (Line(name="all CPUs", points=((0.0, 2.6), (1.0, 2.6))),)


def test_one_known_value_is_no_line() -> None:
    record = make_timed(CASE, 0, make_state(30.0), make_state(None, clusters=()))

    course = follow_device([record], is_phone=True)

    assert [line.name for line in course.temperatures] == ["battery"]
    assert course.clocks == ()


def test_what_heat_did_is_told_once_for_each_way() -> None:
    records = make_heat(CASE)
    cool, spoilt, late, kept, _ = records

    assert follow_device(records, is_phone=True).events == (
        Event(mark=Mark.REDONE, from_min=2.0, to_min=3.0, record=spoilt),
        Event(mark=Mark.STATUS, from_min=3.0, to_min=3.0, record=spoilt),
        Event(mark=Mark.COOLING, from_min=4.0, to_min=6.0, record=late),
        Event(mark=Mark.WARM, from_min=6.0, to_min=6.0, record=late),
        Event(mark=Mark.SLOWED, from_min=8.0, to_min=9.0, record=kept),
    )
    assert follow_device([cool], is_phone=True).events == ()


def test_records_count_in_the_order_of_their_time() -> None:
    records = make_heat(CASE)

    assert follow_device(records[::-1], is_phone=True) == follow_device(records, is_phone=True)


@pytest.mark.parametrize("started_at", ["", "yesterday", "2026-13-01T00:00:00", "\x00"])
def test_a_start_that_is_no_time_is_left_out_and_counted(started_at: str) -> None:
    records = [make_timed(CASE, 0, make_state()), make_timed(CASE, 2, make_state())]
    damaged = replace(records[1], started_at=started_at)

    course = follow_device([records[0], damaged], is_phone=True)

    assert start_s(damaged) is None
    assert (course.lost, course.duration_min) == (1, 1.0)
    assert follow_device([damaged], is_phone=True).temperatures == ()


def test_a_start_without_a_zone_is_utc() -> None:
    record = make_record(CASE)

    aware = start_s(replace(record, started_at="2026-03-01T10:00:00+00:00"))
    assert start_s(replace(record, started_at="2026-03-01T10:00:00")) == aware


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
def test_what_is_no_temperature_is_left_out(value: float) -> None:
    records = [
        make_timed(CASE, 0, make_state(30.0)),
        make_timed(CASE, 2, make_state(value), wall_s=value, waited_s=value),
    ]

    course = follow_device(records, is_phone=True)

    assert [line.points for line in course.temperatures[:1]] == [((0.0, 30.0), (1.0, 30.0))]
    assert math.isfinite(course.duration_min)


def test_a_long_line_keeps_its_peaks_and_its_ends() -> None:
    points = [(float(at), 30.0) for at in range(10_000)]
    points[4321] = (4321.0, 55.5)
    points[7654] = (7654.0, 12.5)

    kept = thin(tuple(points))

    assert len(kept) <= MOST_POINTS
    assert {(4321.0, 55.5), (7654.0, 12.5)} <= set(kept)
    assert list(kept) == sorted(kept)
    assert kept[0] == points[0]


def test_a_short_line_stays_as_it_is() -> None:
    points = tuple((float(at), at % 7.0) for at in range(MOST_POINTS))

    assert thin(points) == points


def test_values_of_one_moment_are_thinned_too() -> None:
    assert len(thin(((1.0, 2.0),) * 5000)) <= MOST_POINTS


def test_a_line_is_broken_where_a_run_was_continued_later() -> None:
    later = GAP_MIN + 2
    records = [make_timed(CASE, 0, make_state()), make_timed(CASE, later, make_state())]

    line = follow_device(records, is_phone=True).temperatures[0]

    assert line.has_gap
    assert [at for at, value in line.points if math.isnan(value)] == [1 + GAP_MIN / 2]
    assert line.values == [30.0] * 4


def test_many_invocations_give_few_points() -> None:
    records = [
        make_record(
            CASE, n, started_at=at_minute(n), before=make_state(30 + n % 5), after=make_state(31.0)
        )
        for n in range(2000)
    ]

    course = follow_device(records, is_phone=True)

    assert course.thinned
    assert all(len(line.points) <= MOST_POINTS for line in course.temperatures + course.clocks)


def test_clusters_stand_by_their_number_and_are_not_too_many() -> None:
    names = [f"policy{number}" for number in (10, 4, 0, 7, 1, 2, 3)] + ["<b>"]
    clusters = tuple(ClusterState(policy=name, cpus=(0,), current_khz=10**6) for name in names)

    course = follow_device([make_timed(CASE, 0, make_state(clusters=clusters))], is_phone=True)

    assert [line.name for line in course.clocks] == [
        "<b>",
        "policy0",
        "policy1",
        "policy2",
        "policy3",
        "policy4",
    ]
