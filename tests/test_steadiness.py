from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.measurement import Measurement, Phase
from harness.statistics import Estimate
from harness.steadiness import (
    Drift,
    DriftInside,
    Modes,
    ShortWarmup,
    find_drift,
    find_drift_inside,
    find_modes,
    find_short_warmup,
    kendall_p,
    list_findings,
)

STEADY = [1000.0, 1003.0, 998.0, 1001.0, 999.0, 1002.0, 997.0, 1004.0]
RISING = [1000.0 * 1.01**number for number in range(8)]
TWO_GROUPS = [1000.0, 1100.0, 1001.0, 1101.0, 1002.0, 1003.0, 1004.0, 1102.0]


def near(value: float) -> float:
    return pytest.approx(value, rel=1e-3)  # type: ignore[return-value]  # equals a float


def phase(first: int, median: int, last: int, **changes: object) -> Phase:
    given = Phase(count=30, first_us=first, median_us=median, last_us=last)
    return replace(given, **changes)  # type: ignore[arg-type]  # fields of several types


def measurements(latencies_us: Sequence[float]) -> list[Measurement]:
    return [
        Measurement(
            init_us=1, first_us=None, warmup=Phase(count=0), inference=phase(*[round(value)] * 3)
        )
        for value in latencies_us
    ]


def test_two_groups_are_told_with_their_medians_and_counts() -> None:
    modes = find_modes(TWO_GROUPS)

    assert modes == Modes(
        fast_us=1002.0,
        slow_us=1101.0,
        fast_count=5,
        slow_count=3,
        gap_percent=near((1100 / 1004 - 1) * 100),
    )
    assert modes.text == (
        "the invocations fall into two groups, 5 around 1002 us and 3 around 1101 us, with a gap "
        "of 9.6 % between them: one number does not describe both"
    )


@pytest.mark.parametrize(
    "latencies_us",
    [
        [],
        STEADY,
        TWO_GROUPS[:7],  # too few in all
        [1000.0] * 7 + [1200.0],  # one slow invocation is an outlier
        [1000.0] * 19 + [1200.0] * 2,  # less than a tenth
        [1000.0] * 4 + [1039.0] * 4,  # 3.9 % apart
        [1000.0, 1050.0, 1100.0, 1150.0] * 2,  # no gap is wider than what it separates
        [10.0, 11.0] * 4,  # whole microseconds
    ],
)
def test_a_sample_without_two_clear_groups_has_no_modes(latencies_us: list[float]) -> None:
    assert find_modes(latencies_us) is None


def test_a_tenth_of_a_large_sample_is_a_mode() -> None:
    modes = find_modes([1000.0] * 18 + [1200.0] * 2)

    assert modes is not None
    assert (modes.fast_count, modes.slow_count) == (18, 2)


def test_a_rise_over_the_session_is_told_with_its_size() -> None:
    drift = find_drift(RISING)

    assert drift == Drift(
        change_percent=near((1.01**6 - 1) * 100),
        p=near(2 / math.factorial(8)),
        rounds=8,
    )
    assert drift.text == (
        "the latency rose by 6.2 % from the first quarter of the 8 rounds to the last "
        "(p < 0.001 by Kendall's test)"
    )
    fall = find_drift(RISING[::-1])
    assert fall is not None
    assert "fell by 5.8 %" in fall.text


@pytest.mark.parametrize(
    "latencies_us",
    [
        [],
        STEADY,
        RISING[:7],  # too few
        [1000.0 + number for number in range(20)],  # a clear trend by 2 %
        [1000.0, 1000.0, 1400.0, 900.0, 1300.0, 950.0, 1100.0, 1100.0],  # 10 % more, no trend
        [20.0] * 4 + [21.0] * 4,  # whole microseconds
    ],
)
def test_a_sample_without_a_clear_trend_has_no_drift(latencies_us: list[float]) -> None:
    assert find_drift(latencies_us) is None


def test_a_drift_inside_invocations_is_told_with_its_interval() -> None:
    phases = [phase(1000, 1050, 1100)] * 8

    drift = find_drift_inside(phases)

    ten = near(10)
    assert drift == DriftInside(change_percent=Estimate(value=ten, low=ten, high=ten, n=8))
    assert drift.text == (
        "inside an invocation, the last run takes +10.0 % (+10.0 to +10.0 %, 8 invocations) "
        "compared with the first: the latency depends on the number of runs"
    )
    assert find_short_warmup(phases) is None


