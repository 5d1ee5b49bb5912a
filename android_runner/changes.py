"""What is changed on a phone for measuring. Each change can be undone and says how.

Sources of the commands: `cmd power help`, `settings help`, `cmd package help` of Android 11 to 16.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Protocol

from android_runner.clocks import (
    CLOCK_FLOOR,
    ClockFloor,
    clocks_are_fixed,
    find_root,
    is_clock_floor,
    read_clocks,
)
from android_runner.errors import CommandFailedError
from android_runner.expect import expect
from android_runner.shell import Shell

UNSET = "null"  # what `settings get` prints for a setting that has no value
LOST_ON_REBOOT = frozenset({"fixed-performance", CLOCK_FLOOR})
_NAME = re.compile(r"(global|system|secure)/([a-z0-9_]+)")


class Change(Protocol):
    """One thing on a phone that is to have a value. All but `argv` raise `PhoneError`s.

    `read` gives the value now, None where there is none; `argv` sets one; `holds` reads it back.
    `undo_without_looking`: the value cannot be read for sure, and setting the old one again does
    no harm.
    """

    @property
    def kind(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def wanted(self) -> str: ...
    @property
    def undo_without_looking(self) -> bool: ...
    def read(self, shell: Shell) -> str | None: ...
    def argv(self, value: str | None) -> tuple[str, ...]: ...
    def holds(self, shell: Shell, value: str | None) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A value of Android's settings; `target` is `namespace/name`."""

    target: str
    wanted: str
    kind: ClassVar[str] = "setting"
    undo_without_looking: ClassVar[bool] = False

    def read(self, shell: Shell) -> str | None:
        """The value, to the last blank; None where it is unset."""
        argv = ["settings", "get", *self._words]
        done = expect(shell, argv)
        if not done.stdout.endswith("\n"):  # cut short: "12" may have been "128"
            raise CommandFailedError(shell.serial, " ".join(argv), done.exit_code, done.stdout)
        value = done.stdout[:-1]
        return None if value == UNSET and not self._is_the_word_null(shell) else value

    def argv(self, value: str | None) -> tuple[str, ...]:
        """Sets a value; without one the setting is taken away, so that Android's default counts."""
        if value is None:
            return ("settings", "delete", *self._words)
        return ("settings", "put", *self._words, value)

    def holds(self, shell: Shell, value: str | None) -> bool:
        """Whether exactly this value is there."""
        return self.read(shell) == value

    @property
    def _words(self) -> tuple[str, str]:
        namespace, _, name = self.target.partition("/")
        return namespace, name

    def _is_the_word_null(self, shell: Shell) -> bool:
        """`get` prints the same for no value and for these four letters; `list` does not."""
        namespace, name = self._words
        done = shell.run(["settings", "list", namespace])
        return done.exit_code == 0 and f"{name}={UNSET}" in done.stdout.splitlines()


@dataclass(frozen=True, kw_only=True)
class FixedPerformance:
    """Android's fixed performance mode (11+): the vendor's power HAL holds the clocks.

    Pixel 5 and later go to the highest frequency; Pixel 3, 4 and 4a refuse (exit code 255). The
    mode itself cannot be read, but its effect can, and the effect is what counts.
    """

    target: str = "power"
    wanted: str = "true"
    kind: ClassVar[str] = "fixed-performance"
    undo_without_looking: ClassVar[bool] = True

    def read(self, shell: Shell) -> str:
        """ "true" where all clusters stand still already, whoever holds them."""
        policies = read_clocks(shell)
        if not policies:  # then nothing could be proven, and it is better left off
            command = "cat /sys/devices/system/cpu/cpufreq/policy*/scaling_min_freq"
            raise CommandFailedError(shell.serial, command, 1, "no clock can be read")
        return "true" if clocks_are_fixed(policies) else "false"

    def argv(self, value: str | None) -> tuple[str, ...]:
        """Turns it on or off."""
        return ("cmd", "power", "set-fixed-performance-mode-enabled", value or "false")

    def holds(self, shell: Shell, value: str | None) -> bool:
        """Whether the clocks stand still, or not."""
        return self.read(shell) == value


