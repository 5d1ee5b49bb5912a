"""Tests of the charts over all cases in the page: together, or folded by model."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from factories import make_case, make_facts, make_file_case, make_result

from harness.summary import RunResult
from reports.html import render_report
from reports.page import RunPage
from reports.views.latency import MOST_ROWS, build_charts

STEADY = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6]
MARKS = (
    "Diamond: estimate, hollow where there is no interval. Bar: its 95 % interval. "
    "Dots: the invocations; those that fall on one place are drawn once."
)


def many_cases(broken: str = "") -> RunResult:
    """Three models of 16 cases each; the cases of one model may all have failed."""
    cases = [
        make_case(f"model-{model}", threads=threads)
        for model in range(3)
        for threads in range(1, 17)
    ]
    return make_result(
        {case: [None] * 7 if case.model == broken else STEADY for case in cases},
        models={case.model_id: make_facts() for case in cases},
    )


def test_few_cases_are_one_chart() -> None:
    latency, size = build_charts(make_result({make_case(): STEADY}), "run-1")

    assert (latency.name, latency.title, latency.caption) == (
        "latency",
        "Latency of each case",
        MARKS,
    )
    assert (size.name, size.title) == ("size", "Latency against model size")
    assert latency.svg
    assert size.svg
    assert (latency.folds, size.folds) == ((), ())


def test_as_many_rows_as_fit_are_still_one_chart() -> None:
    """The model file's name takes a row."""
    fits, too_many = (
        make_result({make_case(threads=count): STEADY for count in range(1, cases + 1)})
        for cases in (MOST_ROWS - 1, MOST_ROWS)
    )

    assert [bool(build_charts(result, "a")[0].svg) for result in (fits, too_many)] == [True, False]


def test_many_cases_are_folded_by_model() -> None:
    latency = build_charts(many_cases(), "run-1")[0]

    assert latency.svg == ""
    assert [fold.summary for fold in latency.folds] == [
        f"model-{model}: 16 cases, 20.3 ms" for model in range(3)
    ]
    assert latency.caption == (
        f"48 cases are too many for one chart: each model has its own, with its own scale. {MARKS}"
    )
    titles = [ElementTree.fromstring(fold.svg)[0].text for fold in latency.folds]
    assert titles == [f"Latency of each case of model-{model}" for model in range(3)]
    ids = [found for fold in latency.folds for found in re.findall(r'\bid="([^"]*)"', fold.svg)]
    assert len(ids) == len(set(ids))


def test_a_model_that_was_never_measured_is_told_beside_the_folds() -> None:
    latency = build_charts(many_cases(broken="model-1"), "run-1")[0]

    assert [fold.summary[:7] for fold in latency.folds] == ["model-0", "model-2"]
    assert latency.caption.endswith(" Never measured, see Failures: model-1 (16 cases).")


def test_a_fold_tells_the_range_and_what_failed() -> None:
    cases = [make_case(threads=threads) for threads in range(1, 45)]
    samples = {case: [value * case.threads for value in STEADY] for case in cases[:-1]}

    latency = build_charts(make_result({**samples, cases[-1]: [None] * 7}), "a")[0]

    (fold,) = latency.folds
    assert fold.summary == "mobilebert: 44 cases, 20.3 to 873 ms, 1 failed"


def test_folded_charts_of_foreign_names_stand_in_the_page_as_text() -> None:
    name = "<b>evil</b>"
    cases = [make_file_case("/m/f.tflite", model=name, threads=count) for count in range(1, 50)]
    result = make_result(
        dict.fromkeys(cases, STEADY), models={case.model_id: make_facts() for case in cases}
    )

    html = render_report([RunPage(result=result)])

    assert "<b>evil" not in html
    assert "<summary><bdi>&lt;b&gt;evil&lt;/b&gt;: 49 cases, 20.3 ms</bdi></summary>" in html
