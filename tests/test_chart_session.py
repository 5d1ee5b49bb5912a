"""Tests of the chart of a run over time: what it shows, names, and never becomes too large."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from devices import at_minute, make_heat, make_state, make_timed
from factories import make_case, make_record

from harness.device import ClusterState, Observation
from harness.record import Record
from reports.charts.session import session_chart
from reports.findings.session_course import Course, follow_device

CASE = make_case()


def course_of(*records: Record) -> Course:
    return follow_device(records, is_phone=True)


def drawn(course: Course, identifier: str = "a") -> str:
    svg = session_chart(course, identifier, "It was warm.")
    assert svg is not None
    return svg


def texts(svg: str) -> list[str]:
    found = ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("text")]
    return [text.strip() for text in found]


def test_lines_and_marks_have_names() -> None:
    shown = texts(drawn(course_of(*make_heat(CASE))))

    assert {"skin", "battery", "°C", "policy4", "cap of policy4", "GHz"} <= set(shown)
    marks = {"cooling", "started warm", "slowed by heat", "slowed, redone", "status above 0"}
    assert marks <= set(shown)
    assert "minutes since the first invocation" in shown


def test_marks_that_nothing_has_are_not_there() -> None:
    calm = course_of(
        make_timed(CASE, 0, make_state(30.0)), make_timed(CASE, 2, make_state(31.0), waited_s=5.0)
    )

    shown = texts(drawn(calm))

    assert "cooling" in shown
    assert not {"started warm", "slowed by heat", "slowed, redone", "status above 0"} & set(shown)


def test_marks_differ_by_their_shape_and_not_by_colour_alone() -> None:
    root = ElementTree.fromstring(drawn(course_of(*make_heat(CASE))))
    shapes = {path.get("id"): path.get("d") for path in root.iter("path") if path.get("id")}

    rows: dict[str, set[str | None]] = {}
    for use in root.iter("use"):
        style = use.get("style") or ""
        if "stroke" not in style:  # those of ticks have one
            rows.setdefault(use.get("y") or "", set()).add(shapes[(use.get("href") or "")[1:]])
    assert len(rows) == 4
    assert len(set.union(*rows.values())) == 4


def test_a_device_that_tells_nothing_has_no_chart() -> None:
    silent = [make_timed(CASE, n, Observation(load_1min=0.5)) for n in range(3)]

    assert session_chart(course_of(*silent), "a", "") is None
    assert session_chart(course_of(), "a", "") is None


def test_what_never_changes_has_no_chart_unless_something_happened() -> None:
    flat = [make_timed(CASE, n, Observation(cpu_mhz=2600.0)) for n in range(3)]
    waited = make_timed(CASE, 5, Observation(cpu_mhz=2600.0), waited_s=20.0)

    assert session_chart(course_of(*flat), "a", "") is None
    assert session_chart(course_of(*flat, waited), "a", "") is not None


def test_temperature_alone_is_drawn() -> None:
    records = [make_timed(CASE, n, Observation(temperature_c=40.0 + n)) for n in range(3)]

    shown = texts(drawn(course_of(*records)))

    assert "°C" in shown
    assert "GHz" not in shown


def test_the_chart_is_the_same_each_time_and_shares_no_id() -> None:
    course = course_of(*make_heat(CASE))

    assert drawn(course) == drawn(course)
    first, second = (set(re.findall(r'\bid="([^"]*)"', drawn(course, name))) for name in "ab")
    assert first
    assert not first & second
    assert "It was warm." in drawn(course)


def test_a_gap_breaks_the_line() -> None:
    records = [make_timed(CASE, n, make_state(30.0 + n)) for n in (0, 2, 100, 102)]

    root = ElementTree.fromstring(drawn(course_of(*records)))

    lines = [
        path.get("d") or ""
        for path in root.iter("path")
        if path.get("clip-path") and "--series" in (path.get("style") or "")
    ]
    assert lines
    assert {line.count("M") for line in lines} == {2}


def test_a_run_of_thousands_gives_a_chart_of_the_size_of_one_of_hundreds() -> None:
    def busy(count: int) -> str:
        records = [
            make_record(
                CASE,
                n,
                started_at=at_minute(n / 4),
                before=make_state(30 + n * 7 % 11, thermal_status=n % 2),
                after=make_state(31 + n * 5 % 7),
                throttled="heat" if n % 2 else None,
                waited_s=float(n % 3),
                late_cool=n % 5 == 0,
            )
            for n in range(count)
        ]
        return drawn(course_of(*records))

    assert len(busy(6000)) < 1.1 * len(busy(2000))


@pytest.mark.parametrize("name", ["<script>", "$x^2$ \\frac{a}{b}", "_hidden", "A" * 10_000, ""])
def test_hostile_names_of_clusters_are_text(name: str) -> None:
    cluster = ClusterState(policy=name, cpus=(0,), current_khz=1_000_000, cap_khz=2_000_000)
    records = [make_timed(CASE, n, make_state(30.0 + n, clusters=(cluster,))) for n in range(3)]

    svg = drawn(course_of(*records))

    assert "script" not in {element.tag for element in ElementTree.fromstring(svg).iter()}
    assert max(map(len, texts(svg))) <= 80
