"""Tests of the charts over cases: SVG that stands in a page, the same each time, any names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from xml.etree import ElementTree

import pytest
from factories import make_case, make_facts, make_file_case, make_result

from harness.plan import Case
from harness.summary import CaseResult, RunResult
from reports.charts.latency import latency_chart
from reports.charts.size import size_chart

STEADY = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6]
Chart = Callable[[Sequence[CaseResult], str], str | None]
CHARTS: list[Chart] = [latency_chart, size_chart]
HOSTILE = [
    "<script>alert(1)</script>",
    "$x^2$ \\frac{a}{b}",
    '"><img src=x onerror=alert(1)>',
    "_hidden",
    "\N{RIGHT-TO-LEFT OVERRIDE}\x07漢字😀",
    "A" * 10_240,
    "",
]


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("text")]


def ids(svg: str) -> set[str]:
    return set(re.findall(r'\bid="([^"]*)"', svg))


def two_models() -> RunResult:
    samples = {
        make_case(model, threads=threads): [value * factor / threads for value in STEADY]
        for model, factor in (("bert-base", 4), ("mobilebert", 1))
        for threads in (1, 2)
    }
    return make_result(samples)


def drawn(svg: str | None) -> str:
    assert svg is not None
    return svg


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_is_the_same_each_time(chart: Chart) -> None:
    assert chart(two_models().cases, "a") == chart(two_models().cases, "a")


@pytest.mark.parametrize("chart", CHARTS)
def test_charts_of_one_page_share_no_id(chart: Chart) -> None:
    first, second = drawn(chart(two_models().cases, "a")), drawn(chart(two_models().cases, "b"))

    assert ids(first)
    assert not ids(first) & ids(second)
    for svg in (first, second):
        references = set(re.findall(r"(?:url\(|href=\")#([^)\"]*)", svg))
        assert references <= ids(svg)


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_tells_what_it_shows_to_those_who_cannot_see_it(chart: Chart) -> None:
    root = ElementTree.fromstring(drawn(chart(two_models().cases, "a")))

    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "a-title a-desc"
    assert [child.tag for child in root][:2] == ["title", "desc"]
    assert "from mobilebert-qa-seq128-fp32/xnnpack/threads2 with 10.2 ms" in str(root[1].text)


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_takes_colours_and_font_from_the_page(chart: Chart) -> None:
    svg = drawn(chart(two_models().cases, "a"))

    assert "<style" not in svg
    assert "http" not in svg
    assert "font-family" not in svg
    assert "currentColor" in svg
    assert "var(--series-0, #0072b2)" in svg
    assert "#000000" not in svg
    assert "#ffffff" not in svg
    assert "#010101" not in svg


@pytest.mark.parametrize("chart", CHARTS)
def test_without_a_measurement_there_is_no_chart(chart: Chart) -> None:
    assert chart(make_result({make_case(): [None] * 7}).cases, "a") is None


def test_values_far_apart_get_a_logarithmic_axis() -> None:
    near = make_result({make_case(): [10.0] * 7, make_case(threads=1): [100.0] * 7})
    far = make_result({make_case(): [10.0] * 7, make_case(threads=1): [1000.0] * 7})

    assert "latency in ms" in texts(drawn(latency_chart(near.cases, "a")))
    assert "latency in ms (logarithmic)" in texts(drawn(latency_chart(far.cases, "a")))
    assert "latency in ms (logarithmic)" in texts(drawn(size_chart(far.cases, "a")))


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(chart: Chart, name: str) -> None:
    case = make_file_case("/m/f.tflite", model=name, delegate="external:/$d$/<b>")
    svg = drawn(chart(make_result({case: STEADY, make_case(): STEADY}).cases, "a"))

    tags = {element.tag for element in ElementTree.fromstring(svg).iter()}
    assert tags <= {"svg", "title", "desc", "defs", "g", "path", "use", "text", "clipPath", "rect"}
    assert max(map(len, texts(svg))) <= 80
    assert len(svg) < 100_000
    if name and name.isascii() and len(name) < 40:
        assert name in texts(svg)


@pytest.mark.parametrize("chart", CHARTS)
def test_sixty_cases_fit(chart: Chart) -> None:
    cases: list[Case] = [
        make_case(f"model-{model}", sequence_length=length, threads=threads)
        for model in range(5)
        for length in (64, 128, 384)
        for threads in (1, 2, 4, 8)
    ]
    models = {case.model_id: make_facts(size_bytes=100_000_000) for case in cases}
    result = make_result(dict.fromkeys(cases, STEADY), models=models)

    names = {f"model-{model}" for model in range(5)}
    shown = " ".join(texts(drawn(chart(result.cases, "a"))))
    assert all(name in shown for name in names)
