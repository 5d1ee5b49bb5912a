from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import pytest
from factories import (
    PAIR_NOISE_PERCENT,
    make_cell,
    make_comparison_run,
    make_control,
    make_facts,
    make_failure,
    make_pair,
    make_pairs,
)
from judged import CELL, FRESH, OTHER, POLICY, WILD, changed
from scipy.stats import beta, binomtest

from harness.gate_result import Metric
from harness.measurement import Delegation
from harness.noise import CellNoise, Noise, find_noise, upper_bound
from harness.policy import CaseRule, Policy
from harness.record import Record
from harness.store import StoredRun

QUIET = make_pairs(CELL)
RED = [*make_pairs(CELL, 10.0), *make_pairs(CELL, 10.0, purpose=FRESH)]


def noise(*comparisons: Sequence[Record], policy: Policy = POLICY) -> Noise:
    return find_noise([make_comparison_run(records) for records in comparisons], policy)


def at(latency_ms: float) -> list[Record]:
    """Eight quiet pairs of a session in which everything takes this long."""
    return [
        record
        for number, percent in enumerate(PAIR_NOISE_PERCENT)
        for record in make_pair(CELL, number, latency_ms, latency_ms * (1 + percent / 100))
    ]


def test_quiet_comparisons_have_no_alarms_and_say_what_is_visible() -> None:
    found = noise(*[QUIET] * 3)

    (cell,) = found.cells
    assert dataclasses.replace(cell, scatter_percent=0, detectable_percent=None) == CellNoise(
        cell=CELL.name,
        comparisons=3,
        failed=0,
        inconclusive=0,
        pairs=8.0,
        latency_ms=20.0,
        scatter_percent=0,
        sessions_percent=0.0,
        detectable_percent=None,
        tolerance_percent=5.0,
    )
    assert cell.scatter_percent == pytest.approx(0.33, abs=0.02)
    assert 1 < (cell.detectable_percent or 0) < 2
    assert dataclasses.replace(found, cells=(), advice=()) == Noise(
        comparisons=3,
        unmeasured=0,
        red=0,
        red_at_most_percent=pytest.approx(100 * (1 - 0.05 ** (1 / 3))),  # type: ignore[arg-type]
        judged_cells=9,  # latency, init and memory
        false_alarms=(),
        cell_at_most_percent=pytest.approx(100 * (1 - 0.05 ** (1 / 9))),  # type: ignore[arg-type]
        problems=(),
        cells=(),
        advice=(),
    )


def test_a_model_that_fails_against_itself_is_a_false_alarm() -> None:
    found = noise(RED, QUIET, QUIET)

    assert (found.comparisons, found.red, found.judged_cells) == (3, 1, 9)
    (alarm,) = found.false_alarms
    assert alarm.startswith(f"{CELL.name} latency: ")
    assert (found.cells[0].failed, found.cells[0].comparisons) == (1, 3)
    assert found.advice[0].startswith("A model failed against itself")


def test_what_is_undecided_is_counted() -> None:
    wild = make_pairs(CELL, 2.0, 24, scatter=WILD)

    (cell,) = noise(QUIET, wild).cells

    assert (cell.comparisons, cell.failed, cell.inconclusive, cell.pairs) == (2, 0, 1, 16.0)


def test_comparisons_that_were_not_measured_count_in_no_rate() -> None:
    unproven = [dataclasses.replace(record, cpu_mask=None) for record in QUIET]
    lost = [make_failure(case) for case in CELL.cases]

    found = noise(QUIET, unproven, lost)

    assert (found.comparisons, found.unmeasured, found.judged_cells) == (1, 2, 3)
    assert found.red_at_most_percent == pytest.approx(95.0)
    assert found.cells[0].comparisons == 1
    problems = [problem for problem in found.problems if " latency: " in problem]
    assert "evidence is unproven" in problems[0]
    assert "failed (signal)" in problems[1]


def test_an_alarm_counts_although_another_cell_was_not_measured() -> None:
    run = make_comparison_run(RED, cells=[CELL, OTHER])

    found = find_noise([run], POLICY)

    assert (found.comparisons, found.unmeasured, found.red, found.judged_cells) == (1, 0, 1, 3)
    assert any(problem.startswith(OTHER.name) for problem in found.problems)


def test_without_any_measured_comparison_there_are_no_rates() -> None:
    unproven = [dataclasses.replace(record, cpu_mask=None) for record in QUIET]

    found = noise(unproven)

    assert (found.comparisons, found.unmeasured, found.judged_cells) == (0, 1, 0)
    assert found.red_at_most_percent is None
    assert found.cell_at_most_percent is None
    assert (found.cells[0].comparisons, found.cells[0].failed) == (0, 0)


@pytest.mark.parametrize("runs", [[], [make_comparison_run([])]])
def test_without_pairs_there_is_no_noise(runs: list[StoredRun]) -> None:
    found = find_noise(runs, POLICY)

    assert (found.comparisons, found.cells, found.advice) == (0, (), ())
    assert found.unmeasured == len(runs)


