"""The lines of a log of `benchmark_model`, whatever wrote them and however often.

The tool writes to stdout and the runtime below it to stderr. Runtime lines always had a level
(`INFO: `, `VERBOSE: `, `WARNING: `, `ERROR: `); the tool's own have one since TensorFlow 2.10-2.14,
and none before. LiteRT's logger adds the place in its source: `INFO: [environment.cc:32] `.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from harness.measurement import ToolLog

_QUOTE_LIMIT = 200

# Numbers as the tool prints them. Longer ones are no times: 10^18 us are 30,000 years.
INTEGER = r"-?[0-9]{1,18}"
NUMBER = r"-?(?:[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-]?[0-9]{1,4})?|nan|inf)"
# The line that closes an invocation begins so, since TF 2.3 and before.
SUMMARY_STARTS = ("Inference timings in us: ", "Average inference timings in us: ")

_PREFIX = re.compile(
    r"(?:(INFO|VERBOSE|WARN|WARNING|ERROR|FATAL): )?(?:\[[^\]\s]{1,200}:[0-9]{1,6}\] )?"
)
_HARMLESS = re.compile(
    r"Duplicate flags: |"  # builds with assertions register --num_threads twice
    r"Tensor # [0-9]{1,9} is named |"  # --input_layer goes by order; the names are free
    r"(?:linker: )?.{0,400}unused DT entry|"  # Android's loader, of nearly every binary
    r"Error in cpuinfo: "  # a CPU that the library does not know
)


class Line(NamedTuple):
    """A line without its prefix; `level` is empty where the version writes none."""

    level: str
    text: str

    @property
    def is_harmless(self) -> bool:
        """Whether healthy logs hold this complaint too."""
        return _HARMLESS.match(self.text) is not None

    def __str__(self) -> str:
        return f"{self.level}: {self.text}" if self.level else self.text


def read_lines(log: ToolLog) -> list[str]:
    """The lines that are not blank: all of stdout, then all of stderr. Line ends may be CRLF."""
    lines = (line for stream in (log.stdout, log.stderr) for line in stream.split("\n"))
    return [line.rstrip() for line in lines if line and not line.isspace()]


def split_prefix(line: str) -> Line:
    """Take level and place off a line."""
    match = _PREFIX.match(line)
    assert match is not None  # every part of the pattern may be absent
    return Line(match[1] or "", line[match.end() :])


def quote(line: Line) -> str:
    """The line fit for a message: short, and without a device's control characters."""
    text = str(line)
    if len(text) > _QUOTE_LIMIT:
        text = text[: _QUOTE_LIMIT - 1] + "…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
