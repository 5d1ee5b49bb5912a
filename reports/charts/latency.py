"""The chart of latencies: a row per case with its estimate, its interval and its invocations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.statistics import Estimate
from harness.summary import CaseResult
from reports.cells import number, one_line
from reports.charts.drawing import (
    LETTER,
    ROW,
    WIDTH,
    add_axes,
    finish,
    log_note,
    new_figure,
    scale,
    short,
    write_text,
)
from reports.charts.svg import FAINT, INK, SERIES, inline_svg
from reports.labels import SETTING_AXES, model_label, setting_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PAGE_WIDTH_PX = 1024  # of a chart in the page, at most: style.css
_LONG = 25  # rows; from here on the scale stands at the top too
_LEVELS = 3  # of the dots of a row


def latency_chart(
    cases: Sequence[CaseResult],
    identifier: str,
    axes_shown: Sequence[str] = SETTING_AXES,
    of: str | None = None,
) -> str | None:
    """Each case's estimate, interval and invocations, in groups by model file; None without any.

    `axes_shown` are what the rows' names tell. `of` is the model that the chart is of, where
    others have charts of their own.
    """
    measured = [case for case in cases if case.latency_ms is not None]
    if not measured:
        return None
    rows = _rows(cases)
    labels = [
        short(setting_label(row.case, axes_shown)) for row in rows if not isinstance(row, str)
    ]
    left = max(1.0, max(map(len, labels)) * LETTER + 0.25)
    top = 0.35 if len(rows) > _LONG else 0.1
    figure = new_figure(len(rows) * ROW + 0.65 + top)
    axes = add_axes(figure, left=left, right=0.9, top=top)
    positions = [y for y, row in enumerate(rows) if not isinstance(row, str)]
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(positions, labels=labels)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labeltop=len(rows) > _LONG)
    scale(axes, "x", [value for case in measured for value in case.sample_ms.values()])
    axes.set_xlabel("latency in ms" + log_note(axes.get_xscale()))
    axes.grid(axis="x", color=FAINT, linewidth=0.7)
    for y, row in enumerate(rows):
        if isinstance(row, str):
            write_text(axes, 0.008, y, row, weight="bold")
        elif row.latency_ms is None:
            kind = row.failure.kind if row.failure else "no measurement"
            write_text(axes, 0.008, y, short(f"failed: {kind}"), style="italic")
        else:
            write_text(axes, 1.01, y, f"{number(row.latency_ms.value)} ms")
    places = [(y, row) for y, row in enumerate(rows) if not isinstance(row, str)]
    _draw_dots(axes, [dot for y, case in places for dot in _dots(axes, y, case)])
    _draw_estimates(axes, [(y - 0.1, c.latency_ms) for y, c in places if c.latency_ms])
    finish(axes)
    title = f"Latency of each case of {one_line(of, 80)}" if of is not None else None
    description = describe_latencies(measured)
    if of is not None:
        description += " Every other model has a chart of its own, each with its own scale."
    return inline_svg(figure, identifier, title or "Latency of each case", description)


def describe_latencies(measured: Sequence[CaseResult]) -> str:
    """How many cases there are, and the fastest and the slowest of them."""
    fastest, slowest = min(measured, key=_latency), max(measured, key=_latency)
    ends = [
        f"{one_line(case.case.id, 80)} with {number(_latency(case))} ms"
        for case in (fastest, slowest)
    ]
    count = len(measured)
    return f"{count} measured, from {ends[0]} to {ends[1]}. The table of cases has all values."


def _rows(cases: Sequence[CaseResult]) -> list[CaseResult | str]:
    """From top to bottom: the model file's name above its cases."""
    groups: dict[str, list[CaseResult]] = {}
    for case in cases:
        groups.setdefault(case.case.model_id, []).append(case)
    rows: list[CaseResult | str] = []
    for mine in groups.values():
        rows += [model_label(mine[0].case), *mine]
    return rows


def _draw_estimates(axes: Axes, estimates: Sequence[tuple[float, Estimate]]) -> None:
    """Diamonds at their heights, hollow without an interval, and a bar for each interval."""
    bars = [
        (y, found.low, found.high)
        for y, found in estimates
        if found.low is not None and found.high is not None
    ]
    if bars:
        heights, lows, highs = zip(*bars, strict=True)
        axes.hlines(heights, lows, highs, colors=SERIES[0], linewidth=2.2)
    for is_whole, face in ((True, SERIES[0]), (False, "none")):
        mine = [(found.value, y) for y, found in estimates if (found.low is not None) == is_whole]
        if mine:
            values, ys = zip(*mine, strict=True)
            axes.plot(
                values, ys, linestyle="none", marker="D", markersize=5, color=SERIES[0], mfc=face
            )


def _draw_dots(axes: Axes, dots: Sequence[tuple[float, float]]) -> None:
    """One path of lines without length and with round ends: a third of the text, and of the
    time, that as many markers take."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    path = Path(np.repeat(dots, 2, axis=0), np.tile([Path.MOVETO, Path.LINETO], len(dots)))
    path.should_simplify = False  # it would leave out what has no length
    patch = PathPatch(path, fill=False, edgecolor=INK, alpha=0.4, linewidth=3.2, capstyle="round")
    patch.set_transform(axes.transData)
    axes.add_artist(patch)


def _dots(axes: Axes, y: int, case: CaseResult) -> list[tuple[float, float]]:
    """The invocations of a row; those that fall on the same half pixel are one dot.

    Dots lie below the bar and a little apart, always in the same way, so that equal ones show.
    """
    if not case.sample_ms:
        return []
    values = list(case.sample_ms.values())
    across = axes.transData.transform(np.column_stack([values, np.full(len(values), y)]))[:, 0]
    half_pixels = np.rint(2 * across / axes.figure.dpi * _PAGE_WIDTH_PX / WIDTH).astype(int)
    dots: dict[tuple[int, int], float] = {}
    for round_, value, half_pixel in zip(case.sample_ms, values, half_pixels.tolist(), strict=True):
        dots.setdefault((half_pixel, round_ % _LEVELS), value)
    return [(value, y + 0.24 + 0.07 * (level - 1)) for (_, level), value in dots.items()]


def _latency(case: CaseResult) -> float:
    assert case.latency_ms is not None
    return case.latency_ms.value
