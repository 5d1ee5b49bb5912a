"""How latency develops while a device gets no rest: when it rises for good, and how far."""

from __future__ import annotations

import datetime
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.clock_evidence import mean_clock_khz, used_clusters
from harness.cooling import why_throttled
from harness.device import ClusterState, Observation
from harness.record import Record

_FEWEST = 6  # invocations; with fewer there is no before and after
_EACH_SIDE = 3  # invocations before and after a knee
_LEAST_STEP = 0.03  # of the start level
_NOISE_FACTOR = 3.0
# Of the invocations after a knee, so many must be above: clocks that heat governs go up and down.
_MOSTLY = 0.9


@dataclass(frozen=True, kw_only=True)
class SustainedPoint:
    """One invocation of a series, `start_s` seconds after the first began.

    Temperature, thermal status (the higher one) and cap (the lower one) are those before and after
    it. `clock_khz` is the mean clock meanwhile of the fastest cluster that it could use.
    """

    start_s: float
    latency_ms: float
    temperature_c: float | None = None
    clock_khz: float | None = None
    cap_khz: int | None = None
    thermal_status: int | None = None


@dataclass(frozen=True, kw_only=True)
class Sustained:
    """A series of invocations back to back.

    `start_ms` is the median latency of the first eighth (at least 3), `steady_ms` of the last
    quarter (at least 3), `ratio` the second over the first. `knee_s` is when latency left the
    start level for good, `first_throttle_s` when the device first showed that heat slows it: by
    a thermal status, or a cap below that at the start. Both are None if that never happened.
    """

    points: tuple[SustainedPoint, ...]
    start_ms: float
    steady_ms: float
    ratio: float
    knee_s: float | None
    first_throttle_s: float | None
    duration_s: float


def summarize_sustained(records: Sequence[Record]) -> Sustained | None:
    """The series of a case, None with fewer than 6 valid invocations."""
    valid = [record for record in records if record.valid and record.measurement is not None]
    if len(valid) < _FEWEST:
        return None
    valid.sort(key=lambda record: record.round)
    starts = _starts(valid)
    points = tuple(_point(record, at) for record, at in zip(valid, starts, strict=True))
    latencies = [point.latency_ms for point in points]
    start_ms = _start_level(latencies)
    steady_ms = statistics.median(latencies[-max(_EACH_SIDE, len(latencies) // 4) :])
    knee = find_knee(latencies)
    return Sustained(
        points=points,
        start_ms=start_ms,
        steady_ms=steady_ms,
        ratio=steady_ms / start_ms,
        knee_s=None if knee is None else starts[knee],
        first_throttle_s=_first_throttle(valid, starts),
        duration_s=starts[-1] + valid[-1].wall_s,
    )


def find_knee(latencies: Sequence[float]) -> int | None:
    """The index at which positive latencies leave the start level for good, None if they do not.

    It is the first value that begins three values above the start level, and after which nine of
    ten are above. Above means by 3 %, and by three times the noise, which is told by how much
    neighbours differ: neither a ramp nor a step changes their median. At least three values are
    on each side. A spike is soon over and so is no knee; of a ramp it is where it has climbed 3 %.
    """
    logs = [math.log(latency) for latency in latencies]
    level = math.log(_start_level(latencies)) if latencies else 0.0
    limit = level + max(math.log1p(_LEAST_STEP), _NOISE_FACTOR * _noise(logs))
    above = [value > limit for value in logs]
    for index in range(_EACH_SIDE, len(above) - _EACH_SIDE + 1):
        rest = above[index:]
        if all(rest[:_EACH_SIDE]) and sum(rest) >= _MOSTLY * len(rest):
            return index
    return None


def _start_level(latencies: Sequence[float]) -> float:
    return statistics.median(latencies[: max(_EACH_SIDE, len(latencies) // 8)])


def _noise(logs: Sequence[float]) -> float:
    """The standard deviation of one value, from the median difference of neighbours."""
    steps = [abs(after - before) for before, after in pairwise(logs)]
    # 0.6745 is the median of |x| for a normal x; a difference of two has twice the variance.
    return statistics.median(steps) / 0.6745 / math.sqrt(2) if steps else 0.0


def _starts(records: Sequence[Record]) -> list[float]:
    """Seconds from the first start. A clock that is set back does not reverse the order."""
    times = [datetime.datetime.fromisoformat(record.started_at) for record in records]
    starts = [0.0]
    for time in times[1:]:
        starts.append(max(starts[-1], (time - times[0]).total_seconds()))
    return starts


def _point(record: Record, start_s: float) -> SustainedPoint:
    assert record.measurement is not None
    seen = [state for state in (record.before, record.after) if state is not None]
    pair = _fastest_cluster(record)
    caps = [cluster.cap_khz for cluster in pair or () if cluster.cap_khz is not None]
    statuses = [state.thermal_status for state in seen if state.thermal_status is not None]
    warmth = [state.temperature_c for state in seen if state.temperature_c is not None]
    return SustainedPoint(
        start_s=start_s,
        latency_ms=record.measurement.latency_us / 1000,
        temperature_c=max(warmth, default=None),
        clock_khz=mean_clock_khz(*pair) if pair else None,
        cap_khz=min(caps, default=None),
        thermal_status=max(statuses, default=None),
    )


def _fastest_cluster(record: Record) -> tuple[ClusterState, ClusterState] | None:
    """The one of the allowed CPUs that can be the fastest, before and after."""
    if record.before is None or record.after is None:
        return None
    mask = record.cpu_mask or record.requested_mask
    pairs = used_clusters(record.before, record.after, mask)
    return max(pairs, key=lambda pair: pair[1].highest_khz or pair[1].cap_khz or 0, default=None)


def _first_throttle(records: Sequence[Record], starts: Sequence[float]) -> float | None:
    start = records[0].before
    for record, start_s in zip(records, starts, strict=True):
        if _is_slowed(start, record.before):
            return start_s
        if _is_slowed(start, record.after):
            return start_s + record.wall_s
    return None


def _is_slowed(start: Observation | None, seen: Observation | None) -> bool:
    return why_throttled(start, seen) is not None
