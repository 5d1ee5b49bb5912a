"""The chart of a comparison's control: how the device itself changed during the session."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from reports.charts.drawing import FONT_SIZE, add_axes, finish, new_figure
from reports.charts.svg import FAINT, INK, SERIES, inline_svg

_LEAST_REACH = 1.0  # in percent, of the axis to both sides


def control_chart(
    values_ms: Sequence[float], fresh_from: int | None, sentence: str, identifier: str
) -> str | None:
    """The control's latencies in their order, in percent of their median; None with fewer than two.

    From the invocation with the index `fresh_from` on, fresh pairs were measured. All values are
    over 0.
    """
    if len(values_ms) < 2:
        return None
    from matplotlib.ticker import MaxNLocator

    middle = statistics.median(values_ms)
    changes = [(value / middle - 1) * 100 for value in values_ms]
    figure = new_figure(1.7)
    axes = add_axes(figure, left=0.75, right=1.15, top=0.25)
    axes.plot(
        range(1, len(changes) + 1),
        changes,
        color=SERIES[2],
        linewidth=1.2,
        marker="o",
        markersize=3,
    )
    axes.axhline(0, color=INK, linewidth=0.9)
    edge = 1.2 * max(*map(abs, changes), _LEAST_REACH)
    axes.set_ylim(-edge, edge)
    axes.set_xlim(0.3, len(changes) + 0.7)
    axes.set_ylabel("change in %")
    axes.set_xlabel("invocation of the control")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    if fresh_from is not None:
        axes.axvline(fresh_from + 0.5, color=INK, linewidth=0.9, linestyle="dotted")
        axes.text(
            fresh_from + 0.5,
            1.02,
            "fresh pairs",
            transform=axes.get_xaxis_transform(),
            va="bottom",
            fontsize=FONT_SIZE,
            color=INK,
        )
    finish(axes)
    return inline_svg(figure, identifier, "The control during the session", sentence)
