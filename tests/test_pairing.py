from __future__ import annotations

from dataclasses import replace

import pytest
from factories import (
    make_case,
    make_cell,
    make_comparison_run,
    make_control,
    make_failure,
    make_info,
    make_measurement,
    make_pair,
    make_record,
)

from harness.gate_result import Metric
from harness.pairing import Pair, cells_of, control_of, pairs_of, values_of
from harness.plan import Arm
from harness.record import Purpose, Record

CELL = make_cell()
OTHER = make_cell("bert-base")


def pair(number: int, records: list[Record]) -> Pair:
    return Pair(number=number, baseline=records[0], candidate=records[1])


def test_a_comparison_has_its_cells_and_its_control() -> None:
    plan = make_comparison_run(cells=[OTHER, CELL]).info.plan

    assert cells_of(plan) == [OTHER, CELL]
    assert control_of(plan) == make_control()
    assert CELL.name == "mobilebert/xnnpack/threads4"
    assert CELL.cases == (CELL.baseline, CELL.candidate)


def test_the_order_of_a_plan_does_not_matter() -> None:
    plan = make_comparison_run(cells=[CELL, OTHER]).info.plan

    assert cells_of(replace(plan, cases=plan.cases[::-1])) == [OTHER, CELL]


def test_an_ordinary_plan_compares_nothing() -> None:
    plan = make_info([make_case()]).plan

    assert cells_of(plan) == []
    assert control_of(plan) is None


def test_one_model_under_two_delegates_is_two_cells() -> None:
    cells = [make_cell(delegate=delegate) for delegate in ("xnnpack", "cpu")]

    assert cells_of(make_comparison_run(cells=cells).info.plan) == cells


def test_pairs_come_in_the_order_of_their_numbers() -> None:
    first, second = make_pair(CELL, 0, 20.0, 21.0), make_pair(CELL, 1, 20.5, 21.5)

    found = pairs_of(CELL, [*second[::-1], *first], Purpose.LATENCY)

    assert found == [pair(0, first), pair(1, second)]


def test_of_a_pair_that_was_redone_the_complete_attempt_counts() -> None:
    spoilt = [make_record(CELL.baseline, 0, 99.0), make_failure(CELL.candidate, 0)]
    again = make_pair(CELL, 0, 20.0, 21.0, attempt=1)

    assert pairs_of(CELL, [*spoilt, *again], Purpose.LATENCY) == [pair(0, again)]


def test_of_two_complete_attempts_the_last_counts() -> None:
    attempts = [make_pair(CELL, 0, 20.0 + n, 21.0 + n, attempt=n) for n in (0, 2, 1)]

    found = pairs_of(CELL, [r for records in attempts for r in records], Purpose.LATENCY)

    assert found == [pair(0, attempts[1])]


def test_a_complete_attempt_stays_when_a_later_one_is_spoilt() -> None:
    whole = make_pair(CELL, 0, 20.0, 21.0)
    later = [
        make_record(CELL.baseline, 0, 30.0, attempt=1),
        replace(make_failure(CELL.candidate, 0), attempt=1),
    ]

    assert pairs_of(CELL, [*whole, *later], Purpose.LATENCY) == [pair(0, whole)]


def test_halves_of_different_attempts_are_no_pair() -> None:
    records = [
        make_record(CELL.baseline, 0, 20.0, attempt=0),
        make_record(CELL.candidate, 0, 20.0, attempt=1),
        make_record(CELL.candidate, 1, 20.0),
        make_record(CELL.baseline, 2, 20.0),
    ]

    assert pairs_of(CELL, records, Purpose.LATENCY) == []


def test_an_invocation_that_was_lost_and_started_again_counts_as_it_was_then() -> None:
    lost, whole = (
        make_failure(CELL.baseline, 0, kind="process-lost"),
        make_pair(CELL, 0, 20.0, 21.0),
    )

    assert pairs_of(CELL, [lost, *whole], Purpose.LATENCY) == [pair(0, whole)]


@pytest.mark.parametrize("changes", [{"valid": False}, {"measurement": None}])
def test_what_does_not_count_is_in_no_pair(changes: dict[str, object]) -> None:
    baseline, candidate = make_pair(CELL, 0, 20.0, 21.0)
    spoilt = replace(candidate, **changes)  # type: ignore[arg-type]  # fields of several types

    assert pairs_of(CELL, [baseline, spoilt], Purpose.LATENCY) == []


def test_fresh_pairs_are_told_from_the_first_ones_and_cells_from_each_other() -> None:
    first = make_pair(CELL, 0, 20.0, 21.0)
    fresh = make_pair(CELL, 0, 22.0, 23.0, purpose=Purpose.CONFIRMATION)
    other = make_pair(OTHER, 0, 60.0, 61.0)
    records = [*first, *other, *fresh, make_record(make_control(), 0, 5.0)]

    assert pairs_of(CELL, records, Purpose.LATENCY) == [pair(0, first)]
    assert pairs_of(CELL, records, Purpose.CONFIRMATION) == [pair(0, fresh)]
    assert pairs_of(OTHER, records, Purpose.CONFIRMATION) == []


def test_values_are_in_the_units_of_their_metric() -> None:
    measurement = make_measurement(20.0, init_us=21_000, first_us=63_000)
    records = make_pair(CELL, 3, 0.0, 0.0, measurement=measurement, peak_memory_mb=250.0)

    found = {metric: values_of([pair(3, records)], metric) for metric in (
        Metric.LATENCY, Metric.INIT, Metric.FIRST, Metric.MEMORY,
    )}  # fmt: skip

    assert found == {
        Metric.LATENCY: ({3: 20.0}, {3: 20.0}),
        Metric.INIT: ({3: 21.0}, {3: 21.0}),
        Metric.FIRST: ({3: 63.0}, {3: 63.0}),
        Metric.MEMORY: ({3: 250.0}, {3: 250.0}),
    }


def test_a_value_that_one_side_does_not_tell_leaves_its_pair_out() -> None:
    told, silent = make_pair(CELL, 0, 20.0, 21.0), make_pair(CELL, 1, 20.0, 21.0)
    silent[1] = replace(silent[1], peak_memory_mb=None)

    found = values_of([pair(0, told), pair(1, silent)], Metric.MEMORY)

    assert found == ({0: 250.0}, {0: 250.0})


def test_without_warm_up_there_is_no_first_inference() -> None:
    records = make_pair(CELL, 0, 0.0, 0.0, measurement=make_measurement(first_us=None))

    assert values_of([pair(0, records)], Metric.FIRST) == ({}, {})


def test_arms_keep_the_models_of_both_sides_apart() -> None:
    assert [case.id for case in (*CELL.cases, make_control())] == [
        "baseline-mobilebert/xnnpack/threads4",
        "candidate-mobilebert/xnnpack/threads4",
        "control-control/xnnpack/threads4",
    ]
    assert [case.arm for case in CELL.cases] == [Arm.BASELINE, Arm.CANDIDATE]
