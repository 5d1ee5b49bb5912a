"""What a phone's own state says of an invocation: heat, clocks, and values that somebody set."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checks import Check, Verdict
from harness.clock_evidence import clock_summary, fixed_clock_problem
from harness.device import Observation
from harness.record import Record


def check_phone(record: Record, *, fixed_clocks: bool) -> tuple[Check, ...]:
    """The checks that a phone adds, always in the same order."""
    seen = [observation for observation in (record.before, record.after) if observation is not None]
    return (
        _check_heat(record, seen),
        _check_clocks(record, seen, fixed=fixed_clocks),
        _check_battery(seen),
        _check_power(seen),
    )


def _check_heat(record: Record, seen: Sequence[Observation]) -> Check:
    """Any thermal status above none slows a phone; an overridden one says nothing."""
    statuses = [observation.thermal_status for observation in seen]
    known = [status for status in statuses if status is not None]
    overridden = any(observation.thermal_overridden for observation in seen)
    verdict = Verdict.UNPROVEN
    if overridden or any(known) or record.throttled is not None:
        verdict = Verdict.CONTRADICTED
    elif len(known) == len(statuses) == 2:
        verdict = Verdict.PROVEN
    told = " and ".join(str(status) for status in known) or "not told"
    warmth = [o.temperature_c for o in seen if o.temperature_c is not None]
    if len(warmth) == 2:
        told += f", {warmth[0]:.1f} to {warmth[1]:.1f} °C"
    if overridden:
        told += ", overridden by somebody"
    if record.throttled is not None:
        told += f"; {record.throttled}"
    return Check(
        name="thermal status",
        requested="0 before and after",
        observed=told,
        verdict=verdict,
        raw=_raw(seen, "thermal"),
    )


def _check_clocks(record: Record, seen: Sequence[Observation], *, fixed: bool) -> Check:
    """A cap below what the CPUs can do means that something, such as heat, holds them back."""
    caps = [
        (cluster.policy, cluster.cap_khz, cluster.highest_khz)
        for observation in seen
        for cluster in observation.clusters
    ]
    low = [
        f"{policy} at {cap} of {highest} kHz"
        for policy, cap, highest in caps
        if cap is not None and highest is not None and cap < highest
    ]
    moved = mean = None
    if record.before is not None and record.after is not None:
        mean = clock_summary(record.before, record.after, record.cpu_mask)
        if fixed:
            moved = fixed_clock_problem(record.before, record.after, record.cpu_mask)
    verdict = Verdict.UNPROVEN
    if low or moved:
        verdict = Verdict.CONTRADICTED
    elif len(seen) == 2 and caps and all(None not in cap for cap in caps):
        verdict = Verdict.PROVEN
    told = list(dict.fromkeys(low)) or ["not capped" if caps else "not told"]
    return Check(
        name="clocks",
        requested="fixed, not capped" if fixed else "not capped",
        observed="; ".join([*told, *(text for text in (moved, mean) if text)]),
        verdict=verdict,
        raw=_raw(seen, "clocks"),
    )


def _check_battery(seen: Sequence[Observation]) -> Check:
    """A battery that somebody mocks may be charging, empty or hot in truth."""
    mocked = [observation.battery_mocked for observation in seen]
    verdict = Verdict.UNPROVEN
    if any(mocked):
        verdict = Verdict.CONTRADICTED
    elif mocked and None not in mocked:
        verdict = Verdict.PROVEN
    levels = [o.battery_percent for o in seen if o.battery_percent is not None]
    told = f"{min(levels):.0f} %" if levels else "not told"
    return Check(
        name="battery",
        requested="its own values",
        observed=f"{told}, mocked by somebody" if any(mocked) else told,
        verdict=verdict,
        raw=_raw(seen, "battery"),
    )


def _check_power(seen: Sequence[Observation]) -> Check:
    """A phone may clock otherwise on its battery than on a charger."""
    states = [observation.powered for observation in seen]
    verdict = Verdict.UNPROVEN
    if None not in states and len(states) == 2:
        verdict = Verdict.PROVEN if len(set(states)) == 1 else Verdict.CONTRADICTED
    words = {True: "powered", False: "on battery", None: "not told"}
    told = " then ".join(dict.fromkeys(words[state] for state in states)) or "not told"
    return Check(
        name="power source",
        requested="the same throughout",
        observed=told,
        verdict=verdict,
        raw=_raw(seen, "battery"),
    )


def _raw(seen: Sequence[Observation], name: str) -> str:
    """The device's own lines; of those after the invocation only what differs from before."""
    texts = list(dict.fromkeys(o.sources[name] for o in seen if name in o.sources))
    return "\nafter it:\n".join(texts)
