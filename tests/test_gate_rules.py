from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.gate_result import Cell, GateVerdict, Metric
from harness.gate_rules import (
    REFRESH,
    limits_at,
    missing_cell,
    paired_cell,
    unpaired_cell,
)
from harness.policy import CaseRule, CellLimits, Policy
from harness.sequential import LOOKS, Limits

PASS, FAIL = GateVerdict.PASS, GateVerdict.FAIL
UNCLEAR, INFRA = GateVerdict.INCONCLUSIVE, GateVerdict.INFRASTRUCTURE
NOISE = (0.996, 1.003, 0.998, 1.005, 0.999, 1.002, 1.004, 0.997)


# The default one, and limits for the first inference, which else is not gated.
POLICY = Policy(
    rules=(*Policy().rules, CaseRule(pattern="*", tolerance_percent={Metric.FIRST: 10.0}))
)


def limits_of(metric: Metric) -> CellLimits:
    limits = POLICY.limits_for("case", metric)
    assert limits is not None
    return limits


LATENCY = limits_of(Metric.LATENCY)
STRICT = replace(LATENCY, noise_floor_percent=0.5, tolerance_percent=3.0)


def paired(metric: Metric, before: float, after: float, limits: CellLimits | None = None) -> Cell:
    """Eight quiet pairs with these values, by the limits of the metric."""
    baseline = dict.fromkeys(range(8), before)
    candidate = {pair: after * NOISE[pair] for pair in range(8)}
    return paired_cell("case", metric, baseline, candidate, limits or limits_of(metric))


def unpaired(before: float, after: float, noise_percent: float, n: int = 8) -> Cell:
    """Two quiet sessions with so many invocations each."""
    baseline, candidate = ([value * part for part in NOISE[:n]] for value in (before, after))
    return unpaired_cell("case", Metric.LATENCY, baseline, candidate, LATENCY, noise_percent)


@pytest.mark.parametrize(
    ("metric", "before", "after", "verdict"),
    [
        (Metric.LATENCY, 100.0, 100.0, PASS),
        (Metric.LATENCY, 100.0, 105.0, FAIL),
        (Metric.LATENCY, 100.0, 60.0, PASS),
        # 20 us are ignored, however large their share.
        (Metric.LATENCY, 0.1, 0.115, PASS),
        (Metric.LATENCY, 0.1, 0.125, FAIL),
        (Metric.INIT, 100.0, 102.0, PASS),
        (Metric.FIRST, 100.0, 110.0, FAIL),
        # So is 1 MiB.
        (Metric.MEMORY, 10.0, 11.0, PASS),
        (Metric.MEMORY, 10.0, 11.5, FAIL),
        (Metric.MEMORY, 400.0, 420.0, FAIL),
    ],
)
def test_judges_pairs_by_the_limits_of_their_metric(
    metric: Metric, before: float, after: float, verdict: GateVerdict
) -> None:
    cell = paired(metric, before, after)

    assert (cell.verdict, cell.metric, cell.pairs) == (verdict, metric, 8)


def test_a_cell_has_the_values_and_the_interval() -> None:
    cell = paired_cell(
        "case",
        Metric.LATENCY,
        dict.fromkeys(range(9), 64.0),
        dict.fromkeys(range(1, 9), 128.0),
        LATENCY,
    )

    assert cell == Cell(
        case="case",
        metric=Metric.LATENCY,
        verdict=FAIL,
        reason="+100.0 % (+100.0 to +100.0 %), 8 pairs: above the noise floor of 1 %",
        estimate_percent=100.0,
        low_percent=100.0,
        high_percent=100.0,
        noise_floor_percent=1.0,
        tolerance_percent=5.0,
        pairs=8,
        baseline=64.0,
        candidate=128.0,
    )


def test_the_floor_in_microseconds_moves_both_limits() -> None:
    small = limits_at(LATENCY, 0.2, (8, 24))

    assert (small.noise_floor_percent, small.tolerance_percent) == pytest.approx((10, 14))
    assert small.looks == (8, 24)
    assert limits_at(LATENCY, 100.0) == Limits(
        noise_floor_percent=1.0, tolerance_percent=5.0, looks=LOOKS
    )


