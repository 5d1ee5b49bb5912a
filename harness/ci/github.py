"""Workflow commands of GitHub Actions, which become annotations of a run.

The runner shows ten annotations of a kind per step and cuts a message at 4096 characters
(`_maxIssueMessageLength` in actions/runner), so there is one for each kind of verdict and a total.
The lines may go to standard output or standard error: the runner reads both.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.ci import words
from harness.ci.markdown import render_page
from harness.gate_result import Cell, GateResult, GateVerdict

# GitHub refuses a job summary above 1024 kB.
SUMMARY_LIMIT_BYTES = 900_000

_LISTED = 10  # cells in one annotation
_MESSAGE_LIMIT = 4000
_LEVELS = {
    GateVerdict.FAIL: "error",
    GateVerdict.INFRASTRUCTURE: "error",
    GateVerdict.INCONCLUSIVE: "warning",
}


def render_annotations(result: GateResult) -> str:
    """At most four lines: one for each verdict but pass that there is, and the total."""
    lines = []
    for verdict, level in _LEVELS.items():
        cells = [cell for cell in result.cells if cell.verdict is verdict]
        if cells:
            title = f"mbert-bench, {words.clean(result.device) or 'device'}: {len(cells)} {verdict}"
            lines.append(_command(level, title, _listed(cells)))
    total = [words.counts(result.cells), words.smallest_change(result), *words.remarks(result)]
    title = f"mbert-bench gate, {words.headline(result)}"
    lines.append(_command("notice", title, "\n".join(total)))
    return "".join(f"{line}\n" for line in lines)


def render_summary(result: GateResult) -> str:
    """Markdown for the file that `GITHUB_STEP_SUMMARY` names, with the table of all cells."""
    return render_page(result, result.cells, SUMMARY_LIMIT_BYTES)


def _listed(cells: Sequence[Cell]) -> str:
    lines = [_line(cell) for cell in cells[:_LISTED]]
    if len(cells) > _LISTED:
        lines.append(f"and {len(cells) - _LISTED} more")
    return "\n".join(lines)


def _line(cell: Cell) -> str:
    found = [words.clean(cell.case), cell.metric.value]
    difference, interval = words.change(cell), words.interval(cell)
    if difference != words.NOTHING:
        found.append(difference)
    if interval != words.NOTHING:
        found.append(f"({interval})")
    return f"{' '.join(found)}: {words.reason(cell)}"


def _command(level: str, title: str, message: str) -> str:
    """The runner takes the first `::` for the end of the properties, and `,` between them."""
    escaped = _escape(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={escaped}::{_escape(message[:_MESSAGE_LIMIT])}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
