"""The state of a phone at one moment, asked in one round trip (some 100 ms on a phone)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from android_runner import battery, frequency, thermal
from android_runner.battery import BatteryState
from android_runner.frequency import POLICY_FILES, PolicyState
from android_runner.readout import Part, parse_count, parse_files, read_parts, show_files
from android_runner.shell import Shell
from android_runner.thermal import ThermalState

_LOAD = "/proc/loadavg"
_UPTIME = "/proc/uptime"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"

# Only the line that counts of /proc/meminfo, and of a dump that has thousands.
_MEMORY = "grep MemAvailable: /proc/meminfo"
_POWER = "dumpsys power | grep mWakefulness="
# Formats of toybox's stat.c, the same since Android 6. Unlike `df`, it looks at no other mount: one
# that hangs, such as a card, does not make it hang.
_ROOM = "stat -f -c 'available %a blocks of %S bytes' /data/local/tmp"

OBSERVATION_PARTS = {
    "policies": POLICY_FILES,
    "files": show_files(_LOAD, _UPTIME, _BOOT_ID),
    "memory": _MEMORY,
    "thermal": thermal.COMMAND,
    "battery": battery.COMMAND,
    "power": _POWER,
    "room": _ROOM,
}

_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d{1,15}) kB", re.MULTILINE)
_BLOCKS = re.compile(r"^available ([0-9]{1,15}) blocks of ([0-9]{1,9}) bytes\r?\n", re.MULTILINE)
_WAKEFULNESS = re.compile(r"^\s*mWakefulness=(\w+)\s*$", re.MULTILINE)
_BOOT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class PhoneObservation:
    """The state of a phone; None and empty are what it did not tell.

    `wakefulness` is Awake, Asleep, Dreaming or Dozing; memory and storage (what is free where files
    are pushed to) are in 10^6 bytes; `boot_id` is another one after each boot. `unanswered` names
    the parts that gave nothing. `sources` are lines that values were read from, by `thermal`,
    `clocks` and `battery`: at most 1500 characters in all.
    """

    thermal: ThermalState
    battery: BatteryState
    policies: tuple[PolicyState, ...]
    memory_available_mb: float | None
    storage_free_mb: float | None
    load_1min: float | None
    wakefulness: str | None
    boot_id: str | None
    uptime_s: float | None
    unanswered: tuple[str, ...]
    sources: dict[str, str]


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
    heat = thermal.parse_thermal(texts["thermal"], skin_sensor)
    sources = {
        "thermal": thermal.quote_thermal(texts["thermal"], heat.skin),
        "clocks": frequency.quote_clocks(texts["policies"]),
        "battery": battery.quote_battery(texts["battery"]),
    }
    return PhoneObservation(
        thermal=heat,
        battery=battery.parse_battery(texts["battery"]),
        policies=frequency.parse_policies(texts["policies"]),
        memory_available_mb=_memory_mb(texts["memory"]),
        storage_free_mb=_storage_mb(texts["room"]),
        load_1min=_first_number(files.get(_LOAD)),
        wakefulness=wakefulness[1] if wakefulness else None,
        boot_id=boot_id if _BOOT.fullmatch(boot_id) else None,
        uptime_s=_first_number(files.get(_UPTIME)),
        unanswered=tuple(name for name, text in texts.items() if not text.strip()),
        sources={name: source for name, source in sources.items() if source},
    )


def _memory_mb(text: str) -> float | None:
    match = _AVAILABLE.search(text)
    kibibytes = parse_count(match[1]) if match else None
    return None if kibibytes is None else kibibytes * 1024 / 1e6


def _storage_mb(text: str) -> float | None:
    match = _BLOCKS.search(text)
    return int(match[1]) * int(match[2]) / 1e6 if match else None


def _first_number(text: str | None) -> float | None:
    """The first word of /proc/loadavg and /proc/uptime."""
    try:
        value = float((text or "").split(maxsplit=1)[0])
    except (ValueError, IndexError):
        return None
    return value if math.isfinite(value) and value >= 0 else None
