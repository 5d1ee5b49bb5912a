"""How latency grows with the length of the sequence: powers of it, fitted and between two lengths.

Attention's products grow with the square of the length and all others with the length itself, so
one power cannot be the whole truth; the fit says how far the points are from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_FOR_FIT = 3  # through two points there is always a line that meets both


@dataclass(frozen=True, kw_only=True)
class PowerFit:
    """`factor * length ** exponent`, fitted to so many `points`.

    `largest_miss_percent` is the largest distance of a point from the curve, in percent of the
    curve.
    """

    exponent: float
    factor: float
    points: int
    largest_miss_percent: float

    def at(self, length: float) -> float:
        """The curve's value, in the unit of the values that it was fitted to."""
        return self.factor * math.pow(length, self.exponent)


def fit_power(points: Sequence[tuple[float, float]]) -> PowerFit | None:
    """Least squares of log value over log length; None with fewer than three different lengths.

    `points` are pairs of length and value, all of the same weight. Raises ValueError for a length
    or value that is not positive: it has no logarithm.
    """
    if any(length <= 0 or value <= 0 for length, value in points):
        message = f"lengths and values must be positive, got {list(points)!r}"
        raise ValueError(message)
    if len({length for length, _ in points}) < LEAST_FOR_FIT:
        return None
    logs = [(math.log(length), math.log(value)) for length, value in points]
    mean_x = math.fsum(x for x, _ in logs) / len(logs)
    mean_y = math.fsum(y for _, y in logs) / len(logs)
    slope = math.fsum((x - mean_x) * (y - mean_y) for x, y in logs) / math.fsum(
        (x - mean_x) ** 2 for x, _ in logs
    )
    misses = [math.exp(y - mean_y - slope * (x - mean_x)) - 1 for x, y in logs]
    return PowerFit(
        exponent=slope,
        factor=math.exp(mean_y - slope * mean_x),
        points=len(logs),
        largest_miss_percent=max(map(abs, misses)) * 100,
    )


def local_exponent(value_ratio: float, length_ratio: float) -> float:
    """The power of the length ratio that gives the value ratio: 2 where doubling takes four times.

    Raises ValueError for ratios that are not positive, and for a length ratio of 1.
    """
    if value_ratio <= 0 or length_ratio <= 0 or length_ratio == 1:
        message = f"no power of {length_ratio!r} is {value_ratio!r}"
        raise ValueError(message)
    return math.log(value_ratio) / math.log(length_ratio)