def test_a_file_beyond_its_budget_is_no_false_alarm() -> None:
    policy = Policy(rules=(*POLICY.rules, CaseRule(pattern="*", size_budget_bytes=1000)))

    found = noise(QUIET, policy=policy)

    assert (found.comparisons, found.red, found.false_alarms) == (1, 0, ())


def test_counts_that_differ_between_equal_models_are_false_alarms() -> None:
    fewer = (Delegation(delegate="XNNPACK", nodes=1, nodes_total=1049, partitions=9),)
    models = {case.model_id: make_facts() for case in (*CELL.cases, make_control())}
    models[CELL.candidate.model_id] = make_facts(operators=2000)
    odd = [
        dataclasses.replace(record, peak_memory_mb=None)
        for record in changed(QUIET, delegations=fewer)
    ]
    runs = [make_comparison_run(odd, models=models) for _ in range(3)]
    only_latency = Policy(
        rules=(CaseRule(pattern="*", tolerance_percent={
            Metric.LATENCY: 5.0, Metric.OPERATORS: 0.0, Metric.PARTITIONS: 0.0,
            Metric.UNDELEGATED: 0.0,
        }),)
    )  # fmt: skip

    found = find_noise(runs, only_latency)

    # More alarms than cells with pairs: the counts that failed are judged cells, too.
    assert (found.red, len(found.false_alarms), found.judged_cells) == (3, 9, 12)
    assert found.cell_at_most_percent == pytest.approx(100 * float(beta.ppf(0.95, 10, 3)))


def test_how_much_sessions_differ_is_told() -> None:
    levels = [20.0, 21.0, 20.5]

    (cell,) = noise(*[at(level) for level in levels]).cells

    logs = [math.log(level) for level in levels]
    mean = sum(logs) / 3
    deviation = math.sqrt(sum((log - mean) ** 2 for log in logs) / 2)
    assert cell.latency_ms == 20.5
    assert cell.sessions_percent == pytest.approx(100 * deviation)


def test_one_session_says_nothing_of_others() -> None:
    found = noise(QUIET)

    assert found.cells[0].sessions_percent is None
    assert not any("stored runs" in text for text in found.advice)


def test_the_advice_depends_on_what_is_visible() -> None:
    quiet, loud, short = (
        noise(QUIET).advice,
        noise(make_pairs(CELL, 0.0, 24, scatter=WILD)).advice,
        noise(make_pairs(CELL, 0.0, 3)).advice,
    )

    assert quiet[0].startswith(f"{CELL.name}: the tolerance of 5 % suits it; slowdowns from 1.")
    assert f"{CELL.name}: a slowdown of the tolerance, 5 %, may pass unseen" in loud[0]
    assert short == (f"{CELL.name}: too noisy or too few pairs to tell a detectable slowdown.",)


def test_each_cell_has_its_own_noise() -> None:
    run = make_comparison_run([*QUIET, *make_pairs(OTHER, scatter=3.0)], cells=[CELL, OTHER])

    first, second = find_noise([run], POLICY).cells

    assert (first.cell, second.cell) == (CELL.name, OTHER.name)
    assert second.scatter_percent == pytest.approx(3 * first.scatter_percent, rel=0.02)


def test_values_that_are_none_make_no_noise() -> None:
    zero = [r for number in range(8) for r in make_pair(CELL, number, 0.0, 0.0)]

    assert noise(zero).cells == ()
    assert noise(zero, QUIET).cells[0].latency_ms == 20.0


def test_the_same_runs_give_the_same_noise() -> None:
    assert noise(QUIET, RED) == noise(QUIET, RED)


def test_a_hostile_name_is_only_a_name() -> None:
    cell = make_cell("\x1b[31m\n%s{0}")
    run = make_comparison_run(make_pairs(cell), cells=[cell])

    assert find_noise([run], POLICY).cells[0].cell == cell.name


@pytest.mark.parametrize(
    ("events", "trials"),
    [(0, 1), (0, 20), (1, 20), (7, 20), (19, 20), (0, 300), (3, 300), (700, 1500), (5, 100_000)],
)
@pytest.mark.parametrize("confidence", [0.05, 0.8, 0.95, 0.99])
def test_the_upper_bound_is_that_of_clopper_and_pearson(
    events: int, trials: int, confidence: float
) -> None:
    bound = upper_bound(events, trials, confidence)

    assert bound == pytest.approx(float(beta.ppf(confidence, events + 1, trials - events)))
    exact = binomtest(events, trials, alternative="less").proportion_ci(confidence, "exact")
    assert bound == pytest.approx(float(exact.high))


def test_the_upper_bound_of_what_always_happens_is_all() -> None:
    assert upper_bound(5, 5) == 1.0


@pytest.mark.parametrize(("events", "trials"), [(0, 0), (-1, 3), (4, 3)])
def test_there_is_no_bound_of_nonsense(events: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"{events} events in {trials} trials"):
        upper_bound(events, trials)
