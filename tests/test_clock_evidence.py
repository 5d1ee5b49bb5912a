from __future__ import annotations

import pytest

from harness.clock_evidence import clock_summary, fixed_clock_problem
from harness.device import ClusterState, Observation

LITTLE = (0, 1, 2, 3)
BIG = (4, 5, 6)


def seen(*clusters: ClusterState) -> Observation:
    return Observation(clusters=clusters)


def big(slow: int, fast: int, **changes: int | None) -> ClusterState:
    """So many ticks at 1.0 and at 2.4192 GHz."""
    return ClusterState(
        policy="policy4",
        cpus=BIG,
        cap_khz=changes.get("cap_khz", 2_419_200),
        highest_khz=changes.get("highest_khz", 2_419_200),
        residency_ticks={1_000_000: slow, 2_419_200: fast},
    )


def little(ticks: int) -> ClusterState:
    return ClusterState(policy="policy0", cpus=LITTLE, residency_ticks={300_000: ticks})


def test_gives_the_mean_clock_of_the_clusters_that_the_mask_allows() -> None:
    before, after = seen(little(0), big(100, 1000)), seen(little(500), big(105, 1095))

    summary = clock_summary(before, after, "70")

    assert summary == "policy4 at 2.35 GHz on average of at most 2.42"


@pytest.mark.parametrize("mask", ["7f", "41", None])
def test_names_every_cluster_that_may_have_been_used(mask: str | None) -> None:
    before, after = seen(little(0), big(0, 0)), seen(little(500), big(0, 400))

    summary = clock_summary(before, after, mask)

    assert summary == (
        "policy0 at 0.30 GHz on average, policy4 at 2.42 GHz on average of at most 2.42"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (seen(), seen()),
        (seen(), seen(big(0, 500))),
        (seen(big(0, 500)), seen(big(0, 500))),  # no tick passed
        (seen(big(0, 500)), seen(big(0, 400))),  # counted from anew: it has booted
        (seen(ClusterState(policy="policy4", cpus=BIG)), seen(big(0, 400))),
        (seen(little(0)), seen(little(400))),  # of other CPUs
    ],
)
def test_does_not_guess_a_clock(before: Observation, after: Observation) -> None:
    assert clock_summary(before, after, "70") is None
    assert fixed_clock_problem(before, after, "70") is None


@pytest.mark.parametrize(
    ("slow", "fast", "problem"),
    [
        (0, 100, None),
        (2, 98, None),
        (3, 97, "policy4 not at its fixed 2.42 GHz for 3 % of the time"),
        (100, 0, "policy4 not at its fixed 2.42 GHz for 100 % of the time"),
    ],
)
def test_a_fixed_clock_may_be_left_for_two_percent_of_the_time(
    slow: int, fast: int, problem: str | None
) -> None:
    assert fixed_clock_problem(seen(big(0, 0)), seen(big(slow, fast)), "70") == problem


def test_a_clock_fixed_below_the_highest_counts_as_fixed() -> None:
    after = seen(big(50, 0, cap_khz=1_000_000))

    assert fixed_clock_problem(seen(big(0, 0)), after, "70") is None
    assert clock_summary(seen(big(0, 0)), after, "70") == (
        "policy4 at 1.00 GHz on average of at most 2.42"
    )


def test_a_fixed_clock_may_be_exceeded_no_more_than_missed() -> None:
    after = seen(big(50, 50, cap_khz=1_000_000))

    assert fixed_clock_problem(seen(big(0, 0)), after, "70") == (
        "policy4 not at its fixed 1.00 GHz for 50 % of the time"
    )


def test_without_a_cap_a_fixed_clock_is_not_known() -> None:
    assert fixed_clock_problem(seen(big(0, 0)), seen(big(9, 1, cap_khz=None)), "70") is None


def test_other_clusters_may_have_any_clock() -> None:
    before, after = seen(little(0), big(0, 0)), seen(little(9), big(90, 10))

    assert fixed_clock_problem(before, after, "f") is None
