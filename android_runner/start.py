"""Why a tool did not start: read from the exit code and the words of shell and loader.

The shells give 126 for a file that they may not execute and 127 for one that they do not find, or
whose loader or library is missing. Android's loader (bionic, `linker_main.cpp`) ends with 1 or
SIGABRT, glibc's with 127, so the words are asked first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_QUOTED_CHARACTERS = 200
_SIGNALS_FROM = 128
_ILLEGAL_INSTRUCTION = 4  # SIGILL


class StartFailure(StrEnum):
    """What kept a tool from starting."""

    MISSING_LIBRARY = "missing-library"
    MISSING_SYMBOL = "missing-symbol"
    WRONG_ABI = "wrong-abi"
    NOT_LINKED = "not-linked"
    NOT_EXECUTABLE = "not-executable"
    NOT_FOUND = "not-found"
    WRONG_CPU = "wrong-cpu"


@dataclass(frozen=True, kw_only=True)
class StartProblem:
    """Why a tool did not start: `detail` names what was missing or quotes, `remedy` helps."""

    kind: StartFailure
    detail: str
    remedy: str


_REMEDIES = {
    StartFailure.MISSING_LIBRARY: (
        "Push the library beside the tool and set LD_LIBRARY_PATH, or use a statically linked "
        "official build."
    ),
    StartFailure.MISSING_SYMBOL: (
        "The build is for a newer system than this one: use an older build of the tool."
    ),
    StartFailure.WRONG_ABI: (
        "Use the build for this device's ABI: `getprop ro.product.cpu.abilist` on a phone, "
        "`uname -m` elsewhere."
    ),
    StartFailure.NOT_LINKED: "Use an official build of the tool, or one that names its own loader.",
    StartFailure.NOT_EXECUTABLE: (
        "Run `chmod 755` on it, and keep it where programs may run: /data/local/tmp on a phone, "
        "never /sdcard."
    ),
    StartFailure.NOT_FOUND: (
        "Check that the file is there and is built for this system: a missing loader reads the "
        "same."
    ),
    StartFailure.WRONG_CPU: (
        "The build uses instructions that this CPU does not have: use the official build for its "
        "ABI."
    ),
}

# Tried in this order; a group named `what` is the detail, else the whole line is. Each pattern
# begins with what only a loader or a shell writes: a tool that did start may print
# `library "x" not found` when a delegate's library is missing.
_LOADER = r"CANNOT LINK EXECUTABLE\b.{0,500}?"
_WORDS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (StartFailure.MISSING_LIBRARY, _LOADER + r'library "(?P<what>[^"\n]{1,200})" not found'),
        (
            StartFailure.MISSING_LIBRARY,
            _LOADER + r'could not load library "(?P<what>[^"\n]{1,200})"',
        ),
        (
            StartFailure.MISSING_LIBRARY,
            r"error while loading shared libraries: (?P<what>[^:\n]{1,200}): cannot open",
        ),
        (
            StartFailure.MISSING_LIBRARY,
            r"Error loading shared library (?P<what>[^:\n]{1,200}): No such file",
        ),
        (
            StartFailure.MISSING_SYMBOL,
            _LOADER + r'cannot locate(?: symbol)? "(?P<what>[^"\n]{1,200})"',
        ),
        (
            StartFailure.MISSING_SYMBOL,
            r"symbol lookup error: .{0,300}undefined symbol: (?P<what>\S{1,200})",
        ),
        (StartFailure.MISSING_SYMBOL, r"version [`'](?P<what>[^'\n]{1,80})' not found"),
        (
            StartFailure.WRONG_ABI,
            r"has unexpected e_machine|is (?:32|64)-bit instead of (?:32|64)-bit|only support "
            r"position-independent executables|[Ee]xec format error|cannot execute binary file|"
            r"not executable: .{0,40}ELF|TLS segment is underaligned",
        ),
        (StartFailure.NOT_LINKED, r"CANNOT LINK EXECUTABLE\b"),
    )
)
_EXIT_CODES = {126: StartFailure.NOT_EXECUTABLE, 127: StartFailure.NOT_FOUND}


def start_problem(exit_code: int, stderr: str) -> StartProblem | None:
    """Why the tool did not start, or None where nothing says that it did not.

    `exit_code` is a shell's: 128+n for signal n. None is no proof that the tool worked.
    """
    if exit_code == 0:
        return None
    for line in stderr.splitlines():
        for kind, pattern in _WORDS:
            if match := pattern.search(line):
                return _problem(kind, match.groupdict().get("what") or _cut(line))
    if exit_code in _EXIT_CODES:
        return _problem(_EXIT_CODES[exit_code], _last_line(stderr) or f"exit code {exit_code}")
    if exit_code == _SIGNALS_FROM + _ILLEGAL_INSTRUCTION:
        return _problem(StartFailure.WRONG_CPU, "ended by SIGILL, an illegal instruction")
    return None


def _problem(kind: StartFailure, detail: str) -> StartProblem:
    return StartProblem(kind=kind, detail=detail, remedy=_REMEDIES[kind])


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return _cut(lines[-1]) if lines else ""


def _cut(line: str) -> str:
    return line.strip()[:_QUOTED_CHARACTERS]
