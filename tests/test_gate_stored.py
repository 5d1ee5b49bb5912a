from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest
from factories import (
    MODEL_SHA256,
    make_case,
    make_device,
    make_facts,
    make_failure,
    make_info,
    make_run,
    make_stop,
    make_tool,
)

from harness.gate_result import Cell, GateResult, GateVerdict, Metric
from harness.gate_stored import SESSION_NOISE_PERCENT, judge_runs
from harness.policy import CaseRule, Inconclusive, Missing, Policy
from harness.record import StopReason
from harness.store import StoredRun

CASE, OTHER = make_case(), make_case(threads=1)
POLICY = Policy()
GATING = Policy(advisory=False)
PASS, FAIL = GateVerdict.PASS, GateVerdict.FAIL
UNCLEAR, INFRA = GateVerdict.INCONCLUSIVE, GateVerdict.INFRASTRUCTURE
NOISE = (1.003, 0.998, 1.001, 0.996, 1.002, 0.9985, 1.0045, 0.9965)
ADVICE = (
    "two sessions are compared, which differ by themselves: changes within ±13.9 % say nothing "
    "(tier T0); `mbert-bench ab` compares in one session"
)


def sample(latency_ms: float, rounds: int = 8) -> list[float]:
    return [latency_ms * NOISE[number % 8] for number in range(rounds)]


def run(latency_ms: float = 20.0, *, folder: str = "old", **changes: object) -> StoredRun:
    """A run of one case with the official tool."""
    given = {"stand_in": False, **changes}
    stored = make_run({CASE: sample(latency_ms)}, **given)  # type: ignore[arg-type]  # passed on
    return dataclasses.replace(stored, folder=Path("/runs", folder))


def judge(
    old: StoredRun, new: StoredRun, policy: Policy = POLICY, *, strict: bool = False
) -> GateResult:
    return judge_runs(old, new, policy, strict=strict)


def outcome(result: GateResult) -> tuple[GateVerdict, int]:
    return result.verdict, result.exit_code


def verdicts(result: GateResult) -> list[tuple[str, Metric, GateVerdict]]:
    return [(cell.case, cell.metric, cell.verdict) for cell in result.cells]


def test_two_quiet_runs_with_fixed_clocks_pass_as_advice() -> None:
    device = make_device(tier="T2")

    result = judge(run(device=device), run(20.1, folder="new", device=device))

    assert verdicts(result) == [
        (CASE.id, Metric.LATENCY, PASS),
        (CASE.id, Metric.SIZE, PASS),
        (CASE.id, Metric.OPERATORS, PASS),
    ]
    assert dataclasses.replace(result, cells=()) == GateResult(
        verdict=PASS,
        exit_code=0,
        cells=(),
        advisory=True,
        title="new against old",
        device="host",
        notes=(ADVICE.replace("13.9", "2.8").replace("T0", "T2"),),
    )


def test_a_slowdown_beyond_the_noise_of_sessions_fails_as_advice_only() -> None:
    old, new = run(20.0), run(25.0)

    assert outcome(judge(old, new, strict=True)) == (FAIL, 0)
    assert outcome(judge(old, new, GATING)) == (FAIL, 1)
    assert judge(old, new).advisory
    assert not judge(old, new, GATING).advisory


def test_a_slowdown_within_the_noise_of_sessions_is_not_decided() -> None:
    result = judge(run(20.0), run(21.6))

    assert outcome(result) == (UNCLEAR, 0)
    assert judge(run(20.0), run(21.6), GATING, strict=True).exit_code == 4
    never = dataclasses.replace(GATING, inconclusive=Inconclusive.PASS)
    assert judge(run(20.0), run(21.6), never, strict=True).exit_code == 0


@pytest.mark.parametrize(("tier", "verdict"), [("T2", FAIL), ("T1", UNCLEAR), ("T9", UNCLEAR)])
def test_the_noise_of_sessions_depends_on_the_tier(tier: str, verdict: GateVerdict) -> None:
    device = make_device(tier=tier)

    result = judge(run(20.0, device=device), run(21.5, device=device))

    assert result.cells[0].verdict == verdict
    percent = SESSION_NOISE_PERCENT.get(tier, 13.9)
    assert f"with {percent:g} % between sessions" in result.cells[0].reason


