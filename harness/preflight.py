"""What must hold before the first invocation, check by check; each can be allowed to fail by name.

What a device does not tell is unproven, and stops nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from harness.checks import PreflightCheck, Verdict
from harness.device import DeviceInfo, Observation
from harness.errors import BenchError, PlanError, did_you_mean

# What each check is about, by the word after `--allow`.
PREFLIGHT_IDS = {
    "emulator": "An emulator's times are those of the machine that it runs on.",
    "build-type": "An eng build has slow checks switched on; a user or userdebug build has not.",
    "battery-low": "Phones with a nearly empty battery switch off their fastest CPUs.",
    "battery-hot": "A phone with a hot battery slows down.",
    "battery-mocked": "Made-up battery values hide the true ones.",
    "thermal-status": "A phone whose thermal status is not NONE slows down.",
    "thermal-overridden": "A made-up thermal status hides the true one.",
    "uptime": "For some minutes after its start a phone is busy with itself.",
    "free-space": "Models, logs and results need room.",
    "free-memory": "With little memory the model's weights are read from storage again and again.",
    "cpu-busy": "Other work on this machine takes the CPUs from the model.",
}

_LEAST_BATTERY_PERCENT = 25  # as androidx.benchmark has it
_HOTTEST_BATTERY_C = 40
_LEAST_UPTIME_S = 180
# Android calls a storage low with less than this and deletes caches; logs need little.
_SPARE_MB = {"phone": 500, "host": 100}
_LEAST_MEMORY_MB = 500
# As high as this, since less shows by itself: other work that comes and goes makes intervals wide.
# Above, no CPU is left, and a case is slowed so evenly that its interval need not tell.
_MOST_BUSY_PERCENT = 75


class PreflightError(BenchError):
    """The device is not fit to measure: checks failed that were not allowed to."""

    def __init__(self, failed: Sequence[PreflightCheck]) -> None:
        lines = [
            f"- {check.id}: {check.observed}, required is {check.required}. {check.remedy}"
            for check in failed
        ]
        words = " ".join(f"--allow {check.id}" for check in failed)
        super().__init__(
            "\n".join(["The device is not fit to measure:", *lines, f"To go on anyway: {words}"])
        )


def check_allowed_ids(allow: Collection[str]) -> None:
    """Raises `PlanError` for a word that names no check."""
    for word in allow:
        if word not in PREFLIGHT_IDS:
            known = ", ".join(PREFLIGHT_IDS)
            hint = did_you_mean(word, tuple(PREFLIGHT_IDS))
            where = "allow"  # the option, or the key of a plan file
            why = f"there is no preflight check {word!r}.{hint} Known: {known}."
            raise PlanError(where, why)


def check_preflight(
    device: DeviceInfo,
    seen: Observation,
    *,
    busy_percent: float | None,
    needed_mb: float,
    allow: Collection[str],
) -> tuple[PreflightCheck, ...]:
    """All checks for this kind of device, always in the same order.

    `busy_percent` is the share of all CPU time of a host that others use, `needed_mb` the size of
    what a phone must take in, in 10^6 bytes.
    """
    if device.kind == "phone":
        checks = [*_phone_checks(device, seen), *_room_checks(seen, device.kind, needed_mb)]
    else:
        checks = [
            _at_most("cpu-busy", busy_percent, _MOST_BUSY_PERCENT, "%", "Stop other programs."),
            *_room_checks(seen, device.kind, 0),  # the models are here already
        ]
    return tuple(
        replace(check, allowed=check.verdict is Verdict.CONTRADICTED and check.id in allow)
        for check in checks
    )


def settling_s(seen: Observation, allow: Collection[str]) -> float:
    """How long to wait after a phone's start, in seconds, until it is fit to measure."""
    if seen.uptime_s is None or "uptime" in allow:
        return 0.0
    return max(0.0, _LEAST_UPTIME_S - seen.uptime_s)


