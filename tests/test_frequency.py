from __future__ import annotations

from dataclasses import replace

import pytest
from fake_phone import FakePhone
from hypothesis import given
from hypothesis import strategies as st
from mutations import mutations_of, numbers_in

from android_runner.frequency import (
    POLICY_FILES,
    PolicyState,
    Share,
    TimeAtClock,
    mean_khz,
    parse_policies,
    quote_clocks,
    residency,
)

POLICY = "/sys/devices/system/cpu/cpufreq/policy"

# A Pixel 8's little CPUs as they were, and its fastest one as a throttled one would be.
FILES = {
    f"{POLICY}0/related_cpus": "0 1 2 3 \n",
    f"{POLICY}0/cpuinfo_min_freq": "324000\n",
    f"{POLICY}0/cpuinfo_max_freq": "1704000\n",
    f"{POLICY}0/scaling_cur_freq": "1197000\n",
    f"{POLICY}0/scaling_min_freq": "324000\n",
    f"{POLICY}0/scaling_max_freq": "1704000\n",
    f"{POLICY}0/scaling_governor": "sched_pixel\n",
    f"{POLICY}0/stats/time_in_state": "324000 1026376\n610000 5120\n1704000 88\n",
    f"{POLICY}8/related_cpus": "8\n",
    f"{POLICY}8/cpuinfo_min_freq": "500000\n",
    f"{POLICY}8/cpuinfo_max_freq": "2914000\n",
    f"{POLICY}8/scaling_cur_freq": "<unsupported>\n",
    f"{POLICY}8/scaling_min_freq": "1557000\n",
    f"{POLICY}8/scaling_max_freq": "1557000\n",
    f"{POLICY}8/stats/other": "1\n",
}
TEXT = FakePhone(files=FILES).run(["sh", "-c", POLICY_FILES]).stdout

LITTLE = PolicyState(
    number=0,
    cpus=(0, 1, 2, 3),
    current_khz=1197000,
    min_khz=324000,
    max_khz=1704000,
    hardware_min_khz=324000,
    hardware_max_khz=1704000,
    governor="sched_pixel",
    time_in_state=(
        TimeAtClock(khz=324000, ticks=1026376),
        TimeAtClock(khz=610000, ticks=5120),
        TimeAtClock(khz=1704000, ticks=88),
    ),
)
BIG = PolicyState(
    number=8,
    cpus=(8,),
    current_khz=None,
    min_khz=1557000,
    max_khz=1557000,
    hardware_min_khz=500000,
    hardware_max_khz=2914000,
    governor=None,
    time_in_state=(),
)
NOTHING = PolicyState(
    number=0,
    cpus=(),
    current_khz=None,
    min_khz=None,
    max_khz=None,
    hardware_min_khz=None,
    hardware_max_khz=None,
    governor=None,
    time_in_state=(),
)


def _times(*ticks: int) -> PolicyState:
    clocks = (324000, 610000, 1704000)
    return replace(
        LITTLE,
        time_in_state=tuple(
            TimeAtClock(khz=khz, ticks=tick) for khz, tick in zip(clocks, ticks, strict=True)
        ),
    )


def test_reads_the_clocks() -> None:
    assert parse_policies(TEXT) == (LITTLE, BIG)


def test_quotes_the_limits() -> None:
    assert quote_clocks(TEXT).splitlines() == [
        "policy0 scaling_max_freq 1704000",
        "policy0 cpuinfo_max_freq 1704000",
        "policy0 scaling_min_freq 324000",
        "policy8 scaling_max_freq 1557000",
        "policy8 cpuinfo_max_freq 2914000",
        "policy8 scaling_min_freq 1557000",
    ]


@pytest.mark.parametrize(
    ("policy", "capped", "fixed"),
    [(LITTLE, False, False), (BIG, True, True), (NOTHING, None, None)],
)
def test_tells_whether_a_clock_is_capped_or_fixed(
    policy: PolicyState, capped: bool | None, fixed: bool | None
) -> None:
    assert (policy.capped, policy.fixed) == (capped, fixed)


def test_tells_where_the_time_went() -> None:
    shares = residency(_times(1000, 50, 7), _times(1000, 80, 17))

    assert shares == (Share(khz=610000, share=0.75), Share(khz=1704000, share=0.25))
    assert mean_khz(shares) == 883500


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(_times(1, 2, 3), _times(1, 2, 3), id="no time has passed"),
        pytest.param(_times(9, 2, 3), _times(1, 20, 30), id="reset in between"),
        pytest.param(BIG, BIG, id="not counted"),
        pytest.param(_times(1, 2, 3), replace(_times(2, 3, 4), number=4), id="another policy"),
        pytest.param(LITTLE, replace(LITTLE, time_in_state=()), id="no longer counted"),
        pytest.param(
            LITTLE,
            replace(LITTLE, time_in_state=(TimeAtClock(khz=324000, ticks=10**9),)),
            id="other clocks",
        ),
    ],
)
def test_does_not_guess_where_the_time_went(before: PolicyState, after: PolicyState) -> None:
    assert residency(before, after) is None


def test_a_table_that_is_not_whole_is_none() -> None:
    files = {f"{POLICY}0/stats/time_in_state": "324000 1026376\n610000\n"}
    text = FakePhone(files=files).run(["sh", "-c", POLICY_FILES]).stdout

    assert parse_policies(text) == (NOTHING,)


def test_there_is_no_mean_clock_of_no_time() -> None:
    assert mean_khz(()) is None


@given(mutations_of(TEXT), mutations_of(TEXT))
def test_never_fails(one: str, two: str) -> None:
    before, after = parse_policies(one), parse_policies(two)

    assert all(0 <= number < 1e20 for number in numbers_in((before, after)))
    for old, new in zip(before, after, strict=False):
        shares = residency(old, new)
        assert shares is None or sum(each.share for each in shares) == pytest.approx(1)


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), min_size=3, max_size=3))
def test_shares_are_of_the_whole(ticks: list[tuple[int, int]]) -> None:
    shares = residency(_times(*(old for old, _ in ticks)), _times(*(sum(both) for both in ticks)))

    passed = sum(new for _, new in ticks)
    assert (shares is None) == (passed == 0)
    assert sum(each.share for each in shares or ()) == pytest.approx(1 if passed else 0)
