"""Tests of the small charts of scaling: what is drawn in each, and with which scales."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from reports.charts.scaling import MOST_PANELS, Panel, Point, threads_chart, tokens_chart

Chart = Callable[[Sequence[Panel], str, str], str]
CHARTS: list[Chart] = [threads_chart, tokens_chart]
TAGS = {"svg", "title", "desc", "defs", "g", "path", "use", "text", "clipPath", "rect"}


def point(at: int, value_ms: float, *, has_interval: bool = True) -> Point:
    low, high = (value_ms * 0.95, value_ms * 1.05) if has_interval else (None, None)
    return Point(at=at, value_ms=value_ms, low_ms=low, high_ms=high)


def panel(**changes: object) -> Panel:
    """Halved by each doubling, which is the ideal too."""
    found = Panel(
        title="mobilebert",
        subtitle="fp32, xnnpack",
        points=tuple(point(at, 80 / at) for at in (1, 2, 4, 8)),
        guide=lambda at: 80 / at,
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # fields of several types


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("text")]


def lines(svg: str, mark: str) -> list[str]:
    """The paths whose style has this mark."""
    return [
        element.get("d", "")
        for element in ElementTree.fromstring(svg).iter("path")
        if mark in element.get("style", "")
    ]


def test_an_interval_from_zero_is_drawn_on_a_logarithmic_axis() -> None:
    tiny = Point(at=16, value_ms=0.001, low_ms=0.0, high_ms=0.002)

    svg = tokens_chart([panel(points=(tiny, point(32, 0.003)))], "a", "A tiny model.")

    assert lines(svg, "stroke-width: 2;")


@pytest.mark.parametrize(
    ("chart", "title", "axis"),
    [
        (threads_chart, "Latency against threads", "threads"),
        (tokens_chart, "Latency against tokens", "tokens"),
    ],
)
def test_a_chart_says_what_it_shows(chart: Chart, title: str, axis: str) -> None:
    svg = chart([panel()], "a", "Faster with more.")
    root = ElementTree.fromstring(svg)

    assert [root[0].text, root[1].text] == [title, "Faster with more."]
    assert {"mobilebert", "fp32, xnnpack", axis, "latency in ms"} <= set(texts(svg))
    assert {"1", "2", "4", "8"} <= set(texts(svg))


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_is_the_same_each_time_and_shares_no_id(chart: Chart) -> None:
    first, again, other = (chart([panel()] * 2, name, "") for name in ("a", "a", "b"))

    assert first == again
    ids = [set(re.findall(r'\bid="([^"]*)"', svg)) for svg in (first, other)]
    assert ids[0]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("chart", CHARTS)
def test_the_guide_is_dashed_and_the_fit_is_not(chart: Chart) -> None:
    plain, fitted = (chart([panel(fit=fit)], "a", "") for fit in (None, lambda at: 70 / at))

    assert [len(lines(svg, "stroke-dasharray")) for svg in (plain, fitted)] == [1, 1]
    assert [len(lines(svg, "stroke-width: 1.1")) for svg in (plain, fitted)] == [1, 2]


@pytest.mark.parametrize("chart", CHARTS)
def test_points_without_an_interval_are_hollow(chart: Chart) -> None:
    points = (point(1, 80), point(2, 40, has_interval=False))

    svg = chart([panel(points=points)], "a", "")

    assert len(re.findall(r"stroke-width: 2[;\"]", svg)) == 1
    assert svg.count("fill-opacity: 0;") == 1


def test_a_power_is_a_straight_line_over_tokens() -> None:
    points = tuple(point(at, 0.01 * at**1.5) for at in (32, 64, 128, 384))
    curved = panel(points=points, guide=lambda at: 0.01 * at**1.5)

    svg = tokens_chart([curved], "a", "")

    (line,) = lines(svg, "stroke-dasharray")
    places = [tuple(map(float, found.split())) for found in re.findall(r"[ML] (\S+ \S+)", line)]
    slopes = [(two[1] - one[1]) / (two[0] - one[0]) for one, two in itertools.pairwise(places)]
    assert min(slopes) == pytest.approx(max(slopes), rel=0.01)


@pytest.mark.parametrize("top", [1.02, 1.5, 3.0, 30.0, 30_000.0])
def test_tokens_have_at_least_two_round_numbers_beside_them(top: float) -> None:
    points = (point(64, 10.0), point(128, 10.0 * top))

    svg = tokens_chart([panel(points=points, guide=lambda at: at / 6.4)], "a", "")

    numbers = [text for text in texts(svg) if re.fullmatch(r"[\d,.]+", text)]
    assert len(numbers) >= 2 + 2


def test_threads_are_from_zero_on() -> None:
    assert "0" in texts(threads_chart([panel()], "a", ""))


def test_counts_that_are_close_together_are_not_all_named() -> None:
    points = tuple(point(at, 80 / at) for at in range(1, 65))

    shown = texts(threads_chart([panel(points=points)], "a", ""))

    assert {"1", "2", "4"} <= set(shown)
    assert "63" not in shown


def test_more_panels_than_fit_are_left_out() -> None:
    panels = [panel(title=f"model-{n}") for n in range(MOST_PANELS + 3)]

    shown = [text for text in texts(threads_chart(panels, "a", "")) if text.startswith("model-")]

    assert shown == [f"model-{n}" for n in range(MOST_PANELS)]


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "$x^2$ \\frac{a}{b}", "_hidden", "A" * 60, ""]
)
def test_hostile_names_are_text(chart: Chart, name: str) -> None:
    svg = chart([panel(title=name, subtitle=name)], "a", name)

    assert {element.tag for element in ElementTree.fromstring(svg).iter()} <= TAGS
    assert max(map(len, texts(svg))) <= 36
