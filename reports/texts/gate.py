"""The result of a gate as plain lines for a terminal, within 100 columns."""

from __future__ import annotations

from collections.abc import Sequence

from harness.ci import words
from harness.gate_result import Cell, GateResult, GateVerdict
from reports.texts.layout import join, wrap

_GAP = "  "
_HEAD = ("metric", "change", "95 % interval", "pairs", "verdict")
_WORDS = (0, 4)  # columns of words; the others are numbers


def render_gate(result: GateResult) -> str:
    """The table of cells, why some did not pass, the verdict, and the smallest visible change.

    `~` is a difference inside the noise, which is never given as a percentage.
    """
    lines = _table(result.cells)
    explained = [cell for cell in result.cells if cell.verdict is not GateVerdict.PASS]
    for cell in explained:
        head = f"{words.clean(cell.case)} {cell.metric}: {cell.verdict.upper()}"
        lines += ["", *wrap(head, "")]
        if words.values(cell) != words.NOTHING:
            lines += wrap(words.values(cell), "  ")
        lines += wrap(words.reason(cell), "  ")
    lines += ["", words.headline(result), words.counts(result.cells)]
    lines += wrap(words.smallest_change(result), "")
    for remark in words.remarks(result):
        lines += wrap(f"note: {remark}", "")
    return join(lines)


def _table(cells: Sequence[Cell]) -> list[str]:
    """Each case on a line of its own, for ids are long and differ anywhere; its cells below."""
    rows = [_HEAD, *(_row(cell) for cell in cells)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    ids = [words.clean(cell.case) for cell in cells]
    names = [wrap(case_id, "") for case_id in ids]  # cut off, two of them might look alike
    longest = [len(line) for lines in names for line in lines]
    ruler = max([sum(widths) + len(_GAP) * len(widths), *longest])
    lines = ["case", _line(_HEAD, widths), "-" * ruler]
    for position, (case_id, row) in enumerate(zip(ids, rows[1:], strict=True)):
        if position == 0 or case_id != ids[position - 1]:
            lines += names[position]
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
