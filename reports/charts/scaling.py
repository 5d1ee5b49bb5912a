"""Small charts side by side: latency against threads, and against tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.charts.drawing import FONT_SIZE, WIDTH, add_axes, finish, new_figure, scale
from reports.charts.svg import FAINT, INK, SERIES, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curve = tuple[tuple[float, float], ...]

MOST_PANELS = 12  # in one chart

# In inches.
_COLUMNS = 3
_PANEL_HEIGHT = 1.55
_ABOVE = 0.5
_BELOW = 0.5
_LEFT = 0.62
_GAP = 0.62
_RIGHT = 0.15

_CURVE_POINTS = 24
_TITLE_LIMIT = 36
_TICKS = ((1, 2, 5), (1, 1.5, 2, 3, 5, 7))  # within a factor of ten: the finer where needed


@dataclass(frozen=True, kw_only=True)
class Point:
    """A latency in ms at a count of threads or tokens, with its 95 % interval if it has one."""

    at: int
    value_ms: float
    low_ms: float | None
    high_ms: float | None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The cases of one model and setting. `guide` is what would be ideal, `fit` what was fitted.

    Guide and fit give the latency in ms at a count. Latencies must be positive.
    """

    title: str
    subtitle: str
    points: tuple[Point, ...]
    guide: Callable[[float], float]
    fit: Callable[[float], float] | None = None


def threads_chart(panels: Sequence[Panel], identifier: str, description: str) -> str:
    """Latency against threads, a panel for each of at most `MOST_PANELS`, each from zero on."""
    return _draw(panels, identifier, "Latency against threads", description, _threads_scales)


def tokens_chart(panels: Sequence[Panel], identifier: str, description: str) -> str:
    """Latency against tokens, logarithmic in both directions: there a power is a straight line."""
    return _draw(panels, identifier, "Latency against tokens", description, _tokens_scales)


def _draw(
    panels: Sequence[Panel],
    identifier: str,
    title: str,
    description: str,
    set_scales: Callable[[Axes, Panel], None],
) -> str:
    shown = panels[:MOST_PANELS]
    rows = math.ceil(len(shown) / _COLUMNS)
    pitch = _ABOVE + _PANEL_HEIGHT + _BELOW
    figure = new_figure(rows * pitch)
    width = (WIDTH - _LEFT - _RIGHT - (_COLUMNS - 1) * _GAP) / _COLUMNS
    for position, panel in enumerate(shown):
        row, column = divmod(position, _COLUMNS)
        left = _LEFT + column * (width + _GAP)
        top = row * pitch + _ABOVE
        axes = add_axes(
            figure,
            left=left,
            right=WIDTH - left - width,
            bottom=rows * pitch - top - _PANEL_HEIGHT,
            top=top,
        )
        set_scales(axes, panel)
        _draw_panel(axes, panel)
        if column == 0:
            axes.set_ylabel("latency in ms")
        finish(axes)
    return inline_svg(figure, identifier, title, description)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    counts = [point.at for point in panel.points]
    ends = min(counts), max(counts)
    for curve, colour, style in ((panel.guide, INK, (0, (4, 3))), (panel.fit, SERIES[0], "solid")):
        if curve is not None:
            line = _sample(curve, *ends)
            axes.plot(
                [x for x, _ in line],
                [y for _, y in line],
                color=colour,
                linewidth=1.1,
                linestyle=style,
            )
    for point in panel.points:
        has_interval = point.low_ms is not None and point.high_ms is not None
        if point.low_ms is not None and point.high_ms is not None:
            axes.plot([point.at] * 2, [point.low_ms, point.high_ms], color=SERIES[0], linewidth=2)
        face = SERIES[0] if has_interval else "none"
        axes.plot([point.at], [point.value_ms], marker="D", markersize=5, color=SERIES[0], mfc=face)
    axes.grid(color=FAINT, linewidth=0.7)
    for text, lift, weight in ((panel.title, 19, "bold"), (panel.subtitle, 6, "normal")):
        axes.annotate(
            text if len(text) <= _TITLE_LIMIT else f"{text[: _TITLE_LIMIT - 1]}…",
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, lift),
            textcoords="offset points",
            fontsize=FONT_SIZE,
            fontweight=weight,
            color=INK,
            parse_math=False,
        )


def _threads_scales(axes: Axes, panel: Panel) -> None:
    counts = [point.at for point in panel.points]
    guide = [y for _, y in _sample(panel.guide, min(counts), max(counts))]
    scale(axes, "y", [*_values(panel), *guide])
    _count_scale(axes, counts, 2)
    axes.set_xlabel("threads")


def _tokens_scales(axes: Axes, panel: Panel) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    counts = [point.at for point in panel.points]
    guide = [y for _, y in _sample(panel.guide, min(counts), max(counts))]
    # The tool counts whole microseconds, so a tiny model's interval can begin at zero.
    values = [value for value in (*_values(panel), *guide) if value > 0]
    low, high = min(values) / 1.3, max(values) * 1.3
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(FixedLocator(_ticks(low, high)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    _count_scale(axes, counts, 10)
    axes.set_xlabel("tokens")


def _count_scale(axes: Axes, counts: Sequence[int], base: int) -> None:
    """A logarithmic scale whose ticks are the counts that were measured."""
    from matplotlib.ticker import NullLocator

    low, high = min(counts), max(counts)
    axes.set_xscale("log", base=base)
    margin = (high / low) ** 0.08
    axes.set_xlim(low / margin, high * margin)
    ticks = [low]
    for count in sorted(counts):
        # A label takes about an eighth of the width.
        if math.log(count / ticks[-1]) > math.log(high / low) / 8:
            ticks.append(count)
    axes.set_xticks(ticks, labels=[str(count) for count in ticks])
    axes.xaxis.set_minor_locator(NullLocator())


def _values(panel: Panel) -> list[float]:
    return [
        value
        for point in panel.points
        for value in (point.value_ms, point.low_ms, point.high_ms)
        if value is not None
    ]


def _sample(curve: Callable[[float], float], low: float, high: float) -> Curve:
    steps = [low * (high / low) ** (step / _CURVE_POINTS) for step in range(_CURVE_POINTS + 1)]
    return tuple((x, curve(x)) for x in steps)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two bounds, at least two where the bounds are a factor of 1.7 apart."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for steps in _TICKS:
        found = [
            value
            for decade in decades
            for step in steps
            if low <= (value := step * 10.0**decade) <= high
        ]
        if len(found) > 2:
            return found
    return found
