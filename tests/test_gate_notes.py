from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest
from factories import (
    make_case,
    make_cell,
    make_comparison_run,
    make_control,
    make_device,
    make_failure,
    make_pair,
    make_pairs,
    make_record,
    make_run,
    make_tool,
)

from harness.checks import Check, PreflightCheck, Verdict
from harness.evidence import Evidence
from harness.gate_notes import control_shift_percent, evidence_notes, gate_notes, policy_notes
from harness.plan import Case
from harness.policy import CaseRule, Policy
from harness.record import Purpose, Record

CELL, OTHER, CONTROL = make_cell(), make_cell("other"), make_control()
OFFICIAL = make_tool()


def notes(records: Sequence[Record], **changes: object) -> tuple[str, ...]:
    """Those of a comparison with the official tool."""
    run = make_comparison_run(records, **{"tool": OFFICIAL, **changes})  # type: ignore[arg-type]
    return gate_notes(run)


def controls(*latencies_ms: float, purpose: Purpose = Purpose.LATENCY) -> list[Record]:
    return [make_record(CONTROL, n, ms, purpose=purpose) for n, ms in enumerate(latencies_ms)]


def spoilt(case: Case, times: int) -> list[Record]:
    """Invocations that heat has spoilt, each in a round of its own."""
    return [make_failure(case, number, "throttled", "heat") for number in range(times)]


def test_of_an_ordinary_comparison_there_is_nothing_to_note() -> None:
    assert notes([*make_pairs(CELL), *controls(*[5.0] * 16)]) == ()


@pytest.mark.parametrize(
    ("early", "late", "percent"),
    [
        ([5.0] * 6, [5.5] * 6, 10.0),
        ([5.0] * 8, [4.5] * 8, -10.0),
        ([5.0] * 12, [5.0] * 12, 0.0),
    ],
)
def test_the_control_of_the_second_half_is_compared_with_the_first(
    early: list[float], late: list[float], percent: float
) -> None:
    run = make_comparison_run([*make_pairs(CELL), *controls(*early, *late)])

    assert control_shift_percent(run) == pytest.approx(percent)


def test_a_control_that_moved_is_noted() -> None:
    assert notes(controls(*[5.0] * 8, *[5.4] * 8)) == (
        "the control, which never changes, moved by +8.0 % during the session: the device was not "
        "the same throughout",
    )
    assert notes(controls(*[5.0] * 8, *[5.2] * 8)) == ()


def test_the_control_beside_fresh_pairs_is_the_end_of_the_session() -> None:
    fresh = controls(*[5.5] * 6, purpose=Purpose.CONFIRMATION)

    run = make_comparison_run([*controls(*[5.0] * 6), *fresh])

    assert control_shift_percent(run) == pytest.approx(10.0)


@pytest.mark.parametrize("count", [0, 1, 11])
def test_a_short_control_tells_nothing(count: int) -> None:
    latencies = [5.0 * 1.5**number for number in range(count)]

    assert control_shift_percent(make_comparison_run(controls(*latencies))) is None


def test_invocations_of_the_control_that_do_not_count_are_left_out() -> None:
    failed = [make_failure(CONTROL, number) for number in range(8)]
    zero = controls(*[0.0] * 8)

    run = make_comparison_run([*failed, *controls(*[5.0] * 6), *zero, *controls(*[5.5] * 6)])

    assert control_shift_percent(run) == pytest.approx(10.0)


def test_a_plan_without_a_control_has_no_shift() -> None:
    assert control_shift_percent(make_run({make_case(): [20.0] * 20})) is None


def test_a_control_that_always_failed_is_noted() -> None:
    failed = [make_failure(CONTROL, number) for number in range(8)]

    assert notes([*make_pairs(CELL), *failed]) == (
        "the control could not be measured (signal: No result: killed.): whether the device was "
        "the same throughout is not known",
    )


def test_heat_on_the_side_of_the_candidate_is_noted_as_what_it_may_be() -> None:
    records = [*make_pairs(CELL), *spoilt(CELL.candidate, 7), *spoilt(CELL.baseline, 1)]

    assert notes(records) == (
        f"{CELL.name}: heat spoilt 7 invocations of the candidate and 1 of the baseline "
        "(p = 0.035): a model that runs hotter is slower than its latency shows",
    )


