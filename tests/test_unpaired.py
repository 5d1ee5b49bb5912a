from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.gate_result import GateVerdict
from harness.sequential import Limits
from harness.statistics import Estimate
from harness.unpaired import decide_unpaired, shift

LIMITS = Limits(noise_floor_percent=1.0, tolerance_percent=5.0)


@pytest.mark.parametrize(("m", "n"), [(6, 6), (6, 40), (7, 9), (12, 8), (24, 24), (40, 31)])
def test_bounds_are_where_the_exact_rank_sum_test_stops_rejecting(m: int, n: int) -> None:
    generator = np.random.default_rng(m * n)
    baseline, candidate = generator.normal(5, 1, m), generator.normal(6, 1, n)
    found = shift(baseline.tolist(), candidate.tolist())
    assert found.low is not None
    assert found.high is not None

    def p(moved: float, alternative: str) -> float:
        test = stats.mannwhitneyu(
            candidate - moved, baseline, alternative=alternative, method="exact"
        )
        return float(test.pvalue)

    assert p(found.low - 1e-9, "greater") <= 0.025 < p(found.low + 1e-9, "greater")
    assert p(found.high + 1e-9, "less") <= 0.025 < p(found.high - 1e-9, "less")
    assert found.value == pytest.approx(np.median(np.subtract.outer(candidate, baseline)))


def test_bounds_of_large_samples_go_on_where_the_exact_ones_end() -> None:
    generator = np.random.default_rng(1)
    baseline, candidate = generator.normal(0, 1, 101).tolist(), generator.normal(0, 1, 60).tolist()

    exact, normal = shift(baseline[:100], candidate), shift(baseline, candidate)

    assert (normal.low, normal.high) == pytest.approx((exact.low, exact.high), abs=0.03)


def test_the_sixth_of_thirty_six_differences_is_the_bound() -> None:
    found = shift([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0, 11.0])

    # The differences are 1, 2, 2, 3, 3, 3, ... U is 5 or less in 19 of 924 orders (2.1 %), and 6
    # or less in 30 (3.2 %).
    assert found == Estimate(value=6.0, low=3.0, high=9.0, n=6)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (5, 5), (5, 90), (90, 5)])
def test_fewer_than_six_on_a_side_have_no_interval(m: int, n: int) -> None:
    assert shift([1.0] * m, [3.0] * n) == Estimate(value=2.0, low=None, high=None, n=min(m, n))


@pytest.mark.parametrize(("baseline", "candidate"), [([], [1.0]), ([1.0], []), ([], [])])
def test_a_shift_needs_two_sides(baseline: list[float], candidate: list[float]) -> None:
    with pytest.raises(ValueError, match="values on both sides"):
        shift(baseline, candidate)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=6, max_size=12),
    st.lists(st.integers(0, 9), min_size=6, max_size=12),
)
def test_the_other_way_round_it_is_the_same_with_the_other_sign(a: list[int], b: list[int]) -> None:
    there, back = shift(a, b), shift(b, a)

    assert there.low is not None
    assert there.high is not None
    assert there.low <= there.value <= there.high
    assert (back.value, back.low, back.high) == (-there.value, -there.high, -there.low)


@pytest.mark.parametrize("n", [6, 12])
@pytest.mark.parametrize("rounded", [False, True], ids=["exact", "with ties"])
def test_the_interval_holds_the_truth_as_often_as_it_says(n: int, rounded: bool) -> None:
    generator = np.random.default_rng(n)
    baseline, candidate = generator.standard_t(4, (2, 1000, n))
    candidate += 1
    if rounded:
        baseline, candidate = baseline.round(1), candidate.round(1)
    found = [shift(a, b) for a, b in zip(baseline.tolist(), candidate.tolist(), strict=True)]
    inside = [
        each.low <= 1 <= each.high
        for each in found
        if each.low is not None and each.high is not None
    ]

    assert len(inside) == 1000
    assert 0.94 < np.mean(inside) < 0.98


@pytest.mark.parametrize("noise_percent", [0.0, 2.0, 30.0])
def test_the_noise_between_sessions_widens_both_sides(noise_percent: float) -> None:
    baseline = np.linspace(99.5, 100.5, 9).tolist()

    decision = decide_unpaired(baseline, [2 * value for value in baseline], LIMITS, noise_percent)

    alone = shift(*(np.log(np.array(baseline) * factor).tolist() for factor in (1, 2)))
    assert alone.low is not None
    assert alone.high is not None
    factor = 1 + noise_percent / 100
    assert decision.verdict == GateVerdict.FAIL
    assert decision.estimate_percent == pytest.approx(100)
    assert decision.low_percent == pytest.approx((math.exp(alone.low) / factor - 1) * 100)
    assert decision.high_percent == pytest.approx((math.exp(alone.high) * factor - 1) * 100)


@pytest.mark.parametrize("noise_percent", [-0.1, math.nan, math.inf])
def test_refuses_what_is_no_noise(noise_percent: float) -> None:
    with pytest.raises(ValueError, match="0 % or more"):
        decide_unpaired([1.0] * 6, [1.0] * 6, LIMITS, noise_percent)
