"""Tests of the chart of runs beside each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from factories import PIXEL_4, make_case, make_device, make_facts, make_file_case, make_result

from harness.plan import Case
from reports.charts.aligned import AlignedChart, aligned_chart
from reports.findings.aligned import align_runs
from reports.page import RunPage

# So slow that a phone of any speed may have it.
STEADY = [200.0, 201.0, 202.0, 203.0, 204.0, 205.0, 206.0]
CASE, SINGLE = make_case(), make_case(threads=1)
Samples = Mapping[Case, Sequence[float | None]]


def page(samples: Samples, folder: str = "one", **changes: object) -> RunPage:
    result = make_result(samples, **{"device": PIXEL_4, "stand_in": False, **changes})
    return RunPage(result=replace(result, run=replace(result.run, folder=Path("/runs") / folder)))


def scaled(factor: float) -> list[float]:
    return [value * factor for value in STEADY]


def chart_of(*pages: RunPage) -> AlignedChart | None:
    found = align_runs(pages)
    assert found is not None
    return aligned_chart(found, "aligned")


def drawn(*pages: RunPage) -> AlignedChart:
    chart = chart_of(*pages)
    assert chart is not None
    return chart


def texts(svg: str) -> list[str]:
    found = ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("text")]
    return [text.strip() for text in found]


def series(svg: str) -> set[str]:
    return set(re.findall(r"var\(--series-\d", svg))


def marks(svg: str) -> int:
    """How many marks have the colour of a run."""
    return len(re.findall(r"<use[^>]*--series", svg))


def description(svg: str) -> str:
    return str(ElementTree.fromstring(svg)[1].text)


TWO = (
    page({CASE: STEADY, SINGLE: STEADY}, "before"),
    page({CASE: scaled(2), SINGLE: STEADY}, "after"),
)


def test_the_legend_names_runs_and_the_margin_ratios() -> None:
    shown = texts(drawn(*TWO).svg)

    words = {
        "run 1: Pixel 4, before",
        "run 2: Pixel 4, after",
        "mobilebert-qa-seq128-fp32",
        "xnnpack, 4 threads",
        "xnnpack, 1 thread",
        "2.00×",
        "~",
    }
    assert words <= set(shown)


def test_it_tells_the_finding_to_those_who_cannot_see_it() -> None:
    assert description(drawn(*TWO).svg) == (
        "2 cases in 2 runs. Of 2 ratios to run 1, 1 are slower, 0 faster, 1 within the noise. The "
        "table of cases has all values."
    )


def test_the_same_runs_give_the_same_chart() -> None:
    assert drawn(*TWO) == drawn(*TWO)


def test_every_run_has_a_mark_and_a_colour_of_its_own() -> None:
    two = drawn(*TWO).svg
    three = drawn(*TWO, page({CASE: scaled(3), SINGLE: scaled(3)})).svg

    assert [len(series(svg)) for svg in (two, three)] == [2, 3]
    # Two cases, and an entry of the legend; the axis has ticks of its own.
    assert [marks(svg) for svg in (two, three)] == [6, 9]


def test_more_runs_than_colours_still_have_shapes_of_their_own() -> None:
    pages = [page({CASE: scaled(1 + n)}, f"r{n}") for n in range(8)]

    svg = drawn(*pages).svg

    assert {f"run {n + 1}: Pixel 4, r{n}" for n in range(8)} <= set(texts(svg))


def test_only_cases_of_two_runs_are_drawn() -> None:
    chart = drawn(page({CASE: STEADY, SINGLE: STEADY}), page({CASE: scaled(2), SINGLE: [None] * 7}))

    assert "xnnpack, 1 thread" not in texts(chart.svg)
    assert chart.caption.endswith("Only cases that two runs or more have measured are drawn.")


@pytest.mark.parametrize("other", [{SINGLE: STEADY}, {CASE: [None] * 7}])
def test_without_a_case_measured_in_two_runs_there_is_no_chart(other: Samples) -> None:
    assert chart_of(page({CASE: STEADY}), page(other)) is None


def test_a_contradicted_value_is_crossed_out() -> None:
    other_file = {CASE.model_id: make_facts(sha256="c9" * 32)}
    honest = drawn(page({CASE: STEADY}), page({CASE: scaled(2)}))
    chart = drawn(page({CASE: STEADY}), page({CASE: scaled(2)}, models=other_file))

    assert "Crossed out: its evidence is contradicted." in chart.caption
    assert "Crossed out" not in honest.caption
    assert chart.svg.count("<use") == honest.svg.count("<use") + 1
    assert "2.00×" not in texts(chart.svg)


def test_many_cases_are_cut_and_counted() -> None:
    cases = [make_case(f"m{n}") for n in range(130)]

    chart = drawn(page(dict.fromkeys(cases, STEADY)), page(dict.fromkeys(cases, scaled(2))))

    assert "Drawn are 120 of 130 cases" in chart.caption
    assert "m119-qa-seq128-fp32" in texts(chart.svg)
    assert "m120-qa-seq128-fp32" not in texts(chart.svg)


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "$x^2$", "_hidden", "\N{RIGHT-TO-LEFT OVERRIDE}漢", "A" * 9999],
)
def test_hostile_names_are_text(name: str) -> None:
    case = make_file_case("/m/f.tflite", model=name, delegate="external:/$d$/<b>")
    device = make_device("phone", model=name)

    svg = drawn(
        page({case: STEADY}, f"_{name[:40].replace('/', '')}", device=device),
        page({case: scaled(2)}, device=device),
    ).svg

    tags = {element.tag for element in ElementTree.fromstring(svg).iter()}
    assert tags <= {"svg", "title", "desc", "defs", "g", "path", "use", "text", "clipPath", "rect"}
    assert max(map(len, texts(svg))) <= 80
    assert not re.search("<(script|b)>", svg)
