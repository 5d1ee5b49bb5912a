"""Whether a phone is fit to be measured: a finding per question, with what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from android_runner.battery import BatteryState
from android_runner.discovery import READY, AttachedPhone, OpenShell
from android_runner.lease import Holder
from android_runner.observe import OBSERVATION_PARTS, parse_observation
from android_runner.pixels import Pixel, find_pixel
from android_runner.properties import PhoneInfo, describe_phone, parse_properties
from android_runner.readout import complete_lines, parse_count, read_parts
from android_runner.thermal import ThermalState, ThermalStatus

# Below it phones switch off big cores, also on a charger; androidx.benchmark refuses there too.
LOWEST_BATTERY_PERCENT = 25
# The largest model (BERT-large in fp32) has 1.3 GB, and one may be pushed while another is there.
LOWEST_STORAGE_MB = 3000
# After a boot a phone is busy with itself for some minutes.
LOWEST_UPTIME_S = 180

# Fixed performance came with Android 11.
_FIRST_SDK_WITH_FIXED_PERFORMANCE = 30

_PARTS = {
    **OBSERVATION_PARTS,
    "properties": "getprop",
    "storage": "df -k /data/local/tmp",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The answer to one question. `ok` is None where the phone does not tell; `required` is false
    where a phone can be measured all the same. `remedy` is empty where nothing is to be done."""

    id: str
    ok: bool | None
    what: str
    remedy: str = ""
    required: bool = True

    @property
    def prevents(self) -> bool:
        """Whether it speaks against measuring now."""
        return self.required and self.ok is False


def diagnose(
    phone: AttachedPhone, open_shell: OpenShell, holder: Holder | None, *, deadline_s: float = 20
) -> tuple[Finding, ...]:
    """Asks all questions in one round trip, and changes nothing. `holder` has the phone's lease.

    Raises `LinkLostError` and `DeadlineError`.
    """
    state = _finding("state", phone.state == READY, f"adb says {phone.state!r}", phone.remedy)
    if not state.ok:
        return (state,)
    parts = read_parts(open_shell(phone.serial), _PARTS, deadline_s=deadline_s)
    properties = parse_properties(parts["properties"].text) if "properties" in parts else {}
    info = describe_phone(phone.serial, properties)
    pixel = find_pixel(info.device)
    observation = parse_observation(parts, pixel.skin_sensor if pixel else None)
    storage = parts["storage"].text if "storage" in parts else ""
    return (
        state,
        *_system(info, observation.uptime_s),
        _lease(holder),
        *_battery(observation.battery),
        *_heat(observation.thermal),
        _storage(parse_free_mb(storage)),
        _screen(observation.wakefulness),
        _fixed_performance(info, pixel),
    )


def parse_free_mb(text: str) -> float | None:
    """The free room in 10^6 bytes by `df -k PATH`; a long device name may have its own line."""
    lines = complete_lines(text)
    words = lines[-1].split() if lines else []
    if "Available" not in text or len(words) < 4 or not re.fullmatch(r"\d{1,3}%", words[-2]):
        return None
    kibibytes = parse_count(words[-3])
    return None if kibibytes is None else kibibytes * 1024 / 1e6


def _system(info: PhoneInfo, uptime_s: float | None) -> tuple[Finding, ...]:
    return (
        _finding(
            "booted",
            info.booted,
            "Android has started" if info.booted else "Android is still starting",
            "Wait until its screen is there.",
        ),
        _finding(
            "uptime",
            _at_least(uptime_s, LOWEST_UPTIME_S),
            f"it has been up for {uptime_s or 0:.0f} s",
            f"Wait until it has been up for {LOWEST_UPTIME_S} s.",
        ),
        _finding(
            "emulator",
            _not(info.emulator),
            "an emulator" if info.emulator else "a real phone",
            "Its numbers are those of the machine that it runs on: use a phone.",
        ),
        _finding(
            "build-type",
            None if info.build_type is None else info.build_type != "eng",
            f"{info.build_type} build",
            "Engineering builds are slow: use a user build.",
        ),
    )


def _lease(holder: Holder | None) -> Finding:
    if holder is None:
        return _finding("lease", True, "nobody else on this machine uses it", "")
    who = f"process {holder.process_id or '?'} ({holder.command or 'unknown command'})"
    return _finding("lease", False, f"in use by {who}", "Wait until it has ended.")


def _battery(battery: BatteryState) -> tuple[Finding, ...]:
    level = battery.level_percent
    return (
        _finding(
            "battery-low",
            _at_least(level, LOWEST_BATTERY_PERCENT),
            f"{level or 0:.0f} %",
            f"Charge it to {LOWEST_BATTERY_PERCENT} % or more.",
        ),
        _finding(
            "battery-mocked",
            _not(battery.mocked),
            "made-up values are reported" if battery.mocked else "its own values are reported",
            "`adb shell dumpsys battery reset`",
        ),
    )


def _heat(thermal: ThermalState) -> tuple[Finding, ...]:
    status = None if thermal.status is None else thermal.status.name
    skin = "" if thermal.skin_c is None else f", skin at {thermal.skin_c:.1f} °C"
    return (
        _finding(
            "thermal-status",
            None if thermal.status is None else thermal.status is ThermalStatus.NONE,
            f"{status}{skin}",
            "Let it cool down, out of its case.",
        ),
        _finding(
            "thermal-overridden",
            _not(thermal.overridden),
            "a made-up status is reported" if thermal.overridden else "its own status is reported",
            "`adb shell cmd thermalservice reset`",
        ),
    )


def _storage(free_mb: float | None) -> Finding:
    return _finding(
        "free-space",
        _at_least(free_mb, LOWEST_STORAGE_MB),
        f"{free_mb or 0:,.0f} MB are free",
        f"Make room for {LOWEST_STORAGE_MB:,} MB.",
    )


def _screen(wakefulness: str | None) -> Finding:
    return _finding(
        "screen",
        None if wakefulness is None else wakefulness != "Awake",
        f"{wakefulness}",
        "Switch it off: it draws power and heats.",
        required=False,
    )


def _fixed_performance(info: PhoneInfo, pixel: Pixel | None) -> Finding:
    """Asking the phone would change it, so this is what is known of its type."""
    too_old = info.sdk is not None and info.sdk < _FIRST_SDK_WITH_FIXED_PERFORMANCE
    known = pixel.fixed_performance if pixel else None
    works = False if too_old else known
    return _finding(
        "fixed-performance",
        works,
        "known to work on this phone" if works else "does not work on this phone",
        "Its clocks cannot be fixed without root.",
        required=False,
    )


def _finding(
    name: str,
    ok: bool | None,  # noqa: FBT001  # it is what the finding is about
    what: str,
    remedy: str,
    *,
    required: bool = True,
) -> Finding:
    return Finding(
        id=name,
        ok=ok,
        what="not known" if ok is None else what,
        remedy=remedy if ok is False else "",
        required=required,
    )


def _at_least(value: float | None, limit: float) -> bool | None:
    return None if value is None else value >= limit


def _not(fact: bool | None) -> bool | None:  # noqa: FBT001
    return None if fact is None else not fact
