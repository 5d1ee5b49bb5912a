"""What can end a command; `exit_code` is what the command line exits with.

BenchError                    exit code
├── UsageError                2   what was asked for cannot be done
│   ├── PlanError             2   a plan, or the axes given in its place
│   └── RunFolderError        2   the folder of a run: not empty, of another plan, not a run, …
├── PreflightError            3   the device is not fit to be measured
└── OutputError               2   a file cannot be written; 3 where the disk is to blame
    └── StoreError                the same of a result

A failing invocation is none of these: it is recorded, and the sweep goes on.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Sequence
from pathlib import Path


class BenchError(Exception):
    """Anything that ends a command."""

    exit_code = 3


class UsageError(BenchError):
    """What was asked for cannot be done; asking again will not help."""

    exit_code = 2


class PlanError(UsageError):
    """A plan cannot be understood; `where` names the file and key, or the option."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


class RunFolderError(UsageError):
    """The folder of a run cannot be used as asked."""

    def __init__(self, folder: Path, why: str, remedy: str) -> None:
        super().__init__(f"{str(folder)!r} {why}. {remedy}")


class OutputError(BenchError):
    """A file cannot be written: a wrong place (exit code 2), or a full or broken disk (3)."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"Cannot write {str(path)!r}: {error.strerror}.{self._remedy()}")
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
            self.exit_code = 2

    def _remedy(self) -> str:
        return ""


class StoreError(OutputError):
    """A result could not be written."""

    def _remedy(self) -> str:
        return " What was recorded before is kept: make room and continue with `--resume`."


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A hint for a misspelt word, or nothing."""
    near = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
