"""Which phone is at the other end of a link, and since when it runs."""

from __future__ import annotations

from dataclasses import dataclass

from android_runner.errors import OtherPhoneError
from android_runner.expect import expect
from android_runner.shell import Shell

BOOT_ID = "/proc/sys/kernel/random/boot_id"  # a new random word with every boot


@dataclass(frozen=True, kw_only=True)
class PhoneIdentity:
    """A phone, over whatever link (`serialno`), and its boot; `boot_id` is empty if unknown."""

    serial: str
    serialno: str
    boot_id: str


def identify(shell: Shell) -> PhoneIdentity:
    """Asks a phone who it is. Raises `PhoneError`s."""
    serialno = expect(shell, ["getprop", "ro.serialno"]).stdout.strip()
    boot = shell.run(["cat", BOOT_ID])
    return PhoneIdentity(
        serial=shell.serial,
        serialno=serialno or shell.serial,
        boot_id=boot.stdout.strip() if boot.exit_code == 0 else "",
    )


def identify_again(shell: Shell, expected: PhoneIdentity) -> PhoneIdentity:
    """Asks once more: a boot may have passed. Raises `OtherPhoneError` and other `PhoneError`s."""
    phone = identify(shell)
    if phone.serialno != expected.serialno:
        raise OtherPhoneError(shell.serial, expected.serialno, phone.serialno)
    return phone


def is_booted(shell: Shell) -> bool:
    """Whether Android's services are up: after a reboot, adb is there long before them."""
    done = shell.run(["getprop", "sys.boot_completed"])
    return done.exit_code == 0 and done.stdout.strip() == "1"


def is_over_network(serial: str) -> bool:
    """Whether adb reaches this serial over Wi-Fi or another network, not over USB."""
    return ":" in serial or "._adb-tls-connect." in serial
