"""Two stored runs beside each other: without pairs, and each from a session of its own.

The change is Hodges and Lehmann's shift: the median of all differences between the two sides. Its
interval comes from the exact distribution of the rank sum (Mann and Whitney's U), so it holds for
any distribution that both sides share but for the shift. See Hollander, Wolfe & Chicken,
"Nonparametric Statistical Methods", 3rd edition, sections 4.2 and 4.3.

That interval knows nothing of what differs between two sessions: temperature, uptime, what else
runs. So it is widened by the noise between sessions, which the caller must know.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np

from harness.gate_result import GateVerdict
from harness.sequential import Decision, Limits, conclusion, to_percent
from harness.statistics import LEAST_FOR_INTERVAL, Estimate

# Beyond this many values on a side, U is taken as normal, with a correction for continuity.
_LARGEST_EXACT = 100
_NORMAL_QUANTILE = 1.959964  # of 97.5 %
_TAIL = 40  # each end of the interval is wrong once in so many: 2.5 %


def shift(baseline: Sequence[float], candidate: Sequence[float]) -> Estimate:
    """How far the candidate's values lie above the baseline's, in their unit, with the interval.

    `n` is the number of values on the smaller side; with fewer than 6 there is no interval. Equal
    values make it too wide rather than too narrow. Raises ValueError for a side without values.
    """
    if not baseline or not candidate:
        message = f"a shift needs values on both sides, got {len(baseline)} and {len(candidate)}"
        raise ValueError(message)
    differences = np.sort(np.subtract.outer(np.asarray(candidate), np.asarray(baseline)), axis=None)
    value, n = float(np.median(differences)), min(len(baseline), len(candidate))
    if n < LEAST_FOR_INTERVAL:
        return Estimate(value=value, low=None, high=None, n=n)
    k = _critical(len(baseline), len(candidate)) + 1
    return Estimate(value=value, low=float(differences[k - 1]), high=float(differences[-k]), n=n)


def decide_unpaired(
    baseline: Sequence[float],
    candidate: Sequence[float],
    limits: Limits,
    session_noise_percent: float,
) -> Decision:
    """What two runs say; the values are positive, and in the same unit. There is one look.

    `session_noise_percent` is by how much two sessions differ that measure the same. The interval
    of the decision is the widened one. Raises ValueError for a noise that is negative or no number.
    """
    if not 0 <= session_noise_percent < math.inf:
        message = f"the noise between sessions must be 0 % or more, got {session_noise_percent!r}"
        raise ValueError(message)
    counts = f"{len(baseline)} and {len(candidate)} invocations"
    centre = shift([math.log(value) for value in baseline], [math.log(v) for v in candidate])
    if centre.low is None or centre.high is None:
        reason = f"{counts}: an interval needs {LEAST_FOR_INTERVAL} of each run"
        return Decision(verdict=GateVerdict.INCONCLUSIVE, reason=reason, pairs=0)
    noise = math.log1p(session_noise_percent / 100)
    low, high = to_percent(centre.low - noise), to_percent(centre.high + noise)
    verdict = GateVerdict.INCONCLUSIVE
    if low > limits.noise_floor_percent:
        verdict = GateVerdict.FAIL
    elif high < limits.tolerance_percent:
        verdict = GateVerdict.PASS
    value = to_percent(centre.value)
    interval = f"{low:+.1f} to {high:+.1f} %, with {session_noise_percent:.3g} % between sessions"
    return Decision(
        verdict=verdict,
        reason=f"{value:+.1f} % ({interval}), {counts}: {conclusion(verdict, limits)}",
        pairs=0,
        estimate_percent=value,
        low_percent=low,
        high_percent=high,
    )


@functools.cache
def _critical(m: int, n: int) -> int:
    """The largest u with P(U <= u) <= 2.5 %, for m and n values; -1 where there is none."""
    if max(m, n) > _LARGEST_EXACT:
        mean, variance = m * n / 2, m * n * (m + n + 1) / 12
        return math.floor(mean - _NORMAL_QUANTILE * math.sqrt(variance) - 0.5)
    # ways[u]: orders of m and n values with this U, up to the middle, about which it is symmetric.
    # They are the coefficients of the product of (1 - q^(n+i)) / (1 - q^i) over i from 1 to m.
    ways = [1] + [0] * (m * n // 2)
    for i in range(1, m + 1):
        for u in range(len(ways) - 1, n + i - 1, -1):
            ways[u] -= ways[u - n - i]
        for u in range(i, len(ways)):
            ways[u] += ways[u - i]
    orders = math.comb(m + n, m)
    sums = itertools.accumulate(ways)
    return next(u for u, below in enumerate(sums) if below * _TAIL > orders) - 1
