"""The chart of a run over time: temperature, clocks, and what happened to invocations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.charts.drawing import FONT_SIZE, add_axes, finish, new_figure, short
from reports.charts.svg import FAINT, INK, SERIES, inline_svg
from reports.findings.session_course import Course, Event, Line, Mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# In inches.
_WARMTH = 1.5
_CLOCK = 0.8
_ROW = 0.24
_GAP = 0.36  # holds the names of the lines below it
_BOTTOM = 0.55
_TOP = 0.35
_LEFT = 1.25
_RIGHT = 0.3

_LEAST_SPAN_C = 4.0  # a tenth of a degree must not fill a panel
_BUCKETS = 400  # across; what falls into one is one mark
_MARKERS = {Mark.WARM: "^", Mark.SLOWED: "s", Mark.REDONE: "X", Mark.STATUS: "D"}
_WARM_COLOURS = (SERIES[1], SERIES[4])
_CLOCK_COLOUR = SERIES[0]


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """Lines that share a scale. Clocks have a panel for each cluster, as they hide each other."""

    unit: str
    lines: tuple[Line, ...]
    height: float


def session_chart(course: Course, identifier: str, description: str) -> str | None:
    """Temperature and clocks over minutes, below them the marks.

    None without any line, and where no line and no mark shows a change.
    """
    if not course.events and all(line.is_flat for line in _all(course)):
        return None
    panels = list(_panels(course))
    if not panels:
        return None
    marks = [mark for mark in Mark if any(event.mark is mark for event in course.events)]
    strip = len(marks) * _ROW + _GAP / 2 if marks else 0.0
    above = sum(panel.height for panel in panels) + (len(panels) - 1) * _GAP
    height = _TOP + above + strip + _BOTTOM
    figure = new_figure(height)
    drawn: list[Axes] = []
    top = _TOP
    for panel in panels:
        bottom = height - top - panel.height
        axes = add_axes(figure, left=_LEFT, right=_RIGHT, bottom=bottom, top=top)
        _draw_panel(axes, panel)
        drawn.append(axes)
        top += panel.height + _GAP
    if marks:
        top = height - _BOTTOM - len(marks) * _ROW
        axes = add_axes(figure, left=_LEFT, right=_RIGHT, bottom=_BOTTOM, top=top)
        _draw_marks(axes, marks, course)
        drawn.append(axes)
    end = max(course.duration_min, *(at for line in _all(course) for at, _ in line.points))
    for axes in drawn:
        axes.set_xlim(0, end * 1.01 or 1)
        axes.grid(axis="x" if marks and axes is drawn[-1] else "both", color=FAINT, linewidth=0.7)
        axes.tick_params(axis="x", labelbottom=axes is drawn[-1])
    drawn[-1].set_xlabel("minutes since the first invocation")
    for axes in drawn:
        finish(axes)
    return inline_svg(figure, identifier, "The device over the run", description)


def _all(course: Course) -> tuple[Line, ...]:
    return (*course.temperatures, *course.clocks)


def _panels(course: Course) -> Iterator[_Panel]:
    if course.temperatures:
        yield _Panel(unit="°C", lines=course.temperatures, height=_WARMTH)
    for cluster in dict.fromkeys(line.cluster for line in course.clocks):
        mine = tuple(line for line in course.clocks if line.cluster == cluster)
        yield _Panel(unit="GHz", lines=mine, height=_CLOCK)


def _draw_panel(axes: Axes, panel: _Panel) -> None:
    is_clock = panel.unit == "GHz"
    for index, line in enumerate(panel.lines):
        axes.plot(
            [at for at, _ in line.points],
            [value for _, value in line.points],
            color=INK if line.is_cap else _CLOCK_COLOUR if is_clock else _WARM_COLOURS[index % 2],
            linewidth=1.0 if line.is_cap else 1.2,
            linestyle=(0, (5, 2)) if line.is_cap else "-",
            drawstyle="steps-post" if line.is_cap else "default",
            label=f"{short(line.name)} ",  # one that begins with an underscore would be left out
        )
    axes.set_ylabel(panel.unit)
    _set_range(axes, panel.lines, from_zero=is_clock)
    legend = axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        borderaxespad=0,
        borderpad=0.2,
        ncols=2,
        frameon=False,
        fontsize=FONT_SIZE,
        handlelength=1.6,
        columnspacing=1.2,
    )
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_parse_math(False)


def _set_range(axes: Axes, lines: Sequence[Line], *, from_zero: bool) -> None:
    values = [value for line in lines for value in line.values]
    low, high = min(values), max(values)
    if from_zero:
        axes.set_ylim(min(0, low), max(high * 1.12, low + 0.1))
        return
    middle, half = (low + high) / 2, max(_LEAST_SPAN_C, (high - low) * 1.16) / 2
    axes.set_ylim(middle - half, middle + half)


def _draw_marks(axes: Axes, marks: Sequence[Mark], course: Course) -> None:
    """A row for each kind of mark: bars for what takes time, else a sign for each invocation."""
    axes.set_ylim(len(marks) - 0.5, -0.5)
    axes.set_yticks(range(len(marks)), labels=[mark.value for mark in marks])
    axes.tick_params(axis="y", length=0)
    width = course.duration_min / _BUCKETS or 1.0
    for row, mark in enumerate(marks):
        events = [event for event in course.events if event.mark is mark]
        if mark is Mark.COOLING:
            spans = [(begin * width, (end - begin) * width) for begin, end in _spans(events, width)]
            axes.broken_barh(spans, (row - 0.25, 0.5), facecolors=SERIES[0], linewidth=0)
            continue
        places = sorted({round(event.from_min / width) for event in events})
        axes.plot(
            [place * width for place in places],
            [row] * len(places),
            linestyle="none",
            marker=_MARKERS[mark],
            markersize=5,
            markeredgewidth=0,
            color=INK,
            clip_on=False,
        )


def _spans(events: Sequence[Event], width: float) -> list[tuple[float, float]]:
    """What the events cover, in buckets: pieces that touch or overlap are one."""
    spans: list[tuple[float, float]] = []
    pieces = sorted((event.from_min / width, event.to_min / width) for event in events)
    for begin, end in pieces:
        if spans and begin <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((begin, max(end, begin + 0.5)))
    return spans
