from __future__ import annotations

from dataclasses import replace

import pytest
from factories import (
    make_failure,
    make_pairs,
    make_record,
    make_run,
)
from judged import (
    CELL,
    FAIL,
    FRESH,
    INFRA,
    OTHER,
    PASS,
    POLICY,
    UNCLEAR,
    WILD,
    changed,
    judge,
    latency,
    outcome,
    stored_pairs,
    verdicts,
)

from harness.gate import is_decided, is_suspect, judge_comparison
from harness.gate_result import Cell, Metric
from harness.policy import Inconclusive, Policy
from harness.record import Failure, Record


def test_a_slowdown_that_fresh_pairs_confirm_is_red() -> None:
    result = judge([*make_pairs(CELL, 10.0), *make_pairs(CELL, 9.0, purpose=FRESH)])

    cell = latency(result)
    assert outcome(result) == (FAIL, 1)
    assert (cell.verdict, cell.confirmed, cell.pairs) == (FAIL, True, 8)
    # The numbers are those of the fresh pairs: the first were chosen for being bad.
    assert cell.estimate_percent == pytest.approx(9.0, abs=0.3)


def test_a_slowdown_that_fresh_pairs_do_not_confirm_is_not_red() -> None:
    result = judge([*make_pairs(CELL, 10.0), *make_pairs(CELL, 0.0, purpose=FRESH)])

    assert outcome(result) == (UNCLEAR, 0)
    assert (latency(result).verdict, latency(result).confirmed) == (UNCLEAR, False)


def test_a_slowdown_without_fresh_pairs_is_neither_red_nor_green() -> None:
    result = judge(make_pairs(CELL, 10.0))

    assert outcome(result) == (INFRA, 3)
    assert "`--resume`" in latency(result).reason
    assert latency(result).estimate_percent == pytest.approx(10.0, abs=0.5)


@pytest.mark.parametrize("fresh", [1, 2, 5, 7])
@pytest.mark.parametrize("change_percent", [0.0, 10.0])
def test_fresh_pairs_that_were_cut_off_confirm_nothing(fresh: int, change_percent: float) -> None:
    confirmation = make_pairs(CELL, change_percent, fresh, purpose=FRESH)

    result = judge([*make_pairs(CELL, 10.0), *confirmation])

    assert outcome(result) == (INFRA, 3)
    assert f"only {fresh} of 24 pairs were measured" in latency(result).reason


def test_what_is_undecided_after_all_pairs_is_inconclusive() -> None:
    records = make_pairs(CELL, 2.0, 24, scatter=WILD)

    assert outcome(judge(records)) == (UNCLEAR, 0)
    assert outcome(judge(records, strict=True)) == (UNCLEAR, 4)
    never = Policy(inconclusive=Inconclusive.PASS)
    assert outcome(judge(records, never, strict=True)) == (UNCLEAR, 0)


@pytest.mark.parametrize("pairs", [1, 5, 7, 8, 12, 23])
def test_what_is_undecided_because_it_was_cut_off_is_not_green(pairs: int) -> None:
    result = judge(make_pairs(CELL, 2.0, pairs, scatter=WILD))

    cell = latency(result)
    assert outcome(result) == (INFRA, 3)
    assert cell.verdict == INFRA
    assert f"only {pairs} of 24 pairs were measured: the comparison was cut off" in cell.reason
    assert "`--resume`" in cell.reason


def test_an_undecided_cell_tells_why_its_pairs_lack() -> None:
    records = make_pairs(CELL, 2.0, 9, scatter=WILD)
    records += [make_failure(CELL.candidate, round_) for round_ in (9, 10)]

    reason = latency(judge(records)).reason

    assert "only 9 of 24 pairs were measured: the candidate failed (signal): No result" in reason


def test_a_comparison_that_was_cut_off_keeps_what_it_has_decided() -> None:
    records = [*make_pairs(CELL), *make_pairs(OTHER, pairs=3)]

    result = judge(records, cells=[CELL, OTHER])

    assert set(verdicts(result).values()) == {PASS}
    assert verdicts(result, OTHER)[Metric.LATENCY] == INFRA
    assert outcome(result) == (INFRA, 3)


def test_a_suspect_needs_fresh_pairs_too() -> None:
    first = make_pairs(CELL, 8.0, 24, scatter=WILD)
    fresh = make_pairs(CELL, 8.0, 24, scatter=WILD, purpose=FRESH)
    quiet = make_pairs(CELL, 0.0, purpose=FRESH)

    assert latency(judge(first)).verdict == INFRA
    both = latency(judge([*first, *fresh]))
    assert (both.verdict, both.confirmed) == (FAIL, True)
    cleared = latency(judge([*first, *quiet]))
    assert (cleared.verdict, cleared.confirmed) == (PASS, False)


@pytest.mark.parametrize("pairs", [1, 3, 5])
def test_too_few_pairs_for_an_interval_are_never_red(pairs: int) -> None:
    records = make_pairs(CELL, 50.0, pairs)
    fresh = make_pairs(CELL, 50.0, pairs, purpose=FRESH)

    assert outcome(judge(records, rounds=pairs)) == (UNCLEAR, 0)
    assert outcome(judge([*records, *fresh], rounds=pairs)) == (UNCLEAR, 0)
    assert not is_suspect(CELL.name, stored_pairs(records), POLICY, pairs)


