"""Runs whose device told something at each moment: a phone that warms up, throttles and cools."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace

from factories import make_record

from harness.device import ClusterState, Observation
from harness.plan import Case
from harness.record import THROTTLED, Failure, Record

START = datetime.datetime(2026, 3, 1, 10, tzinfo=datetime.UTC)


def at_minute(minutes: float) -> str:
    """The time so long after the start of all runs."""
    return (START + datetime.timedelta(minutes=minutes)).isoformat()


def make_state(
    temperature_c: float | None = 30.0, cap_khz: int | None = 2_400_000, **changes: object
) -> Observation:
    """A phone with one cluster."""
    cluster = ClusterState(
        policy="policy4", cpus=(4, 5), current_khz=1_200_000, cap_khz=cap_khz, highest_khz=2_400_000
    )
    values = {"thermal_status": 0, "battery_c": 25.0, "clusters": (cluster,), **changes}
    return Observation(temperature_c=temperature_c, **values)  # type: ignore[arg-type]  # several


def make_timed(
    case: Case,
    minutes: float,
    before: Observation | None = None,
    after: Observation | None = None,
    **changes: object,
) -> Record:
    """An invocation of a minute, in the round of its minute."""
    values = {"started_at": at_minute(minutes), "wall_s": 60.0, **changes}
    record = make_record(case, round(minutes), before=before, after=after or before)
    return replace(record, **values)  # type: ignore[arg-type]  # fields of several types


def make_heat(case: Case) -> Sequence[Record]:
    """Five invocations: cool, slowed and redone, redone after cooling but too warm, slowed and
    kept, cool again."""
    hot = make_state(41.0, thermal_status=2)
    capped = make_state(33.0, cap_khz=1_500_000)
    spoilt = Failure(kind=THROTTLED, message="thermal status 2 after it")
    return (
        make_timed(case, 0, make_state(30.0), make_state(31.0)),
        make_timed(
            case, 2, make_state(31.5), hot, valid=False, failure=spoilt, throttled=spoilt.message
        ),
        make_timed(case, 6, make_state(36.0), waited_s=120.0, late_cool=True),
        make_timed(case, 8, make_state(33.0), capped, throttled="policy4 capped at 1500000 kHz"),
        make_timed(case, 9, make_state(32.0)),
    )