def test_the_looks_and_limits_are_those_of_the_caller() -> None:
    values = dict.fromkeys(range(12), 100.0)
    cell = paired_cell("case", Metric.LATENCY, values, values, LATENCY, (10,))

    assert (cell.verdict, cell.pairs) == (PASS, 10)
    assert paired(Metric.LATENCY, 100.0, 101.0).verdict == PASS
    assert paired(Metric.LATENCY, 100.0, 101.0, STRICT).verdict == FAIL


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_measurement_is_never_green(bad: float) -> None:
    values = dict.fromkeys(range(8), 100.0)

    for sides in ((values, values | {3: bad}), (values | {3: bad}, values)):
        cell = paired_cell("case", Metric.LATENCY, *sides, LATENCY)
        assert cell == missing_cell("case", Metric.LATENCY, f"the value {bad!r} is no measurement")
        assert cell.verdict == INFRA
        before, after = (list(side.values()) for side in sides)
        assert unpaired_cell("case", Metric.LATENCY, before, after, LATENCY, 1.0) == cell
    assert paired_cell("case", Metric.INIT, {1: 1.0}, {2: 1.0}, LATENCY).verdict == INFRA
    assert unpaired_cell("case", Metric.INIT, [], [1.0] * 8, LATENCY, 1.0).verdict == INFRA
    assert unpaired_cell("case", Metric.INIT, [1.0] * 8, [], LATENCY, 1.0).verdict == INFRA


@pytest.mark.parametrize(("after", "due"), [(94.0, True), (96.0, False), (100.0, False)])
def test_an_improvement_beyond_the_tolerance_asks_for_a_new_baseline(
    after: float, due: bool
) -> None:
    cell = paired(Metric.LATENCY, 100.0, after)

    assert (cell.verdict, cell.reason.endswith(REFRESH)) == (PASS, due)


@pytest.mark.parametrize(
    ("after", "noise_percent", "verdict"),
    [
        (100.0, 0.0, PASS),
        (100.0, 3.0, PASS),
        (100.0, 6.0, UNCLEAR),
        (108.0, 0.0, FAIL),
        (108.0, 3.0, FAIL),
        (108.0, 8.0, UNCLEAR),
        (70.0, 8.0, PASS),
    ],
)
def test_two_sessions_must_differ_by_more_than_sessions_do(
    after: float, noise_percent: float, verdict: GateVerdict
) -> None:
    cell = unpaired(100.0, after, noise_percent)

    assert (cell.verdict, cell.pairs) == (verdict, 0)
    assert f" %, with {noise_percent:g} % between sessions), 8 and 8 invocations: " in cell.reason
    assert cell.reason.endswith(REFRESH) == (after == 70.0)


def test_a_cell_of_two_sessions_has_the_widened_interval() -> None:
    cell = unpaired_cell("case", Metric.LATENCY, [50.0] * 7, [100.0] * 6, LATENCY, 25.0)

    bounds = (cell.estimate_percent, cell.low_percent, cell.high_percent)
    assert bounds == pytest.approx((100, 60, 150))
    rest = replace(cell, estimate_percent=None, low_percent=None, high_percent=None)
    assert rest == Cell(
        case="case",
        metric=Metric.LATENCY,
        verdict=FAIL,
        reason=(
            "+100.0 % (+60.0 to +150.0 %, with 25 % between sessions), 7 and 6 invocations: "
            "above the noise floor of 1 %"
        ),
        noise_floor_percent=1.0,
        tolerance_percent=5.0,
        pairs=0,
        baseline=50.0,
        candidate=100.0,
    )


def test_five_invocations_of_a_session_decide_nothing() -> None:
    cell = unpaired(100.0, 300.0, 1.0, n=5)

    assert (cell.verdict, cell.estimate_percent, cell.low_percent) == (UNCLEAR, None, None)
    assert cell.reason == "5 and 5 invocations: an interval needs 6 of each run"


def test_the_floor_in_microseconds_holds_between_sessions_too() -> None:
    assert unpaired(0.1, 0.115, 0.0).verdict == PASS
    assert unpaired(0.1, 0.125, 0.0).verdict == FAIL
