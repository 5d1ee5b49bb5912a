"""Tests of the preflight checks in the page."""

from __future__ import annotations

from factories import PIXEL_4, make_case, make_result

from harness.checks import PreflightCheck, Verdict
from harness.summary import RunResult
from reports.cells import Chip
from reports.html import render_report
from reports.page import RunPage
from reports.views.notices import Notice, build_notices
from reports.views.preflight import PreflightRow, build_preflight

LOW = PreflightCheck(
    id="battery-low",
    required="at least 25 %",
    observed="12 %",
    verdict=Verdict.CONTRADICTED,
    remedy="Charge the phone.",
    allowed=True,
)
WARM = PreflightCheck(
    id="battery-hot", required="at most 40 °C", observed="31 °C", verdict=Verdict.PROVEN
)


def result_with(*checks: PreflightCheck) -> RunResult:
    return make_result({make_case(): [60.0] * 6}, device=PIXEL_4, stand_in=False, preflight=checks)


def test_a_check_that_was_allowed_to_fail_is_told_at_the_top() -> None:
    text = "Preflight check battery-low was allowed to fail: 12 %"

    assert build_notices(result_with(LOW, WARM)) == (Notice(text=text, tone="mixed"),)


def test_checks_that_hold_need_no_notice() -> None:
    assert build_notices(result_with(WARM)) == ()


def test_all_checks_stand_in_a_table() -> None:
    assert build_preflight(result_with(LOW, WARM).run.info) == (
        PreflightRow(
            id="battery-low",
            required="at least 25 %",
            observed="12 %",
            chip=Chip(word="contradicted", tone="bad"),
            note="allowed to fail",
        ),
        PreflightRow(
            id="battery-hot",
            required="at most 40 °C",
            observed="31 °C",
            chip=Chip(word="proven", tone="good"),
            note="",
        ),
    )


def test_a_run_without_preflight_checks_has_no_table() -> None:
    assert "Preflight checks" not in render_report([RunPage(result=result_with())])
    assert "Preflight checks" in render_report([RunPage(result=result_with(WARM))])
