from __future__ import annotations

import dataclasses

import pytest
from factories import (
    make_cell,
    make_comparison_run,
    make_control,
    make_facts,
    make_failure,
    make_measurement,
    make_output,
    make_pairs,
    make_record,
)
from judged import (
    CELL,
    FAIL,
    FRESH,
    INFRA,
    PASS,
    POLICY,
    changed,
    judge,
    latency,
    outcome,
    verdicts,
)

from harness.gate import judge_comparison
from harness.gate_result import Metric
from harness.measurement import Delegation
from harness.record import Purpose

SPOILT: dict[str, dict[str, object]] = {
    "another model on the device": {"model_sha256": "ff" * 32},
    "another tool on the device": {"tool_sha256": "ff" * 32},
    "other CPUs": {"cpu_mask": "0f"},
    "no CPUs told": {"cpu_mask": None},
    "another file loaded": {"measurement": make_measurement(model_mb=1.0)},
    "other threads": {"measurement": make_measurement(model_mb=97.6669, threads=1)},
    "no delegate": {"measurement": make_measurement(model_mb=97.6669, delegations=())},
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=list(SPOILT))
@pytest.mark.parametrize("side", [0, 1], ids=["baseline", "candidate"])
@pytest.mark.parametrize("purpose", [Purpose.LATENCY, FRESH])
def test_one_invocation_that_is_not_proven_is_never_green_and_never_red(
    spoilt: dict[str, object], side: int, purpose: Purpose
) -> None:
    records = [*make_pairs(CELL, 10.0), *make_pairs(CELL, 10.0, purpose=FRESH)]
    assert outcome(judge(records)) == (FAIL, 1)
    case = CELL.cases[side].id
    found = [n for n, r in enumerate(records) if (r.case, r.purpose) == (case, purpose)]
    records[found[4]] = dataclasses.replace(records[found[4]], **spoilt)  # type: ignore[arg-type]

    result = judge(records)

    assert outcome(result) == (INFRA, 3)
    assert set(verdicts(result).values()) == {INFRA}
    (note,) = [note for note in result.notes if "evidence" in note]
    assert f"of the {('baseline', 'candidate')[side]}'s evidence" in note


@pytest.mark.parametrize(
    ("error_percent", "word"), [(5.0, "contradicted"), (None, "unproven")]
)  # the tolerance is 1 %
def test_a_wrong_output_is_never_green(error_percent: float | None, word: str) -> None:
    wrong = make_output(CELL.candidate, error_percent=error_percent, problem="NaN")
    run = make_comparison_run()
    records = [r for r in run.records if r.purpose != Purpose.OUTPUT]
    right = [make_output(case) for case in (CELL.baseline, make_control())]

    result = judge_comparison(
        dataclasses.replace(run, records=(*right, wrong, *records)), POLICY, strict=False
    )

    assert outcome(result) == (INFRA, 3)
    assert f"the candidate's evidence is {word}" in latency(result).reason


def test_an_output_that_nobody_compared_is_never_green() -> None:
    run = make_comparison_run()
    records = tuple(r for r in run.records if r.purpose != Purpose.OUTPUT)

    result = judge_comparison(dataclasses.replace(run, records=records), POLICY, strict=False)

    assert outcome(result) == (INFRA, 3)


def test_a_contradiction_outside_of_the_pairs_spoils_nothing() -> None:
    stray = make_record(CELL.baseline, 0, 20.0, cpu_mask="0f")
    spoilt = [stray, make_failure(CELL.candidate, 0)]
    again = [dataclasses.replace(record, attempt=1) for record in make_pairs(CELL)]

    assert outcome(judge([*spoilt, *again])) == (PASS, 0)


def delegation(nodes: int, partitions: int) -> tuple[Delegation, ...]:
    return (Delegation(delegate="XNNPACK", nodes=nodes, nodes_total=1049, partitions=partitions),)


def test_a_delegate_that_takes_fewer_nodes_is_red() -> None:
    result = judge(changed(make_pairs(CELL), delegations=delegation(1040, 3)))

    assert outcome(result) == (FAIL, 1)
    assert [c.metric for c in result.cells if c.verdict == FAIL] == [
        Metric.PARTITIONS,
        Metric.UNDELEGATED,
    ]


def test_a_leaner_graph_that_leaves_no_more_over_is_green() -> None:
    leaner = (Delegation(delegate="XNNPACK", nodes=900, nodes_total=903, partitions=1),)

    assert outcome(judge(changed(make_pairs(CELL), delegations=leaner))) == (PASS, 0)


def test_of_two_delegates_what_neither_took_counts() -> None:
    both = (
        Delegation(delegate="GPU", nodes=1000, nodes_total=1049, partitions=1),
        Delegation(delegate="XNNPACK", nodes=45, nodes_total=50, partitions=0),
    )

    result = judge(changed(make_pairs(CELL), delegations=both))

    (left,) = [cell for cell in result.cells if cell.metric == Metric.UNDELEGATED]
    assert (left.baseline, left.candidate, left.verdict) == (3, 4, FAIL)


@pytest.mark.parametrize(
    ("nodes", "partitions", "metric"),
    [(1040, 1, Metric.UNDELEGATED), (1046, 2, Metric.PARTITIONS)],
)
def test_a_delegate_that_is_worse_now_and_then_is_red(
    nodes: int, partitions: int, metric: Metric
) -> None:
    records = make_pairs(CELL)
    records[10:12] = changed(records[10:12], delegations=delegation(nodes, partitions))

    result = judge(records)

    assert outcome(result) == (FAIL, 1)
    assert [cell.metric for cell in result.cells if cell.verdict == FAIL] == [metric]


def test_without_a_delegate_there_is_nothing_to_count() -> None:
    cell = make_cell(delegate="cpu")
    records = [
        dataclasses.replace(r, measurement=dataclasses.replace(r.measurement, delegations=()))
        for r in make_pairs(cell)
        if r.measurement is not None
    ]

    result = judge(records, cells=[cell])

    assert outcome(result) == (PASS, 0)
    assert not {Metric.PARTITIONS, Metric.UNDELEGATED} & verdicts(result, cell).keys()


def test_a_count_that_only_one_side_tells_is_not_green() -> None:
    silent = (Delegation(delegate="XNNPACK", applied="completely"),)

    result = judge(changed(make_pairs(CELL), delegations=silent))

    assert outcome(result) == (INFRA, 3)
    assert verdicts(result)[Metric.PARTITIONS] == INFRA


def test_a_larger_file_is_red_without_any_pairs_to_confirm_it() -> None:
    models = {case.model_id: make_facts() for case in (*CELL.cases, make_control())}
    models[CELL.candidate.model_id] = make_facts(size_bytes=round(97_666_928 * 1.02))
    records = [
        dataclasses.replace(
            record, measurement=dataclasses.replace(record.measurement, model_mb=99.6203)
        )
        if record.case == CELL.candidate.id and record.measurement is not None
        else record
        for record in make_pairs(CELL)
    ]

    result = judge(records, models=models)

    assert outcome(result) == (FAIL, 1)
    assert [c.metric for c in result.cells if c.verdict == FAIL] == [Metric.SIZE]
