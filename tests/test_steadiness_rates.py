"""How often the findings are false, and how often they find what is there, in simulated noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from noise_model import (
    P1,
    P2,
    P3,
    RUNS,
    Floats,
    Profile,
    simulate_medians,
    simulate_runs,
    tool_median,
)

from harness.measurement import Phase
from harness.steadiness import find_drift, find_drift_inside, find_modes, find_short_warmup


def sessions(profile: Profile, n: int, *, rise_percent: float = 0.0, count: int = 1000) -> Floats:
    """Latencies in us of one case that is measured every 24 s."""
    slots = [(24.0 * number, 0) for number in range(n)]
    minutes = slots[-1][0] / 60
    return simulate_medians(
        profile,
        slots,
        [20_000.0],
        sessions=count,
        generator=np.random.default_rng(n),
        heating_percent_per_minute=rise_percent / minutes,
    )


def share(found: Sequence[object]) -> float:
    return sum(finding is not None for finding in found) / len(found)


@pytest.mark.parametrize("n", [8, 12, 20, 30])
@pytest.mark.parametrize("profile", [P1, replace(P2, wrong_share=0.0)])
def test_one_mode_is_rarely_taken_for_two(profile: Profile, n: int) -> None:
    assert share([find_modes(list(row)) for row in sessions(profile, n)]) <= 0.01


def test_invocations_on_slower_cores_are_found() -> None:
    mixed = replace(P2, wrong_share=0.3, wrong_percent=20.0)

    assert share([find_modes(list(row)) for row in sessions(mixed, 12, count=300)]) >= 0.8


@pytest.mark.parametrize("n", [8, 20])
@pytest.mark.parametrize("profile", [P1, P2, P3])
def test_independent_invocations_rarely_look_like_a_drift(profile: Profile, n: int) -> None:
    steady = replace(profile, drift_percent=0.0)

    assert share([find_drift(list(row)) for row in sessions(steady, n)]) <= 0.015


@pytest.mark.parametrize(("profile", "rise_percent"), [(P1, 6.0), (P2, 12.0)])
def test_a_session_that_heats_up_is_found(profile: Profile, rise_percent: float) -> None:
    rows = sessions(profile, 12, rise_percent=rise_percent, count=300)

    assert share([find_drift(list(row)) for row in rows]) >= 0.9


def phases_of(runs: Floats) -> list[Phase]:
    """What the tool prints of runs in us: one row per invocation."""
    middle = tool_median(runs)
    return [
        Phase(
            count=RUNS,
            first_us=round(row[0]),
            median_us=round(median),
            last_us=round(row[-1]),
        )
        for row, median in zip(runs, middle, strict=True)
    ]


def run_samples(profile: Profile, shape: Floats, count: int) -> list[list[Phase]]:
    """Samples of 12 invocations whose runs have this shape."""
    runs = simulate_runs(profile, (count, 12), np.random.default_rng(12))
    return [phases_of(20_000 * shape * sample) for sample in runs]


@pytest.mark.parametrize("profile", [P1, P2, P3])
def test_steady_invocations_are_not_taken_for_drifting_ones(profile: Profile) -> None:
    samples = run_samples(profile, np.ones(RUNS), 300)

    assert share([find_drift_inside(sample) for sample in samples]) <= 0.01
    assert share([find_short_warmup(sample) for sample in samples]) <= 0.01


@pytest.mark.parametrize("change", [0.06, -0.06])
def test_a_drift_of_6_percent_inside_invocations_is_found(change: float) -> None:
    samples = run_samples(P2, 1 + change * np.linspace(0, 1, RUNS), 100)

    assert share([find_drift_inside(sample) for sample in samples]) >= 0.85
    assert share([find_short_warmup(sample) for sample in samples]) <= 0.01


def test_a_first_run_that_is_10_percent_slower_is_found() -> None:
    samples = run_samples(P2, 1 + 0.1 * np.exp(-np.arange(RUNS) / 3), 100)

    assert share([find_short_warmup(sample) for sample in samples]) >= 0.95