def refuse_unfit(checks: tuple[PreflightCheck, ...]) -> tuple[PreflightCheck, ...]:
    """The same checks. Raises `PreflightError` if one fails that is not allowed to."""
    failed = [
        check for check in checks if check.verdict is Verdict.CONTRADICTED and not check.allowed
    ]
    if failed:
        raise PreflightError(failed)
    return checks


def _phone_checks(device: DeviceInfo, seen: Observation) -> Iterator[PreflightCheck]:
    yield _must_not("emulator", device.emulator, "a real phone", "an emulator", "Use a real phone.")
    yield _check_build(device.build_type)
    # What somebody has made up tells nothing.
    level, warmth = seen.battery_percent, seen.battery_c
    if seen.battery_mocked:
        level = warmth = None
    yield _at_least("battery-low", level, _LEAST_BATTERY_PERCENT, "%", "Charge the phone.")
    yield _at_most("battery-hot", warmth, _HOTTEST_BATTERY_C, "°C", "Let the phone cool down.")
    yield _must_not(
        "battery-mocked",
        seen.battery_mocked,
        "the battery's own values",
        "values set by somebody",
        "Run `adb shell dumpsys battery reset`.",
    )
    status = None if seen.thermal_overridden else seen.thermal_status
    yield _at_most("thermal-status", status, 0, "", "Let the phone cool down.")
    yield _must_not(
        "thermal-overridden",
        seen.thermal_overridden,
        "the phone's own thermal status",
        "one set by somebody",
        "Run `adb shell cmd thermalservice reset`.",
    )
    yield _at_least("uptime", seen.uptime_s, _LEAST_UPTIME_S, "s", "Wait some minutes.")


def _room_checks(seen: Observation, kind: str, needed_mb: float) -> Iterator[PreflightCheck]:
    room_mb = needed_mb + _SPARE_MB[kind]
    yield _at_least("free-space", seen.storage_free_mb, room_mb, "MB", "Delete files there.")
    remedy = "Close apps, or restart the phone." if kind == "phone" else "Stop other programs."
    yield _at_least("free-memory", seen.memory_available_mb, _LEAST_MEMORY_MB, "MB", remedy)


def _check_build(build_type: str | None) -> PreflightCheck:
    verdict = Verdict.UNPROVEN
    if build_type is not None:
        verdict = Verdict.CONTRADICTED if build_type == "eng" else Verdict.PROVEN
    return PreflightCheck(
        id="build-type",
        required="no eng build",
        observed=build_type or "not told",
        verdict=verdict,
        remedy="Install a user or userdebug build.",
    )


def _must_not(
    name: str,
    fails: bool | None,  # noqa: FBT001 - an answer, no switch
    required: str,
    otherwise: str,
    remedy: str,
) -> PreflightCheck:
    observed = "not told" if fails is None else otherwise if fails else required
    return _judged(name, fails, required, observed, remedy)


def _at_least(
    name: str, value: float | None, limit: float, unit: str, remedy: str
) -> PreflightCheck:
    fails = None if value is None else value < limit
    return _judged(name, fails, f"at least {_show(limit, unit)}", _show(value, unit), remedy)


def _at_most(
    name: str, value: float | None, limit: float, unit: str, remedy: str
) -> PreflightCheck:
    fails = None if value is None else value > limit
    return _judged(name, fails, f"at most {_show(limit, unit)}", _show(value, unit), remedy)


def _judged(
    name: str,
    fails: bool | None,  # noqa: FBT001 - an answer, no switch
    required: str,
    observed: str,
    remedy: str,
) -> PreflightCheck:
    verdict = Verdict.UNPROVEN
    if fails is not None:
        verdict = Verdict.CONTRADICTED if fails else Verdict.PROVEN
    return PreflightCheck(
        id=name, required=required, observed=observed, verdict=verdict, remedy=remedy
    )


def _show(value: float | None, unit: str) -> str:
    return "not told" if value is None else f"{value:.1f}".removesuffix(".0") + f" {unit}".rstrip()
