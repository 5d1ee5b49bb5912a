from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
from factories import (
    make_comparison_run,
    make_control,
    make_pair,
    make_pairs,
    make_record,
)
from judged import (
    CELL,
    FAIL,
    FRESH,
    INFRA,
    OTHER,
    PASS,
    POLICY,
    WILD,
    changed,
    judge,
    latency,
    outcome,
    stored_pairs,
    verdicts,
    write_and_load,
)

from harness.gate import detectable_percent, judge_comparison
from harness.gate_result import MEASURED, Cell, GateResult, Metric
from harness.pairing import pairs_of
from harness.policy import CaseRule, Inconclusive, Missing, Policy
from harness.record import Purpose, Record


def test_equal_sides_pass_in_every_metric() -> None:
    result = judge(make_pairs(CELL))

    assert verdicts(result) == dict.fromkeys(
        (
            Metric.LATENCY, Metric.INIT, Metric.MEMORY, Metric.SIZE, Metric.OPERATORS,
            Metric.PARTITIONS, Metric.UNDELEGATED,
        ),
        PASS,
    )  # fmt: skip
    assert dataclasses.replace(result, cells=()) == GateResult(
        verdict=PASS,
        exit_code=0,
        cells=(),
        minimum_detectable_percent=result.minimum_detectable_percent,
        title="new against old",
        device="host",
        notes=("measured with the stand-in tool on the LiteRT runtime for Python",),
    )
    assert 1 < (result.minimum_detectable_percent or 0) < 5


def test_a_cell_tells_its_numbers_and_limits() -> None:
    cell = latency(judge(make_pairs(CELL, -2.0)))

    assert rounded(cell) == Cell(
        case="mobilebert/xnnpack/threads4",
        metric=Metric.LATENCY,
        verdict=PASS,
        reason="-2.0 % (-2.3 to -1.7 %), 8 pairs: below the tolerance of 5 %",
        estimate_percent=-2.0,
        low_percent=-2.3,
        high_percent=-1.7,
        noise_floor_percent=1.0,
        tolerance_percent=5.0,
        pairs=8,
        baseline=20.0,
        candidate=19.6,
        confirmed=None,
    )


def rounded(cell: Cell) -> Cell:
    """All numbers with one decimal."""
    values = dataclasses.asdict(cell)
    numbers = {name: round(v, 1) for name, v in values.items() if isinstance(v, float)}
    return dataclasses.replace(cell, **numbers)  # type: ignore[arg-type]  # all are numbers


def test_more_memory_is_a_regression_where_the_device_tells_it() -> None:
    more = [
        dataclasses.replace(record, peak_memory_mb=300.0)
        if record.case == CELL.candidate.id
        else record
        for purpose in (Purpose.LATENCY, FRESH)
        for record in make_pairs(CELL, purpose=purpose)
    ]
    silent = [dataclasses.replace(record, peak_memory_mb=None) for record in make_pairs(CELL)]

    assert verdicts(judge(more))[Metric.MEMORY] == FAIL
    assert Metric.MEMORY not in verdicts(judge(silent))
    assert outcome(judge(silent)) == (PASS, 0)


def test_the_first_inference_is_gated_where_a_policy_names_it() -> None:
    rule = CaseRule(pattern="*", tolerance_percent={Metric.FIRST: 10.0})
    policy = Policy(rules=(*POLICY.rules, rule))

    assert verdicts(judge(make_pairs(CELL), policy))[Metric.FIRST] == PASS
    assert Metric.FIRST not in verdicts(judge(make_pairs(CELL)))


def test_a_policy_may_tolerate_more_in_one_cell() -> None:
    rule = CaseRule(pattern=CELL.name, tolerance_percent={Metric.LATENCY: 20.0})
    policy = Policy(rules=(*POLICY.rules, rule), noise_floor_percent=4.9)
    records = [*make_pairs(CELL, 4.0), *make_pairs(OTHER, 0.0)]

    result = judge(records, policy, cells=[CELL, OTHER])

    assert outcome(result) == (PASS, 0)
    assert latency(result).tolerance_percent == 20.0


@pytest.mark.parametrize("value_us", [0.0, math.nan, math.inf, -5.0])
def test_a_value_that_is_none_is_not_green(value_us: float) -> None:
    records = changed(make_pairs(CELL), init_us=value_us)

    result = judge(records)

    assert outcome(result) == (INFRA, 3)
    assert verdicts(result)[Metric.INIT] == INFRA


