"""Whether a case was steady: two modes, a drift over the session, a drift inside invocations.

Each finding is a warning and changes no number. The rates below are from simulations with the
noise of phones (tests/noise_model.py): P1 has fixed clocks, P2 is pinned, P3 is neither.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.measurement import Measurement, Phase
from harness.statistics import Estimate, estimate

LEAST_VALUES = 8  # with fewer, nothing is said
_GAP = math.log(1.04)
_LEAST_IN_A_MODE = 2  # one value is an outlier, and no mode
_CHANGE = math.log(1.03)
_CHANCE = 0.01
# The tool prints whole microseconds: a difference of one may be rounding.
_ROUNDING_US = 1.0
_LARGEST_EXACT = 33  # up to here, the distribution of Kendall's statistic is not approximated


@dataclass(frozen=True, kw_only=True)
class Modes:
    """Two groups of invocations with nothing between them: their medians and counts."""

    fast_us: float
    slow_us: float
    fast_count: int
    slow_count: int
    gap_percent: float

    @property
    def text(self) -> str:
        return (
            f"the invocations fall into two groups, {self.fast_count} around {self.fast_us:.0f} us "
            f"and {self.slow_count} around {self.slow_us:.0f} us, with a gap of "
            f"{self.gap_percent:.1f} % between them: one number does not describe both"
        )


@dataclass(frozen=True, kw_only=True)
class Drift:
    """The change from the first quarter of the rounds to the last, with the p-value of a trend."""

    change_percent: float
    p: float
    rounds: int

    @property
    def text(self) -> str:
        word = "rose" if self.change_percent > 0 else "fell"
        chance = f"p = {self.p:.3f}" if self.p >= 0.0005 else "p < 0.001"
        return (
            f"the latency {word} by {abs(self.change_percent):.1f} % from the first quarter of the "
            f"{self.rounds} rounds to the last ({chance} by Kendall's test)"
        )


@dataclass(frozen=True, kw_only=True)
class DriftInside:
    """How much slower the last run of an invocation is than its first, in percent."""

    change_percent: Estimate

    @property
    def text(self) -> str:
        return (
            f"inside an invocation, the last run takes {_with_interval(self.change_percent)} "
            "compared with the first: the latency depends on the number of runs"
        )


@dataclass(frozen=True, kw_only=True)
class ShortWarmup:
    """How much slower the first run after the warm-up is than the median run, in percent."""

    excess_percent: Estimate

    @property
    def text(self) -> str:
        return (
            f"the first run after the warm-up takes {_with_interval(self.excess_percent)} "
            "compared with the median: the warm-up is too short"
        )


def list_findings(measurements: Sequence[Measurement]) -> tuple[str, ...]:
    """What a reader should be warned of, from the invocations of one case in order of rounds."""
    latencies_us = [measurement.latency_us for measurement in measurements]
    phases = [measurement.inference for measurement in measurements]
    findings = (
        find_modes(latencies_us),
        find_drift(latencies_us),
        # A slow first run also makes the last run faster than the first; it is told once.
        find_short_warmup(phases) or find_drift_inside(phases),
    )
    return tuple(finding.text for finding in findings if finding is not None)


def find_modes(latencies_us: Sequence[float]) -> Modes | None:
    """Two modes, where the widest gap between neighbouring values is over 4 %, is wider than what
    lies on either side of it, and has a tenth of the values (at least two) on each side.

    False alarms with one mode, 8 to 30 values: none in P1, up to 1 % in P2; in P3 3 to 8 % of 8
    values, at most 1.3 % of 12 or more (up to 22 % without the comparison with the two sides).
    Where 20 % of the invocations are at +20 %, it finds 48 / 73 / 93 % in P1 and 50 / 70 / 88 % in
    P2 with 8 / 12 / 20 values (the rest mostly has one slow value or none).
    """
    ordered = np.sort(_usable(latencies_us))
    n = len(ordered)
    if n < LEAST_VALUES:
        return None
    logs = np.log(ordered)
    gaps = np.diff(logs)
    split = int(np.argmax(gaps)) + 1
    gap = float(gaps[split - 1])
    widest_side = max(logs[split - 1] - logs[0], logs[-1] - logs[split])
    fewest = max(_LEAST_IN_A_MODE, math.ceil(n / 10))
    gap_us = ordered[split] - ordered[split - 1]
    wide = gap > max(_GAP, widest_side) and gap_us > _ROUNDING_US
    if not wide or not fewest <= split <= n - fewest:
        return None
    return Modes(
        fast_us=float(np.median(ordered[:split])),
        slow_us=float(np.median(ordered[split:])),
        fast_count=split,
        slow_count=n - split,
        gap_percent=_percent(gap),
    )


def find_drift(latencies_us: Sequence[float]) -> Drift | None:
    """A drift over the session, where the values in order of rounds have a trend (p < 0.01) and
    the medians of the first and the last quarter differ by over 3 %.

    False alarms with independent invocations are under 1 % with 8 to 20 values. It finds a rise
    by 6 % with 8 / 12 / 20 values: 98 / 100 / 100 % in P1, 27 / 62 / 86 % in P2, 5 / 12 / 27 % in
    P3. The slow wandering of P2 and P3 is found in 1 to 13 % of sessions: it is a drift, though
    not one that goes on.
    """
    values = _usable(latencies_us)
    quarter = len(values) // 4
    if len(values) < LEAST_VALUES:
        return None
    first, last = statistics.median(values[:quarter]), statistics.median(values[-quarter:])
    change = math.log(last) - math.log(first)
    if abs(change) <= _CHANGE or abs(last - first) <= _ROUNDING_US:
        return None
    p = kendall_p(values)
    found = Drift(change_percent=_percent(change), p=p, rounds=len(values))
    return found if p < _CHANCE else None


def find_drift_inside(phases: Sequence[Phase]) -> DriftInside | None:
    """A drift inside invocations, where the whole interval of last run over first run lies beyond
    3 % in either direction. `phases` are the inference phases of the invocations of a case.

    No false alarm in 18 000 simulated samples of P1 to P3. It finds 6 % with 8 / 12 / 20
    invocations: 94 / 100 / 100 % in P1, 78 / 93 / 99 % in P2, 23 / 43 / 66 % in P3.
    """
    edges = _edges(phases)
    logs = [math.log(last) - math.log(first) for first, _, last in edges]
    change = _clear_change(logs, [last - first for first, _, last in edges])
    return None if change is None else DriftInside(change_percent=change)


def find_short_warmup(phases: Sequence[Phase]) -> ShortWarmup | None:
    """A warm-up that was too short: the first run is over 3 % slower than the median run, and so
    is it where a steady change is taken out; both with their whole intervals.

    A steady change leaves the median half-way between the first and the last run. No false alarm
    in 18 000 simulated samples, nor in 10 800 with a steady change by 6 or 12 %. It finds a first
    run that is 10 % slower always in P1 and P2, in P3 with 8 / 12 / 20 invocations 80 / 96 / 100 %.
    """
    edges = _edges(phases)
    bends = [math.log(first) + math.log(last) - 2 * math.log(mid) for first, mid, last in edges]
    bend = _clear_change(bends, [first + last - 2 * mid for first, mid, last in edges])
    excesses = [math.log(first) - math.log(mid) for first, mid, _ in edges]
    excess = _clear_change(excesses, [first - mid for first, mid, _ in edges])
    if bend is None or excess is None or min(bend.value, excess.value) < 0:
        return None
    return ShortWarmup(excess_percent=excess)


def kendall_p(values: Sequence[float]) -> float:
    """The two-sided p-value of Kendall's test of whether values have a trend over their order.

    Exact up to 33 values that are all different, otherwise normal with a correction for ties. See
    Hollander, Wolfe & Chicken, "Nonparametric Statistical Methods", 3rd edition, section 8.1.
    """
    n = len(values)
    array = np.asarray(values, dtype=float)
    first, second = np.triu_indices(n, k=1)
    balance = int(np.sign(array[second] - array[first]).sum())
    ties = np.unique(array, return_counts=True)[1]
    if n <= _LARGEST_EXACT and ties.max(initial=1) == 1:
        fewer = (n * (n - 1) // 2 - abs(balance)) // 2  # pairs against the trend
        chances = np.ones(1)  # chances[k]: of k such pairs among the values so far
        for size in range(2, n + 1):
            chances = np.convolve(chances, np.full(size, 1 / size))
        return min(1.0, 2 * float(chances[: fewer + 1].sum()))
    variance = (n * (n - 1) * (2 * n + 5) - int((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    return 1.0 if variance == 0 else math.erfc(abs(balance) / math.sqrt(2 * variance))


def _usable(values: Sequence[float]) -> list[float]:
    return [float(value) for value in values if math.isfinite(value) and value > 0]


def _edges(phases: Sequence[Phase]) -> list[tuple[float, float, float]]:
    """First, median (or else average) and last run in us, of invocations with several runs."""
    found: list[tuple[float, float, float]] = []
    for phase in phases:
        last = phase.last_us or 0
        # `count=3 curr=73(all same)` says only the last one.
        first = last if phase.first_us is None else phase.first_us
        middle = phase.average_us if phase.median_us is None else phase.median_us
        edges = (first, last if middle is None else middle, last)
        if phase.count > 1 and len(_usable(edges)) == len(edges):
            found.append(edges)
    return found


def _clear_change(logs: Sequence[float], differences_us: Sequence[float]) -> Estimate | None:
    """The centre and its interval in percent, where all of it lies beyond 3 % and the differences
    are more than rounding."""
    if len(logs) < LEAST_VALUES or abs(statistics.median(differences_us)) <= _ROUNDING_US:
        return None
    change = estimate(logs)
    low, high = change.low, change.high
    if low is None or high is None or (low <= _CHANGE and high >= -_CHANGE):
        return None
    return replace(change, value=_percent(change.value), low=_percent(low), high=_percent(high))


def _percent(log_ratio: float) -> float:
    return math.expm1(min(log_ratio, 700.0)) * 100  # beyond, a float overflows


def _with_interval(percent: Estimate) -> str:
    interval = f"{percent.low:+.1f} to {percent.high:+.1f} %"
    return f"{percent.value:+.1f} % ({interval}, {percent.n} invocations)"
