"""How a chart is drawn: figures in inches, axes in the page's colours, text that is never markup.

Matplotlib's object interface only, and imported where it draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.cells import one_line
from reports.charts.svg import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# In inches of 72 units of the SVG, which the page shows somewhat larger.
WIDTH = 9.6
ROW = 0.29
FONT_SIZE = 9.0
LETTER = 0.56 * FONT_SIZE / 72  # the width of a letter, about

_LABEL_LIMIT = 44
_LINEAR_UP_TO = 30  # largest / smallest; beyond it the small ones would all be at zero


def new_figure(height: float) -> Figure:
    """An empty figure without a background."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height))
    figure.patch.set_visible(False)
    return figure


def add_axes(
    figure: Figure, *, left: float, right: float, bottom: float = 0.55, top: float = 0.1
) -> Axes:
    """Axes with these margins in inches."""
    height = figure.get_figheight()
    box = (left / WIDTH, bottom / height, 1 - (left + right) / WIDTH, 1 - (bottom + top) / height)
    axes = figure.add_axes(box)
    axes.patch.set_visible(False)
    return axes


def scale(axes: Axes, axis: str, values: Sequence[float]) -> None:
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


def log_note(scale_name: str) -> str:
    """What the label of a logarithmic axis adds."""
    return " (logarithmic)" if scale_name == "log" else ""


def write_text(
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
        fontsize=FONT_SIZE,
        color=INK,
        fontweight=weight,
        fontstyle=style,
        parse_math=False,
    )


def finish(axes: Axes) -> None:
    """Gives axes the page's look; the last thing to be done to them."""
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=FONT_SIZE)
    for text in (
        axes.xaxis.label,
        axes.yaxis.label,
        *axes.get_xticklabels(),
        *axes.get_yticklabels(),
    ):
        text.set_color(INK)
        text.set_fontsize(FONT_SIZE)
        text.set_parse_math(False)


def short(text: str) -> str:
    """A label of one line that fits beside a chart."""
    return one_line(text, _LABEL_LIMIT)
