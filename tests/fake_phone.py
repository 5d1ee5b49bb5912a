"""A phone's shell that answers from a table; for the real thing see the lab."""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from android_runner.shell import Completed

ANDROID = Path(__file__).parent / "data" / "android"

# What `readout.build_script` makes of a part.
_PART = re.compile(r"^echo (\w+) begin (\S+)\n\( (.*?)\n\) </dev/null$", re.MULTILINE | re.DOTALL)

Reply = str | Completed | Exception


class FakePhone:
    """Answers commands as `replies` has them (the whole command, or its beginning), shows `files`,
    and remembers in `commands` what it was asked. A script of parts is answered part by part."""

    def __init__(
        self,
        replies: Mapping[str, Reply] | None = None,
        files: Mapping[str, str] | None = None,
        serial: str = "FAKE1",
    ) -> None:
        self.replies = dict(replies or {})
        self.files = dict(files or {})
        self.commands: list[str] = []
        self._serial = serial

    @property
    def serial(self) -> str:
        return self._serial

    def run(self, argv: Sequence[str], *, deadline_s: float = 20) -> Completed:
        if list(argv[:2]) == ["sh", "-c"]:
            parts = _PART.findall(argv[2])
            if parts:
                return Completed(exit_code=0, stdout=self._answer_parts(parts), stderr="")
            return self._answer(argv[2])
        return self._answer(shlex.join(argv))

    def _answer_parts(self, parts: list[tuple[str, str, str]]) -> str:
        text = ""
        for word, name, command in parts:
            done = self._answer(command)
            text += f"{word} begin {name}\n{done.stdout}\n{word} end {name} {done.exit_code}\n"
        return text

    def _answer(self, command: str) -> Completed:
        self.commands.append(command)
        if command.startswith("show "):
            return Completed(exit_code=0, stdout=self._show(command.split()[1:]), stderr="")
        fits = [key for key in self.replies if command == key or command.startswith(f"{key} ")]
        if not fits:
            return Completed(exit_code=127, stdout="", stderr=f"sh: {command}: not found\n")
        reply = self.replies[max(fits, key=len)]
        if isinstance(reply, Exception):
            raise reply
        return Completed(exit_code=0, stdout=reply, stderr="") if isinstance(reply, str) else reply

    def _show(self, patterns: list[str]) -> str:
        paths = [
            path
            for pattern in patterns
            for path in self.files
            if fnmatch.fnmatchcase(path, pattern) and path.count("/") == pattern.count("/")
        ]
        lines = [f"{path}\t{line}\n" for path in paths for line in self.files[path].splitlines()]
        return "".join(lines)


def android_text(name: str) -> str:
    """A text of `data/android`."""
    return (ANDROID / name).read_text(encoding="utf-8")


def cpu_files(
    clusters: Sequence[tuple[str, int, int | None]], *, online: str | None = None
) -> dict[str, str]:
    """The files of `/sys/devices/system/cpu` of a phone with these clusters: CPUs as `0-3`, highest
    clock in kHz, and capacity (no file where it is None)."""
    root = "/sys/devices/system/cpu"
    files: dict[str, str] = {}
    last = 0
    for cpus, max_khz, capacity in clusters:
        first, _, end = cpus.partition("-")
        numbers = range(int(first), int(end or first) + 1)
        last = numbers[-1]
        policy = f"{root}/cpufreq/policy{first}"
        # The kernel ends this list with a space.
        files[f"{policy}/related_cpus"] = "".join(f"{cpu} " for cpu in numbers) + "\n"
        files[f"{policy}/cpuinfo_max_freq"] = f"{max_khz}\n"
        for cpu in numbers:
            if capacity is not None:
                files[f"{root}/cpu{cpu}/cpu_capacity"] = f"{capacity}\n"
    everything = f"0-{last}\n"
    files |= {f"{root}/possible": everything, f"{root}/present": everything}
    files[f"{root}/online"] = everything if online is None else f"{online}\n"
    return files
