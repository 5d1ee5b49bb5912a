from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import pytest
from factories import make_case, make_record

from harness.device import ClusterState, Observation
from harness.record import Record
from harness.sustained import Sustained, SustainedPoint, find_knee, summarize_sustained


def noisy(levels: Sequence[float], noise: float, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [level * (1 + chance.gauss(0, noise)) for level in levels]


STEP = [20.0] * 10 + [26.0] * 20
RAMP = [20.0 * (1 + 0.01 * max(0, number - 9)) for number in range(40)]


@pytest.mark.parametrize(
    ("latencies", "knee"),
    [
        (STEP, 10),
        ([20.0] * 3 + [21.0] * 3, 3),
        ([20.0] * 27 + [21.0] * 3, 27),
        (RAMP, 12 + 1),  # at 3 % it is at the limit, then above
        ([20.0 + 0.1 * number for number in range(60)], 10),  # 3 % above the median of the first 7
        # Clocks that heat governs: up and down, but hardly ever back to the start.
        ([20.0] * 8 + [25.0, 23.0, 25.0, 24.0, 20.0, 25.0, 24.0, 25.0, 23.0, 25.0, 24.0, 25.0], 8),
    ],
)
def test_finds_where_latency_leaves_the_start_for_good(latencies: list[float], knee: int) -> None:
    assert find_knee(latencies) == knee


@pytest.mark.parametrize(
    "latencies",
    [
        [20.0] * 30,
        [20.0] * 10 + [20.5] * 20,  # 2.5 %
        [20.0] * 10 + [60.0] + [20.0] * 19,  # a spike
        [20.0] * 10 + [60.0] * 4 + [20.0] * 16,  # a wide one
        [20.0] * 28 + [26.0] * 2,  # too late to tell from a spike
        [20.0] * 10 + [26.0] * 10 + [20.0] * 10,  # it recovers
        [26.0] * 10 + [20.0] * 20,  # it becomes faster
        [20.0] * 5 + [26.0] * 2,
        [],
    ],
)
def test_finds_no_knee_where_latency_comes_back_or_stays(latencies: list[float]) -> None:
    assert find_knee(latencies) is None


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("noise", [0.005, 0.02, 0.05])
@pytest.mark.parametrize("count", [6, 24, 60])
def test_noise_alone_is_no_knee(noise: float, count: int, seed: int) -> None:
    assert find_knee(noisy([20.0] * count, noise, seed)) is None


@pytest.mark.parametrize("seed", range(20))
def test_finds_a_step_in_noise(seed: int) -> None:
    assert find_knee(noisy(STEP, 0.01, seed)) == 10


@pytest.mark.parametrize("seed", range(20))
def test_finds_a_ramp_in_noise(seed: int) -> None:
    knee = find_knee(noisy(RAMP, 0.005, seed))

    assert knee is not None
    assert 11 <= knee <= 15


def phone(status: int | None, cap_khz: int, ticks: int, **changes: float) -> Observation:
    """The fast cluster runs at its cap; the slow one is not used."""
    counted = {1_800_000: 0, 2_400_000: 0}
    fast = ClusterState(
        policy="policy4",
        cpus=(4, 5, 6, 7),
        cap_khz=cap_khz,
        highest_khz=2_400_000,
        residency_ticks=counted | {cap_khz: ticks},
    )
    slow = ClusterState(policy="policy0", cpus=(0, 1, 2, 3), cap_khz=300_000, highest_khz=300_000)
    seen = Observation(thermal_status=status, clusters=(slow, fast))
    return dataclasses.replace(seen, **changes)  # type: ignore[arg-type]


def series(latencies: Sequence[float], **changes: object) -> list[Record]:
    """Invocations of 5 s, one every 6 s."""
    case = make_case()
    return [
        make_record(
            case,
            number,
            latency,
            started_at=f"2026-03-01T10:{number // 10:02d}:{number % 10 * 6:02d}+00:00",
            wall_s=5.0,
            cpu_mask="f0",
            **changes,
        )
        for number, latency in enumerate(latencies)
    ]


def test_summarizes_a_series_that_throttles() -> None:
    records = [
        dataclasses.replace(
            record,
            before=phone(0, 2_400_000, 0, temperature_c=30.0 + record.round),
            after=phone(
                0 if record.round < 5 else 2,
                2_400_000 if record.round < 4 else 1_800_000,
                500,
                temperature_c=31.0 + record.round,
            ),
        )
        for record in series([20.0] * 4 + [26.0] * 4)
    ]

    assert summarize_sustained(records) == Sustained(
        points=tuple(
            SustainedPoint(
                start_s=6.0 * number,
                latency_ms=20.0 if number < 4 else 26.0,
                temperature_c=31.0 + number,
                clock_khz=2_400_000 if number < 4 else 1_800_000,
                cap_khz=2_400_000 if number < 4 else 1_800_000,
                thermal_status=0 if number < 5 else 2,
            )
            for number in range(8)
        ),
        start_ms=20.0,
        steady_ms=26.0,
        ratio=1.3,
        knee_s=24.0,
        first_throttle_s=29.0,  # seen at the end of the fifth
        duration_s=47.0,
    )


def test_a_host_tells_only_latencies() -> None:
    found = summarize_sustained(series([20.0] * 8))

    assert found is not None
    assert (found.knee_s, found.first_throttle_s, found.ratio) == (None, None, 1.0)
    assert found.points[7] == SustainedPoint(start_s=42.0, latency_ms=20.0)


def test_a_cap_that_was_there_at_the_start_is_no_throttling() -> None:
    low = phone(0, 1_800_000, 0)

    found = summarize_sustained(series([20.0] * 8, before=low, after=low))

    assert found is not None
    assert found.first_throttle_s is None


def test_heat_that_is_there_before_the_first_invocation_is_told_at_once() -> None:
    hot = phone(1, 2_400_000, 0)

    found = summarize_sustained(series([20.0] * 8, before=hot, after=hot))

    assert found is not None
    assert found.first_throttle_s == 0.0


def test_levels_are_medians_of_the_first_eighth_and_the_last_quarter() -> None:
    latencies = [20.0, 90.0, 21.0, *[30.0] * 13, 40.0, 41.0, 42.0, 90.0]

    found = summarize_sustained(series(latencies))

    assert found is not None
    assert (found.start_ms, found.steady_ms) == (21.0, 41.0)


def test_sorts_by_round_and_survives_a_clock_that_is_set_back() -> None:
    records = series([20.0] * 8)
    records[4] = dataclasses.replace(records[4], started_at="2026-03-01T09:00:00+00:00")

    found = summarize_sustained(records[::-1])

    assert found is not None
    assert [point.start_s for point in found.points] == [0, 6, 12, 18, 18, 30, 36, 42]


def test_needs_six_valid_invocations() -> None:
    records = series([20.0] * 6)
    invalid = dataclasses.replace(records[5], valid=False)

    assert summarize_sustained(records) is not None
    assert summarize_sustained([*records[:5], invalid]) is None
    assert summarize_sustained([]) is None
