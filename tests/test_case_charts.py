"""Tests of the charts of one case: its operators, and its latency without pauses."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from factories import make_case, make_result
from reported import make_operators, make_series

from harness.measurement import OperatorTime
from harness.summary import CaseResult
from harness.sustained import Sustained
from reports.charts.operators import operators_chart
from reports.charts.sustained import sustained_chart

STEADY = [60.0, 61.0, 62.0, 63.0, 64.0, 65.0]
Chart = Callable[[CaseResult, str], str | None]
CHARTS: list[Chart] = [operators_chart, sustained_chart]
TAGS = {"svg", "title", "desc", "defs", "g", "path", "use", "text", "clipPath", "rect"}


def case_with(
    operators: tuple[OperatorTime, ...] = (), sustained: Sustained | None = None
) -> CaseResult:
    case = make_result({make_case(): STEADY}).cases[0]
    return replace(case, operators=operators, sustained=sustained)


def full_case() -> CaseResult:
    return case_with(make_operators(), make_series())


def drawn(svg: str | None) -> str:
    assert svg is not None
    return svg


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("text")]


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_is_the_same_each_time(chart: Chart) -> None:
    assert chart(full_case(), "a") == chart(full_case(), "a")


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_stands_beside_others_in_the_colours_of_the_page(chart: Chart) -> None:
    svg = drawn(chart(full_case(), "a"))

    found = re.findall(r'\bid="([^"]*)"', svg)
    assert found
    assert all(name.startswith("a-") for name in found)
    assert "var(--series-0, #0072b2)" in svg
    assert not re.search("<style|http|font-family|#000000|#010101", svg)


@pytest.mark.parametrize(
    ("chart", "title", "words"),
    [
        (
            operators_chart,
            "Operators of mobilebert-qa-seq128-fp32/xnnpack/threads4",
            "Most time in the primary graph: OPERATOR_0 40 %, OPERATOR_1 20 %, OPERATOR_2 10 %. "
            "The table has all.",
        ),
        (
            sustained_chart,
            "Sustained latency of mobilebert-qa-seq128-fp32/xnnpack/threads4",
            "60.0 ms at the start, 72.0 ms in the steady state: 1.20 times; knee after 3.0 min; "
            "first throttling after 4.0 min.",
        ),
    ],
)
def test_a_chart_tells_what_it_shows_to_those_who_cannot_see_it(
    chart: Chart, title: str, words: str
) -> None:
    root = ElementTree.fromstring(drawn(chart(full_case(), "a")))

    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "a-title a-desc")
    assert [root[0].text, root[1].text] == [title, words]


@pytest.mark.parametrize("chart", CHARTS)
def test_what_was_not_measured_has_no_chart(chart: Chart) -> None:
    assert chart(case_with(), "a") is None


def test_operators_have_their_time_and_share_beside_the_bar() -> None:
    operators = (*make_operators(), *make_operators("delegate internal", name="Inside"))

    shown = texts(drawn(operators_chart(case_with(operators), "a")))

    assert {"primary graph", "delegate internal graph", "OPERATOR_0", "Inside_2"} <= set(shown)
    assert {"8.000 ms, 40.0 %", "2.000 ms, 10.0 %"} <= set(shown)


def test_types_that_take_no_time_have_no_bar() -> None:
    idle = OperatorTime(
        graph="primary", operator="IDLE", nodes=3, average_ms=0.0, share_percent=0.0
    )

    assert "IDLE" not in texts(drawn(operators_chart(case_with((*make_operators(), idle)), "a")))
    assert "IDLE" in texts(drawn(operators_chart(case_with((idle,)), "a")))


def test_a_series_shows_its_knee_and_the_first_throttling() -> None:
    eventful = texts(drawn(sustained_chart(full_case(), "a")))
    calm = case_with(sustained=make_series(knee_s=None, first_throttle_s=None))

    assert {"knee", "throttled", "minutes since the start of the series"} <= set(eventful)
    assert not {"knee", "throttled"} & set(texts(drawn(sustained_chart(calm, "a"))))


@pytest.mark.parametrize("knee_s", [0.0, 300.0, 590.0])
def test_a_knee_at_either_end_is_named(knee_s: float) -> None:
    series = make_series(knee_s=knee_s, first_throttle_s=None)

    assert "knee" in texts(drawn(sustained_chart(case_with(sustained=series), "a")))


def test_temperature_and_clock_have_panels_where_they_are_known() -> None:
    warm, cold = make_series(), make_series(temperature_c=None)
    points = tuple(replace(point, clock_khz=2.4e6) for point in warm.points)
    clocked = replace(warm, points=points)

    shown = [set(texts(drawn(sustained_chart(case_with(sustained=s), "a")))) for s in (warm, cold)]
    assert ["°C" in words for words in shown] == [True, False]
    assert {"°C", "GHz"} <= set(texts(drawn(sustained_chart(case_with(sustained=clocked), "a"))))


def test_a_temperature_that_is_sometimes_unknown_leaves_a_gap() -> None:
    warm = make_series()
    holes = tuple(
        replace(point, temperature_c=None) if n % 7 == 0 else point
        for n, point in enumerate(warm.points)
    )

    svg = drawn(sustained_chart(case_with(sustained=replace(warm, points=holes)), "a"))

    assert "nan" not in svg.lower()
    assert "°C" in texts(svg)


def test_a_series_without_length_is_drawn() -> None:
    points = tuple(replace(point, start_s=0.0) for point in make_series().points[:6])

    assert sustained_chart(case_with(sustained=make_series(points=points)), "a") is not None


def test_a_single_point_is_no_series() -> None:
    series = make_series(points=make_series().points[:1])

    assert sustained_chart(case_with(sustained=series), "a") is None


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "$x^2$ \\frac{a}{b}", "_hidden", "A" * 10_240, "\x07漢字"]
)
def test_hostile_names_of_operators_are_text(name: str) -> None:
    operators = make_operators(graph=name, name=name)

    svg = drawn(operators_chart(case_with(operators), "a"))

    assert {element.tag for element in ElementTree.fromstring(svg).iter()} <= TAGS
    assert max(map(len, texts(svg))) <= 80
    assert len(svg) < 100_000
