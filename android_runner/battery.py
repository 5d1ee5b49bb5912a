"""A phone's battery: the output of `dumpsys battery`, Android 10 to 16.

Format: BatteryService.java. Vendors add lines of their own, so everything is `key: value`, and the
first line with a key counts: the service's own lines come first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from android_runner.readout import complete_lines, parse_count, quote
from android_runner.thermal import plausible_celsius

COMMAND = "dumpsys battery"


class Charging(StrEnum):
    """What the battery does."""

    UNKNOWN = "unknown"
    CHARGING = "charging"
    DISCHARGING = "discharging"
    NOT_CHARGING = "not charging"
    FULL = "full"


@dataclass(frozen=True, kw_only=True)
class BatteryState:
    """What the battery service says; None is what it does not.

    `charge_uah` is what the battery holds now, in microampere-hours. `sources` are those that give
    power now (ac, usb, wireless, dock); `powered` is None where no line tells. `mocked` is true
    while made-up values are reported (`dumpsys battery set …`).
    """

    level_percent: float | None
    celsius: float | None
    voltage_mv: int | None
    charge_uah: int | None
    status: Charging | None
    sources: tuple[str, ...]
    powered: bool | None
    mocked: bool | None


# BatteryManager.BATTERY_STATUS_*
_STATUS = {
    1: Charging.UNKNOWN,
    2: Charging.CHARGING,
    3: Charging.DISCHARGING,
    4: Charging.NOT_CHARGING,
    5: Charging.FULL,
}
_TITLE = "Current Battery Service state:"
_MOCKED = "UPDATES STOPPED"
_LINE = re.compile(r"\s*([A-Za-z][^:]*?)\s*:\s*(.*?)\s*")
_SOURCE = re.compile(r"(AC|USB|Wireless|Dock) powered")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_QUOTED = re.compile(
    r"\s*(level|scale|temperature|voltage|Charge counter|(?:AC|USB|Wireless|Dock) powered)\s*:.*"
    r"|.*UPDATES STOPPED.*"
)

# A battery of one cell has 3 to 4.5 V, of two twice that; other numbers have another unit.
_LOWEST_MV, _HIGHEST_MV = 1_000, 30_000
# Phones without a gauge say 0 or 1000, and some say milliampere-hours: a large battery has 10,000
# of them, and no phone that runs has less charge than 20,000 microampere-hours.
_LOWEST_UAH, _HIGHEST_UAH = 20_000, 50_000_000


def parse_battery(text: str) -> BatteryState:
    """Reads the dump. Never raises: what cannot be read is None."""
    values: dict[str, str] = {}
    for line in complete_lines(text):
        match = _LINE.fullmatch(line)
        if match:
            values.setdefault(match[1], match[2])
    powers = {
        match[1].lower(): value == "true"
        for key, value in values.items()
        if (match := _SOURCE.fullmatch(key)) and value in ("true", "false")
    }
    titled = _TITLE in text
    return BatteryState(
        level_percent=_level(values.get("level"), values.get("scale")),
        celsius=_tenths(values.get("temperature")),
        voltage_mv=_within(values.get("voltage"), _LOWEST_MV, _HIGHEST_MV),
        charge_uah=_within(values.get("Charge counter"), _LOWEST_UAH, _HIGHEST_UAH),
        status=_STATUS.get(parse_count(values.get("status")) or 0),
        sources=tuple(source for source, on in powers.items() if on),
        powered=any(powers.values()) if powers else None,
        mocked=(_MOCKED in text) if titled else None,
    )


def quote_battery(text: str) -> str:
    """The lines of the dump that the level, heat, charge and power were read from."""
    first: dict[str | None, str] = {}
    for line in complete_lines(text):
        match = _QUOTED.fullmatch(line)
        if match:
            first.setdefault(match[1], line)
    return quote(first.values())


def _level(level: str | None, scale: str | None) -> float | None:
    part, whole = parse_count(level), parse_count(scale)
    if part is None or not whole or part > whole:
        return None
    return 100 * part / whole


def _tenths(text: str | None) -> float | None:
    if text is None or not _NUMBER.fullmatch(text):
        return None
    return plausible_celsius(int(text) / 10)


def _within(text: str | None, lowest: int, highest: int) -> int | None:
    value = parse_count(text)
    return value if value is not None and lowest <= value <= highest else None
