"""Tests of the facts about how a case was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_case, make_failure, make_result, make_run, make_stop

from harness.case_warnings import Heat
from harness.energy import Energy
from harness.measurement import OutputComparison
from harness.record import Purpose, StopReason
from harness.roofline import Roofline
from harness.settings import Settings
from harness.store import StoredRun
from harness.summary import CaseResult, summarize
from reports.views.measuring import build_measuring, describe_stop

STEADY = [60.0, 61.0, 62.0, 63.0, 64.0, 65.0]
CASE = make_case()


def measured(**changes: object) -> CaseResult:
    case = make_result({CASE: STEADY}).cases[0]
    return replace(case, **changes)  # type: ignore[arg-type]  # fields of several types


def fact(name: str, case: CaseResult, run: StoredRun | None = None) -> str | None:
    facts = build_measuring(case, run or make_run({CASE: STEADY}))
    return next((fact.value for fact in facts if fact.name == name), None)


@pytest.mark.parametrize(
    ("reason", "target", "words"),
    [
        (
            StopReason.PRECISION,
            2.0,
            "6 rounds. Every interval of its group is within ±2 %; reached ±1.2 %.",
        ),
        (
            StopReason.ROUNDS,
            2.0,
            "6 rounds. The limit of 8 was reached; ±2 % was asked for; reached ±1.2 %.",
        ),
        (StopReason.ROUNDS, 0.0, "6 rounds. All 8 were asked for; the interval is ±1.2 %."),
        (
            StopReason.BUDGET,
            2.0,
            "6 rounds. The budget went to the cases before it; reached ±1.2 %.",
        ),
        (
            StopReason.GIVEN_UP,
            2.0,
            "6 rounds. Given up, because it failed too often; reached ±1.2 %.",
        ),
    ],
)
def test_a_case_says_why_it_has_so_many_rounds(
    reason: StopReason, target: float, words: str
) -> None:
    case = measured(stop=make_stop(CASE, reason=reason, half_width_percent=1.23))

    assert describe_stop(case, Settings(rounds=8, target_ci_percent=target)) == words


def test_without_an_interval_no_half_width_is_told() -> None:
    stop = make_stop(CASE, reason=StopReason.BUDGET, half_width_percent=None)

    words = "1 round. The budget went to the cases before it. There is no interval."
    assert describe_stop(measured(stop=stop, sample_ms={0: 60.0}), Settings()) == words


def test_a_run_that_was_cut_off_has_decided_nothing() -> None:
    words = "6 rounds. The run ended before it was decided that these are enough."
    assert describe_stop(measured(stop=None), Settings()) == words


@pytest.mark.parametrize(
    ("heat", "words"),
    [
        (Heat(), None),
        (Heat(invocations=6), "slowed none of 6 invocations, as far as the device tells"),
        (
            Heat(invocations=9, throttled=3, redone=2, late_cool=1, waited_s=1234.4),
            "slowed 3 of 9 invocations; 2 of them redone; 1 started warmer than the run's start; "
            "1,234 s of cooling in all",
        ),
    ],
)
def test_heat_is_told_in_numbers(heat: Heat, words: str | None) -> None:
    assert fact("heat", measured(heat=heat)) == words


@pytest.mark.parametrize(
    ("roofline", "words"),
    [
        (None, None),
        (
            Roofline(gflops=50.0, peak_gflops=200.0, peak_source="a product"),
            "50.0 GFLOP/s, 25.0 % of the peak of 200 GFLOP/s (a product)",
        ),
        (
            Roofline(gflops=50.0, peak_gflops=None, peak_source="the gpu delegate"),
            "50.0 GFLOP/s; no peak to compare with: the gpu delegate",
        ),
    ],
)
def test_arithmetic_is_compared_with_the_peak(roofline: Roofline | None, words: str | None) -> None:
    assert fact("arithmetic", measured(roofline=roofline)) == words


def test_an_energy_says_what_it_is_of() -> None:
    energy = Energy(joules=10.0, joules_per_run=0.25, runs=40, source="battery", note="all of it")

    words = "0.250 J per run: 10.0 J over 40 runs, from battery; all of it"
    assert fact("energy", measured(energy=energy)) == words


def test_an_energy_that_is_not_known_says_why() -> None:
    words = "not known: the phone was powered"
    assert fact("energy", measured(energy_problem="the phone was powered")) == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"error_percent": 0.00012},
            "right: off by 0.00012 % of the reference's spread, 1 % are tolerated; compared with "
            "LiteRT",
        ),
        (
            {"error_percent": 4.2},
            "WRONG: off by 4.2 % of the reference's spread, 1 % are tolerated; compared with "
            "LiteRT",
        ),
        ({"problem": "the tool wrote no output"}, "not compared: the tool wrote no output"),
    ],
)
def test_an_output_is_told_with_its_tolerance(changes: dict[str, object], words: str) -> None:
    output = OutputComparison(reference="LiteRT", tolerance_percent=1.0)
    output = replace(output, **changes)  # type: ignore[arg-type]  # fields of several types

    assert fact("output", measured(output=output)) == words


@pytest.mark.parametrize("purpose", [Purpose.OUTPUT, Purpose.OPERATORS, Purpose.SUSTAINED])
def test_what_was_asked_for_beside_the_rounds_and_failed_says_so(purpose: Purpose) -> None:
    lost = replace(make_failure(CASE, kind="no-profile", message="no table"), purpose=purpose)
    run = make_run({CASE: STEADY})
    timed = tuple(record for record in run.records if record.purpose == Purpose.LATENCY)
    run = replace(run, records=(*timed, lost))

    assert fact(f"{purpose} failed", summarize(run).cases[0], run) == "no-profile: no table"


def test_memory_that_no_one_tells_is_not_told() -> None:
    assert fact("peak memory", measured(peak_memory_mb=None)) == "not told"