@dataclass(frozen=True, kw_only=True)
class BackgroundCompiler:
    """The job that compiles apps in the background (Android 14+; older ones would start it).

    Nothing tells whether it is on; it is unless somebody has turned it off since the last boot.
    """

    target: str = "bg-dexopt-job"
    wanted: str = "disabled"
    kind: ClassVar[str] = "background-compiler"
    undo_without_looking: ClassVar[bool] = True

    def read(self, shell: Shell) -> str:
        """ "enabled", where this Android can turn it off. Raises `CommandFailedError` elsewhere."""
        argv = ["getprop", "ro.build.version.sdk"]
        done = expect(shell, argv)
        sdk = done.stdout.strip()
        if not (sdk.isascii() and sdk.isdecimal() and int(sdk) >= 34):
            raise CommandFailedError(shell.serial, " ".join(argv), 0, f"{sdk!r} is below 34")
        return "enabled"

    def argv(self, value: str | None) -> tuple[str, ...]:
        """Turns it on or off."""
        flag = "--disable" if value == "disabled" else "--enable"
        return ("cmd", "package", "bg-dexopt-job", flag)

    def holds(self, shell: Shell, value: str | None) -> bool:
        """True: the exit code is all there is."""
        return True


@dataclass(frozen=True, kw_only=True)
class AirplaneMode:
    """All radios off (Android 11+). Not for a phone whose adb comes over one of them."""

    target: str = "connectivity"
    wanted: str = "enabled"
    kind: ClassVar[str] = "airplane-mode"
    undo_without_looking: ClassVar[bool] = False

    def read(self, shell: Shell) -> str:
        """ "enabled" or "disabled"."""
        argv = ["cmd", "connectivity", "airplane-mode"]
        done = expect(shell, argv)
        state = done.stdout.strip()
        if state not in ("enabled", "disabled"):
            raise CommandFailedError(shell.serial, " ".join(argv), 0, done.stdout)
        return state

    def argv(self, value: str | None) -> tuple[str, ...]:
        """Turns it on or off."""
        word = "enable" if value == "enabled" else "disable"
        return ("cmd", "connectivity", "airplane-mode", word)

    def holds(self, shell: Shell, value: str | None) -> bool:
        """Whether it is on, or off."""
        return self.read(shell) == value


def usual_changes() -> tuple[Change, ...]:
    """What is changed for every run. A phone that cannot do one of them goes without it."""
    return (
        # AC, USB and wireless: a screen that goes dark lets the phone sleep.
        Setting(target="global/stay_on_while_plugged_in", wanted="7"),
        Setting(target="system/screen_brightness_mode", wanted="0"),  # by hand
        Setting(target="system/screen_brightness", wanted="10"),  # of 255: its heat is not ours
        Setting(target="global/window_animation_scale", wanted="0"),
        Setting(target="global/transition_animation_scale", wanted="0"),
        Setting(target="global/animator_duration_scale", wanted="0"),
        BackgroundCompiler(),
        FixedPerformance(),
    )


def change_of(kind: str, target: str, wanted: str, shell: Shell) -> Change | None:
    """The change that a journal names, or None for one that this version does not make.

    The command is made anew from what is to be changed: a journal is a file, and what a file says
    is never run.
    """
    if kind == Setting.kind and _NAME.fullmatch(target):
        return Setting(target=target, wanted=wanted)
    if kind == CLOCK_FLOOR and is_clock_floor(target):
        root = find_root(shell)
        if root is None:
            raise CommandFailedError(shell.serial, "su -c 'id -u'", 1, "no root any more")
        return ClockFloor(target=target, wanted=wanted, root=root)
    for other in (FixedPerformance(), BackgroundCompiler(), AirplaneMode()):
        if (kind, target) == (other.kind, other.target):
            return other
    return None
