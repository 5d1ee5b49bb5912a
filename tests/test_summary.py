from __future__ import annotations

import dataclasses

import pytest
from factories import (
    make_case,
    make_facts,
    make_failure,
    make_record,
    make_result,
    make_run,
    make_stop,
)

from harness.checks import PreflightCheck, Verdict
from harness.record import Failure, Purpose, StopReason
from harness.statistics import Estimate
from harness.summary import Status, latency_ratio, summarize

CASE = make_case()
OTHER = make_case("bert-base")


def test_a_case_has_the_estimate_of_its_invocations() -> None:
    values = [60.0, 61.0, 62.0, 63.0, 64.0, 65.0]

    (case,) = make_result({CASE: values}).cases

    assert case.latency_ms == Estimate(value=62.5, low=60.0, high=65.0, n=6)
    assert case.sample_ms == dict(enumerate(values))
    assert (case.status, case.failure) == (Status.OK, None)
    assert (case.init_ms, case.first_ms, case.peak_memory_mb) == (21.0, 63.0, 250.0)
    assert case.model == make_facts()
    assert case.evidence is not None
    assert case.evidence.verdict == Verdict.PROVEN


def test_a_case_that_never_measured_has_failed_with_its_first_reason() -> None:
    failures = [make_failure(CASE, n, message=f"reason {n}") for n in range(2)]

    (case,) = make_result({CASE: []}, more_records=failures).cases

    assert (case.status, case.latency_ms) == (Status.FAILED, None)
    assert case.failure == Failure(kind="signal", message="reason 0")


def test_a_case_with_a_lost_round_is_partial_and_says_so() -> None:
    records = [*(make_record(CASE, n, 60.0 + n) for n in range(7)), make_failure(CASE, 7)]

    (case,) = make_result({CASE: []}, rounds=8, more_records=records).cases

    assert (case.status, len(case.sample_ms)) == (Status.PARTIAL, 7)
    assert "1 of 8 invocations failed and are left out" in case.warnings


def test_a_failure_that_was_made_good_later_does_not_count() -> None:
    records = [make_failure(CASE, 0), make_record(CASE, 0, 60.0)]

    (case,) = make_result({CASE: []}, rounds=1, more_records=records).cases

    assert (case.status, case.failure, case.sample_ms) == (Status.OK, None, {0: 60.0})


def test_too_few_invocations_are_a_warning_and_no_interval() -> None:
    (case,) = make_result({CASE: [60.0] * 5}).cases

    assert case.latency_ms == Estimate(value=60.0, low=None, high=None, n=5)
    assert "5 invocations are too few for an interval: it takes 6" in case.warnings


def test_the_stand_in_is_named_in_every_result() -> None:
    (case,) = make_result(stand_in=True).cases
    (official,) = make_result(stand_in=False).cases

    assert any("stand-in" in warning for warning in case.warnings)
    assert not official.warnings


def test_a_run_that_was_cut_off_is_not_complete() -> None:
    run = make_run({CASE: [60.0] * 8, OTHER: [300.0] * 3})

    result = summarize(dataclasses.replace(run, stops=run.stops[:1]))

    assert not result.complete
    assert result.failed
    assert [case.status for case in result.cases] == [Status.OK, Status.PARTIAL]


def test_a_ratio_is_made_of_common_rounds() -> None:
    result = make_result({OTHER: [240.0, 250.0, 260.0], CASE: [60.0, 62.5, 65.0, 1.0]})
    slow, fast = result.cases

    ratio = latency_ratio(slow, fast)

    assert ratio is not None
    assert ratio.value == pytest.approx(4.0)
    assert ratio.n == 3


def test_without_common_rounds_there_is_no_ratio() -> None:
    result = make_result({OTHER: [], CASE: [60.0]})
    slow, fast = result.cases

    assert latency_ratio(slow, fast) is None


def test_what_the_budget_left_out_has_failed_for_that_reason() -> None:
    run = make_run({CASE: [60.0] * 8, OTHER: []})
    budget = make_stop(OTHER, 0, reason=StopReason.BUDGET, half_width_percent=None)

    result = summarize(dataclasses.replace(run, stops=(*run.stops[:1], budget)))

    left_out = result.cases[1]
    assert (left_out.status, result.complete) == (Status.FAILED, True)
    assert left_out.failure is not None
    assert left_out.failure.kind == "budget"


def test_an_interval_wider_than_asked_for_says_what_it_would_take() -> None:
    values = [60.0 + 3 * (n % 2) for n in range(20)]

    (case,) = make_result({CASE: values}).cases

    (warning,) = [w for w in case.warnings if "the interval is" in w]
    assert warning.startswith("the interval is ±2.4 % after 20 rounds; ±2 % would take about 30")


def test_an_allowed_preflight_check_is_told_with_every_result() -> None:
    check = PreflightCheck(
        id="battery-low",
        required="at least 25 %",
        observed="12 %",
        verdict=Verdict.CONTRADICTED,
        allowed=True,
    )

    result = make_result({CASE: [60.0], OTHER: [300.0]}, preflight=(check,))

    for case in result.cases:
        assert "the preflight check battery-low was allowed to fail: 12 %" in case.warnings


def test_profiled_and_sustained_invocations_are_no_part_of_the_sample() -> None:
    more = [
        make_record(CASE, n, 900.0, purpose=purpose)
        for n in range(8)
        for purpose in (Purpose.OPERATORS, Purpose.SUSTAINED)
    ]

    (case,) = make_result({CASE: [60.0] * 8}, more_records=more).cases

    assert case.latency_ms == Estimate(value=60.0, low=60.0, high=60.0, n=8)
    assert case.sustained is not None
    assert case.sustained.steady_ms == 900.0
