"""The state of a phone at one moment, asked in one round trip (some 100 ms on a phone)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from android_runner import battery, thermal
from android_runner.battery import BatteryState
from android_runner.frequency import POLICY_FILES, PolicyState, parse_policies
from android_runner.readout import Part, parse_count, parse_files, read_parts, show_files
from android_runner.shell import Shell
from android_runner.thermal import ThermalState

_LOAD = "/proc/loadavg"
_UPTIME = "/proc/uptime"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"

# Only the line that counts of /proc/meminfo, and of a dump that has thousands.
_MEMORY = "grep MemAvailable: /proc/meminfo"
_POWER = "dumpsys power | grep mWakefulness="

OBSERVATION_PARTS = {
    "policies": POLICY_FILES,
    "files": show_files(_LOAD, _UPTIME, _BOOT_ID),
    "memory": _MEMORY,
    "thermal": thermal.COMMAND,
    "battery": battery.COMMAND,
    "power": _POWER,
}

_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d{1,15}) kB", re.MULTILINE)
_WAKEFULNESS = re.compile(r"^\s*mWakefulness=(\w+)\s*$", re.MULTILINE)
_BOOT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class PhoneObservation:
    """The state of a phone; None and empty are what it did not tell.

    `wakefulness` is Awake, Asleep, Dreaming or Dozing; memory is in 10^6 bytes; `boot_id` is
    another one after each boot. `unanswered` names the parts that gave nothing.
    """

    thermal: ThermalState
    battery: BatteryState
    policies: tuple[PolicyState, ...]
    memory_available_mb: float | None
    load_1min: float | None
    wakefulness: str | None
    boot_id: str | None
    uptime_s: float | None
    unanswered: tuple[str, ...]


def observe_phone(
    shell: Shell, *, skin_sensor: str | None = None, deadline_s: float = 20
) -> PhoneObservation:
    """Reads a phone's state. Raises `LinkLostError` and `DeadlineError`."""
    return parse_observation(
        read_parts(shell, OBSERVATION_PARTS, deadline_s=deadline_s), skin_sensor
    )


def parse_observation(parts: dict[str, Part], skin_sensor: str | None = None) -> PhoneObservation:
    """The state by the answers to `OBSERVATION_PARTS`. Never raises."""
    texts = {name: parts[name].text if name in parts else "" for name in OBSERVATION_PARTS}
    files = parse_files(texts["files"])
    wakefulness = _WAKEFULNESS.search(texts["power"])
    boot_id = files.get(_BOOT_ID, "")
    return PhoneObservation(
        thermal=thermal.parse_thermal(texts["thermal"], skin_sensor),
        battery=battery.parse_battery(texts["battery"]),
        policies=parse_policies(texts["policies"]),
        memory_available_mb=_memory_mb(texts["memory"]),
        load_1min=_first_number(files.get(_LOAD)),
        wakefulness=wakefulness[1] if wakefulness else None,
        boot_id=boot_id if _BOOT.fullmatch(boot_id) else None,
        uptime_s=_first_number(files.get(_UPTIME)),
        unanswered=tuple(name for name, text in texts.items() if not text.strip()),
    )


def _memory_mb(text: str) -> float | None:
    match = _AVAILABLE.search(text)
    kibibytes = parse_count(match[1]) if match else None
    return None if kibibytes is None else kibibytes * 1024 / 1e6


def _first_number(text: str | None) -> float | None:
    """The first word of /proc/loadavg and /proc/uptime."""
    try:
        value = float((text or "").split(maxsplit=1)[0])
    except (ValueError, IndexError):
        return None
    return value if math.isfinite(value) and value >= 0 else None