def test_few_fresh_values_of_a_metric_confirm_nothing() -> None:
    def doubled(record: Record, told: int) -> Record:
        """The candidate needs twice the memory, which only so many pairs tell."""
        needed_mb = 500.0 if record.case == CELL.candidate.id else 250.0
        return replace(record, peak_memory_mb=needed_mb if record.round < told else None)

    first = [doubled(record, 8) for record in make_pairs(CELL)]
    few = [doubled(record, 3) for record in make_pairs(CELL, pairs=24, purpose=FRESH)]

    assert verdicts(judge([*first, *few]))[Metric.MEMORY] == INFRA


def test_a_failure_in_another_metric_must_be_confirmed_as_well() -> None:
    slow_init = changed(make_pairs(CELL), init_us=30_000)
    fresh = changed(make_pairs(CELL, purpose=FRESH), init_us=30_000)

    assert verdicts(judge(slow_init))[Metric.INIT] == INFRA
    assert outcome(judge([*slow_init, *fresh])) == (FAIL, 1)
    assert verdicts(judge([*slow_init, *fresh]))[Metric.LATENCY] == PASS
    relented = judge([*slow_init, *make_pairs(CELL, purpose=FRESH)])
    assert verdicts(relented)[Metric.INIT] == UNCLEAR


def test_a_candidate_that_is_not_there_is_a_cell_that_was_not_measured() -> None:
    why = "there is no '/new/other.tflite', which the baseline has"
    missing = {OTHER.candidate.model_id: Failure(kind="model-file", message=why)}
    records = [
        *make_pairs(CELL),
        make_record(OTHER.baseline),
        make_failure(OTHER.candidate, kind="model-file", message=why),
    ]

    result = judge(records, cells=[CELL, OTHER], missing=missing)

    assert outcome(result) == (INFRA, 3)
    assert set(verdicts(result).values()) == {PASS}
    assert [cell for cell in result.cells if cell.case == OTHER.name] == [
        Cell(
            case=OTHER.name,
            metric=Metric.LATENCY,
            verdict=INFRA,
            reason=f"the candidate failed (model-file): {why}",
        )
    ]


def test_the_side_that_fails_more_often_is_named() -> None:
    records = [
        make_failure(CELL.baseline, 0, kind="throttled", message="heat"),
        make_failure(CELL.baseline, 0, kind="timeout", message="once"),
        make_failure(CELL.candidate, 0, kind="signal", message="first"),
        make_failure(CELL.candidate, 1, kind="signal", message="last"),
    ]

    assert latency(judge(records)).reason == "the candidate failed (signal): last"


def test_a_comparison_that_was_killed_at_once_is_not_green() -> None:
    result = judge([])

    assert outcome(result) == (INFRA, 3)
    assert latency(result).reason.startswith("the comparison was cut off; continue")
    assert result.minimum_detectable_percent is None


def test_a_run_without_any_cell_is_not_green() -> None:
    assert outcome(judge_comparison(make_run(), POLICY, strict=False)) == (INFRA, 3)


@pytest.mark.parametrize(
    ("change_percent", "scatter", "pairs", "decided"),
    [
        (0.0, 1.0, 0, False),
        (0.0, 1.0, 7, False),
        (0.0, 1.0, 8, True),
        (10.0, 1.0, 8, True),
        (2.0, WILD, 24, False),
    ],
)
def test_a_cell_is_decided_at_a_look_only(
    change_percent: float, scatter: float, pairs: int, decided: bool
) -> None:
    records = make_pairs(CELL, change_percent, pairs, scatter=scatter)

    assert is_decided(CELL.name, stored_pairs(records), POLICY, 24) == decided


def test_a_cell_is_decided_once_all_of_its_metrics_are() -> None:
    quiet = make_pairs(CELL)
    noisy = [
        record
        for number in range(8)
        for record in changed(quiet[2 * number : 2 * number + 2], init_us=21_000 + 5_000 * number)
    ]

    assert is_decided(CELL.name, stored_pairs(quiet), POLICY, 24)
    assert not is_decided(CELL.name, stored_pairs(noisy), POLICY, 24)


@pytest.mark.parametrize(
    ("change_percent", "scatter", "pairs", "suspect"),
    [
        (0.0, 1.0, 8, False),
        (10.0, 1.0, 8, True),
        (8.0, WILD, 24, True),
        (0.5, WILD, 24, False),
        (8.0, WILD, 20, False),  # cut off: not measured, whatever fresh pairs say
        (0.0, 1.0, 0, False),
    ],
)
def test_what_looks_bad_needs_fresh_pairs(
    change_percent: float, scatter: float, pairs: int, suspect: bool
) -> None:
    records = make_pairs(CELL, change_percent, pairs, scatter=scatter)

    assert is_suspect(CELL.name, stored_pairs(records), POLICY, 24) == suspect
