"""The lines of a log that its numbers were read from, to show beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.log_delegates import speaks_of_delegates
from harness.log_lines import Line, quote

_LINES = {
    "threads": re.compile(r"(?:#threads used for CPU inference|Num threads): \["),
    # A build that repeats one flag repeats all of them.
    "runs_asked": re.compile(r"Min num runs: \["),
    "model": re.compile(r"The input model file size \(MB\): "),
    "memory": re.compile(r"(?:Overall p|P)eak memory footprint"),
    "runs": re.compile(r"count=[0-9]"),
}
_MOST_LINES = 6


def quote_sources(lines: Sequence[Line]) -> dict[str, str]:
    """By what they tell; what the log does not tell is left out."""
    found = {
        name: [line for line in lines if pattern.match(line.text)]
        for name, pattern in _LINES.items()
    }
    found["delegate"] = [line for line in lines if speaks_of_delegates(line)]
    return {
        name: "\n".join(quote(line) for line in matching[-_MOST_LINES:])
        for name, matching in found.items()
        if matching
    }