def test_a_latency_of_zero_is_not_green_and_makes_nothing_detectable() -> None:
    records = [r for number in range(8) for r in make_pair(CELL, number, 0.0, 20.0)]

    result = judge(records)

    assert outcome(result) == (INFRA, 3)
    assert result.minimum_detectable_percent is None


def test_exit_codes_have_their_precedence() -> None:
    red = [*make_pairs(CELL, 10.0), *make_pairs(CELL, 10.0, purpose=FRESH)]
    green, unclear = make_pairs(CELL), make_pairs(OTHER, 2.0, 24, scatter=WILD)
    lost = make_pairs(OTHER, 2.0, 3)
    strict_policy = Policy(inconclusive=Inconclusive.STRICT)
    fatal = Policy(missing=Missing.FAIL)

    def both(first: list[Record], second: list[Record], policy: Policy = POLICY) -> int:
        result = judge([*first, *second], policy, strict=True, cells=[CELL, OTHER])
        return result.exit_code

    assert both(red, lost) == 1
    assert both(red, unclear) == 1
    assert both(green, lost) == 3
    assert both(green, unclear) == 4
    assert both(green, unclear, strict_policy) == 4
    assert both(green, make_pairs(OTHER)) == 0
    assert both(green, lost, fatal) == 1
    undecided_and_lost = make_pairs(CELL, 2.0, 24, scatter=WILD)
    assert both(undecided_and_lost, lost) == 3


def test_the_same_stored_run_gives_the_same_result(tmp_path: Path) -> None:
    records = [
        *make_pairs(CELL, 10.0),
        *make_pairs(OTHER, 2.0, 24, scatter=WILD),
        *make_pairs(CELL, 9.0, purpose=FRESH),
    ]
    run = make_comparison_run(records, cells=[CELL, OTHER], not_compared=("new",))

    stored = write_and_load(run, tmp_path)

    assert stored == dataclasses.replace(run, folder=tmp_path)
    first, second, third = (judge_comparison(r, POLICY, strict=True) for r in (run, stored, stored))
    assert first == second == third


def test_the_order_of_records_does_not_matter() -> None:
    run = make_comparison_run(make_pairs(CELL, 2.5, 24, scatter=WILD))
    backwards = dataclasses.replace(run, records=run.records[::-1])

    assert judge_comparison(backwards, POLICY, strict=False) == judge_comparison(
        run, POLICY, strict=False
    )


def test_a_comparison_opens_in_pandas(tmp_path: Path) -> None:
    run = make_comparison_run([*make_pairs(CELL, pairs=2), make_record(make_control())])

    frame = write_and_load(run, tmp_path).to_frame()

    latencies = frame[frame["purpose"] == "latency"]
    columns = ["case.arm", "case.pair", "case.model_file", "round", "attempt"]
    assert latencies[columns].to_numpy().tolist() == [
        ["baseline", "mobilebert", "/old/mobilebert.tflite", 0, 0],
        ["candidate", "mobilebert", "/new/mobilebert.tflite", 0, 0],
        ["baseline", "mobilebert", "/old/mobilebert.tflite", 1, 0],
        ["candidate", "mobilebert", "/new/mobilebert.tflite", 1, 0],
        ["control", "control", make_control().model_file, 0, 0],
    ]


def test_the_smallest_visible_slowdown_is_that_of_the_worst_cell() -> None:
    quiet, noisy = make_pairs(CELL), make_pairs(OTHER, scatter=3.0)

    def least(*records: Record) -> float | None:
        return judge(records, cells=[CELL, OTHER]).minimum_detectable_percent

    limits = POLICY.limits_for(CELL.name, Metric.LATENCY)
    assert limits is not None
    worst = detectable_percent(pairs_of(OTHER, noisy, Purpose.LATENCY), limits, 24)
    assert least(*quiet, *noisy) == worst
    assert (worst or 0) > (detectable_percent(stored_pairs(quiet), limits, 24) or math.inf)
    # Where one cell cannot tell, neither can all.
    assert least(*quiet, *noisy[:10]) is None


def test_a_pattern_that_fits_no_cell_is_noted() -> None:
    policy = Policy(rules=(*POLICY.rules, CaseRule(pattern="mobilebrt*")))

    notes = judge(make_pairs(CELL), policy).notes

    assert "the policy's pattern 'mobilebrt*' fits no case" in notes


def test_measured_metrics_are_those_with_pairs() -> None:
    result = judge(make_pairs(CELL))

    assert {cell.metric for cell in result.cells if cell.pairs} == set(MEASURED) - {Metric.FIRST}
