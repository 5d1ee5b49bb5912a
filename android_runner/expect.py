"""Runs a command that has to succeed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from android_runner.errors import CommandFailedError, PhoneError
from android_runner.shell import Completed, Shell


def expect(shell: Shell, argv: Sequence[str], *, deadline_s: float = 20) -> Completed:
    """Runs a command; raises `CommandFailedError` when it exits with anything but 0."""
    done = shell.run(argv, deadline_s=deadline_s)
    if done.exit_code != 0:
        raise failed(shell, argv, done)
    return done


def one_line(error: PhoneError) -> str:
    """What went wrong on one line, without saying again which phone it is."""
    text = " ".join(str(error).split())
    return text.removeprefix(f"Phone {error.serial!r}: ").rstrip(".")


def failed(shell: Shell, argv: Sequence[str], done: Completed) -> CommandFailedError:
    """The error for a command that ended in a way that means failure."""
    return CommandFailedError(
        shell.serial, shlex.join(argv), done.exit_code, done.stderr or done.stdout
    )
