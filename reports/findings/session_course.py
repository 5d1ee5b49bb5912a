"""The state of the device along a run: what it told before and after each invocation, by time."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from harness.device import Observation
from harness.record import THROTTLED, Record

Points = tuple[tuple[float, float], ...]

MOST_POINTS = 600  # of a line, so that a long run is not larger than a short one
GAP_MIN = 30.0  # no line leads over a time in which nothing was seen
_MOST_CLUSTERS = 6
_NUMBER = re.compile(r"[0-9]{1,8}")
_FLAT = 0.001
_LARGEST = 1e6  # no temperature and no clock is beyond


class Mark(StrEnum):
    """What happened to an invocation, in the words of a chart."""

    COOLING = "cooling"
    WARM = "started warm"
    SLOWED = "slowed by heat"
    REDONE = "slowed, redone"
    STATUS = "status above 0"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to an invocation, in minutes since the first one began."""

    mark: Mark
    from_min: float
    to_min: float
    record: Record


@dataclass(frozen=True, kw_only=True)
class Line:
    """A value over minutes. A cap is the highest clock that its cluster was allowed. A point that
    is not a number is a gap."""

    name: str
    points: Points
    cluster: str = ""
    is_cap: bool = False

    @property
    def values(self) -> list[float]:
        """Without the gaps."""
        return [value for _, value in self.points if not math.isnan(value)]

    @property
    def is_flat(self) -> bool:
        """Whether it has one value, to three digits."""
        values = self.values
        return max(values) - min(values) <= _FLAT * max(map(abs, values))

    @property
    def has_gap(self) -> bool:
        """Whether it is broken somewhere."""
        return any(math.isnan(value) for _, value in self.points)


@dataclass(frozen=True, kw_only=True)
class Course:
    """The lines in °C and GHz and what happened, in the order of time. A line has two values at
    least; `lost` counts invocations whose start is no time."""

    temperatures: tuple[Line, ...]
    clocks: tuple[Line, ...]
    events: tuple[Event, ...]
    duration_min: float
    thinned: bool = False
    lost: int = 0


@dataclass(frozen=True, kw_only=True)
class _Seen:
    at_min: float
    state: Observation


def follow_device(records: Sequence[Record], *, is_phone: bool) -> Course:
    """The course of a run from all of its invocations, whatever they were for."""
    starts = [(start_s(record), record) for record in records]
    known = sorted(((at, one) for at, one in starts if at is not None), key=lambda pair: pair[0])
    timed = [((at - known[0][0]) / 60, record) for at, record in known]
    seen = [
        _Seen(at_min=at + after_min, state=state)
        for at, record in timed
        for after_min, state in ((0.0, record.before), (_minutes(record.wall_s), record.after))
        if state is not None
    ]
    seen.sort(key=lambda one: one.at_min)
    temperatures, clocks = _temperatures(seen, is_phone=is_phone), _clocks(seen)
    return Course(
        temperatures=_drawn(temperatures),
        clocks=_drawn(clocks),
        events=tuple(event for at, record in timed for event in _events(at, record)),
        duration_min=max((at + _minutes(record.wall_s) for at, record in timed), default=0.0),
        thinned=any(len(line.points) > MOST_POINTS for line in (*temperatures, *clocks)),
        lost=len(records) - len(known),
    )


def start_s(record: Record) -> float | None:
    """When an invocation began, in seconds since 1970; None where that is no time."""
    try:
        moment = datetime.datetime.fromisoformat(record.started_at)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def thin(points: Points) -> Points:
    """At most `MOST_POINTS` of them: the lowest and the highest of each of as many equal times as
    that allows, so that no peak is lost."""
    if len(points) <= MOST_POINTS:
        return points
    buckets = MOST_POINTS // 2
    begin, end = points[0][0], points[-1][0]
    width = (end - begin) / buckets or 1.0
    kept: dict[int, tuple[int, int]] = {}  # of each bucket the places of its lowest and highest
    for place, (at, value) in enumerate(points):
        bucket = min(buckets - 1, int((at - begin) / width))
        low, high = kept.get(bucket, (place, place))
        kept[bucket] = (
            place if value < points[low][1] else low,
            place if value > points[high][1] else high,
        )
    return tuple(points[place] for place in sorted({one for pair in kept.values() for one in pair}))


def _drawn(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(
        replace(line, points=_with_gaps(line.points)) for line in lines if len(line.points) > 1
    )


def _with_gaps(points: Points) -> Points:
    """Not too many points, and one that is no number wherever nothing was seen for long."""
    ends = [at for (at, _), (next_, _) in pairwise(points) if next_ - at > GAP_MIN]
    gaps = [(at + GAP_MIN / 2, math.nan) for at in ends[:MOST_POINTS]]
    return tuple(sorted((*thin(points), *gaps), key=lambda point: point[0]))


def _temperatures(seen: Sequence[_Seen], *, is_phone: bool) -> list[Line]:
    device = [(one.at_min, one.state.temperature_c) for one in seen]
    battery = [(one.at_min, one.state.battery_c) for one in seen]
    return [
        Line(name="skin" if is_phone else "hottest zone", points=_known(device)),
        Line(name="battery", points=_known(battery)),
    ]


def _clocks(seen: Sequence[_Seen]) -> list[Line]:
    """That of all CPUs, and those of the clusters with the lowest numbers."""
    mean = [(one.at_min, _over(one.state.cpu_mhz, 1e3)) for one in seen]
    current: dict[str, list[tuple[float, float | None]]] = {}
    caps: dict[str, list[tuple[float, float | None]]] = {}
    for one in seen:
        for cluster in one.state.clusters:
            for found, khz in ((current, cluster.current_khz), (caps, cluster.cap_khz)):
                found.setdefault(cluster.policy, []).append((one.at_min, _over(khz, 1e6)))
    lines = [Line(name="all CPUs", points=_known(mean))]
    for policy in sorted(current, key=_by_number)[:_MOST_CLUSTERS]:
        clock, cap = _known(current[policy]), _known(caps[policy])
        lines += [
            Line(name=policy, points=clock, cluster=policy),
            Line(name=f"cap of {policy}", points=cap, cluster=policy, is_cap=True),
        ]
    return lines


def _known(points: Iterable[tuple[float, float | None]]) -> Points:
    return tuple((at, v) for at, v in points if v is not None and abs(v) < _LARGEST)


def _minutes(seconds: float) -> float:
    return seconds / 60 if 0 <= seconds < math.inf else 0.0


def _over(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _by_number(policy: str) -> tuple[int, str]:
    """`policy4` before `policy10`."""
    digits = policy.removeprefix("policy")
    return int(digits) if _NUMBER.fullmatch(digits) else -1, policy


def _events(at_min: float, record: Record) -> Iterator[Event]:
    end_min = at_min + _minutes(record.wall_s)
    waited_min = _minutes(record.waited_s)
    if waited_min > 0:
        yield Event(mark=Mark.COOLING, from_min=at_min - waited_min, to_min=at_min, record=record)
    if record.late_cool:
        yield Event(mark=Mark.WARM, from_min=at_min, to_min=at_min, record=record)
    if record.throttled is not None:
        redone = record.failure is not None and record.failure.kind == THROTTLED
        mark = Mark.REDONE if redone else Mark.SLOWED
        yield Event(mark=mark, from_min=at_min, to_min=end_min, record=record)
    for seen_min, state in ((at_min, record.before), (end_min, record.after)):
        if state is not None and state.thermal_status:
            yield Event(mark=Mark.STATUS, from_min=seen_min, to_min=seen_min, record=record)
