"""What becomes of a cell that was judged: evidence, confirmation, and the exit code."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy import stats

from harness.checks import Verdict
from harness.gate_result import Cell, GateVerdict, Metric
from harness.gate_rules import (
    asymmetric_throttle,
    combine,
    confirm,
    count_cell,
    missing_cell,
    needs_confirmation,
    with_evidence,
)
from harness.policy import CellLimits, Inconclusive, Missing, Policy

PASS, FAIL = GateVerdict.PASS, GateVerdict.FAIL
UNCLEAR, INFRA = GateVerdict.INCONCLUSIVE, GateVerdict.INFRASTRUCTURE
LATENCY = CellLimits(tolerance_percent=5.0, noise_floor_percent=1.0, absolute_floor=0.02)


def latency(verdict: GateVerdict, percent: float) -> Cell:
    return Cell(
        case="case",
        metric=Metric.LATENCY,
        verdict=verdict,
        reason=f"{percent:+g} %",
        estimate_percent=percent,
        tolerance_percent=5.0,
    )


@pytest.mark.parametrize("verdict", [PASS, FAIL, UNCLEAR])
@pytest.mark.parametrize("bad", [Verdict.UNPROVEN, Verdict.CONTRADICTED, None])
def test_what_is_not_proven_is_neither_green_nor_red(
    verdict: GateVerdict, bad: Verdict | None
) -> None:
    cell = latency(verdict, 2.0)

    assert with_evidence(cell, Verdict.PROVEN, Verdict.PROVEN) == cell
    assert with_evidence(cell, Verdict.PROVEN, bad) == replace(
        cell,
        verdict=INFRA,
        reason=f"the candidate's evidence is {bad or 'missing'}; measured: +2 %",
    )
    assert with_evidence(cell, bad, Verdict.PROVEN).verdict == INFRA


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (latency(FAIL, 2.0), True),
        (latency(UNCLEAR, 3.1), True),
        (latency(UNCLEAR, 3.0), False),
        (latency(PASS, 4.0), False),
        (latency(INFRA, 9.0), False),
        (replace(latency(FAIL, 9.0), confirmed=True), False),
        (count_cell("case", Metric.PARTITIONS, 1, 2), False),
        # Its limits were moved up by 9 %: what is beyond 12 % is suspect.
        (replace(latency(UNCLEAR, 11.0), tolerance_percent=14.0), False),
        (replace(latency(UNCLEAR, 12.1), tolerance_percent=14.0), True),
    ],
)
def test_failures_and_suspects_need_fresh_pairs(cell: Cell, expected: bool) -> None:
    assert needs_confirmation(cell, LATENCY) is expected


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (latency(FAIL, 6.0), latency(FAIL, 2.0), FAIL),
        (latency(FAIL, 6.0), latency(UNCLEAR, 3.1), FAIL),
        (latency(FAIL, 6.0), latency(UNCLEAR, 2.9), UNCLEAR),
        (latency(FAIL, 6.0), latency(PASS, 0.0), UNCLEAR),
        (latency(FAIL, 2.0), latency(UNCLEAR, 4.0), UNCLEAR),
        (latency(UNCLEAR, 4.0), latency(FAIL, 6.0), FAIL),
        (latency(UNCLEAR, 4.0), latency(UNCLEAR, 4.0), FAIL),
        (latency(UNCLEAR, 4.0), latency(UNCLEAR, 1.0), UNCLEAR),
        (latency(UNCLEAR, 4.0), latency(PASS, 0.0), PASS),
    ],
)
def test_is_red_only_when_fresh_pairs_agree(
    first: Cell, second: Cell, verdict: GateVerdict
) -> None:
    cell = confirm(first, second, LATENCY)

    assert (cell.verdict, cell.confirmed) == (verdict, verdict == FAIL)
    # The fresh numbers: the first ones were chosen for being bad.
    assert cell.estimate_percent == second.estimate_percent
    assert first.reason in cell.reason
    assert not needs_confirmation(cell, LATENCY)


def test_what_could_not_be_measured_again_is_neither_green_nor_red() -> None:
    lost = missing_cell("case", Metric.LATENCY, "the phone is gone")

    assert confirm(latency(FAIL, 6.0), lost, LATENCY) == replace(
        latency(FAIL, 6.0),
        verdict=INFRA,
        reason="could not be confirmed (the phone is gone); measured before: +6 %",
        confirmed=False,
    )


@pytest.mark.parametrize("baseline", range(8))
@pytest.mark.parametrize("candidate", range(12))
def test_tells_of_a_candidate_that_heat_spoils_more_often(baseline: int, candidate: int) -> None:
    n = baseline + candidate
    p = stats.binomtest(candidate, n, alternative="greater").pvalue if n else 1.0

    note = asymmetric_throttle(baseline, candidate)

    assert (note is not None) == (n >= 6 and p < 0.05)
    assert note is None or f"{candidate} invocations of the candidate and {baseline} of" in note


@pytest.mark.parametrize(
    ("verdicts", "expected", "code"),
    [
        ((PASS, PASS), PASS, 0),
        ((UNCLEAR, INFRA, PASS), INFRA, 3),
        ((INFRA, FAIL, UNCLEAR), FAIL, 1),
        ((), INFRA, 3),
    ],
)
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("inconclusive", Inconclusive)
def test_the_gravest_cell_decides(
    verdicts: tuple[GateVerdict, ...],
    expected: GateVerdict,
    code: int,
    strict: bool,
    inconclusive: Inconclusive,
) -> None:
    cells = [latency(verdict, 0.0) for verdict in verdicts]

    assert combine(cells, Policy(inconclusive=inconclusive), strict=strict) == (expected, code)


@pytest.mark.parametrize(
    ("inconclusive", "code", "strict_code"),
    [(Inconclusive.PASS, 0, 0), (Inconclusive.WARN, 0, 4), (Inconclusive.STRICT, 4, 4)],
)
def test_what_is_undecided_is_never_a_proven_regression(
    inconclusive: Inconclusive, code: int, strict_code: int
) -> None:
    cells, policy = [latency(PASS, 0.0), latency(UNCLEAR, 3.0)], Policy(inconclusive=inconclusive)

    assert combine(cells, policy, strict=False) == (UNCLEAR, code)
    assert combine(cells, policy, strict=True) == (UNCLEAR, strict_code)


def test_a_policy_may_call_red_what_was_not_measured() -> None:
    policy = Policy(missing=Missing.FAIL)

    assert combine([latency(INFRA, 0.0)], policy, strict=False) == (INFRA, 1)
    assert combine([], policy, strict=False) == (INFRA, 1)


@pytest.mark.parametrize(
    ("verdicts", "expected", "code"),
    [
        ((PASS,), PASS, 0),
        ((UNCLEAR,), UNCLEAR, 0),
        ((FAIL, UNCLEAR), FAIL, 0),
        ((FAIL, INFRA), FAIL, 3),
        ((INFRA,), INFRA, 3),
        ((), INFRA, 3),
    ],
)
def test_advice_keeps_its_word_and_fails_nothing(
    verdicts: tuple[GateVerdict, ...], expected: GateVerdict, code: int
) -> None:
    cells = [latency(verdict, 0.0) for verdict in verdicts]
    policy = Policy(inconclusive=Inconclusive.STRICT, missing=Missing.FAIL)

    assert combine(cells, policy, strict=True, advisory=True) == (expected, code)