@pytest.mark.parametrize(("baseline", "candidate"), [(1, 0), (0, 5), (4, 4), (9, 1)])
def test_heat_on_both_sides_or_seldom_is_counted_only(baseline: int, candidate: int) -> None:
    heat = [*spoilt(CELL.baseline, baseline), *spoilt(CELL.candidate, candidate)]

    assert notes([*make_pairs(CELL), *heat]) == (
        f"{CELL.name}: heat spoilt {baseline} invocations of the baseline and {candidate} of the "
        "candidate; their pairs were measured again",
    )


def test_heat_is_counted_for_each_cell() -> None:
    records = [*make_pairs(CELL), *make_pairs(OTHER), *spoilt(OTHER.candidate, 6)]

    (note,) = notes(records, cells=[CELL, OTHER])

    assert note.startswith(f"{OTHER.name}: heat spoilt 6 invocations of the candidate")


def test_heat_in_what_counts_is_noted() -> None:
    hot = make_pair(CELL, 8, 20.0, 20.0, throttled="status 2")

    assert notes([*make_pairs(CELL), hot[1]]) == (
        f"{CELL.name}: of the candidate's invocations that count, heat slowed 1",
    )


def test_failures_between_good_invocations_are_noted() -> None:
    failures = [make_failure(CELL.candidate, number) for number in range(2)]

    assert notes([*failures, *make_pairs(CELL)]) == (
        f"{CELL.name}: 2 of 10 invocations of the candidate failed, the last one (signal): No "
        "result: killed.",
    )


def test_a_side_that_never_ran_is_not_noted_beside_its_cell() -> None:
    failures = [make_failure(CELL.candidate, number) for number in range(2)]

    assert notes([make_record(CELL.baseline), *failures]) == ()


def test_what_the_run_allowed_or_left_out_is_noted() -> None:
    allowed = PreflightCheck(
        id="cpu-busy",
        required="under 10 %",
        observed="40 %",
        verdict=Verdict.CONTRADICTED,
        allowed=True,
    )
    held = dataclasses.replace(allowed, id="battery", verdict=Verdict.PROVEN, allowed=False)

    found = notes(make_pairs(CELL), preflight=(held, allowed), not_compared=("x", "y"))

    assert found == (
        "new, not gated: x, y",
        "the preflight check cpu-busy was allowed to fail: 40 %",
    )


def test_the_tools_are_noted() -> None:
    other = make_tool(sha256="c3" * 32)
    stand_in = make_tool(stand_in=True)
    told = "measured with the stand-in tool on the LiteRT runtime for Python"
    differ = "the tools differ: b2b2b2b2b2b2 and c3c3c3c3c3c3"

    assert notes([], candidate_tool=other) == (differ,)
    assert notes([], candidate_tool=OFFICIAL) == ()
    assert notes([], tool=stand_in) == (told,)
    assert notes([], tool=stand_in, candidate_tool=other) == (told, differ)


def test_a_phone_is_noted_like_a_host() -> None:
    assert notes(controls(*[5.0] * 8, *[5.4] * 8), device=make_device("phone")) != ()


def test_checks_that_are_not_proven_are_listed() -> None:
    proven = Check(name="tool", requested="a", observed="a", verdict=Verdict.PROVEN)
    unproven = Check(name="cpus", requested="f0", observed="not told", verdict=Verdict.UNPROVEN)
    wrong = Check(name="threads", requested="4", observed="1", verdict=Verdict.CONTRADICTED)

    found = list(
        evidence_notes(
            "a cell",
            "candidate",
            Evidence(verdict=Verdict.CONTRADICTED, checks=(proven, unproven, wrong)),
        )
    )

    assert found == [
        "a cell: of the candidate's evidence cpus is unproven (asked for f0, seen not told); "
        "threads is contradicted (asked for 4, seen 1)"
    ]
    good = Evidence(verdict=Verdict.PROVEN, checks=(proven,))
    assert list(evidence_notes("a cell", "candidate", good)) == []
    assert list(evidence_notes("a cell", "candidate", None)) == []


def test_patterns_that_fit_nothing_are_noted() -> None:
    rules = [CaseRule(pattern=pattern) for pattern in ("*", "mobile*", "gpu*")]

    assert list(policy_notes(Policy(rules=tuple(rules)), [CELL.name])) == [
        "the policy's pattern 'gpu*' fits no case"
    ]
