"""The charts of a run, as SVG text to stand in a page: latency per case, latency against size.

Matplotlib's object interface only, and imported where it draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.summary import CaseResult, RunResult
from reports.cells import number, one_line
from reports.labels import SETTING_AXES, model_label, setting_label, varying
from reports.svg import FAINT, INK, SERIES, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# In inches of 72 units of the SVG, which the page shows somewhat larger.
_WIDTH = 9.6
_ROW = 0.29
_FONT_SIZE = 9.0
_LETTER = 0.56 * _FONT_SIZE / 72  # the width of a letter, about

_LABEL_LIMIT = 44
_LINEAR_UP_TO = 30  # largest / smallest; beyond it the small ones would all be at zero
_MARKERS = "osD^vP"
_ALL_SETTINGS = ("task", "sequence_length", *SETTING_AXES)


def latency_chart(result: RunResult, identifier: str) -> str | None:
    """Each case's estimate, interval and invocations, in groups by model; None without any."""
    measured = [case for case in result.cases if case.latency_ms is not None]
    if not measured:
        return None
    axes_shown = varying([case.case for case in result.cases])
    rows = _rows(result.cases)
    labels = [_cut(setting_label(row.case, axes_shown)) for row in rows if not isinstance(row, str)]
    left = max(1.0, max(map(len, labels)) * _LETTER + 0.25)
    figure, axes = _figure(height=len(rows) * _ROW + 0.75, left=left, right=0.9)
    positions = [y for y, row in enumerate(rows) if not isinstance(row, str)]
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(positions, labels=labels)
    axes.tick_params(axis="y", length=0)
    _scale(axes, "x", [value for case in measured for value in case.sample_ms.values()])
    axes.set_xlabel("latency in ms" + _log_note(axes.get_xscale()))
    axes.grid(axis="x", color=FAINT, linewidth=0.7)
    for y, row in enumerate(rows):
        if isinstance(row, str):
            _text(axes, 0.008, y, row, weight="bold")
        else:
            _draw_case(axes, y, row)
    _finish(axes)
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
    columns = max(1, int((_WIDTH - 1.4) / (max(map(len, series)) * _LETTER + 0.5)))
    legend_rows = math.ceil(len(series) / columns)
    figure, axes = _figure(height=3.9 + 0.2 * legend_rows, left=0.8, right=0.6)
    for index, name in enumerate(series):
        mine = [case for case in points if setting_label(case.case, settings) == name]
        _draw_series(axes, mine, index, name)
    _scale(axes, "x", [_size_mb(case) for case in points])
    _scale(axes, "y", [bound(case) for case in points for bound in (_latency, _top)])
    axes.set_xlabel("size of the model file in MB" + _log_note(axes.get_xscale()))
    axes.set_ylabel("latency in ms" + _log_note(axes.get_yscale()))
    axes.grid(color=FAINT, linewidth=0.7)
    _name_models(axes, points)
    _finish(axes)
    legend = figure.legend(
        loc="upper left", ncols=columns, frameon=False, fontsize=_FONT_SIZE, handletextpad=0.2
    )
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_parse_math(False)
    _place(figure, axes, bottom=0.55, top=0.2 + 0.2 * legend_rows)
    return inline_svg(figure, identifier, "Latency against model size", _describe(points))


# ---- what is drawn ------------------------------------------------------------------------------


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
        _text(axes, 0.008, y, _cut(f"failed: {kind}"), style="italic")
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
    _text(axes, 1.01, y, f"{number(latency.value)} ms")


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
        groups.setdefault(_cut(one_line(name)), []).append(case)
    taken: list[tuple[float, float, float]] = []
    pixels = axes.transData.transform
    for name, cases in sorted(groups.items(), key=lambda item: max(map(_top, item[1]))):
        anchor = (_size_mb(max(cases, key=_latency)), max(map(_top, cases)))
        x, y = pixels(anchor)
        half = len(name) * _LETTER * axes.figure.dpi / 2
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
            fontsize=_FONT_SIZE,
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


# ---- how it is drawn ----------------------------------------------------------------------------


def _figure(*, height: float, left: float, right: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height))
    figure.patch.set_visible(False)
    axes = figure.add_axes((left / _WIDTH, 0.1, 1 - (left + right) / _WIDTH, 0.8))
    axes.patch.set_visible(False)
    _place(figure, axes, bottom=0.55, top=0.1)
    return figure, axes


def _place(figure: Figure, axes: Axes, *, bottom: float, top: float) -> None:
    box, height = axes.get_position(), figure.get_figheight()
    axes.set_position((box.x0, bottom / height, box.width, 1 - (bottom + top) / height))


def _scale(axes: Axes, axis: str, values: Sequence[float]) -> None:
    """From zero, or logarithmic where the values are too far apart for that."""
    low, high = min(values), max(values)
    bound = axes.set_xlim if axis == "x" else axes.set_ylim
    if low > 0 and high / low > _LINEAR_UP_TO:
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        (axes.set_xscale if axis == "x" else axes.set_yscale)("log")
        ruler = axes.xaxis if axis == "x" else axes.yaxis
        ruler.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ruler.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        ruler.set_minor_formatter(NullFormatter())
        bound(low / 1.3, high * 1.5)
    else:
        bound(0, high * 1.12 or 1)


def _log_note(scale: str) -> str:
    return " (logarithmic)" if scale == "log" else ""


def _text(
    axes: Axes, x: float, y: float, text: str, weight: str = "normal", style: str = "normal"
) -> None:
    """Text at a height of the data, `x` from 0 to 1 across the axes."""
    axes.text(
        x,
        y,
        text,
        transform=axes.get_yaxis_transform(),
        ha="left",
        va="center",
        fontsize=_FONT_SIZE,
        color=INK,
        fontweight=weight,
        fontstyle=style,
        parse_math=False,
    )


def _finish(axes: Axes) -> None:
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=_FONT_SIZE)
    for text in (
        axes.xaxis.label,
        axes.yaxis.label,
        *axes.get_xticklabels(),
        *axes.get_yticklabels(),
    ):
        text.set_color(INK)
        text.set_fontsize(_FONT_SIZE)
        text.set_parse_math(False)


def _cut(text: str) -> str:
    return one_line(text, _LABEL_LIMIT)