@pytest.mark.parametrize(
    ("device", "what"),
    [
        (make_device(tier="T1"), "tier: T0 and T1"),
        (make_device(model="Other CPU"), "device: Test CPU and Other CPU"),
        (make_device("phone"), "kind of device: host and phone"),
        (make_device(model=None), "device: Test CPU and None"),
    ],
)
def test_runs_of_another_device_or_tier_are_not_compared(device: object, what: str) -> None:
    result = judge(run(20.0), run(20.0, device=device))

    assert outcome(result) == (INFRA, 3)
    assert result.cells == (
        Cell(
            case=CASE.id,
            metric=Metric.LATENCY,
            verdict=INFRA,
            reason=f"the runs differ in their {what}",
        ),
    )


def test_the_stand_in_is_not_compared_with_the_official_tool() -> None:
    result = judge(run(), run(stand_in=True))

    assert outcome(result) == (INFRA, 3)
    reason = "the runs differ in their tool: the official one and the stand-in"
    assert [cell.reason for cell in result.cells] == [reason]
    both = judge(run(stand_in=True), run(stand_in=True))
    assert "measured with the stand-in tool on the LiteRT runtime for Python" in both.notes


def test_another_build_of_the_tool_system_or_phone_is_compared_but_not_silently() -> None:
    phones = [
        make_device("phone", serial=serial, fingerprint=system)
        for serial, system in (("A1", "flame:13"), ("B2", "flame:14"))
    ]
    old = run(device=phones[0])
    new = run(device=phones[1], tool=make_tool(sha256="c3" * 32))

    assert judge(old, new).notes[1:4] == (
        "the tools differ: b2b2b2b2b2b2 and c3c3c3c3c3c3",
        "the runs are of two phones of one kind",
        "the systems differ: flame:13 and flame:14",
    )


def test_other_settings_are_not_compared_silently() -> None:
    new = run()
    settings = dataclasses.replace(new.info.plan.settings, warmup_runs=5, seed=7)
    plan = dataclasses.replace(new.info.plan, settings=settings)
    info = dataclasses.replace(new.info, plan=plan)

    (*_, note) = judge(run(), dataclasses.replace(new, info=info)).notes

    assert note == (
        "the runs differ in their settings: how many runs an invocation has, or its warm-up"
    )


def test_a_case_that_the_candidate_lacks_is_not_green_and_a_new_one_is_named() -> None:
    old = make_run({CASE: sample(20.0), OTHER: sample(60.0)}, stand_in=False)
    new = make_run({CASE: sample(20.0), make_case(threads=2): sample(30.0)}, stand_in=False)

    result = judge(old, new)

    assert result.cells[-1] == Cell(
        case=OTHER.id,
        metric=Metric.LATENCY,
        verdict=INFRA,
        reason="the candidate's run has no such case",
    )
    assert outcome(result)[1] == 3
    assert result.notes[-1] == f"new, not gated: {make_case(threads=2).id}"


def test_exit_codes_of_gating_runs_have_their_precedence() -> None:
    def both(*latencies: float, policy: Policy = GATING) -> int:
        old = make_run({CASE: sample(20.0), OTHER: sample(20.0)}, stand_in=False)
        cases = {CASE: sample(latencies[0])}
        if len(latencies) > 1:
            cases[OTHER] = sample(latencies[1])
        return judge(old, make_run(cases, stand_in=False), policy, strict=True).exit_code

    assert both(25.0) == 1
    assert both(25.0, 21.5) == 1
    assert both(21.5) == 3
    assert both(20.0, 21.5) == 4
    assert both(12.0, 12.0) == 0
    assert both(12.0, policy=dataclasses.replace(GATING, missing=Missing.FAIL)) == 1


def failed(rounds: Sequence[float | None], reason: StopReason = StopReason.GIVEN_UP) -> StoredRun:
    stored = make_run({CASE: list(rounds)}, stand_in=False)
    stop = make_stop(CASE, len(rounds), reason=reason)
    return dataclasses.replace(stored, stops=(stop,))


def test_a_case_that_failed_tells_why() -> None:
    bad = failed([None, None])

    for old, new, side in ((bad, run(), "baseline"), (run(), bad, "candidate")):
        cell = judge(old, new).cells[0]
        assert (cell.verdict, cell.reason) == (
            INFRA,
            f"the {side}'s run failed (signal): No result: killed.",
        )


