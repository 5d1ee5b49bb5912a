"""Tests of the evidence of a case in the page: what shows it, and where it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_case, make_measurement, make_record, make_result

from harness.summary import RunResult
from reports.cells import Chip
from reports.html import render_report
from reports.page import RunPage
from reports.raw_texts import RAW_LIMIT, Place
from reports.views.evidence import CheckRow, build_evidence

CASE = make_case(threads=2)


def threads_row(told: str, seen: int = 2) -> CheckRow:
    measurement = make_measurement(threads=seen, sources={"threads": told})
    records = [make_record(CASE, n, measurement=measurement) for n in range(6)]
    (evidence,) = build_evidence(make_result({CASE: []}, more_records=records), "run-1")
    return next(row for row in evidence.checks if row.name == "threads")


def test_a_check_keeps_the_lines_that_show_it() -> None:
    assert threads_row("Num threads: [2]\nand more") == CheckRow(
        name="threads",
        requested="2",
        observed="2",
        chip=Chip(word="proven", tone="good"),
        raw="Num threads: [2]\nand more",
        open=False,
    )


def test_what_contradicts_is_unfolded() -> None:
    row = threads_row("Num threads: [1]", seen=1)

    assert (row.chip.word, row.open) == ("contradicted", True)


def test_a_contradiction_that_nothing_was_read_of_has_no_fold() -> None:
    row = threads_row("", seen=1)

    assert (row.chip.word, row.raw, row.open) == ("contradicted", "", False)


def test_long_text_of_a_device_is_cut() -> None:
    raw = threads_row("line\n" * 100_000).raw

    assert len(raw) == RAW_LIMIT
    assert raw.endswith("…")


@pytest.mark.parametrize("seen", [1, 2])
def test_raw_text_stands_in_the_page_as_text(seen: int) -> None:
    told = "Num threads: <b>[1]</b>\nsecond line"
    measurement = make_measurement(threads=seen, sources={"threads": told})
    records = [make_record(CASE, n, measurement=measurement) for n in range(6)]

    page = render_report([RunPage(result=make_result({CASE: []}, more_records=records))])

    escaped = "Num threads: &lt;b&gt;[1]&lt;/b&gt;\nsecond line"
    fold = '<details class="raw" open>' if seen == 1 else '<details class="raw">'
    assert f"{fold}<summary>what shows it</summary><pre>{escaped}</pre></details>" in page


LONG = "Num threads: [2]\n" + "and what else the tool has said of it, " * 5


def two_cases(seen: int) -> RunResult:
    """Of both the tool said the same."""
    measurement = make_measurement(threads=seen, sources={"threads": LONG})
    cases = (CASE, make_case("bert-base", threads=2))
    records = [make_record(case, n, measurement=measurement) for case in cases for n in range(6)]
    return make_result({case: [] for case in cases}, more_records=records)


def test_a_long_text_stands_in_the_page_once() -> None:
    result = two_cases(seen=2)

    first, second = (
        next(row for row in case.checks if row.name == "threads")
        for case in build_evidence(result, "run-1")
    )

    assert (first.raw, first.place) == (LONG.strip(), None)
    words = "as under threads of mobilebert-qa-seq128-fp32/xnnpack/threads2"
    assert second == replace(first, raw="", place=Place(words=words, anchor="run-1-case-1"))
    html = render_report([RunPage(result=result)])
    assert html.count("and what else") == LONG.count("and what else")
    assert f'<a href="#run-1-case-1"><bdi>{words}</bdi></a>' in html


def test_what_contradicts_stands_with_each_case() -> None:
    rows = [
        next(row for row in case.checks if row.name == "threads")
        for case in build_evidence(two_cases(seen=1), "run-1")
    ]

    assert [(row.raw, row.open, row.place) for row in rows] == [(LONG.strip(), True, None)] * 2


def test_flags_stand_with_the_command_that_has_them() -> None:
    flags = ("--graph=/a/long/path/" + "x" * 100, "--num_threads=2", "--num_runs=20")
    records = [make_record(CASE, n, flags=flags) for n in range(6)]
    result = make_result({CASE: []}, more_records=records)

    (evidence,) = build_evidence(result, "run-1")

    row = next(row for row in evidence.checks if row.name == "flags")
    assert (row.raw, row.place) == ("", Place(words="the flags of the command below"))
    assert all(flag in evidence.tool_command for flag in flags)
