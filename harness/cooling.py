"""Heat: waits until a device is as cool as at the run's start, and tells when heat slowed it.

A device that is warmer than at the start is slower than it was then, or soon will be. The band is
that of Kalibera, Barrett & Tratt's `krun`: within a few degrees of the temperature at the start.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.device import Device, Observation
from harness.settings import Settings

_LOOK_EVERY_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The time in seconds since some moment, and how to let it pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What is waited for: why the device is too hot yet, and how long it may still take."""

    why: str
    left_s: float


@dataclass(frozen=True, kw_only=True)
class Cooled:
    """The state after waiting; `late` if the device was still too hot when the time was over."""

    seen: Observation
    waited_s: float = 0.0
    late: bool = False


OnWait = Callable[[Waiting], None]


def cool_down(
    device: Device, start: Observation | None, settings: Settings, on_wait: OnWait, clock: Clock
) -> Cooled:
    """Waits until the device is back in the band of its start. Raises what `observe` raises.

    Without a start, and where the device tells no temperature, nothing is waited for.
    """
    began = clock.now()
    while True:
        seen = device.observe()
        waited_s = clock.now() - began
        why = why_hot(seen, start, settings.band_c)
        if why is None:
            return Cooled(seen=seen, waited_s=_counted(waited_s))
        left_s = settings.cool_s - waited_s
        if left_s <= 0:
            return Cooled(seen=seen, waited_s=_counted(waited_s), late=True)
        on_wait(Waiting(why=why, left_s=left_s))
        clock.sleep(min(_LOOK_EVERY_S, left_s))


def why_hot(seen: Observation, start: Observation | None, band_c: float) -> str | None:
    """Why an invocation had better not start yet; None if it may."""
    if seen.thermal_status:
        return f"thermal status {seen.thermal_status}"
    if start is None or start.temperature_c is None or seen.temperature_c is None:
        return None
    limit_c = start.temperature_c + band_c
    if seen.temperature_c <= limit_c:
        return None
    return f"{seen.temperature_c:.1f} °C, above the start's {limit_c:.1f} °C"


def why_throttled(start: Observation | None, after: Observation | None) -> str | None:
    """How heat has slowed the device during an invocation; None if nothing shows that.

    A cap that was there at the start is no heat of this run; the evidence tells of it.
    """
    if after is None:
        return None
    if after.thermal_status:
        return f"thermal status {after.thermal_status} after it"
    caps = {cluster.policy: cluster.cap_khz for cluster in (start.clusters if start else ())}
    for cluster in after.clusters:
        before_khz, cap_khz = caps.get(cluster.policy), cluster.cap_khz
        if before_khz is not None and cap_khz is not None and cap_khz < before_khz:
            return f"{cluster.policy} capped at {cap_khz} kHz, at the start {before_khz} kHz"
    return None


def _counted(waited_s: float) -> float:
    """One look takes no time that is worth telling."""
    return round(waited_s, 1) if waited_s >= 1 else 0.0
