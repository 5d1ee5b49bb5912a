"""The chart of latency against the size of the model file, with the Pareto front of its cases."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.summary import CaseResult
from reports.cells import one_line
from reports.charts.drawing import (
    FONT_SIZE,
    LETTER,
    WIDTH,
    add_axes,
    finish,
    log_note,
    new_figure,
    scale,
    short,
)
from reports.charts.latency import describe_latencies
from reports.charts.svg import FAINT, INK, SERIES, inline_svg
from reports.findings.fronts import (
    describe_fronts,
    find_fronts,
    has_line,
    latency,
    place,
    size_mb,
    sized,
)
from reports.findings.pareto import steps
from reports.labels import setting_label, varying

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = "osD^vP"
# What the series are called by; where they would be too many, the last ones are left out.
_AXES = ("delegate", "threads", "sequence_length", "cpus", "task")
_MOST_SERIES = len(_MARKERS) * len(SERIES)
_NAME_PX = 12.0  # the height of a name
_MOST_NAMES = 12  # in the chart; with more of them only those of the fronts are written


def size_chart(cases: Sequence[CaseResult], identifier: str) -> str | None:
    """Latency against the size of the model file, a point per case; None without any.

    The names in the chart are the models', shapes and colours the settings'. The lines are the
    fronts of `find_fronts`.
    """
    points = sized(cases)
    if not points:
        return None
    series = _series(points)
    columns = max(1, int((WIDTH - 1.4) / (max(map(len, series)) * LETTER + 0.5)))
    legend_rows = math.ceil(len(series) / columns)
    figure = new_figure(3.9 + 0.2 * legend_rows)
    axes = add_axes(figure, left=0.8, right=0.6, top=0.2 + 0.2 * legend_rows)
    for front in find_fronts(cases):
        corners = steps([place(case) for case in front.cases])
        axes.plot(
            [x for x, _ in corners], [y for _, y in corners], color=INK, linewidth=0.9, alpha=0.5
        )
    for index, (name, mine) in enumerate(series.items()):
        _draw_series(axes, mine, index, name)
    scale(axes, "x", [size_mb(case) for case in points])
    scale(axes, "y", [bound(case) for case in points for bound in (latency, _top)])
    axes.set_xlabel("size of the model file in MB" + log_note(axes.get_xscale()))
    axes.set_ylabel("latency in ms" + log_note(axes.get_yscale()))
    axes.grid(color=FAINT, linewidth=0.7)
    _name_models(axes, _names(points))
    finish(axes)
    _add_legend(figure, columns)
    description = f"{describe_latencies(points)} {describe_fronts(cases)}"
    return inline_svg(figure, identifier, "Latency against model size", description)


def size_caption(cases: Sequence[CaseResult]) -> str:
    """What the marks of the chart mean, and what it shows; empty without a chart."""
    points = sized(cases)
    if not points:
        return ""
    parts = ["One point per case, with its 95 % interval where there is one."]
    if has_line(points):
        parts.append("Line: the Pareto front.")
    if sum(map(len, _names(points).values())) < len(points):
        parts.append("Too many models to name: only those on a front are.")
    return " ".join([*parts, describe_fronts(points)])


def _series(points: Sequence[CaseResult]) -> dict[str, list[CaseResult]]:
    """The points by the name of their setting, with as many axes in it as can be told apart."""
    axes = varying([case.case for case in points], _AXES)
    while True:
        series: dict[str, list[CaseResult]] = {}
        for case in points:
            series.setdefault(setting_label(case.case, axes), []).append(case)
        if len(series) <= _MOST_SERIES or len(axes) == 1:
            return series
        axes = axes[:-1]


def _draw_series(axes: Axes, cases: Sequence[CaseResult], index: int, name: str) -> None:
    colour = SERIES[index % len(SERIES)]
    marker = _MARKERS[(index + index // len(SERIES)) % len(_MARKERS)]
    bars = [
        (size_mb(case), found.low, found.high)
        for case in cases
        if (found := case.latency_ms) and found.low is not None and found.high is not None
    ]
    if bars:
        sizes, lows, highs = zip(*bars, strict=True)
        axes.vlines(sizes, lows, highs, colors=colour, linewidth=1.4)
    axes.plot(
        [size_mb(case) for case in cases],
        [latency(case) for case in cases],
        linestyle="none",
        marker=marker,
        markersize=6,
        color=colour,
        label=f"{name} ",  # a label that begins with an underscore would be left out
    )


def _names(points: Sequence[CaseResult]) -> dict[str, list[CaseResult]]:
    """The points by what is written above them; where that is too much, only those of fronts."""
    several = len({case.case.quantization for case in points}) > 1
    groups: dict[str, list[CaseResult]] = {}
    for case in points:
        name = f"{case.case.model} {case.case.quantization or ''}" if several else case.case.model
        groups.setdefault(short(one_line(name)), []).append(case)
    if len(groups) <= _MOST_NAMES:
        return groups
    best = {case.case.id for front in find_fronts(points) for case in front.cases}
    kept = [name for name, mine in groups.items() if any(case.case.id in best for case in mine)]
    return {name: groups[name] for name in kept[:_MOST_NAMES]}


def _name_models(axes: Axes, names: Mapping[str, Sequence[CaseResult]]) -> None:
    """Writes each name above all of its points, and higher where that is taken."""
    lifts = _lifts(axes, names)
    box = axes.get_window_extent()
    rises = [
        (axes.transData.transform(_anchor(names[name]))[1] - box.y0)
        / max(box.height - lift - _NAME_PX, box.height / 4)
        for name, lift in lifts.items()
    ]
    if max(rises, default=0) > 1:
        _make_room(axes, max(rises))
        lifts = _lifts(axes, names)
    for name, lift in lifts.items():
        axes.annotate(
            name,
            _anchor(names[name]),
            xytext=(0, lift * 72 / axes.figure.dpi),
            textcoords="offset points",
            ha="center",
            fontsize=FONT_SIZE,
            color=INK,
            parse_math=False,
        )


def _lifts(axes: Axes, names: Mapping[str, Sequence[CaseResult]]) -> dict[str, float]:
    """How many pixels each name stands above its points, so that none hides another."""
    taken: list[tuple[float, float, float]] = []
    lifts: dict[str, float] = {}
    for name, cases in sorted(names.items(), key=lambda item: max(map(_top, item[1]))):
        x, y = axes.transData.transform(_anchor(cases))
        half = len(name) * LETTER * axes.figure.dpi / 2
        lift = 9.0
        while any(abs(x - a) < half + b and abs(y + lift - c) < _NAME_PX for a, b, c in taken):
            lift += 4
        taken.append((x, half, y + lift))
        lifts[name] = lift
    return lifts


def _make_room(axes: Axes, times: float) -> None:
    """Lets the scale end so many times as high as it did, for names above the highest point."""
    low, high = axes.get_ylim()
    is_log = axes.get_yscale() == "log"
    axes.set_ylim(low, low * (high / low) ** times if is_log else low + (high - low) * times)


def _anchor(cases: Sequence[CaseResult]) -> tuple[float, float]:
    return size_mb(max(cases, key=latency)), max(map(_top, cases))


def _add_legend(figure: Figure, columns: int) -> None:
    legend = figure.legend(
        loc="upper left", ncols=columns, frameon=False, fontsize=FONT_SIZE, handletextpad=0.2
    )
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_parse_math(False)


def _top(case: CaseResult) -> float:
    """Where the case's point or interval ends."""
    assert case.latency_ms is not None
    return case.latency_ms.high or case.latency_ms.value
