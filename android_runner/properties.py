"""Who a phone is, by its properties (`getprop`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from android_runner.readout import parse_count
from android_runner.shell import Shell

# `[key]: [value]` per line (toybox getprop.c, and toolbox before it). A value may hold newlines and
# brackets, so a record ends where the next one begins.
_RECORD = re.compile(r"^\[([^\[\]\s]+)\]: \[", re.MULTILINE)

# ro.hardware of the Android emulator and of Cuttlefish.
_EMULATORS = ("goldfish", "ranchu", "cutf_cvm", "cutf")


@dataclass(frozen=True, kw_only=True)
class PhoneInfo:
    """A phone as its properties tell it; None is what it does not say.

    `serial` is what adb calls it, which changes between USB and Wi-Fi; `serialno` (ro.serialno)
    stays. `soc` is ro.soc.model (Android 12 on), else ro.board.platform. `build_type` is user,
    userdebug or eng. `booted` is None where no property could be read at all.
    """

    serial: str
    serialno: str | None
    manufacturer: str | None
    model: str | None
    device: str | None
    soc: str | None
    fingerprint: str | None
    build_id: str | None
    build_type: str | None
    android_release: str | None
    sdk: int | None
    security_patch: str | None
    abi: str | None
    abis: tuple[str, ...]
    emulator: bool | None
    debuggable: bool | None
    booted: bool | None


def read_phone_info(shell: Shell, *, deadline_s: float = 20) -> PhoneInfo:
    """Asks a phone who it is. Raises `LinkLostError` and `DeadlineError`."""
    done = shell.run(["getprop"], deadline_s=deadline_s)
    return describe_phone(shell.serial, parse_properties(done.stdout))


def parse_properties(text: str) -> dict[str, str]:
    """The output of `getprop`: key -> value.

    Left out are a value that was cut short, and a key that stands there twice with different
    values: a value of several lines can look like another property, and then neither is known.
    """
    text = text.replace("\r\n", "\n")
    starts = list(_RECORD.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    values: dict[str, str] = {}
    doubtful: set[str] = set()
    for match, end in zip(starts, ends, strict=False):  # without a start there is one end more
        key, value = match[1], _value(text[match.end() : end])
        if value is None or values.setdefault(key, value) != value:
            doubtful.add(key)
    return {key: value for key, value in values.items() if key not in doubtful}


def describe_phone(serial: str, properties: Mapping[str, str]) -> PhoneInfo:
    """The phone with these properties."""

    def first(*keys: str) -> str | None:
        return next((properties[key] for key in keys if properties.get(key)), None)

    abis = first("ro.product.cpu.abilist") or first("ro.product.cpu.abi") or ""
    booted = first("sys.boot_completed") == "1"
    debuggable = first("ro.debuggable")
    return PhoneInfo(
        serial=serial,
        serialno=first("ro.serialno", "ro.boot.serialno"),
        manufacturer=first("ro.product.manufacturer"),
        model=first("ro.product.model", "ro.product.vendor.model"),
        device=first("ro.product.device", "ro.product.vendor.device"),
        soc=first("ro.soc.model", "ro.board.platform"),
        fingerprint=first("ro.build.fingerprint", "ro.vendor.build.fingerprint"),
        build_id=first("ro.build.id"),
        build_type=first("ro.build.type"),
        android_release=first("ro.build.version.release"),
        sdk=parse_count(first("ro.build.version.sdk")),
        security_patch=first("ro.build.version.security_patch"),
        abi=first("ro.product.cpu.abi"),
        abis=tuple(abi for abi in abis.split(",") if abi),
        emulator=_is_emulator(properties) if properties else None,
        debuggable=debuggable == "1" if debuggable else None,
        booted=booted if properties else None,
    )


def _value(record: str) -> str | None:
    """The text up to the last bracket that ends a line; None if there is none."""
    end = record.rfind("]\n")
    if end >= 0:
        return record[:end]
    return None


def _is_emulator(properties: Mapping[str, str]) -> bool:
    if "1" in (properties.get("ro.kernel.qemu"), properties.get("ro.boot.qemu")):
        return True
    return properties.get("ro.hardware", "").startswith(_EMULATORS)
