"""The chart of a cell's pairs: the change of each, the limits, and what the planned looks saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.sequential import Judged
from reports.cells import one_line
from reports.charts.drawing import (
    FONT_SIZE,
    LETTER,
    WIDTH,
    add_axes,
    finish,
    new_figure,
    write_text,
)
from reports.charts.svg import FAINT, INK, SERIES, inline_svg
from reports.findings.pair_series import PairPhase, describe_phase

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# In inches.
_HEIGHT = 2.7
_LEFT = 0.75
_RIGHT = 1.15
_TOP = 0.55
_GAP = 0.45

_LEAST_REACH = 1.5  # in percent, of the axis to both sides
_FARTHEST = 60.0  # no limit beyond it stretches the axis
_MOST = 0.9  # of the pairs are inside the axis; the rest is drawn at its edge


def pairs_chart(name: str, phases: Sequence[PairPhase], identifier: str) -> str | None:
    """The pairs of a cell in their order, fresh ones in a panel of their own; None without any."""
    if not phases:
        return None
    figure = new_figure(_HEIGHT)
    reach = _reach(phases)
    spans = [_span(phase) for phase in phases]
    room = WIDTH - _LEFT - _RIGHT - _GAP * (len(phases) - 1)
    left = _LEFT
    for position, (phase, span) in enumerate(zip(phases, spans, strict=True)):
        width = room * span / sum(spans)
        axes = add_axes(figure, left=left, right=WIDTH - left - width, top=_TOP)
        left += width + _GAP
        axes.set_xlim(0.3, span + 0.7)
        axes.set_ylim(*reach)
        _draw_phase(axes, phase, reach, width / (span + 0.4))
        axes.set_xlabel("fresh pair, to confirm" if phase.fresh else "pair, as measured")
        if position == 0:
            axes.set_ylabel("change in %")
            _legend(axes)
        else:
            axes.tick_params(axis="y", labelleft=False)
        if position == len(phases) - 1:
            _name_limits(axes, phase, reach)
        finish(axes)
    told = " ".join(describe_phase(phase) for phase in phases)
    return inline_svg(figure, identifier, f"Pairs of {one_line(name, 80)}", told)


def _span(phase: PairPhase) -> int:
    """How many pairs the panel has room for: those measured, and those to the next look."""
    return max(len(phase.points), phase.next_look or 0)


def _reach(phases: Sequence[PairPhase]) -> tuple[float, float]:
    """The ends of the axis of changes."""
    changes = sorted(abs(point.change_percent) for phase in phases for point in phase.points)
    usual = changes[int(_MOST * (len(changes) - 1))]
    most = max(2 * usual, _LEAST_REACH)
    seen = [point.change_percent for phase in phases for point in phase.points]
    for phase in phases:
        floor, tolerance = phase.limits.noise_floor_percent, phase.limits.tolerance_percent
        wanted = [limit for limit in (-floor, floor, tolerance) if abs(limit) <= _FARTHEST]
        most = max(most, *(1.1 * limit for limit in wanted), 0)
        seen += wanted
        seen += [bound for look in phase.looks for bound in _finite(look)]
    low, high = max(min(seen), -most), min(max(seen), most)
    low, high = min(low, -_LEAST_REACH), max(high, _LEAST_REACH)
    room = 0.09 * (high - low)
    return low - room, high + room


def _finite(look: Judged) -> tuple[float, ...]:
    """The bounds of a look, which it lacks where there are too few pairs."""
    return (look.lower_percent, look.upper_percent) if math.isfinite(look.upper_percent) else ()


def _draw_phase(
    axes: Axes, phase: PairPhase, reach: tuple[float, float], pair_width: float
) -> None:
    """`pair_width` is the width of one pair in inches."""
    low, high = reach
    floor, tolerance = phase.limits.noise_floor_percent, phase.limits.tolerance_percent
    axes.axhspan(max(-floor, low), min(floor, high), color=FAINT, alpha=0.55, linewidth=0)
    if tolerance < high:
        axes.axhline(tolerance, color=SERIES[1], linewidth=1.3, linestyle=(0, (4, 2)))
    axes.axhline(0, color=INK, linewidth=0.9)
    for first, marker, face in ((True, "o", SERIES[0]), (False, "s", "none")):
        shown = [
            (number, point.change_percent)
            for number, point in enumerate(phase.points, start=1)
            if point.baseline_first is first and low < point.change_percent < high
        ]
        if shown:
            numbers, changes = zip(*shown, strict=True)
            axes.plot(
                numbers,
                changes,
                linestyle="none",
                marker=marker,
                markersize=5,
                color=SERIES[0],
                mfc=face,
            )
    _draw_far(axes, phase, reach)
    for look in phase.looks:
        bounds = _finite(look)
        if bounds:
            x = look.pairs + 0.5
            axes.plot([x, x], bounds, color=INK, linewidth=2.6, solid_capstyle="butt")
    _draw_looks(axes, phase, pair_width)
    _whole_numbers(axes)


def _draw_far(axes: Axes, phase: PairPhase, reach: tuple[float, float]) -> None:
    """Pairs beyond the axis: an arrow at its edge, with the number."""
    low, high = reach
    for number, point in enumerate(phase.points, start=1):
        change = point.change_percent
        if low < change < high:
            continue
        edge, marker, below = (high, "^", True) if change >= high else (low, "v", False)
        axes.plot([number], [edge], marker=marker, markersize=6, color=SERIES[0], clip_on=False)
        axes.annotate(
            f"{change:+.0f} %",
            (number, edge),
            xytext=(0, -13 if below else 7),
            textcoords="offset points",
            ha="center",
            fontsize=FONT_SIZE - 1,
            color=INK,
            parse_math=False,
        )


def _draw_looks(axes: Axes, phase: PairPhase, pair_width: float) -> None:
    """A line after the last pair of each look, above it what was decided, where there is room."""
    marks = [
        (look.pairs, f"{look.pairs}: {'more' if look.verdict is None else look.verdict.value}")
        for look in phase.looks
    ]
    if phase.next_look is not None:
        marks.append((phase.next_look, f"{phase.next_look}: to come"))
    taken = math.inf  # from here on to the right, in pairs
    for pairs, text in reversed(marks):
        x = pairs + 0.5
        axes.axvline(x, color=INK, linewidth=0.9, linestyle="dotted")
        if x > taken:
            continue
        taken = x - (len(text) + 0.25) * LETTER / pair_width
        axes.text(
            x,
            1.02,
            text,
            transform=axes.get_xaxis_transform(),
            ha="right",
            va="bottom",
            fontsize=FONT_SIZE,
            color=INK,
            parse_math=False,
        )


def _name_limits(axes: Axes, phase: PairPhase, reach: tuple[float, float]) -> None:
    limits = phase.limits
    write_text(axes, 1.02, 0, "noise floor")
    near = (limits.tolerance_percent / (reach[1] - reach[0])) < 0.1
    if limits.tolerance_percent < reach[1] and not near:
        write_text(axes, 1.02, limits.tolerance_percent, "tolerance")


def _legend(axes: Axes) -> None:
    from matplotlib.lines import Line2D

    looks: dict[str, object] = {"linestyle": "none", "color": SERIES[0]}
    handles = [
        Line2D([], [], marker="o", label="baseline first", **looks),  # type: ignore[arg-type]
        Line2D([], [], marker="s", mfc="none", label="candidate first", **looks),  # type: ignore[arg-type]
        Line2D([], [], color=INK, linewidth=2.6, label="bounds of a look"),
    ]
    legend = axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.09),
        ncols=3,
        frameon=False,
        fontsize=FONT_SIZE,
        borderaxespad=0,
        handletextpad=0.3,
    )
    for text in legend.get_texts():
        text.set_color(INK)


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
