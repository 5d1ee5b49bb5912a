"""The chart of a comparison: each cell's change of the latency with its interval and its limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.ci import words
from harness.gate_result import Cell, GateVerdict, Metric
from reports.cells import one_line
from reports.charts.drawing import (
    LETTER,
    ROW,
    WIDTH,
    add_axes,
    finish,
    new_figure,
    short,
    write_text,
)
from reports.charts.svg import FAINT, INK, SERIES, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 60
# In percent, the ends of the axis: they leave out a case that is far from most others, which is
# then drawn at the edge; its numbers stand beside it.
_LEAST_REACH = 2.0
_LEAST_FARTHEST = 20.0
_FARTHEST = 200.0
_MOST = 0.8  # of the bounds, and three times as far, are inside in any case
_RIGHT = 2.3  # inches, for the change and the verdict


def changes_chart(
    cells: Sequence[Cell], labels: Mapping[str, str], identifier: str
) -> tuple[str, int] | None:
    """The latency cells and how many of them had no room; None without any.

    With more than `MOST_ROWS`, those that did not pass come before those that did, and a large
    change before a small one. `labels` has a name for each case.
    """
    latency = [cell for cell in cells if cell.metric is Metric.LATENCY]
    if not latency:
        return None
    rows = _choose(latency)
    names = [short(labels.get(cell.case, cell.case)) for cell in rows]
    left = max(1.0, max(map(len, names)) * LETTER + 0.25)
    figure = new_figure(len(rows) * ROW + 0.8)
    axes = add_axes(figure, left=left, right=min(_RIGHT, WIDTH - left - 2), top=0.15)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), labels=names)
    axes.tick_params(axis="y", length=0)
    low, high = _bounds(rows)
    axes.set_xlim(low, high)
    axes.set_xlabel("change of the latency in %, candidate over baseline (right: slower)")
    _draw_limits(axes, rows)
    axes.axvline(0, color=INK, linewidth=0.9)
    for y, cell in enumerate(rows):
        _draw_cell(axes, y, cell, low, high)
    finish(axes)
    title = "Change of the latency of each case"
    svg = inline_svg(figure, identifier, title, describe_changes(latency))
    return svg, len(latency) - len(rows)


def describe_changes(cells: Sequence[Cell]) -> str:
    """What the chart shows, in words."""
    counted = words.counts(cells)
    noise = sum(words.is_noise(cell) and words.interval(cell) != words.NOTHING for cell in cells)
    slower = [cell for cell in cells if _is_known(cell) and (cell.estimate_percent or 0) > 0]
    text = f"{counted}; {noise} inside the noise."
    if slower:
        worst = max(slower, key=lambda cell: cell.estimate_percent or 0)
        text += f" The largest slowdown is {words.change(worst)}, of {one_line(worst.case, 80)}."
    return text


def _is_known(cell: Cell) -> bool:
    """Whether a difference is shown as a number."""
    return words.change(cell) not in (words.NOISE, words.NOTHING, words.SAME)


def _choose(cells: Sequence[Cell]) -> list[Cell]:
    if len(cells) <= MOST_ROWS:
        return list(cells)

    def importance(cell: Cell) -> tuple[int, float]:
        size = abs(cell.estimate_percent or 0) if _is_known(cell) else 0
        return words.VERDICTS.index(cell.verdict), -size

    chosen = {id(cell) for cell in sorted(cells, key=importance)[:MOST_ROWS]}
    return [cell for cell in cells if id(cell) in chosen]


def _bounds(cells: Sequence[Cell]) -> tuple[float, float]:
    """The ends of the axis: all intervals and limits that are not too far away."""
    intervals = [
        bound
        for cell in cells
        for bound in (cell.low_percent, cell.high_percent)
        if bound is not None and words.is_number(bound)
    ]
    sizes = sorted(map(abs, intervals)) or [0.0]
    usual = 3 * sizes[math.ceil(_MOST * (len(sizes) - 1))]
    most = min(max(usual, _LEAST_FARTHEST), _FARTHEST)
    limits = [limit for cell in cells for limit in _limits(cell) if limit is not None]
    near = [limit for limit in limits if limit <= most]
    seen = [min(max(bound, -most), most) for bound in intervals]
    low = min([*seen, *(-limit for limit in near), -_LEAST_REACH])
    high = max([*seen, *near, _LEAST_REACH])
    room = 0.06 * (high - low)
    return low - room, high + room


def _draw_limits(axes: Axes, cells: Sequence[Cell]) -> None:
    """The noise floor as a band and the tolerance as a line, one for neighbours of equal limits."""
    first = 0
    for y, cell in enumerate(cells):
        is_last = y + 1 == len(cells)
        if not is_last and _limits(cells[y + 1]) == _limits(cell):
            continue
        floor, tolerance = _limits(cell)
        height = y - first + 1
        if floor is not None:
            axes.barh(
                (first + y) / 2, 2 * floor, left=-floor, height=height, color=FAINT, alpha=0.55
            )
        if tolerance is not None:
            ends = [first - 0.5, y + 0.5]
            axes.plot([tolerance] * 2, ends, color=SERIES[1], linewidth=1.4, linestyle=(0, (4, 2)))
        first = y + 1


def _limits(cell: Cell) -> tuple[float | None, float | None]:
    known = (
        value if value is not None and words.is_number(value) else None
        for value in (cell.noise_floor_percent, cell.tolerance_percent)
    )
    floor, tolerance = known
    return floor, tolerance


def _draw_cell(axes: Axes, y: int, cell: Cell, low: float, high: float) -> None:
    bounds = cell.low_percent, cell.high_percent
    value = cell.estimate_percent
    drawn = value is not None and all(map(words.is_number, (*bounds, value)))
    if drawn and value is not None and bounds[0] is not None and bounds[1] is not None:
        ends = [min(max(bound, low), high) for bound in (bounds[0], bounds[1])]
        axes.plot(ends, [y, y], color=SERIES[0], linewidth=2.2, solid_capstyle="butt")
        marks = [(value, "D")] if low < value < high else []
        marks += [(low, "<")] if bounds[0] < low else []
        marks += [(high, ">")] if bounds[1] > high else []
        for x, marker in marks:
            axes.plot([x], [y], marker=marker, markersize=5, color=SERIES[0], clip_on=False)
    said = words.change(cell) if drawn else "no interval"
    bad = cell.verdict in (GateVerdict.FAIL, GateVerdict.INFRASTRUCTURE)
    write_text(axes, 1.015, y, f"{said} · {cell.verdict}", weight="bold" if bad else "normal")
