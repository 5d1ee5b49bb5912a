"""Tests of what the page says of the use of the hardware."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from factories import make_case, make_result

from harness.energy import Energy
from harness.plan import Case
from harness.roofline import Roofline
from harness.summary import CaseResult, RunResult
from reports.cells import NOTHING, Number
from reports.html import render_report
from reports.page import RunPage
from reports.views.hardware import HardwareRow, HardwareView, build_hardware
from reports.views.latency import MOST_ROWS

FAST, SLOW, FAILED = make_case(), make_case("bert-base"), make_case("mobilebert-tiny")
ENERGY = Energy(joules=20.0, joules_per_run=0.25, runs=80, source="the battery", note="")


def result_with(*changes: Mapping[str, object]) -> RunResult:
    """Cases with so many changes each."""
    cases = [make_case(threads=1 + n) for n in range(len(changes))]
    result = make_result({case: [20.0] * 6 for case in cases})
    changed: list[CaseResult] = [
        replace(case, **change)  # type: ignore[arg-type]  # fields of several types
        for case, change in zip(result.cases, changes, strict=True)
    ]
    return replace(result, cases=tuple(changed))


def hardware_of(result: RunResult) -> HardwareView:
    view = build_hardware(result, "run-1")
    assert view is not None
    return view


def rate(gflops: float = 50.0, peak: float | None = 100.0, **changes: object) -> dict[str, object]:
    made = Roofline(gflops=gflops, peak_gflops=peak, peak_source="a formula")
    return {"roofline": replace(made, **changes)}  # type: ignore[arg-type]  # several types


def test_rate_peak_share_and_memory_stand_beside_each_other() -> None:
    samples: dict[Case, Sequence[float | None]] = {
        SLOW: [50.0] * 6,
        FAILED: [None] * 3,
        FAST: [10.0] * 6,
    }

    assert build_hardware(make_result(samples), "run-1") == HardwareView(
        finding=(
            "Nearest to its peak: mobilebert-qa-seq128-fp32, xnnpack, 4 threads, with 53.9 %; "
            "farthest from it: bert-base-qa-seq128-fp32, xnnpack, 4 threads, with 44.7 %."
        ),
        rows=(
            HardwareRow(
                anchor="run-1-case-1",
                model="bert-base-qa-seq128-fp32",
                setting="xnnpack, 4 threads",
                rate=Number(text="447"),
                peak=Number(text="1,000"),
                source="",
                share=Number(text="44.7"),
                bar="44.7",
                problem="",
                memory=Number(text="250"),
                energy=Number(text=NOTHING),
                energy_problem="",
            ),
            HardwareRow(
                anchor="run-1-case-3",
                model="mobilebert-qa-seq128-fp32",
                setting="xnnpack, 4 threads",
                rate=Number(text="539"),
                peak=Number(text="1,000"),
                source="",
                share=Number(text="53.9"),
                bar="53.9",
                problem="",
                memory=Number(text="250"),
                energy=Number(text=NOTHING),
                energy_problem="",
            ),
        ),
        sources=(
            "a matrix product in fp32 with 4 threads on this host, measured as the run began",
        ),
        has_energy=False,
        notes=(
            "Energy is not known: the device tells no charge and voltage of a battery.",
            "1 of 3 cases have no measurement and are left out.",
        ),
        summary="",
    )


def test_without_a_measurement_there_is_no_section() -> None:
    result = make_result({FAILED: [None] * 3})

    assert build_hardware(result, "run-1") is None
    assert 'id="run-1-hardware"' not in render_report([RunPage(result=result)])


@pytest.mark.parametrize(
    ("made", "words", "bar"),
    [
        (rate(100.0), "", "100.0"),
        (
            rate(101.0),
            "implausible: no CPU does more than its peak; see the case's evidence",
            "100.0",
        ),
        (
            rate(110.0, limit_percent=115.0),
            "over 100 %, which is implausible; a measured peak can be low by as much",
            "100.0",
        ),
        (
            rate(116.0, limit_percent=115.0),
            "implausible: no CPU does more than its peak; see the case's evidence",
            "100.0",
        ),
        (
            rate(300.0, comparable=False),
            "over 100 %: arithmetic other than fp32 can be faster than this peak",
            "100.0",
        ),
        (rate(0.0), "", "0.0"),
        (rate(50.0, None), "", ""),
        ({"roofline": None}, "", ""),
    ],
)
def test_more_than_all_of_the_peak_is_implausible(
    made: dict[str, object], words: str, bar: str
) -> None:
    (row,) = hardware_of(result_with(made)).rows

    assert (row.problem, row.bar) == (words, bar)


def test_the_finding_counts_what_is_over_the_peak_apart() -> None:
    over = hardware_of(result_with(rate(30.0), rate(130.0), rate(60.0)))
    unknown = hardware_of(result_with(rate(30.0, None)))

    assert over.finding == (
        "Nearest to its peak: mobilebert-qa-seq128-fp32, xnnpack, 3 threads, with 60.0 %; "
        "farthest from it: mobilebert-qa-seq128-fp32, xnnpack, 1 thread, with 30.0 %; "
        "1 of 3 is over 100 %, which the table explains."
    )
    assert unknown.finding == "There is no peak to compare these rates with."


def test_the_sources_of_peaks_stand_once_and_have_numbers_where_there_are_several() -> None:
    other = rate(20.0, None, peak_source="the gpu delegate need not run on the CPUs")

    view = hardware_of(result_with(rate(), other, rate()))

    assert view.sources == ("a formula", "the gpu delegate need not run on the CPUs")
    assert [row.source for row in view.rows] == ["1", "2", "1"]


def test_energy_has_a_column_where_it_is_known_and_says_why_where_it_is_not() -> None:
    powered = {"energy": None, "energy_problem": "the phone was powered from outside"}

    view = hardware_of(result_with({"energy": ENERGY, "energy_problem": None}, powered))

    assert [(row.energy.text, row.energy_problem) for row in view.rows] == [
        ("0.250", ""),
        (NOTHING, "the phone was powered from outside"),
    ]
    assert view.notes[0].startswith("Energy per run of the model is that of the whole phone")


def test_why_energy_is_unknown_is_said_once_for_all_cases() -> None:
    reasons = [{"energy_problem": reason} for reason in ("a", "b", "b", "c", "d")]

    assert hardware_of(result_with(*reasons)).notes == (
        "Energy is not known: b (2 cases); a (1 cases); c (1 cases); and other reasons.",
    )


def test_a_long_table_is_folded() -> None:
    assert hardware_of(result_with(*[rate()] * MOST_ROWS)).summary == ""
    assert hardware_of(result_with(*[rate()] * (MOST_ROWS + 1))).summary == "Table of 41 cases"


def test_bars_have_the_width_of_the_share_and_foreign_text_stays_text() -> None:
    result = result_with(rate(25.0, peak_source="<script>alert(1)</script>"), rate(200.0))

    html = render_report([RunPage(result=result)])

    assert re.findall(r'<span style="width: ([\d.]+)%"></span>', html) == ["25.0", "100.0"]
    assert "<script>alert" not in html
    assert "implausible: no CPU does more than its peak" in html
