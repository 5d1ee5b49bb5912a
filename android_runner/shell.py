"""What the rest asks of a phone's shell; `link.Link` is the real one, tests have a fake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A command that ended on a phone: its streams, and its exit code (128+n for signal n)."""

    exit_code: int
    stdout: str
    stderr: str


class Shell(Protocol):
    """Runs commands on one phone.

    `argv` is quoted for the phone's shell once, inside; a script goes as `["sh", "-c", script]`.
    A non-zero exit code is no error here. Raises `LinkLostError` and `DeadlineError`.
    """

    @property
    def serial(self) -> str: ...
    def run(self, argv: Sequence[str], *, deadline_s: float = 20) -> Completed: ...
