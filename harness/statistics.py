"""Estimates with honest intervals, from a few values of independent invocations.

The estimate is Hodges and Lehmann's: the median of all pairwise means (Walsh averages). The
interval comes from the exact distribution of Wilcoxon's signed-rank statistic, so it holds for
any distribution that is symmetric about its centre. See Hollander, Wolfe & Chicken,
"Nonparametric Statistical Methods", 3rd edition, sections 3.2 and 3.3.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

CONFIDENCE = 0.95

# Beyond this many values the statistic is taken as normal, with a correction for continuity.
_LARGEST_EXACT = 100
_NORMAL_QUANTILE = 1.959964  # of 97.5 %

# With five values, even the widest interval holds with less than 95 %: 1 - 2 / 2**5 = 0.9375.
LEAST_FOR_INTERVAL = 6


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A centre with its 95 % interval; `low` and `high` are None with fewer than 6 values."""

    value: float
    low: float | None
    high: float | None
    n: int

    @property
    def half_width_percent(self) -> float | None:
        """Half of the interval, in percent of the value."""
        if self.low is None or self.high is None or self.value == 0:
            return None
        return (self.high - self.low) / 2 / abs(self.value) * 100


def estimate(values: Sequence[float]) -> Estimate:
    """The Hodges-Lehmann estimate of the centre, with its interval.

    The interval is about the session that the values are of: another one, on another day, has a
    centre of its own, which may lie outside. Sessions are compared by ratios to a common case.
    Raises ValueError without values.
    """
    if not values:
        message = "an estimate needs at least one value"
        raise ValueError(message)
    averages = _walsh_averages(values)
    value = float(np.median(averages))
    n = len(values)
    if n < LEAST_FOR_INTERVAL:
        return Estimate(value=value, low=None, high=None, n=n)
    # The k-th smallest and the k-th largest average bound the interval, where k - 1 is the
    # largest rank sum that is improbable enough.
    k = _critical(n) + 1
    return Estimate(value=value, low=float(averages[k - 1]), high=float(averages[-k]), n=n)


def paired_ratio(numerator: Mapping[int, float], denominator: Mapping[int, float]) -> Estimate:
    """How many times larger the numerator is, from the rounds that both have.

    Each round gives one logarithm of a ratio, in which what both shared (heat, clocks, load)
    cancels, the session's own level too. Raises ValueError without a common round in which both
    are positive.
    """
    rounds = sorted(
        r for r in numerator.keys() & denominator.keys() if numerator[r] > 0 and denominator[r] > 0
    )
    logs = estimate([math.log(numerator[r] / denominator[r]) for r in rounds])
    return Estimate(
        value=math.exp(logs.value),
        low=None if logs.low is None else math.exp(logs.low),
        high=None if logs.high is None else math.exp(logs.high),
        n=logs.n,
    )


def signed_rank_bounds(values: Sequence[float], alpha: float) -> tuple[float, float]:
    """A lower and an upper bound of the centre; each is wrong with a probability of at most alpha.

    These are the bounds of the one-sided exact signed-rank tests. With too few values there is no
    bound that holds so surely: then they are infinite. Raises ValueError for an alpha that is not
    between 0 and 0.5.
    """
    if not 0 < alpha < 0.5:
        message = f"alpha must be between 0 and 0.5, got {alpha!r}"
        raise ValueError(message)
    k = _largest_rank_sum(len(values), alpha) + 1
    if k < 1:
        return -math.inf, math.inf
    averages = _walsh_averages(values)
    return float(averages[k - 1]), float(averages[-k])


def _walsh_averages(values: Sequence[float]) -> np.ndarray:
    """The n (n + 1) / 2 means of two values (each with itself too), in ascending order."""
    array = np.asarray(values, dtype=float)
    first, second = _places(len(array))
    return np.sort((array[first] + array[second]) / 2)


@functools.lru_cache(maxsize=64)
def _places(n: int) -> tuple[np.ndarray, ...]:
    """The places of the n (n + 1) / 2 pairs of n values, each with itself too."""
    return np.triu_indices(n)


@functools.cache
def _critical(n: int) -> int:
    """The largest w with P(rank sum <= w) <= 2.5 %, for n values."""
    if n > _LARGEST_EXACT:
        mean, variance = n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24
        return math.floor(mean - _NORMAL_QUANTILE * math.sqrt(variance) - 0.5)
    ways = np.ones(1)  # ways[w]: subsets of {1, …, rank} whose sum is w
    for rank in range(1, n + 1):
        ways = np.append(ways, np.zeros(rank)) + np.append(np.zeros(rank), ways)
    cumulative = np.cumsum(ways) / 2.0**n
    return int(np.searchsorted(cumulative, (1 - CONFIDENCE) / 2, side="right")) - 1


@functools.cache
def _largest_rank_sum(n: int, alpha: float) -> int:
    """The largest w with P(rank sum <= w) <= alpha, for n values; -1 where there is none."""
    if n > _LARGEST_EXACT:
        mean, variance = n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24
        return math.floor(mean + NormalDist().inv_cdf(alpha) * math.sqrt(variance) - 0.5)
    chances = np.ones(1)  # chances[w]: of the rank sum w, each sign being as likely as the other
    for rank in range(1, n + 1):
        gap = np.zeros(rank)
        chances = (np.append(chances, gap) + np.append(gap, chances)) / 2
    return int(np.searchsorted(np.cumsum(chances), alpha, side="right")) - 1
