"""How often the gate is wrong, on simulated phones. With MBERT_BENCH_TRIALS=10, ten times the
trials; the tables of all rates come from `python tests/gate_alternatives.py`."""

from __future__ import annotations

import os

import numpy as np
import pytest
from gate_alternatives import (
    LATENCY_MS,
    LIMITS,
    PROFILES,
    Rate,
    cells_of,
    confirm_cells,
    measure_cells,
    rate_of,
    red_rates,
    simulate_traces,
)
from noise_model import tool_median

from harness.gate_result import GateVerdict
from harness.gate_rules import limits_at, needs_confirmation
from harness.sequential import LOOKS, minimum_detectable_percent

MORE = int(os.environ.get("MBERT_BENCH_TRIALS", "1"))
CELLS_OF_A_COMPARISON = 24
PASS, FAIL = GateVerdict.PASS, GateVerdict.FAIL


@pytest.mark.parametrize("name", ["P1", "P2"])
def test_fails_under_one_in_a_hundred_comparisons_of_identical_models(name: str) -> None:
    generator = np.random.default_rng(1)
    comparisons = 400 * MORE

    first = measure_cells(
        PROFILES[name], 0.0, cells=comparisons * CELLS_OF_A_COMPARISON, generator=generator
    )
    final = confirm_cells(first, PROFILES[name], 0.0, generator=generator)

    red = np.array([cell.verdict == FAIL for cell in final]).reshape(comparisons, -1).any(axis=1)
    assert Rate(events=int(red.sum()), trials=comparisons).high < 0.01


@pytest.mark.parametrize("name", ["P1", "P2"])
@pytest.mark.parametrize(("change_percent", "least"), [(5.0, 0.97), (10.0, 0.99)])
def test_finds_a_slowdown(name: str, change_percent: float, least: float) -> None:
    generator = np.random.default_rng(2)

    first = measure_cells(PROFILES[name], change_percent, cells=1000 * MORE, generator=generator)
    final = confirm_cells(first, PROFILES[name], change_percent, generator=generator)

    assert rate_of(FAIL, final).low > least


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("change_percent", [-3.0, -10.0])
def test_an_improvement_never_fails(name: str, change_percent: float) -> None:
    generator = np.random.default_rng(3)

    first = measure_cells(PROFILES[name], change_percent, cells=300 * MORE, generator=generator)

    assert [cell for cell in first if cell.verdict == FAIL] == []
    assert np.mean([needs_confirmation(cell, LIMITS) for cell in first]) < 0.02


@pytest.mark.parametrize(
    ("name", "change_percent", "fail", "passed"),
    [
        ("P1", 2.0, 0.528, 0.472),
        ("P1", 3.0, 0.956, 0.044),
        ("P2", 0.0, 0.0, 0.998),
        ("P2", 2.0, 0.085, 0.911),
        ("P2", 3.0, 0.441, 0.556),
        ("P3", 0.0, 0.001, 0.83),
        ("P3", 3.0, 0.149, 0.317),
        ("P3", 10.0, 0.835, 0.0),
    ],
)
def test_one_measurement_has_the_error_rates_that_were_planned(
    name: str, change_percent: float, fail: float, passed: float
) -> None:
    cells = measure_cells(
        PROFILES[name], change_percent, cells=400 * MORE, generator=np.random.default_rng(4)
    )

    for verdict, planned in ((FAIL, fail), (PASS, passed)):
        rate = rate_of(verdict, cells)
        # The plan itself comes from 3000 trials.
        assert rate.low - 0.02 <= planned <= rate.high + 0.02


@pytest.mark.parametrize("blocked", [False, True])
def test_heat_favours_no_side_as_long_as_the_order_is_mixed(blocked: bool) -> None:
    batches = simulate_traces(
        PROFILES["P1"],
        0.0,
        cells=500 * MORE,
        generator=np.random.default_rng(5),
        pairs=12,
        blocked=blocked,
        heating_percent_per_minute=2.0,
    )
    cells = [cell for batch in batches for cell in cells_of(*batch)]
    bias_percent = np.mean([cell.estimate_percent for cell in cells])

    if blocked:
        assert bias_percent > 3
        assert rate_of(FAIL, cells).low > 0.9
    else:
        assert abs(bias_percent) < 0.05
        assert rate_of(PASS, cells).low > 0.99


@pytest.mark.parametrize("name", PROFILES)
def test_finds_with_eighty_percent_what_it_calls_detectable(name: str) -> None:
    generator = np.random.default_rng(6)
    [(baseline, candidate)] = simulate_traces(PROFILES[name], 0.0, cells=40, generator=generator)
    ratios = np.log(tool_median(candidate) / tool_median(baseline)).tolist()
    limits = limits_at(LIMITS, LATENCY_MS)
    detectable = [minimum_detectable_percent(sample, limits) for sample in ratios]
    percents = [percent for percent in detectable if percent is not None]

    cells = measure_cells(
        PROFILES[name], float(np.median(percents)), cells=400 * MORE, generator=generator
    )

    assert len(percents) == 40
    assert 0.7 < rate_of(FAIL, cells).events / len(cells) < 0.9


def test_intervals_hold_the_truth_although_a_look_decided_when_to_stop() -> None:
    for name, least in (("P1", 0.94), ("P2", 0.93), ("P3", 0.90)):
        cells = measure_cells(
            PROFILES[name], 5.0, cells=600 * MORE, generator=np.random.default_rng(7)
        )
        inside = [
            cell.low_percent <= 5.0 <= cell.high_percent
            for cell in cells
            if cell.low_percent is not None and cell.high_percent is not None
        ]
        assert len(inside) == len(cells)
        assert np.mean(inside) > least


def test_tests_of_pooled_iterations_call_identical_models_different() -> None:
    rates = red_rates(PROFILES["P2"], 0.0, cells=200, generator=np.random.default_rng(8))

    assert rates["this gate"].events == 0
    assert rates["Student's t, pooled iterations, p < .05"].low > 0.2
    assert rates["Mann-Whitney, pooled iterations, p < .05"].low > 0.2


def test_a_threshold_of_200_percent_misses_ten() -> None:
    rates = red_rates(PROFILES["P2"], 10.0, cells=200, generator=np.random.default_rng(9))

    assert rates["mean ratio over 2.00"].events == 0
    assert rates["this gate"].low > 0.97


def test_no_cell_needs_more_pairs_than_the_last_look() -> None:
    cells = measure_cells(PROFILES["P3"], 3.0, cells=100, generator=np.random.default_rng(10))

    assert {cell.pairs for cell in cells} <= set(LOOKS)
