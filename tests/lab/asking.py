"""Asks a phone of the lab through the real server, without the code under test."""

from __future__ import annotations

import time
from collections.abc import Callable

from adbutils import AdbDevice, ShellReturn

from lab.phone import LabPhone

TMP = "/data/local/tmp"


def device(phone: LabPhone) -> AdbDevice:
    """The phone as adbutils sees it."""
    return phone.server.client().device(phone.serial)


def run(phone: LabPhone, command: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a shell command."""
    done = device(phone).shell2(command, v2=True)
    assert isinstance(done, ShellReturn)
    return done.returncode, done.stdout, done.stderr


def output(phone: LabPhone, command: str) -> str:
    """The output of a command that succeeds and has nothing to complain of."""
    code, stdout, stderr = run(phone, command)
    assert (code, stderr) == (0, "")
    return stdout


def lines(phone: LabPhone) -> list[str]:
    """The command lines of what runs on the phone."""
    return [line for _, line in phone.processes()]


def wait_until(condition: Callable[[], bool], deadline_s: float = 10) -> None:
    """Returns as soon as it holds; fails after the deadline."""
    until = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.02)
