"""The clocks of the CPUs: read back whether they stand still, and on rooted phones hold them.

Linux has a policy per cluster, with a lower and an upper limit in kHz; a cluster whose limits are
equal has one frequency. Any app may read them, only root may write them (`android.md`, 2.1).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from android_runner.cpu import CPU_FOLDER
from android_runner.errors import CommandFailedError
from android_runner.expect import expect
from android_runner.frequency import POLICY_FILES, PolicyState, parse_policies
from android_runner.readout import parse_count, read_parts
from android_runner.shell import Shell

_FLOOR = re.compile(rf"{CPU_FOLDER}/cpufreq/policy\d{{1,4}}/scaling_min_freq")
CLOCK_FLOOR = "clock-floor"
# The value and the path are arguments of the script: nothing is pasted into it.
_WRITE = ("sh", "-c", 'printf %s "$1" >"$2"', "sh")


class Root(StrEnum):
    """How a command is run as root."""

    ADBD = "adbd"  # adbd itself is root: `adb root` on a debuggable build
    MAGISK = "su -c"
    AOSP = "su 0"


@dataclass(frozen=True, kw_only=True)
class ClockFloor:
    """The lower limit of one cluster in kHz, as text, raised to its upper limit by root."""

    target: str
    wanted: str
    root: Root
    kind: ClassVar[str] = CLOCK_FLOOR
    undo_without_looking: ClassVar[bool] = False

    def read(self, shell: Shell) -> str:
        """The limit now."""
        return _read_khz(shell, self.target)

    def argv(self, value: str | None) -> tuple[str, ...]:
        """Sets the limit."""
        return as_root(self.root, (*_WRITE, value or "", self.target))

    def holds(self, shell: Shell, value: str | None) -> bool:
        """Whether the limit is in force. Heat lowers the upper limit, and ours goes with it."""
        now = self.read(shell)
        return now == value or (value == self.wanted and now == self._ceiling(shell))

    def _ceiling(self, shell: Shell) -> str:
        return _read_khz(shell, self.target.replace("scaling_min_freq", "scaling_max_freq"))


def read_clocks(shell: Shell) -> tuple[PolicyState, ...]:
    """The clocks of all clusters; empty where the phone does not show them."""
    parts = read_parts(shell, {"clocks": POLICY_FILES}, deadline_s=10)
    return parse_policies(parts["clocks"].text) if "clocks" in parts else ()


def clocks_are_fixed(policies: Sequence[PolicyState]) -> bool:
    """Whether every cluster has one clock only; none known, or one unknown, is no."""
    return bool(policies) and all(policy.fixed is True for policy in policies)


def lock_clocks(policies: Sequence[PolicyState], root: Root) -> tuple[ClockFloor, ...]:
    """Changes that hold every cluster at its upper limit, as fixed performance does."""
    return tuple(
        ClockFloor(
            target=f"{CPU_FOLDER}/cpufreq/policy{policy.number}/scaling_min_freq",
            wanted=str(policy.max_khz),
            root=root,
        )
        for policy in policies
        if policy.max_khz is not None
    )


def is_clock_floor(target: str) -> bool:
    """Whether a path is a file that a `ClockFloor` may write."""
    return _FLOOR.fullmatch(target) is not None


def as_root(root: Root, argv: Sequence[str]) -> tuple[str, ...]:
    """A command that runs another as root."""
    if root == Root.MAGISK:  # takes one word, which its own shell takes apart again
        return ("su", "-c", shlex.join(argv))
    return ("su", "0", *argv) if root == Root.AOSP else tuple(argv)


def find_root(shell: Shell) -> Root | None:
    """How this phone gives root, if it does. A root app may ask its user: only on request."""
    for root in Root:
        done = shell.run(as_root(root, ["id", "-u"]), deadline_s=20)
        if done.exit_code == 0 and done.stdout.strip() == "0":
            return root
    return None


def _read_khz(shell: Shell, path: str) -> str:
    done = expect(shell, ["cat", path])
    if parse_count(done.stdout) is None:
        raise CommandFailedError(shell.serial, f"cat {path}", done.exit_code, done.stdout)
    return done.stdout.strip()