def test_a_slow_first_run_is_a_short_warmup_and_no_drift() -> None:
    phases = [phase(1200, 1000, 1000)] * 8

    short = find_short_warmup(phases)

    twenty = near(20)
    assert short == ShortWarmup(excess_percent=Estimate(value=twenty, low=twenty, high=twenty, n=8))
    measured = [
        Measurement(init_us=1, first_us=None, warmup=Phase(count=0), inference=p) for p in phases
    ]
    assert list_findings(measured) == (
        "the first run after the warm-up takes +20.0 % (+20.0 to +20.0 %, 8 invocations) compared "
        "with the median: the warm-up is too short",
    )


@pytest.mark.parametrize(
    ("first", "median", "last"),
    [
        (1200, 1100, 1000),  # faster all the time
        (1000, 1000, 1200),  # slower at the end
        (1000, 1200, 1000),  # a hill
        (1020, 1000, 1000),  # 2 %
        (11, 10, 10),  # whole microseconds
    ],
)
def test_other_shapes_are_no_short_warmup(first: int, median: int, last: int) -> None:
    assert find_short_warmup([phase(first, median, last)] * 8) is None


@pytest.mark.parametrize(
    "phases",
    [
        [],
        [phase(1000, 1050, 1100)] * 7,
        [phase(1000, 1050, 1100, count=1)] * 8,
        [phase(1000, 1010, 1020)] * 8,
        [phase(1000, 1050, 1100)] * 4 + [phase(1000, 950, 900)] * 4,  # in both directions
        [phase(20, 20, 21)] * 8,  # whole microseconds
        [phase(0, 0, 0)] * 8,
        [phase(1000, 1050, 1100, last_us=None)] * 8,
        [Phase(count=0)] * 8,
        [Phase(count=3, last_us=73)] * 8,  # all the same
    ],
)
def test_phases_without_a_clear_change_have_no_drift_inside(phases: Sequence[Phase]) -> None:
    assert find_drift_inside(phases) is None
    assert find_short_warmup(phases) is None


def test_an_older_tool_without_a_median_has_its_average() -> None:
    phases = [phase(1200, 0, 1000, median_us=None, average_us=1006.7)] * 8

    assert find_short_warmup(phases) is not None


def test_a_steady_case_has_no_findings_and_a_rising_one_has() -> None:
    assert list_findings(measurements(STEADY)) == ()
    assert list_findings([]) == ()
    assert [text.split(" by ")[0] for text in list_findings(measurements(RISING))] == [
        "the latency rose"
    ]


@pytest.mark.parametrize("n", [2, 3, 8, 12, 20, 33, 34, 60])
@pytest.mark.parametrize("ties", [False, True])
def test_the_p_value_is_that_of_scipy(n: int, ties: bool) -> None:
    generator = np.random.default_rng(n)
    for trend in (0.0, 0.1):
        values = generator.normal(0, 1, n) + trend * np.arange(n)
        if ties:
            values = np.round(values)
        exact = n <= 33 and len(set(values)) == n
        if not exact and n < 8:
            continue
        method = "exact" if exact else "asymptotic"
        expected = stats.kendalltau(np.arange(n), values, method=method).pvalue
        assert kendall_p(list(values)) == pytest.approx(expected)


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 8, [1.0] * 50])
def test_equal_values_have_no_trend(values: list[float]) -> None:
    assert kendall_p(values) == 1.0


hostile = st.one_of(
    st.floats(min_value=0, max_value=1e300),
    st.sampled_from([0.0, -1.0, 1e-300, 1.0, 1000.0, math.inf, math.nan]),
)
times = st.one_of(st.none(), st.integers(-2, 3), st.integers(0, 10**12))


@given(st.lists(hostile, max_size=24))
def test_no_latencies_break_it(latencies_us: list[float]) -> None:
    for finding in (find_modes(latencies_us), find_drift(latencies_us)):
        assert finding is None or "nan" not in finding.text


@given(
    st.lists(
        st.builds(Phase, count=st.integers(0, 3), first_us=times, median_us=times, last_us=times),
        min_size=6,
        max_size=14,
    )
)
def test_no_phases_break_it(phases: list[Phase]) -> None:
    for finding in (find_drift_inside(phases), find_short_warmup(phases)):
        assert finding is None or "nan" not in finding.text
