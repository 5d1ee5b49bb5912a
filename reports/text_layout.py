"""Lines for a terminal of 100 columns: aligned tables and wrapped sentences."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 100


def align(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell: text to the left, numbers to the right.

    The first column gives way where there is not enough room; its cells lose their middle.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 2 * (len(widths) - 1))
    lines = []
    for row in rows:
        first = _shorten(row[0], widths[0]).ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([first, *rest]).rstrip())
    return lines


def underline(lines: Sequence[str]) -> list[str]:
    """The lines of a table with a rule below its header."""
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def wrap(text: str, indent: str, hanging: str | None = None) -> list[str]:
    """The text on as many lines as it needs; names with hyphens stay whole where they fit."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False,
    )


def _shorten(text: str, width: int) -> str:
    """Leaves out the middle: names of cases differ at both ends."""
    if len(text) <= width:
        return text
    tail = width // 2
    return f"{text[: width - tail - 1]}…{text[-tail:]}"
