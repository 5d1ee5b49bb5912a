"""A model of how latencies scatter on phones, to see what statistics make of it.

The logarithm of a run's latency is a sum: an offset of the session, a slow drift
(Ornstein-Uhlenbeck), an effect of the invocation, noise of neighbouring runs that are alike
(AR(1)), and now and then a spike. Some invocations land on a slower cluster of cores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

INVOCATION_S = 12.0
RUNS = 50

_DRIFT_S = 600.0  # after this time the drift has forgotten all but 1/e of itself
_DEGREES_OF_FREEDOM = 4  # of Student's distribution: heavy tails with a finite variance

# When an invocation starts, in seconds since the session's start, and which arm it measures.
Slot = tuple[float, int]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How noisy a phone is: standard deviations in percent, shares and correlations from 0 to 1.

    A spike makes a run slower by up to `spike_percent`. Of the invocations, `wrong_share` are
    slower by `wrong_percent`, because they run on other cores.
    """

    session_percent: float
    drift_percent: float
    invocation_percent: float
    heavy_tails: bool
    run_percent: float
    run_correlation: float
    spike_share: float
    spike_percent: float
    wrong_share: float
    wrong_percent: float


# Rooted, pinned, with fixed clocks.
P1 = Profile(
    session_percent=1.0,
    drift_percent=0.5,
    invocation_percent=0.5,
    heavy_tails=False,
    run_percent=0.5,
    run_correlation=0.2,
    spike_share=0.01,
    spike_percent=20.0,
    wrong_share=0.0,
    wrong_percent=0.0,
)
# Pinned, but the clocks are the phone's own business.
P2 = Profile(
    session_percent=3.0,
    drift_percent=2.0,
    invocation_percent=1.5,
    heavy_tails=True,
    run_percent=1.5,
    run_correlation=0.3,
    spike_share=0.02,
    spike_percent=40.0,
    wrong_share=0.02,
    wrong_percent=20.0,
)
# Several threads on whatever cores, or a GPU that is shared.
P3 = Profile(
    session_percent=5.0,
    drift_percent=4.0,
    invocation_percent=3.0,
    heavy_tails=True,
    run_percent=3.0,
    run_correlation=0.4,
    spike_share=0.04,
    spike_percent=50.0,
    wrong_share=0.08,
    wrong_percent=25.0,
)


def simulate_medians(
    profile: Profile,
    slots: Sequence[Slot],
    latencies: Sequence[float],
    *,
    sessions: int,
    generator: np.random.Generator,
    heating_percent_per_minute: float = 0.0,
) -> Floats:
    """What the tool prints as median, one row per session and one column per slot.

    `latencies` holds the true latency of each arm, in any unit, which is the result's too.
    """
    conditions = simulate_conditions(
        profile,
        slots,
        sessions=sessions,
        generator=generator,
        heating_percent_per_minute=heating_percent_per_minute,
    )
    return simulate_given(profile, slots, latencies, conditions, generator=generator)


def simulate_given(
    profile: Profile,
    slots: Sequence[Slot],
    latencies: Sequence[float],
    conditions: Floats,
    *,
    generator: np.random.Generator,
) -> Floats:
    """What the tool prints as median under these conditions, which `simulate_conditions` gives."""
    invocations = conditions + _invocation_effects(profile, conditions.shape, generator)
    runs = simulate_runs(profile, conditions.shape, generator)
    true = np.array([latencies[arm] for _, arm in slots])
    medians: Floats = true * np.exp(invocations) * tool_median(runs)
    return medians


def simulate_conditions(
    profile: Profile,
    slots: Sequence[Slot],
    *,
    sessions: int,
    generator: np.random.Generator,
    heating_percent_per_minute: float = 0.0,
) -> Floats:
    """The logarithm of what all arms share: the session's offset, the drift and the heat."""
    times_s = np.array([time_s for time_s, _ in slots])
    offset = generator.normal(0, profile.session_percent / 100, (sessions, 1))
    heat = np.log1p(heating_percent_per_minute / 100 * times_s / 60)
    sd = profile.drift_percent / 100
    drift = generator.normal(0, sd, (sessions, len(slots)))
    for column in range(1, len(slots)):
        kept = math.exp(-(times_s[column] - times_s[column - 1]) / _DRIFT_S)
        drift[:, column] *= math.sqrt(1 - kept**2)
        drift[:, column] += kept * drift[:, column - 1]
    conditions: Floats = offset + drift + heat
    return conditions


def simulate_runs(
    profile: Profile, shape: tuple[int, ...], generator: np.random.Generator
) -> Floats:
    """The latencies of the runs of invocations, relative to their invocation's, on a last axis."""
    noise = generator.normal(0, profile.run_percent / 100, (RUNS, *shape))
    fresh = math.sqrt(1 - profile.run_correlation**2)
    for number in range(1, RUNS):
        noise[number] *= fresh
        noise[number] += profile.run_correlation * noise[number - 1]
    runs = np.exp(noise)
    spikes = generator.random(noise.shape) < profile.spike_share
    runs[spikes] *= 1 + profile.spike_percent / 100 * generator.random(int(spikes.sum()))
    return np.moveaxis(runs, 0, -1)


def tool_median(runs: Floats) -> Floats:
    """The value in the middle of the last axis; of the two in an even number, the upper one."""
    # As `benchmark_model` has it: sorted[n * 50 / 100], tensorflow/core/util/stats_calculator.h.
    middle = runs.shape[-1] * 50 // 100
    return np.partition(runs, middle, axis=-1)[..., middle]


def _invocation_effects(
    profile: Profile, shape: tuple[int, ...], generator: np.random.Generator
) -> Floats:
    sd = profile.invocation_percent / 100
    if profile.heavy_tails:
        # Student's own variance is v / (v - 2).
        sd /= math.sqrt(_DEGREES_OF_FREEDOM / (_DEGREES_OF_FREEDOM - 2))
        effects = sd * generator.standard_t(_DEGREES_OF_FREEDOM, shape)
    else:
        effects = generator.normal(0, sd, shape)
    wrong = generator.random(shape) < profile.wrong_share
    return effects + wrong * math.log1p(profile.wrong_percent / 100)
