from __future__ import annotations

import pytest
from fake_phone import FakePhone, android_text

from android_runner.diagnosis import Finding, diagnose, parse_free_mb
from android_runner.discovery import AttachedPhone
from android_runner.lease import Holder
from android_runner.shell import Shell

DF = (
    "Filesystem      1K-blocks     Used Available Use% Mounted on\n"
    "/dev/block/dm-8 114354160 32110880  82243280  29% /data\n"
)
HEALTHY = {
    "getprop": android_text("getprop_pixel8.txt"),
    "dumpsys thermalservice": android_text("thermalservice_15.txt"),
    "dumpsys battery": android_text("battery_15_oem.txt"),
    "dumpsys power": "  mWakefulness=Asleep\n",
    "df -k /data/local/tmp": DF,
}
UPTIME = "/proc/uptime"
PHONE = AttachedPhone(serial="P8", state="device")


def _diagnose(
    changes: dict[str, str] | None = None,
    *,
    uptime: str = "4000.00 9000.00\n",
    holder: Holder | None = None,
) -> dict[str, Finding]:
    def open_shell(serial: str) -> Shell:
        return FakePhone(HEALTHY | (changes or {}), {UPTIME: uptime}, serial)

    return {finding.id: finding for finding in diagnose(PHONE, open_shell, holder)}


def test_finds_nothing_wrong_with_a_healthy_phone() -> None:
    findings = _diagnose()

    assert list(findings) == [
        "state",
        "booted",
        "uptime",
        "emulator",
        "build-type",
        "lease",
        "battery-low",
        "battery-mocked",
        "thermal-status",
        "thermal-overridden",
        "free-space",
        "screen",
        "fixed-performance",
    ]
    assert [finding.id for finding in findings.values() if finding.ok is not True] == []
    assert [finding.remedy for finding in findings.values() if finding.remedy] == []
    assert findings["thermal-status"].what == "NONE, skin at 31.6 °C"
    assert findings["free-space"].what == "84,217 MB are free"


def test_asks_all_in_one_round_trip() -> None:
    opened: list[str] = []

    def open_shell(serial: str) -> Shell:
        opened.append(serial)
        return FakePhone(HEALTHY, serial=serial)

    diagnose(PHONE, open_shell, None)

    assert opened == ["P8"]


def _property(key: str, value: str) -> dict[str, str]:
    lines = [line for line in HEALTHY["getprop"].splitlines() if not line.startswith(f"[{key}]")]
    return {"getprop": "\n".join([*lines, f"[{key}]: [{value}]", ""])}


@pytest.mark.parametrize(
    ("changes", "name", "what", "remedy"),
    [
        (_property("sys.boot_completed", "0"), "booted", "Android is still starting", "Wait"),
        (_property("ro.kernel.qemu", "1"), "emulator", "an emulator", "use a phone"),
        (_property("ro.build.type", "eng"), "build-type", "eng build", "use a user build"),
        ({"dumpsys battery": android_text("battery_12.txt")}, "battery-low", "9 %", "Charge"),
        (
            {"dumpsys battery": android_text("battery_13_mocked.txt")},
            "battery-mocked",
            "made-up values are reported",
            "dumpsys battery reset",
        ),
        (
            {"dumpsys thermalservice": android_text("thermalservice_14.txt")},
            "thermal-status",
            "MODERATE, skin at 43.2 °C",
            "cool down",
        ),
        (
            {"dumpsys thermalservice": android_text("thermalservice_16.txt")},
            "thermal-overridden",
            "a made-up status is reported",
            "cmd thermalservice reset",
        ),
        (
            {"df -k /data/local/tmp": DF.replace("82243280", "  243280")},
            "free-space",
            "249 MB are free",
            "Make room",
        ),
    ],
)
def test_finds_what_prevents_measuring(
    changes: dict[str, str], name: str, what: str, remedy: str
) -> None:
    findings = _diagnose(changes)

    assert [finding.id for finding in findings.values() if finding.prevents] == [name]
    assert findings[name].what == what
    assert remedy in findings[name].remedy


def test_finds_a_phone_that_has_just_been_started() -> None:
    findings = _diagnose(uptime="61.20 100.00\n")

    assert findings["uptime"] == Finding(
        id="uptime",
        ok=False,
        what="it has been up for 61 s",
        remedy="Wait until it has been up for 180 s.",
    )


def test_finds_who_else_uses_it() -> None:
    holder = Holder(process_id=77, command="mbert-bench run", since="2026-01-01T00:00:00+00:00")

    assert _diagnose(holder=holder)["lease"] == Finding(
        id="lease",
        ok=False,
        what="in use by process 77 (mbert-bench run)",
        remedy="Wait until it has ended.",
    )


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"dumpsys power": "  mWakefulness=Awake\n"}, "screen"),
        (_property("ro.product.device", "flame"), "fixed-performance"),
        (_property("ro.build.version.sdk", "29"), "fixed-performance"),
    ],
)
def test_only_notes_what_prevents_nothing(changes: dict[str, str], name: str) -> None:
    findings = _diagnose(changes)

    assert [finding.id for finding in findings.values() if finding.ok is False] == [name]
    assert not any(finding.prevents for finding in findings.values())


def test_does_not_guess_what_a_phone_does_not_tell() -> None:
    findings = diagnose(PHONE, lambda serial: FakePhone(serial=serial), None)

    told = {finding.id for finding in findings if finding.ok is not None}
    assert told == {"state", "lease"}
    assert {finding.what for finding in findings if finding.ok is None} == {"not known"}


def test_asks_nothing_of_a_phone_that_cannot_answer() -> None:
    def open_shell(serial: str) -> Shell:
        raise AssertionError(serial)

    phone = AttachedPhone(serial="P8", state="unauthorized")

    assert diagnose(phone, open_shell, None) == (
        Finding(id="state", ok=False, what="adb says 'unauthorized'", remedy=phone.remedy),
    )


@pytest.mark.parametrize(
    ("text", "free_mb"),
    [
        (DF, 82243280 * 1024 / 1e6),
        (DF.replace("/dev/block/dm-8 ", "/dev/block/a-long-name\n   "), 82243280 * 1024 / 1e6),
        (DF.rstrip("\n"), None),
        ("df: /data/local/tmp: No such file or directory\n", None),
        ("", None),
    ],
)
def test_reads_the_free_room(text: str, free_mb: float | None) -> None:
    assert parse_free_mb(text) == free_mb
