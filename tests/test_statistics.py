from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from harness.statistics import Estimate, _critical, estimate, paired_ratio


def test_gives_the_median_of_all_pairwise_means() -> None:
    # Walsh averages of 1, 2, 9: 1, 1.5, 2, 5, 5.5, 9.
    assert estimate([1.0, 2.0, 9.0]) == Estimate(value=3.5, low=None, high=None, n=3)


def test_one_slow_invocation_moves_the_estimate_little() -> None:
    values = [10.0] * 9 + [100.0]

    assert estimate(values).value == 10.0


@pytest.mark.parametrize("n", range(1, 6))
def test_prints_no_interval_below_six_values(n: int) -> None:
    result = estimate([float(value) for value in range(1, n + 1)])

    assert (result.low, result.high, result.half_width_percent) == (None, None, None)


def test_the_interval_of_six_values_is_their_range() -> None:
    assert estimate([3.0, 1.0, 2.0, 6.0, 5.0, 4.0]) == Estimate(value=3.5, low=1.0, high=6.0, n=6)


@pytest.mark.parametrize("n", range(6, 15))
def test_the_critical_value_is_that_of_every_sign_pattern(n: int) -> None:
    ranks = range(1, n + 1)
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in itertools.product((0, 1), repeat=n)
    ]
    share = [sum(value <= w for value in sums) / 2**n for w in range(_critical(n) + 2)]

    assert share[_critical(n)] <= 0.025 < share[_critical(n) + 1]


@pytest.mark.parametrize("n", [6, 8, 11, 20, 40])
def test_the_interval_holds_what_the_signed_rank_test_does_not_reject(n: int) -> None:
    values = np.random.default_rng(n).normal(10.0, 1.0, n)
    result = estimate(list(values))
    assert result.low is not None
    assert result.high is not None

    def p_value(centre: float) -> float:
        return float(stats.wilcoxon(values - centre, method="exact").pvalue)

    assert p_value(result.low + 1e-9) > 0.05
    assert p_value(result.high - 1e-9) > 0.05
    assert p_value(result.low - 1e-9) <= 0.05
    assert p_value(result.high + 1e-9) <= 0.05


def test_the_normal_approximation_meets_the_exact_value() -> None:
    exact = _critical(100)

    n = 100
    normal = math.floor(
        n * (n + 1) / 4 - 1.959964 * math.sqrt(n * (n + 1) * (2 * n + 1) / 24) - 0.5
    )
    assert abs(exact - normal) <= 2
    assert _critical(2000) > _critical(101)


@pytest.mark.parametrize("n", [8, 12, 20])
def test_nineteen_of_twenty_intervals_hold_the_truth(n: int) -> None:
    generator = np.random.default_rng(n)
    trials = 1500
    inside = 0
    for _ in range(trials):
        result = estimate(list(generator.standard_t(4, n)))
        assert result.low is not None
        assert result.high is not None
        inside += result.low <= 0 <= result.high

    assert 0.935 <= inside / trials <= 0.98


def test_equal_values_have_an_interval_of_no_width() -> None:
    result = estimate([7.0] * 8)

    assert result == Estimate(value=7.0, low=7.0, high=7.0, n=8)
    assert result.half_width_percent == 0


def test_refuses_an_estimate_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        estimate([])


def test_a_ratio_uses_the_rounds_that_both_sides_have() -> None:
    slow = {0: 40.0, 1: 44.0, 2: 48.0, 5: 1.0}
    fast = {0: 10.0, 1: 11.0, 2: 12.0, 7: 99.0}

    result = paired_ratio(slow, fast)

    assert result.value == pytest.approx(4.0)
    assert (result.low, result.high, result.n) == (None, None, 3)


def test_drift_that_both_sides_share_leaves_the_ratio_alone() -> None:
    heat = [1.0 + 0.1 * number for number in range(8)]
    slow = {number: 40.0 * factor for number, factor in enumerate(heat)}
    fast = {number: 10.0 * factor for number, factor in enumerate(heat)}

    result = paired_ratio(slow, fast)

    assert result.low == pytest.approx(4.0)
    assert result.high == pytest.approx(4.0)
