"""How precise a sample is, and how many rounds it takes until it is precise enough.

All numbers are about the half-width of the 95 % interval, in percent of the estimate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.statistics import estimate

# An interval exists from six values on, but then it is their range: one outlier bounds it. With
# eight it holds with 96.1 %.
LEAST_ROUNDS = 8


def half_width_percent(values: Sequence[float]) -> float | None:
    """Half of the interval, in percent of the estimate; None with too few values for an interval,
    or where the estimate is 0."""
    if not values:
        return None
    centre = estimate(values)
    return None if centre.value == 0 else centre.half_width_percent


def is_precise(values: Sequence[float], target_percent: float) -> bool:
    """Whether the half-width is at most `target_percent`. Never with fewer than `LEAST_ROUNDS`
    values, and never for a target of 0, which asks for all rounds."""
    if target_percent <= 0 or len(values) < LEAST_ROUNDS:
        return False
    reached = half_width_percent(values)
    return reached is not None and reached <= target_percent


def rounds_needed(values: Sequence[float], target_percent: float, limit: int) -> int:
    """How many rounds this sample is expected to need in all, those that it has included.

    The half-width shrinks with one over the square root of the rounds. At most `limit`, which is
    also the answer for a target of 0, but never fewer than there are; `LEAST_ROUNDS` while there
    are too few values to tell.
    """
    if target_percent <= 0:
        return max(len(values), limit)
    reached = half_width_percent(values)
    excess = 0.0 if reached is None else reached / target_percent
    expected = len(values) * excess * excess
    if not math.isfinite(expected):
        return max(len(values), limit)
    # Before `ceil`, a precise sample's 8.000000000000002 would be a ninth round.
    wanted = max(LEAST_ROUNDS, math.ceil(expected - 1e-9))
    return max(len(values), min(wanted, limit))
