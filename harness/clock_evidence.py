"""At which clocks the CPUs of an invocation ran: by how long each clock was in use.

The kernel counts that for each group of CPUs with one clock, in units of 10 ms. It counts time in
which the CPUs were idle too.
"""

from __future__ import annotations

from collections.abc import Iterator

from android_runner.cpu_mask import parse_mask_word
from android_runner.frequency import PolicyState, Share, TimeAtClock, mean_khz, residency
from harness.device import ClusterState, Observation

# The reading itself, and the moment before clocks are as they were asked for.
_MOST_ELSEWHERE = 0.02


def clock_summary(before: Observation, after: Observation, mask: str | None) -> str | None:
    """The mean clock of each cluster that a hexadecimal mask (None: any) allows.

    For example `policy4 at 2.35 GHz on average of at most 2.42`; None where nothing is told.
    """
    told = []
    for old, new in used_clusters(before, after, mask):
        mean = mean_clock_khz(old, new)
        if mean is not None:
            most = "" if new.highest_khz is None else f" of at most {new.highest_khz / 1e6:.2f}"
            told.append(f"{new.policy} at {mean / 1e6:.2f} GHz on average{most}")
    return ", ".join(told) or None


def fixed_clock_problem(before: Observation, after: Observation, mask: str | None) -> str | None:
    """How clocks that are meant to be fixed were not: more than 2 % of the time at another one
    than the cap. None if they were, and where the device does not tell."""
    problems = []
    for old, new in used_clusters(before, after, mask):
        cap_khz = new.cap_khz
        shares = clock_shares(old, new)
        if cap_khz is None or shares is None:
            continue
        elsewhere = sum(entry.share for entry in shares if entry.khz != cap_khz)
        if elsewhere > _MOST_ELSEWHERE:
            problems.append(
                f"{new.policy} not at its fixed {cap_khz / 1e6:.2f} GHz "
                f"for {100 * elsewhere:.0f} % of the time"
            )
    return ", ".join(problems) or None


def used_clusters(
    before: Observation, after: Observation, mask: str | None
) -> Iterator[tuple[ClusterState, ClusterState]]:
    """Both states of each cluster that has a CPU of the mask; of all clusters without a mask."""
    allowed = parse_mask_word(mask or "")
    old = {cluster.policy: cluster for cluster in before.clusters}
    for cluster in after.clusters:
        used = not allowed or set(allowed.cpus).intersection(cluster.cpus)
        if used and cluster.policy in old:
            yield old[cluster.policy], cluster


def mean_clock_khz(before: ClusterState, after: ClusterState) -> float | None:
    """The mean clock between two readings of one cluster, None where that is not told."""
    shares = clock_shares(before, after)
    return mean_khz(shares) if shares else None


def clock_shares(before: ClusterState, after: ClusterState) -> tuple[Share, ...] | None:
    """The share of the time (0 to 1) that each clock was in use; see `frequency.residency`."""
    return residency(_counts(before), _counts(after))


def _counts(cluster: ClusterState) -> PolicyState:
    times = (cluster.residency_ticks or {}).items()
    return PolicyState(
        number=0,
        cpus=cluster.cpus,
        current_khz=None,
        min_khz=None,
        max_khz=None,
        hardware_min_khz=None,
        hardware_max_khz=None,
        governor=None,
        time_in_state=tuple(TimeAtClock(khz=khz, ticks=ticks) for khz, ticks in times),
    )
