"""What a phone's own state says of an invocation: heat, clocks, and values that somebody set."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checks import Check, Verdict
from harness.device import Observation
from harness.record import Record


def check_phone(record: Record) -> tuple[Check, ...]:
    """The checks that a phone adds, always in the same order."""
    seen = [observation for observation in (record.before, record.after) if observation is not None]
    return (_check_heat(seen), _check_clocks(seen), _check_battery(seen))


def _check_heat(seen: Sequence[Observation]) -> Check:
    """Any thermal status above none slows a phone; an overridden one says nothing."""
    statuses = [observation.thermal_status for observation in seen]
    known = [status for status in statuses if status is not None]
    overridden = any(observation.thermal_overridden for observation in seen)
    verdict = Verdict.UNPROVEN
    if overridden or any(known):
        verdict = Verdict.CONTRADICTED
    elif len(known) == len(statuses) == 2:
        verdict = Verdict.PROVEN
    told = " and ".join(str(status) for status in known) or "not told"
    return Check(
        name="thermal status",
        requested="0 before and after",
        observed=f"{told}, overridden by somebody" if overridden else told,
        verdict=verdict,
    )


def _check_clocks(seen: Sequence[Observation]) -> Check:
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
    verdict = Verdict.UNPROVEN
    if low:
        verdict = Verdict.CONTRADICTED
    elif len(seen) == 2 and caps and all(None not in cap for cap in caps):
        verdict = Verdict.PROVEN
    observed = "; ".join(dict.fromkeys(low)) or ("not capped" if caps else "not told")
    return Check(name="clocks", requested="not capped", observed=observed, verdict=verdict)


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
    )
