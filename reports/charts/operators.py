"""The chart of a case's operators: a bar for the time of each type, in groups by graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.measurement import OperatorTime
from harness.summary import CaseResult
from reports.cells import one_line
from reports.charts.drawing import LETTER, ROW, add_axes, finish, new_figure, short, write_text
from reports.charts.svg import FAINT, SERIES, inline_svg
from reports.findings.operators import OperatorGroup, group_operators, share_text, time_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of a profile with many subgraphs the first ones; the table has them all.
_MOST_GRAPHS = 4
_LEAST_PERCENT = 0.1


def operators_chart(case: CaseResult, identifier: str) -> str | None:
    """The slowest operator types of a case; None without any."""
    groups = group_operators(case.operators)[:_MOST_GRAPHS]
    if not groups:
        return None
    rows: list[OperatorTime | str] = []
    for group in groups:
        rows += [one_line(f"{group.graph} graph", 60), *_visible(group)]
    labels = {y: short(row.operator) for y, row in enumerate(rows) if not isinstance(row, str)}
    left = max(1.0, max(map(len, labels.values())) * LETTER + 0.25)
    figure = new_figure(len(rows) * ROW + 0.75)
    axes = add_axes(figure, left=left, right=1.4)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(list(labels), labels=list(labels.values()))
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, max(row.average_ms for row in rows if not isinstance(row, str)) * 1.02 or 1)
    axes.set_xlabel("time of all nodes of a type in one run, in ms")
    axes.grid(axis="x", color=FAINT, linewidth=0.7)
    _draw_rows(axes, rows)
    finish(axes)
    name = one_line(case.case.id, 80)
    return inline_svg(figure, identifier, f"Operators of {name}", _describe(groups[0]))


def _visible(group: OperatorGroup) -> tuple[OperatorTime, ...]:
    """The types that take so much time that a bar shows it, at least the slowest."""
    first, *others = group.lines
    return (first, *(line for line in others if line.share_percent >= _LEAST_PERCENT))


def _draw_rows(axes: Axes, rows: list[OperatorTime | str]) -> None:
    for y, row in enumerate(rows):
        if isinstance(row, str):
            write_text(axes, 0.008, y, row, weight="bold")
        else:
            axes.barh(y, row.average_ms, height=0.62, color=SERIES[0], linewidth=0)
            write_text(axes, 1.01, y, f"{time_text(row)} ms, {share_text(row)} %")


def _describe(group: OperatorGroup) -> str:
    slowest = ", ".join(
        f"{one_line(row.operator, 40)} {row.share_percent:.0f} %" for row in group.shown[:3]
    )
    return f"Most time in the {one_line(group.graph, 40)} graph: {slowest}. The table has all."
