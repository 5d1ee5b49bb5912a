"""The charts of a run, as SVG text to stand in a page: latency per case, latency against size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.summary import CaseResult, RunResult
from reports.cells import number, one_line
from reports.drawing import (
    FONT_SIZE,
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
from reports.labels import SETTING_AXES, model_label, setting_label, varying
from reports.svg import FAINT, INK, SERIES, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = "osD^vP"
_ALL_SETTINGS = ("task", "sequence_length", *SETTING_AXES)


def latency_chart(result: RunResult, identifier: str) -> str | None:
    """Each case's estimate, interval and invocations, in groups by model; None without any."""
    measured = [case for case in result.cases if case.latency_ms is not None]
    if not measured:
        return None
    axes_shown = varying([case.case for case in result.cases])
    rows = _rows(result.cases)
    labels = [
        short(setting_label(row.case, axes_shown)) for row in rows if not isinstance(row, str)
    ]
    left = max(1.0, max(map(len, labels)) * LETTER + 0.25)
    figure = new_figure(len(rows) * ROW + 0.75)
    axes = add_axes(figure, left=left, right=0.9)
    positions = [y for y, row in enumerate(rows) if not isinstance(row, str)]
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(positions, labels=labels)
    axes.tick_params(axis="y", length=0)
    scale(axes, "x", [value for case in measured for value in case.sample_ms.values()])
    axes.set_xlabel("latency in ms" + log_note(axes.get_xscale()))
    axes.grid(axis="x", color=FAINT, linewidth=0.7)
    for y, row in enumerate(rows):
        if isinstance(row, str):
            write_text(axes, 0.008, y, row, weight="bold")
        else:
            _draw_case(axes, y, row)
    finish(axes)
    return inline_svg(figure, identifier, "Latency of each case", _describe(measured))


def size_chart(result: RunResult, identifier: str) -> str | None:
    """Latency against the size of the model file, a point per case; None without any.

    The names in the chart are the models', shapes and colours the settings'.
    """
    points = [case for case in result.cases if case.latency_ms and case.model]
    if not points:
        return None
    settings = varying([case.case for case in points], _ALL_SETTINGS)
    series = list(dict.fromkeys(setting_label(case.case, settings) for case in points))
    columns = max(1, int((WIDTH - 1.4) / (max(map(len, series)) * LETTER + 0.5)))
    legend_rows = math.ceil(len(series) / columns)
    figure = new_figure(3.9 + 0.2 * legend_rows)
    axes = add_axes(figure, left=0.8, right=0.6, top=0.2 + 0.2 * legend_rows)
    for index, name in enumerate(series):
        mine = [case for case in points if setting_label(case.case, settings) == name]
        _draw_series(axes, mine, index, name)
    scale(axes, "x", [_size_mb(case) for case in points])
    scale(axes, "y", [bound(case) for case in points for bound in (_latency, _top)])
    axes.set_xlabel("size of the model file in MB" + log_note(axes.get_xscale()))
    axes.set_ylabel("latency in ms" + log_note(axes.get_yscale()))
    axes.grid(color=FAINT, linewidth=0.7)
    _name_models(axes, points)
    finish(axes)
    legend = figure.legend(
        loc="upper left", ncols=columns, frameon=False, fontsize=FONT_SIZE, handletextpad=0.2
    )
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_parse_math(False)
    return inline_svg(figure, identifier, "Latency against model size", _describe(points))


def _rows(cases: Sequence[CaseResult]) -> list[CaseResult | str]:
    """From top to bottom: the model's name above its cases."""
    rows: list[CaseResult | str] = []
    for group in dict.fromkeys(case.case.model_id for case in cases):
        mine = [case for case in cases if case.case.model_id == group]
        rows += [model_label(mine[0].case), *mine]
    return rows


def _draw_case(axes: Axes, y: int, case: CaseResult) -> None:
    latency = case.latency_ms
    if latency is None:
        kind = case.failure.kind if case.failure else "no measurement"
        write_text(axes, 0.008, y, short(f"failed: {kind}"), style="italic")
        return
    # Dots lie below the bar and a little apart, always in the same way, so that equal ones show.
    heights = [y + 0.24 + 0.07 * (round_ % 3 - 1) for round_ in case.sample_ms]
    axes.plot(
        list(case.sample_ms.values()),
        heights,
        linestyle="none",
        marker="o",
        markersize=3.2,
        markeredgewidth=0,
        color=INK,
        alpha=0.4,
    )
    if latency.low is not None and latency.high is not None:
        axes.plot([latency.low, latency.high], [y - 0.1] * 2, color=SERIES[0], linewidth=2.2)
    face = SERIES[0] if latency.low is not None else "none"
    axes.plot([latency.value], [y - 0.1], marker="D", markersize=5, color=SERIES[0], mfc=face)
    write_text(axes, 1.01, y, f"{number(latency.value)} ms")


def _draw_series(axes: Axes, cases: Sequence[CaseResult], index: int, name: str) -> None:
    colour = SERIES[index % len(SERIES)]
    marker = _MARKERS[(index + index // len(SERIES)) % len(_MARKERS)]
    for case in cases:
        latency = case.latency_ms
        if latency and latency.low is not None and latency.high is not None:
            bounds = [latency.low, latency.high]
            axes.plot([_size_mb(case)] * 2, bounds, color=colour, linewidth=1.4)
    axes.plot(
        [_size_mb(case) for case in cases],
        [_latency(case) for case in cases],
        linestyle="none",
        marker=marker,
        markersize=6,
        color=colour,
        label=f"{name} ",  # a label that begins with an underscore would be left out
    )


def _name_models(axes: Axes, points: Sequence[CaseResult]) -> None:
    """Writes each model's name above all of its points, and higher where that is taken."""
    several = len({case.case.quantization for case in points}) > 1
    groups: dict[str, list[CaseResult]] = {}
    for case in points:
        name = f"{case.case.model} {case.case.quantization or ''}" if several else case.case.model
        groups.setdefault(short(one_line(name)), []).append(case)
    taken: list[tuple[float, float, float]] = []
    pixels = axes.transData.transform
    for name, cases in sorted(groups.items(), key=lambda item: max(map(_top, item[1]))):
        anchor = (_size_mb(max(cases, key=_latency)), max(map(_top, cases)))
        x, y = pixels(anchor)
        half = len(name) * LETTER * axes.figure.dpi / 2
        lift = 9.0
        while any(abs(x - a) < half + b and abs(y + lift - c) < 12 for a, b, c in taken):
            lift += 4
        taken.append((x, half, y + lift))
        axes.annotate(
            name,
            anchor,
            xytext=(0, lift * 72 / axes.figure.dpi),
            textcoords="offset points",
            ha="center",
            fontsize=FONT_SIZE,
            color=INK,
            parse_math=False,
        )


def _describe(cases: Sequence[CaseResult]) -> str:
    fastest, slowest = min(cases, key=_latency), max(cases, key=_latency)
    ends = [
        f"{one_line(case.case.id, 80)} with {number(_latency(case))} ms"
        for case in (fastest, slowest)
    ]
    return f"{len(cases)} measured, from {ends[0]} to {ends[1]}. The table of cases has all values."


def _latency(case: CaseResult) -> float:
    assert case.latency_ms is not None
    return case.latency_ms.value


def _top(case: CaseResult) -> float:
    """Where the case's point or interval ends."""
    assert case.latency_ms is not None
    return case.latency_ms.high or case.latency_ms.value


def _size_mb(case: CaseResult) -> float:
    assert case.model is not None
    return case.model.size_bytes / 1e6