def test_what_a_half_failed_case_leaves_undecided_is_not_green() -> None:
    half = failed([*sample(20.0, 3), None, None])

    (cell, *_) = judge(run(), half).cells

    assert cell.verdict == INFRA
    assert cell.reason.startswith(
        "the candidate's run is not whole (signal): No result: killed.; so"
    )


def test_what_a_half_failed_case_proves_stays_proven() -> None:
    slow = failed([*sample(25.0), None, None])

    assert judge(run(), slow, GATING).cells[0].verdict == FAIL


def test_what_a_run_that_was_cut_off_leaves_undecided_is_not_green() -> None:
    cut = dataclasses.replace(make_run({CASE: sample(20.0, 4)}, stand_in=False), stops=())

    (cell, *_) = judge(run(), cut).cells

    assert cell.verdict == INFRA
    assert cell.reason.startswith("the candidate's run was cut off; so far")


def test_few_rounds_that_were_asked_for_are_undecided() -> None:
    short = make_run({CASE: sample(20.0, 3)}, stand_in=False)

    assert judge(run(), short).cells[0].verdict == UNCLEAR


def test_a_run_that_never_began_is_not_green() -> None:
    empty = make_run({CASE: []}, rounds=8, stand_in=False)

    assert outcome(judge(run(), dataclasses.replace(empty, stops=()))) == (INFRA, 3)
    assert outcome(judge(make_run({}), make_run({}))) == (INFRA, 3)


@pytest.mark.parametrize(
    ("spoilt", "word"),
    [({"cpu_mask": "0f"}, "contradicted"), ({"cpu_mask": None}, "unproven")],
)
def test_what_is_not_proven_is_never_green(spoilt: dict[str, object], word: str) -> None:
    new = run(12.0)
    bad = dataclasses.replace(new.records[3], **spoilt)  # type: ignore[arg-type]  # several types
    records = (*new.records[:3], bad, *new.records[4:])

    result = judge(run(), dataclasses.replace(new, records=records))

    assert outcome(result) == (INFRA, 3)
    assert {cell.verdict for cell in result.cells} == {INFRA}
    assert f"the candidate's evidence is {word}" in result.cells[0].reason
    assert any(f"cpus is {word}" in note for note in result.notes)


def test_a_larger_file_fails_exactly() -> None:
    larger = make_facts(size_bytes=round(97_666_928 * 1.02))
    new = run()
    records = tuple(
        dataclasses.replace(
            record, measurement=dataclasses.replace(record.measurement, model_mb=99.6203)
        )
        for record in new.records
        if record.measurement is not None
    )
    info = dataclasses.replace(new.info, models={CASE.model_id: larger})
    grown = dataclasses.replace(new, info=info, records=records)

    result = judge(run(device=make_device(tier="T0")), grown, GATING)

    assert outcome(result) == (FAIL, 1)
    assert [cell.metric for cell in result.cells if cell.verdict == FAIL] == [Metric.SIZE]


def test_models_may_differ_between_runs() -> None:
    new = run()
    info = make_info([CASE], tool=new.info.tool, plan=new.info.plan)
    changed = make_facts(sha256="dd" * 32)
    records = tuple(dataclasses.replace(r, model_sha256="dd" * 32) for r in new.records)
    info = dataclasses.replace(info, models={CASE.model_id: changed})

    result = judge(run(), dataclasses.replace(new, info=info, records=records))

    assert INFRA not in {cell.verdict for cell in result.cells}
    assert changed.sha256 != MODEL_SHA256


def test_the_same_runs_give_the_same_result() -> None:
    old, new = run(20.0), run(21.0)

    assert judge(old, new) == judge(old, new)


def test_a_pattern_that_fits_no_case_is_noted() -> None:
    policy = Policy(rules=(*POLICY.rules, CaseRule(pattern="nix*")))

    assert judge(run(), run(), policy).notes[-1] == "the policy's pattern 'nix*' fits no case"


def test_a_failure_that_was_made_good_says_nothing() -> None:
    failure = make_failure(CASE, round_=2)
    again = make_run({CASE: sample(20.0)}, stand_in=False, more_records=[failure])

    assert judge(run(), again).cells == judge(run(), run()).cells
