"""Lines for a terminal of 100 columns: aligned tables and wrapped sentences. Nothing is cut off."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

WIDTH = 100
_GAP = "  "
# What makes a command of a line that a job of GitHub Actions prints: `::` at its start, or `##[`
# anywhere (ActionCommand.cs of actions/runner).
_COMMAND = re.compile(r"(?<=##)\[|(?:(?<=^)|(?<=^  )|(?<=^    )):(?=:)")


def align(rows: Sequence[tuple[str, ...]], words: int = 1) -> list[str]:
    """Columns as wide as their widest cell: the first `words` of them to the left, the others,
    which are numbers, to the right.

    Where there is not enough room, a first cell that is too long stands on lines of its own, with
    the rest of its row below it.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = max(0, WIDTH - sum(widths[1:]) - len(_GAP) * (len(widths) - 1))
    widths[0] = max((len(row[0]) for row in rows if len(row[0]) <= room), default=0)
    lines = []
    for first, *others in rows:
        if len(first) > room:
            lines += wrap(first, "")
            first = ""
        cells = [
            cell.ljust(width) if column < words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip((first, *others), widths, strict=True))
        ]
        line = _GAP.join(cells).rstrip()
        lines += [line] if line else []
    return lines


def fits(rows: Sequence[tuple[str, ...]]) -> bool:
    """Whether `align` puts each row on one line."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return sum(widths) + len(_GAP) * (len(widths) - 1) <= WIDTH


def underline(lines: Sequence[str]) -> list[str]:
    """The lines of a table with a rule below its header."""
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def wrap(text: str, indent: str, hanging: str | None = None) -> list[str]:
    """The text on as many lines as it needs; names with hyphens stay whole where they fit, and a
    number keeps its `%`."""
    lines = textwrap.wrap(
        text.replace(" %", "\N{NO-BREAK SPACE}%"),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False,
    )
    return [line.replace("\N{NO-BREAK SPACE}%", " %") for line in lines]


def join(lines: Sequence[str]) -> str:
    """The lines as one text, in which none is a command to the runner of a job."""
    return "\n".join(_COMMAND.sub("\N{REPLACEMENT CHARACTER}", line) for line in lines)
