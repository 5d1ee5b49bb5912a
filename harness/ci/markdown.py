"""Markdown for a comment on a pull or merge request.

Names come from files and reasons quote logs, so each stands in a `code` element in which all
punctuation is a character reference: it ends no table cell, starts no markup or HTML, and neither
GitHub nor GitLab takes `@name` or `#1` inside code for a mention.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.ci import words
from harness.gate_result import Cell, GateResult, GateVerdict

# A comment on GitHub may have 65,536 characters.
COMMENT_LIMIT_BYTES = 60_000
# The first line: by it a program finds the comment of an earlier run, to write over it.
MARKER = "<!-- mbert-bench gate -->"

_HARMLESS = " -/"
_MARKS = {
    GateVerdict.PASS: "✅",
    GateVerdict.FAIL: "❌",
    GateVerdict.INCONCLUSIVE: "❔",
    GateVerdict.INFRASTRUCTURE: "⚠️",
}
_HEAD = "| case | metric | change | 95 % interval | pairs | verdict | why |\n"
_RULE = "|---|---|--:|--:|--:|---|---|\n"


def render_comment(result: GateResult) -> str:
    """The verdict, the cells that changed or did not pass, counts, and the smallest change."""
    cells = [cell for cell in result.cells if words.is_worth_showing(cell)]
    return render_page(result, cells, COMMENT_LIMIT_BYTES)


def render_page(result: GateResult, cells: Sequence[Cell], limit_bytes: int) -> str:
    """The same with a table of these cells, of which those at the end are left out where the text
    would have more than `limit_bytes` in UTF-8."""
    head = f"{MARKER}\n### {_MARKS[result.verdict]} mbert-bench gate: {words.headline(result)}\n\n"
    if result.title or result.device:
        told = [code(part) for part in (result.title, result.device) if part]
        head += f"{' on '.join(told)}\n\n"
    tail = f"{words.counts(result.cells)}. {words.smallest_change(result)}\n"
    tail += _list([code(remark, 1000) for remark in words.remarks(result)], limit_bytes // 4)
    room = limit_bytes - _size(head) - _size(tail)
    return head + _table(cells, room) + tail


def code(text: str, limit: int = words.LIMIT) -> str:
    """Foreign text that shows as it is, wherever it stands."""
    return f"<code>{''.join(map(_reference, words.clean(text, limit)))}</code>"


def _reference(character: str) -> str:
    if character.isalnum() or character in _HARMLESS or ord(character) > 127:
        return character
    return f"&#{ord(character)};"


def _list(items: Sequence[str], room: int) -> str:
    """The items that there is room for."""
    text = ""
    for item in items:
        line = f"- {item}\n"
        room -= _size(line)
        if room < 0:
            break
        text += line
    return f"\n{text}" if text else ""


def _table(cells: Sequence[Cell], room: int) -> str:
    if not cells:
        return "Nothing changed.\n\n"
    rows: list[str] = []
    room -= _size(_HEAD + _RULE) + 100  # for the line that says what is left out
    for cell in cells:
        row = _row(cell)
        room -= _size(row)
        if room < 0:
            break
        rows.append(row)
    left_out = len(cells) - len(rows)
    more = f"\nand {left_out} more, which are in the artifacts.\n" if left_out else ""
    return f"{_HEAD}{_RULE}{''.join(rows)}{more}\n"


def _row(cell: Cell) -> str:
    columns = (
        code(cell.case),
        cell.metric.value,
        _plain(words.change(cell)),
        _plain(words.interval(cell)),
        words.pairs(cell),
        f"{_MARKS[cell.verdict]} {cell.verdict}",
        "" if cell.verdict is GateVerdict.PASS else code(words.reason(cell)),
    )
    return f"| {' | '.join(columns)} |\n"


def _plain(text: str) -> str:
    """Our own words; a tilde would strike text out."""
    return text.replace("~", "\\~")


def _size(text: str) -> int:
    return len(text.encode("utf-8"))
