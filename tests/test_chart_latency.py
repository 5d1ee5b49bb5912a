"""Tests of the latency chart: rows, dots that can be told apart, and very many of them."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from factories import make_case, make_result

from harness.plan import Case
from reports.charts.latency import latency_chart

STEADY = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6]


def chart(samples: dict[Case, list[float]] | dict[Case, list[float | None]]) -> str:
    svg = latency_chart(make_result(samples).cases, "a", axes_shown=["threads"])
    assert svg is not None
    return svg


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("text")]


def dots(svg: str) -> int:
    """The lines without length of the path with round ends."""
    (path,) = (
        element.get("d", "")
        for element in ElementTree.fromstring(svg).iter("path")
        if "stroke-linecap: round" in element.get("style", "")
    )
    corners = re.findall(r"([ML]) (\S+ \S+)", path)
    starts, ends = corners[::2], corners[1::2]
    assert [place for _, place in starts] == [place for _, place in ends]
    return len(starts)


def test_it_names_models_settings_and_values() -> None:
    samples = {
        make_case(model, threads=threads): [value * factor / threads for value in STEADY]
        for model, factor in (("bert-base", 4), ("mobilebert", 1))
        for threads in (1, 2)
    }

    shown = set(texts(chart(samples)))

    assert {"bert-base-qa-seq128-fp32", "mobilebert-qa-seq128-fp32"} <= shown
    assert {"1 thread", "2 threads", "81.2 ms", "40.6 ms", "20.3 ms", "10.2 ms"} <= shown


def test_invocations_that_can_be_told_apart_are_all_dots() -> None:
    assert [dots(chart({make_case(): STEADY[:count]})) for count in (6, 7)] == [6, 7]


def test_equal_invocations_are_a_dot_on_each_of_three_heights() -> None:
    assert dots(chart({make_case(): [20.0] * 7})) == 3
    assert dots(chart({make_case(): [20.0] * 2})) == 2


def test_a_thousand_invocations_take_no_more_room_than_can_be_seen() -> None:
    """All lie within 0.5 % of an axis of some 1,000 pixels: ten half pixels, three heights."""
    sample = [20.0 + 0.1 * (n % 997) / 997 for n in range(1000)]

    svg = chart({make_case(): sample})

    assert 15 < dots(svg) <= 36
    assert len(svg) < 15_000


def test_a_failed_case_keeps_its_row() -> None:
    samples: dict[Case, list[float | None]] = {
        make_case(): [*STEADY, None],
        make_case(threads=1): [None] * 7,
    }

    assert "failed: signal" in texts(chart(samples))


def test_a_long_chart_has_its_scale_at_both_ends() -> None:
    short, long = (
        chart({make_case(threads=count): STEADY for count in range(1, cases + 1)})
        for cases in (4, 30)
    )

    assert [texts(svg).count("15") for svg in (short, long)] == [1, 2]


def test_a_chart_of_one_model_says_that_there_are_others() -> None:
    cases = make_result({make_case(): STEADY}).cases

    svg = latency_chart(cases, "a", of="mobilebert")

    assert svg is not None
    root = ElementTree.fromstring(svg)
    assert root[0].text == "Latency of each case of mobilebert"
    assert str(root[1].text).endswith(
        "Every other model has a chart of its own, each with its own scale."
    )


def test_a_case_without_an_interval_has_a_hollow_diamond_and_no_bar() -> None:
    whole, few = chart({make_case(): STEADY}), chart({make_case(): STEADY[:5]})

    marks = ("fill-opacity: 0;", "stroke-width: 2.2")
    assert [[svg.count(mark) for mark in marks] for svg in (whole, few)] == [[0, 1], [1, 0]]
