"""Tests of the evidence of a case in the page: what shows it, and where it stands."""

from __future__ import annotations

import pytest
from factories import make_case, make_measurement, make_record, make_result

from reports.cells import Chip
from reports.html import render_report
from reports.page import RunPage
from reports.view_evidence import RAW_LIMIT, CheckRow, build_evidence

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
