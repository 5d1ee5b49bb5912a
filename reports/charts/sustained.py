"""The chart of a sustained series: latency over time, below it temperature and clock if known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.summary import CaseResult
from harness.sustained import Sustained
from reports.cells import one_line
from reports.charts.drawing import FONT_SIZE, add_axes, finish, new_figure
from reports.charts.svg import FAINT, INK, SERIES, inline_svg
from reports.findings.sentences import describe_sustained

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# In inches.
_LATENCY_HEIGHT = 2.3
_SMALL_HEIGHT = 0.8
_GAP = 0.25
_BOTTOM = 0.55
_TOP = 0.3
_LEFT = 0.8
_RIGHT = 0.6

_DOTS_UP_TO = 150  # more of them would hide the line
_LABEL_FITS_BEFORE = 0.85  # of the width


def sustained_chart(case: CaseResult, identifier: str) -> str | None:
    """Latency over the minutes of a series; None without a series of two points or more."""
    series = case.sustained
    if series is None or len(series.points) < 2:
        return None
    small = _small_panels(series)
    below = len(small) * (_SMALL_HEIGHT + _GAP)
    height = _LATENCY_HEIGHT + below + _BOTTOM + _TOP
    figure = new_figure(height)
    panels = [add_axes(figure, left=_LEFT, right=_RIGHT, bottom=_BOTTOM + below, top=_TOP)]
    _draw_latency(panels[0], series)
    for position, (name, values) in enumerate(small, start=1):
        bottom = _BOTTOM + (len(small) - position) * (_SMALL_HEIGHT + _GAP)
        top = height - bottom - _SMALL_HEIGHT
        axes = add_axes(figure, left=_LEFT, right=_RIGHT, bottom=bottom, top=top)
        axes.plot(_minutes(series), values, color=SERIES[position], linewidth=1.4)
        axes.set_ylabel(name)
        axes.margins(y=0.2)
        panels.append(axes)
    for axes in panels:
        axes.set_xlim(0, _minutes(series)[-1] * 1.02 or 1)
        axes.grid(color=FAINT, linewidth=0.7)
        axes.tick_params(axis="x", labelbottom=axes is panels[-1])
        for _, minute, style in _moments(series):
            axes.axvline(minute, color=INK, linewidth=1.1, linestyle=style)
    panels[-1].set_xlabel("minutes since the start of the series")
    _name_moments(panels[0], series)
    for axes in panels:
        finish(axes)
    title = f"Sustained latency of {one_line(case.case.id, 80)}"
    return inline_svg(figure, identifier, title, describe_sustained(series))


def _small_panels(series: Sustained) -> list[tuple[str, list[float]]]:
    """What the device tells of itself during the series; unknown values leave gaps."""
    told: tuple[tuple[str, Sequence[float | None]], ...] = (
        ("°C", [point.temperature_c for point in series.points]),
        (
            "GHz",
            [point.clock_khz and point.clock_khz / 1e6 for point in series.points],
        ),
    )
    return [
        (name, [float("nan") if value is None else value for value in values])
        for name, values in told
        if sum(value is not None for value in values) > 1
    ]


def _draw_latency(axes: Axes, series: Sustained) -> None:
    values = [point.latency_ms for point in series.points]
    marker = "o" if len(values) <= _DOTS_UP_TO else ""
    axes.plot(_minutes(series), values, color=SERIES[0], linewidth=1.4, marker=marker, markersize=3)
    axes.axhline(series.steady_ms, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_ylim(0, max(*values, series.steady_ms) * 1.15 or 1)
    axes.set_ylabel("latency in ms")


def _minutes(series: Sustained) -> list[float]:
    return [point.start_s / 60 for point in series.points]


def _moments(series: Sustained) -> list[tuple[str, float, str]]:
    """Name, time in minutes and line style of what happened during the series, in this order."""
    known = (("knee", series.knee_s, "solid"), ("throttled", series.first_throttle_s, "dotted"))
    found = [(name, at_s / 60, style) for name, at_s, style in known if at_s is not None]
    return sorted(found, key=lambda moment: moment[1])


def _name_moments(axes: Axes, series: Sustained) -> None:
    """Above the axes; of two names the earlier one ends at its line, the later one starts there."""
    moments = _moments(series)
    late = _minutes(series)[-1] * _LABEL_FITS_BEFORE
    for position, (name, minute, _) in enumerate(moments):
        is_earlier = len(moments) == 2 and position == 0
        axes.text(
            minute,
            1.02,
            name,
            transform=axes.get_xaxis_transform(),
            ha="right" if is_earlier or minute > late else "left",
            va="bottom",
            fontsize=FONT_SIZE,
            color=INK,
            parse_math=False,
        )
