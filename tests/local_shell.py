"""This machine's own shell in the place of a phone's: real processes and files."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from android_runner.shell import Completed


class LocalShell:
    """Runs commands here. `moved` has paths of a phone that lie elsewhere: scripts and answers are
    changed so that the caller sees the phone's."""

    serial = "LOCAL"

    def __init__(
        self,
        moved: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        shell: str = "sh",
    ) -> None:
        self._moved = dict(moved or {})
        self._environment = dict(environment or {})
        self._shell = shell
        self.commands: list[tuple[str, ...]] = []

    def run(self, argv: Sequence[str], *, deadline_s: float = 20) -> Completed:
        self.commands.append(tuple(argv))
        words = [self._shell, *argv[1:]] if argv[0] == "sh" else list(argv)
        for old, new in self._moved.items():
            words = [word.replace(old, new) for word in words]
        done = subprocess.run(
            words,
            env={"PATH": "/usr/bin:/bin", **self._environment},
            capture_output=True,
            timeout=deadline_s,
            check=False,
        )
        stdout = done.stdout.decode(errors="replace")
        for old, new in self._moved.items():
            stdout = stdout.replace(new, old)
        return Completed(
            exit_code=done.returncode,
            stdout=stdout,
            stderr=done.stderr.decode(errors="replace"),
        )
