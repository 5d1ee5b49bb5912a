from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.statistics import signed_rank_bounds


@pytest.mark.parametrize("n", [5, 8, 12, 18, 24, 40])
@pytest.mark.parametrize("alpha", [0.002, 0.004, 0.0125, 0.05])
def test_bounds_are_where_the_one_sided_exact_test_stops_rejecting(n: int, alpha: float) -> None:
    values = np.random.default_rng(n).normal(0.03, 0.02, n)
    lower, upper = signed_rank_bounds(values.tolist(), alpha)
    if math.isinf(lower):
        assert 2.0**-n > alpha
        return

    def p(centre: float, alternative: str) -> float:
        test = stats.wilcoxon(values - centre, alternative=alternative, method="exact")
        return float(test.pvalue)

    assert p(lower - 1e-9, "greater") <= alpha < p(lower + 1e-9, "greater")
    assert p(upper + 1e-9, "less") <= alpha < p(upper - 1e-9, "less")


def test_bounds_of_large_samples_go_on_where_the_exact_ones_end() -> None:
    values = np.random.default_rng(1).normal(0, 1, 101).tolist()

    exact, normal = signed_rank_bounds(values[:100], 0.004), signed_rank_bounds(values, 0.004)

    assert normal == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("alpha", [0, 0.5, 1, -0.1, math.nan])
def test_refuses_bounds_that_are_wrong_half_the_time(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
        signed_rank_bounds([1.0, 2.0], alpha)
