"""How hot a phone is: the output of `dumpsys thermalservice`, Android 10 to 16.

Formats: ThermalManagerService.java of the releases. Only the section with the current temperatures
counts: the cached ones have been seen 14 degrees off. Its order changes from call to call, values
that are no temperatures stand among them, and an absent sensor has -3.4e38 or NaN.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import IntEnum

from android_runner.readout import quote

COMMAND = "dumpsys thermalservice"


class TemperatureKind(IntEnum):
    """What a sensor measures; kinds that are no temperature in Celsius (6 to 8) or of no interest
    here are left out. Numbers of android.hardware.thermal.TemperatureType."""

    CPU = 0
    GPU = 1
    BATTERY = 2
    SKIN = 3
    NPU = 9


class ThermalStatus(IntEnum):
    """How hard the phone is throttling, by its skin. Numbers of PowerManager.THERMAL_STATUS_*."""

    NONE = 0
    LIGHT = 1
    MODERATE = 2
    SEVERE = 3
    CRITICAL = 4
    EMERGENCY = 5
    SHUTDOWN = 6


@dataclass(frozen=True, kw_only=True)
class Temperature:
    """One sensor; `celsius` is None where it gives no sensible value."""

    name: str
    kind: TemperatureKind
    celsius: float | None
    status: ThermalStatus | None


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """At how many degrees a sensor has which status: seven values, from NONE to SHUTDOWN."""

    name: str
    kind: TemperatureKind
    celsius: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class ThermalState:
    """What the thermal service says; None is what it does not.

    `overridden` is true while a made-up status is reported (`cmd thermalservice override-status`),
    which stops no throttling. `skin` is the sensor that stands for the phone's skin.
    """

    status: ThermalStatus | None
    overridden: bool | None
    hal_ready: bool | None
    temperatures: tuple[Temperature, ...]
    skin: Temperature | None
    thresholds: tuple[Thresholds, ...]

    @property
    def skin_c(self) -> float | None:
        """The temperature of the skin."""
        return self.skin.celsius if self.skin else None


_STATUS = re.compile(r"^Thermal Status: (\d+)[ \t]*\n", re.MULTILINE)
_OVERRIDE = re.compile(r"^IsStatusOverride: (true|false)[ \t]*\n", re.MULTILINE)
_READY = re.compile(r"^HAL Ready: (true|false)[ \t]*\n", re.MULTILINE)
# A section ends with the next line that is not indented.
_CURRENT = re.compile(r"^Current temperatures from HAL:[ \t]*\n((?:[ \t]+.*\n|\n)*)", re.MULTILINE)
_LIMITS = re.compile(
    r"^Temperature static thresholds from HAL:[ \t]*\n((?:[ \t]+.*\n|\n)*)", re.MULTILINE
)
_TEMPERATURE = re.compile(
    r"Temperature\{mValue=([^,{}]*), *mType=(-?\d+), *mName=(.*), *mStatus=(-?\d+)\}"
)
_NEW_LIMIT = re.compile(  # 14 and later
    r"TemperatureThreshold\{mType=(-?\d+), *mName=(.*), *mHotThrottlingThresholds=\[([^\]]*)\]"
)
_OLD_LIMIT = re.compile(  # 11 to 13
    r"\{\.type = (\w+), *\.name = (.*), *\.hotThrottlingThresholds = \[([^\]]*)\]"
)

# Hotter or colder is a broken sensor or no temperature.
_LOWEST_C, _HIGHEST_C = -60.0, 200.0


def parse_thermal(text: str, skin_sensor: str | None = None) -> ThermalState:
    """Reads the dump. The skin is the sensor of this name, or if there is none with a value the
    hottest of kind SKIN. Never raises: what cannot be read is None or missing."""
    text = text.replace("\r\n", "\n")
    section = _CURRENT.search(text)
    temperatures = _temperatures(section[1]) if section else ()
    limits = _LIMITS.search(text)
    return ThermalState(
        status=_status(_first(_STATUS, text)),
        overridden=_flag(_first(_OVERRIDE, text)),
        hal_ready=_flag(_first(_READY, text)),
        temperatures=temperatures,
        skin=_skin(temperatures, skin_sensor),
        thresholds=_thresholds(limits[1]) if limits else (),
    )


def quote_thermal(text: str, skin: Temperature | None) -> str:
    """The lines of the dump that the status, its override and the skin's temperature were read
    from; `skin` is the sensor that stands for it."""
    text = text.replace("\r\n", "\n")
    section = _CURRENT.search(text)
    found = (_OVERRIDE.search(text), _STATUS.search(text))
    lines = [match[0].rstrip("\n") for match in found if match]
    sensors = section[1].splitlines() if section and skin else ()
    return quote([*lines, *[line for line in sensors if _temperature(line) == skin][:1]])


def plausible_celsius(value: float) -> float | None:
    """The value if it can be a temperature, else None; also for NaN."""
    return value if math.isfinite(value) and _LOWEST_C <= value <= _HIGHEST_C else None


def _celsius(text: str) -> float | None:
    try:
        return plausible_celsius(float(text))
    except ValueError:
        return None


def _temperatures(section: str) -> tuple[Temperature, ...]:
    found = [one for line in section.splitlines() if (one := _temperature(line))]
    # The service's order is that of a hash table: sorted, two readings can be compared.
    return tuple(sorted(found, key=lambda one: (one.kind, one.name)))


def _temperature(line: str) -> Temperature | None:
    match = _TEMPERATURE.fullmatch(line.strip())
    kind = _kind(match[2]) if match else None
    if match is None or kind is None:
        return None
    celsius, status = _celsius(match[1]), _status(match[4])
    return Temperature(name=match[3], kind=kind, celsius=celsius, status=status)


def _skin(temperatures: tuple[Temperature, ...], name: str | None) -> Temperature | None:
    known = [one for one in temperatures if one.celsius is not None]
    named = [one for one in known if one.name == name]
    if named:
        return named[0]
    skins = [one for one in known if one.kind is TemperatureKind.SKIN]
    return max(skins, key=lambda one: one.celsius or 0, default=None)


def _thresholds(section: str) -> tuple[Thresholds, ...]:
    found = []
    for line in section.splitlines():
        new, old = _NEW_LIMIT.search(line), _OLD_LIMIT.search(line)
        match = new or old
        if match is None:
            continue
        kind = _kind(match[1]) if new else TemperatureKind.__members__.get(match[1])
        if kind is None:
            continue
        values = tuple(_celsius(word) for word in match[3].split(","))
        found.append(Thresholds(name=match[2], kind=kind, celsius=values))
    return tuple(sorted(found, key=lambda one: (one.kind, one.name)))


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _flag(word: str | None) -> bool | None:
    return None if word is None else word == "true"


def _kind(number: str) -> TemperatureKind | None:
    return next((kind for kind in TemperatureKind if str(kind.value) == number), None)


def _status(number: str | None) -> ThermalStatus | None:
    return next((status for status in ThermalStatus if str(status.value) == number), None)
