"""The result of a gate as plain lines for a terminal, within 100 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from harness.ci import words
from harness.gate_result import Cell, GateResult, GateVerdict

_WIDTH = 100
_GAP = "  "
_HEAD = ("metric", "change", "95 % interval", "pairs", "verdict")
_WORDS = (0, 4)  # columns of words; the others are numbers
# What makes a command of a line that a job of GitHub Actions prints: `::` at its start, or `##[`
# anywhere (ActionCommand.cs of actions/runner).
_COMMAND = re.compile(r"(?<=##)\[|(?:(?<=^)|(?<=^  )):(?=:)")


def render_gate(result: GateResult) -> str:
    """The table of cells, why some did not pass, the verdict, and the smallest visible change.

    `~` is a difference inside the noise, which is never given as a percentage.
    """
    lines = _table(result.cells)
    explained = [cell for cell in result.cells if cell.verdict is not GateVerdict.PASS]
    for cell in explained:
        head = f"{words.clean(cell.case)} {cell.metric}: {cell.verdict.upper()}"
        lines += ["", *_wrap(head, "")]
        if words.values(cell) != words.NOTHING:
            lines += _wrap(words.values(cell), "  ")
        lines += _wrap(words.reason(cell), "  ")
    lines += ["", words.headline(result), words.counts(result.cells)]
    lines += _wrap(words.smallest_change(result), "")
    for remark in words.remarks(result):
        lines += _wrap(f"note: {remark}", "")
    return "\n".join(_COMMAND.sub("\N{REPLACEMENT CHARACTER}", line) for line in lines)


def _table(cells: Sequence[Cell]) -> list[str]:
    """Each case on a line of its own, for ids are long and differ anywhere; its cells below."""
    rows = [_HEAD, *(_row(cell) for cell in cells)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    ids = [words.clean(cell.case, _WIDTH) for cell in cells]
    ruler = max([sum(widths) + len(_GAP) * len(widths), *map(len, ids)])
    lines = ["case", _line(_HEAD, widths), "-" * ruler]
    for position, (case_id, row) in enumerate(zip(ids, rows[1:], strict=True)):
        if position == 0 or case_id != ids[position - 1]:
            lines.append(case_id)
        lines.append(_line(row, widths))
    return lines


def _row(cell: Cell) -> tuple[str, ...]:
    return (
        cell.metric.value,
        words.change(cell),
        words.interval(cell),
        words.pairs(cell),
        cell.verdict.value,
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        text.ljust(width) if column in _WORDS else text.rjust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return _GAP + _GAP.join(cells).rstrip()


def _wrap(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)
