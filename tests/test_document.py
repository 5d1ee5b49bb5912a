"""Tests of the JSON document: everything that a run says, in a form that a machine can read."""

from __future__ import annotations

import json
from dataclasses import replace

from factories import make_case, make_claim, make_record, make_result
from reported import make_operators, make_series

from harness.checks import PreflightCheck, Verdict
from harness.claims import judge_claims
from harness.energy import Energy
from harness.measurement import OutputComparison
from harness.record import Purpose
from harness.roofline import Roofline
from harness.summary import RunResult
from reports.exports.document import Json, run_document

STEADY = [60.0, 61.0, 62.0, 63.0, 64.0, 65.0]
CASE = make_case()


def case_of(result: RunResult) -> Json:
    (case,) = run_document(result, ())["cases"]
    assert isinstance(case, dict)
    return case


def with_case(**changes: object) -> RunResult:
    result = make_result({CASE: STEADY})
    return replace(result, cases=(replace(result.cases[0], **changes),))  # type: ignore[arg-type]  # fields of several types


def test_a_case_says_why_it_was_measured_no_further() -> None:
    stop = case_of(make_result({CASE: STEADY}))["stop"]

    assert stop == {"reason": "rounds", "rounds": 6, "half_width_percent": 0.5}


def test_what_was_not_asked_for_is_null() -> None:
    case = case_of(make_result({CASE: STEADY}))

    assert [case[name] for name in ("energy", "operators", "sustained")] == [None] * 3
    assert case["energy_problem"] == "the device tells no charge and voltage of a battery"


def test_heat_is_counted() -> None:
    assert case_of(make_result({CASE: STEADY}))["heat"] == {
        "invocations": 6,
        "throttled": 0,
        "redone": 0,
        "late_cool": 0,
        "waited_s": 0.0,
    }


def test_a_roofline_names_the_source_of_its_peak() -> None:
    roofline = Roofline(gflops=43.21234567, peak_gflops=86.42469134, peak_source="a product")

    assert case_of(with_case(roofline=roofline))["roofline"] == {
        "gflops": 43.2123,
        "peak_gflops": 86.4247,
        "peak_source": "a product",
        "share_percent": 50.0,
    }


def test_an_energy_has_its_source_and_note() -> None:
    energy = Energy(joules=10.0, joules_per_run=1 / 3, runs=30, source="battery", note="all of it")

    assert case_of(with_case(energy=energy, energy_problem=None))["energy"] == {
        "joules": 10.0,
        "joules_per_run": 0.333333,
        "runs": 30,
        "source": "battery",
        "note": "all of it",
    }


def test_an_output_is_right_or_wrong() -> None:
    output = OutputComparison(reference="LiteRT", tolerance_percent=1.0, error_percent=2.0)

    assert case_of(with_case(output=output))["output"] == {
        "reference": "LiteRT",
        "correct": False,
        "error_percent": 2.0,
        "tolerance_percent": 1.0,
        "problem": None,
    }


def test_operators_are_all_there() -> None:
    profile = make_record(CASE, purpose=Purpose.OPERATORS, operators=make_operators(types=30))

    operators = case_of(make_result({CASE: STEADY}, more_records=[profile]))["operators"]

    assert len(operators) == 30
    assert operators[0] == {
        "graph": "primary",
        "operator": "OPERATOR_0",
        "nodes": 1,
        "average_ms": 8.0,
        "share_percent": 40.0,
    }


def test_a_series_has_its_points() -> None:
    sustained = case_of(with_case(sustained=make_series()))["sustained"]

    assert (sustained["start_ms"], sustained["ratio"], sustained["knee_s"]) == (60.0, 1.2, 180.0)
    assert len(sustained["points"]) == 60
    assert sustained["points"][1] == {
        "start_s": 10.0,
        "latency_ms": 60.0,
        "temperature_c": 31.1,
        "clock_khz": None,
        "cap_khz": None,
        "thermal_status": None,
    }


def test_preflight_checks_say_whether_they_were_allowed() -> None:
    check = PreflightCheck(
        id="battery-low",
        required="at least 25 %",
        observed="12 %",
        verdict=Verdict.CONTRADICTED,
        allowed=True,
    )

    document = run_document(make_result({CASE: STEADY}, preflight=(check,)), ())

    assert document["preflight"] == [
        {
            "id": "battery-low",
            "required": "at least 25 %",
            "observed": "12 %",
            "verdict": "contradicted",
            "allowed": True,
        }
    ]


def test_checks_keep_their_raw_text() -> None:
    evidence = case_of(make_result({CASE: STEADY}))["evidence"]

    assert evidence["checks"][0]["raw"] == f"sha256 {'a1' * 32}"


def test_a_claim_has_the_settings_it_was_measured_in() -> None:
    result = make_result({CASE: STEADY, make_case(threads=1): [120.0] * 6})

    (claim,) = run_document(result, judge_claims([make_claim()], result))["claims"]

    assert claim["setting"] == "fp32, xnnpack, 4 threads"
    assert claim["others"] == [
        {
            "setting": "fp32, xnnpack, 1 thread",
            "measured": {"value": 120.0, "low": 120.0, "high": 120.0},
        }
    ]


def test_a_number_that_json_does_not_have_is_null() -> None:
    series = make_series(ratio=float("inf"), steady_ms=float("nan"))

    document = run_document(with_case(sustained=series), ())

    json.dumps(document, allow_nan=False)
    assert document["cases"][0]["sustained"]["ratio"] is None
