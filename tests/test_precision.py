from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.precision import LEAST_ROUNDS, half_width_percent, is_precise, rounds_needed
from harness.statistics import estimate

EIGHT = [98.0, 99.0, 99.0, 100.0, 100.0, 101.0, 101.0, 102.0]

latencies = st.floats(min_value=0, max_value=1e12)
hostile = st.one_of(latencies, st.sampled_from([0.0, -1.0, math.inf, math.nan]))


def test_the_half_width_is_that_of_the_interval() -> None:
    result = estimate(EIGHT)
    assert result.low is not None
    assert result.high is not None

    assert half_width_percent(EIGHT) == (result.high - result.low) / 2 / result.value * 100
    assert half_width_percent(EIGHT) == pytest.approx(1.0)


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 5, [0.0] * 8])
def test_there_is_no_half_width_without_an_interval_or_around_zero(values: list[float]) -> None:
    assert half_width_percent(values) is None


@pytest.mark.parametrize(
    ("values", "target_percent", "precise"),
    [
        (EIGHT, 1.0, True),
        (EIGHT, 0.99, False),
        (EIGHT[:7], 50.0, False),  # too early, however narrow it is
        ([100.0] * 7, 50.0, False),
        ([100.0] * 8, 0.001, True),
        ([100.0] * 8, 0.0, False),  # 0 asks for all rounds
        ([], 2.0, False),
        ([0.0] * 8, 2.0, False),
        ([math.nan] * 8, 2.0, False),
        ([math.inf] * 8, 2.0, False),
    ],
)
def test_a_sample_is_precise_at_the_target_and_not_too_early(
    values: list[float], target_percent: float, precise: bool
) -> None:
    assert is_precise(values, target_percent) is precise


@pytest.mark.parametrize(
    ("values", "target_percent", "limit", "rounds"),
    [
        ([], 2.0, 20, LEAST_ROUNDS),
        ([100.0] * 5, 2.0, 20, LEAST_ROUNDS),
        ([], 2.0, 5, 5),
        ([], 0.0, 20, 20),
        (EIGHT, 0.0, 20, 20),
        (EIGHT, 1.0, 20, 8),
        (EIGHT, 2.0, 20, 8),
        (EIGHT, 1 / 1.5, 20, 18),  # 8 * 1.5 ** 2
        (EIGHT, 0.5, 40, 32),  # half the width takes four times the rounds
        (EIGHT, 0.5, 20, 20),
        (EIGHT * 3, 50.0, 30, 24),  # what is there stays there
        (EIGHT * 3, 0.001, 20, 24),
        ([90.0, 110.0, 100.0] * 2, 50.0, 20, LEAST_ROUNDS),
        ([math.nan] * 8, 2.0, 20, 20),
        ([0.0] * 8, 2.0, 20, 8),
        (EIGHT, 1e-300, 20, 20),
    ],
)
def test_tells_how_many_rounds_it_takes_in_all(
    values: list[float], target_percent: float, limit: int, rounds: int
) -> None:
    assert rounds_needed(values, target_percent, limit) == rounds


def test_a_precise_sample_needs_no_more_rounds_and_another_does() -> None:
    generator = np.random.default_rng(5)
    seen = set()
    for _ in range(300):
        values = list(generator.normal(100, 3, 10))
        precise = is_precise(values, 2.0)
        assert (rounds_needed(values, 2.0, 1000) == 10) is precise
        seen.add(precise)
    assert seen == {True, False}


def test_the_expectation_holds_on_average() -> None:
    """Twelve rounds let expect about as many rounds as the target then takes."""
    generator = np.random.default_rng(6)
    expected = [rounds_needed(list(generator.normal(100, 5, 12)), 2.0, 1000) for _ in range(300)]
    needed = int(np.median(expected))

    reached = [half_width_percent(list(generator.normal(100, 5, needed))) for _ in range(300)]
    assert np.median([width for width in reached if width is not None]) == pytest.approx(2, rel=0.1)


@given(st.lists(hostile, max_size=30), st.floats(min_value=0, max_value=100), st.integers(1, 40))
def test_no_values_break_it(values: list[float], target_percent: float, limit: int) -> None:
    rounds = rounds_needed(values, target_percent, limit)

    assert len(values) <= rounds <= max(limit, len(values))
    assert not (target_percent == 0 and is_precise(values, target_percent))
