"""CPU clocks of a phone: what they are, how they are limited, and where time was spent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from android_runner.cpu import CPU_FOLDER
from android_runner.cpu_mask import parse_cpu_list
from android_runner.readout import parse_count, parse_files, quote, show_files

_POLICY = f"{CPU_FOLDER}/cpufreq/policy[0-9]*"

# All of them can be read without root (checked in the policies of Android 7 to 15).
POLICY_FILES = show_files(
    f"{_POLICY}/related_cpus",
    f"{_POLICY}/cpuinfo_min_freq",
    f"{_POLICY}/cpuinfo_max_freq",
    f"{_POLICY}/scaling_cur_freq",
    f"{_POLICY}/scaling_min_freq",
    f"{_POLICY}/scaling_max_freq",
    f"{_POLICY}/scaling_governor",
    f"{_POLICY}/stats/time_in_state",
)

# Eight policies, of one CPU each, fit in.
_LONGEST_QUOTE = 800

_PATH = re.compile(rf"{CPU_FOLDER}/cpufreq/policy(\d{{1,4}})/(\w+(?:/\w+)?)")


@dataclass(frozen=True, kw_only=True)
class TimeAtClock:
    """Since boot, how long a policy had a clock, in units of 10 ms; idle time counts too."""

    khz: int
    ticks: int


@dataclass(frozen=True, kw_only=True)
class Share:
    """The share of a time span (0 to 1) in which a policy had a clock."""

    khz: int
    share: float


@dataclass(frozen=True, kw_only=True)
class PolicyState:
    """The clock of CPUs that share one, all in kHz; None where the phone does not say.

    `min_khz` and `max_khz` are the limits in force, `hardware_*` what the CPUs can do. `number` is
    that of the policy's folder. `time_in_state` is empty where the kernel does not count.
    """

    number: int
    cpus: tuple[int, ...]
    current_khz: int | None
    min_khz: int | None
    max_khz: int | None
    hardware_min_khz: int | None
    hardware_max_khz: int | None
    governor: str | None
    time_in_state: tuple[TimeAtClock, ...]

    @property
    def capped(self) -> bool | None:
        """Whether something holds the clock below what the CPUs can do, such as heat."""
        if self.max_khz is None or self.hardware_max_khz is None:
            return None
        return self.max_khz < self.hardware_max_khz

    @property
    def fixed(self) -> bool | None:
        """Whether only one clock is allowed."""
        if self.min_khz is None or self.max_khz is None:
            return None
        return self.min_khz == self.max_khz


def parse_policies(text: str) -> tuple[PolicyState, ...]:
    """The policies by the lines of `POLICY_FILES`, by number."""
    return tuple(_policy(number, files) for number, files in _files_by_policy(text))


def quote_clocks(text: str) -> str:
    """What the policies' limits were read from, as `policy4 scaling_max_freq 2367000`."""
    names = ("scaling_max_freq", "cpuinfo_max_freq", "scaling_min_freq")
    lines = (
        f"policy{number} {name} {files[name]}"
        for number, files in _files_by_policy(text)
        for name in names
        if name in files
    )
    return quote(lines, most_chars=_LONGEST_QUOTE)


def residency(before: PolicyState, after: PolicyState) -> tuple[Share, ...] | None:
    """Where the time between two readings of one policy went: clocks that were in use, lowest
    first. None if that cannot be told: no counts, none passed, or they were reset in between."""
    old = {entry.khz: entry.ticks for entry in before.time_in_state}
    new = {entry.khz: entry.ticks for entry in after.time_in_state}
    if before.number != after.number or not old or set(old) != set(new):
        return None
    passed = {khz: new[khz] - old[khz] for khz in sorted(new)}
    total = sum(passed.values())
    if total <= 0 or min(passed.values()) < 0:
        return None
    return tuple(Share(khz=khz, share=ticks / total) for khz, ticks in passed.items() if ticks)


def mean_khz(shares: Sequence[Share]) -> float | None:
    """The mean clock over the time that the shares are of."""
    total = sum(entry.share for entry in shares)
    return sum(entry.khz * entry.share for entry in shares) / total if total else None


def _files_by_policy(text: str) -> list[tuple[int, dict[str, str]]]:
    files: dict[int, dict[str, str]] = {}
    for path, content in parse_files(text).items():
        match = _PATH.fullmatch(path)
        if match:
            files.setdefault(int(match[1]), {})[match[2]] = content
    return sorted(files.items())


def _policy(number: int, files: dict[str, str]) -> PolicyState:
    return PolicyState(
        number=number,
        cpus=parse_cpu_list(files.get("related_cpus")),
        current_khz=_khz(files.get("scaling_cur_freq")),
        min_khz=_khz(files.get("scaling_min_freq")),
        max_khz=_khz(files.get("scaling_max_freq")),
        hardware_min_khz=_khz(files.get("cpuinfo_min_freq")),
        hardware_max_khz=_khz(files.get("cpuinfo_max_freq")),
        governor=files.get("scaling_governor") or None,
        time_in_state=_times(files.get("stats/time_in_state", "")),
    )


def _khz(text: str | None) -> int | None:
    khz = parse_count(text)
    return khz if khz and khz < 100_000_000 else None  # 0 and `<unsupported>` are no clocks


def _times(text: str) -> tuple[TimeAtClock, ...]:
    """Lines `KHZ TICKS`; a table that is not whole is none."""
    times = []
    for line in text.splitlines():
        words = line.split()
        khz, ticks = (_khz(words[0]), parse_count(words[1])) if len(words) == 2 else (None, None)
        if khz is None or ticks is None:
            return ()
        times.append(TimeAtClock(khz=khz, ticks=ticks))
    return tuple(times)
