"""The chart of runs beside each other: per case, one mark with its interval for each run."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.statistics import Estimate
from harness.summary import CaseResult
from reports.cells import number, one_line
from reports.charts.drawing import (
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
from reports.charts.svg import FAINT, INK, SERIES, inline_svg
from reports.findings.aligned import AlignedCase, AlignedRun, Alignment, is_in_noise
from reports.findings.aligned_conditions import IN_THE_NOISE
from reports.labels import setting_label
from reports.run_names import device_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = "osD^vP"
_MARK_HEIGHT = 0.13  # in inches, of a run within the row of a case
# More marks than these are neither read nor loaded well; the table has them all.
_MOST_MARKS = 240


@dataclass(frozen=True, kw_only=True)
class AlignedChart:
    """An SVG element, and what its marks mean."""

    svg: str
    caption: str


def aligned_chart(found: Alignment, identifier: str) -> AlignedChart | None:
    """The cases that two runs or more have measured; None without any."""
    drawable = [case for case in found.cases if sum(map(bool, _measured(case))) > 1]
    if not drawable:
        return None
    cases = drawable[: max(1, _MOST_MARKS // len(found.runs))]
    figure = _draw(cases, found.runs)
    title = "Latency of each case in each run"
    svg = inline_svg(figure, identifier, title, _describe(cases, found))
    return AlignedChart(svg=svg, caption=_caption(len(cases), len(drawable), found))


def _draw(cases: Sequence[AlignedCase], runs: Sequence[AlignedRun]) -> Figure:
    rows = _rows(cases)
    heights = [_height(entry, len(runs)) for entry in rows]
    ends = itertools.accumulate(heights)
    places = [
        (entry, end - height / 2) for entry, end, height in zip(rows, ends, heights, strict=True)
    ]
    names = [short(_run_label(run)) for run in runs]
    columns = max(1, int((WIDTH - 0.4) / (max(map(len, names)) * LETTER + 0.5)))
    top = 0.15 + 0.2 * math.ceil(len(names) / columns)
    ticks = {y: short(_case_label(entry)) for entry, y in places if not isinstance(entry, str)}
    left = max(1.0, max(map(len, ticks.values())) * LETTER + 0.25)
    figure = new_figure(sum(heights) + 0.6 + top)
    axes = add_axes(figure, left=left, right=0.9, top=top)
    axes.set_ylim(sum(heights), 0)
    axes.set_yticks(list(ticks), labels=list(ticks.values()))
    axes.tick_params(axis="y", length=0)
    scale(axes, "x", [value for case in cases for one in _latencies(case) for value in _ends(one)])
    axes.set_xlabel("latency in ms" + log_note(axes.get_xscale()))
    axes.grid(axis="x", color=FAINT, linewidth=0.7)
    for entry, y in places:
        if isinstance(entry, str):
            write_text(axes, 0.008, y, entry, weight="bold")
        else:
            _draw_case(axes, y, entry)
    finish(axes)
    _write_legend(figure, names, columns)
    return figure


def _rows(cases: Sequence[AlignedCase]) -> list[AlignedCase | str]:
    """From top to bottom: the model's name above its cases."""
    groups: dict[str, list[AlignedCase]] = {}
    for case in cases:
        groups.setdefault(_known(case).case.model_id, []).append(case)
    rows: list[AlignedCase | str] = []
    for name, mine in groups.items():
        rows += [one_line(name, 60), *mine]
    return rows


def _height(entry: AlignedCase | str, runs: int) -> float:
    """In inches, as are all heights of this chart."""
    return ROW if isinstance(entry, str) else max(ROW, _MARK_HEIGHT * (runs + 1))


def _known(case: AlignedCase) -> CaseResult:
    return next(cell.result for cell in case.cells if cell.result is not None)


def _case_label(case: AlignedCase) -> str:
    return setting_label(_known(case).case)


def _measured(case: AlignedCase) -> list[Estimate | None]:
    return [cell.result.latency_ms if cell.result else None for cell in case.cells]


def _latencies(case: AlignedCase) -> list[Estimate]:
    return [latency for latency in _measured(case) if latency is not None]


def _ends(latency: Estimate) -> list[float]:
    return [value for value in (latency.low, latency.value, latency.high) if value is not None]


def _draw_case(axes: Axes, y: float, case: AlignedCase) -> None:
    """The runs from top to bottom in the row, the first one uppermost."""
    middle = (len(case.cells) - 1) / 2
    for index, cell in enumerate(case.cells):
        latency = cell.result.latency_ms if cell.result else None
        if latency is None:
            continue
        height = y + (index - middle) * _MARK_HEIGHT
        colour = SERIES[index % len(SERIES)]
        if latency.low is not None and latency.high is not None:
            axes.plot([latency.low, latency.high], [height] * 2, color=colour, linewidth=1.6)
        axes.plot(
            [latency.value],
            [height],
            linestyle="none",
            marker=_marker(index),
            markersize=5,
            color=colour,
            mfc=colour if latency.low is not None else "none",
        )
        if cell.contradicted:
            axes.plot([latency.value], [height], marker="x", markersize=10, color=INK)
    if len(case.cells) == 2:
        write_text(axes, 1.01, y, _ratio(case.cells[1].ratio))


def _marker(index: int) -> str:
    """After all colours have been used, each of them gets another shape."""
    return _MARKERS[(index + index // len(SERIES)) % len(_MARKERS)]


def _ratio(ratio: Estimate | str | None) -> str:
    if not isinstance(ratio, Estimate):
        return ""
    return IN_THE_NOISE if is_in_noise(ratio) else f"{number(ratio.value)}×"


def _run_label(run: AlignedRun) -> str:
    folder = one_line(run.page.result.run.folder.name, 24)
    return f"{run.name}: {device_name(run.info.device)}, {folder}"


def _write_legend(figure: Figure, names: Sequence[str], columns: int) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], linestyle="none", marker=_marker(index), color=SERIES[index % len(SERIES)])
        for index in range(len(names))
    ]
    legend = figure.legend(
        marks,
        [f"{name} " for name in names],
        loc="upper left",
        ncols=columns,
        frameon=False,
        fontsize=FONT_SIZE,
        handletextpad=0.2,
    )
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_parse_math(False)


def _caption(drawn: int, drawable: int, found: Alignment) -> str:
    texts = [
        "One mark per run, as the legend names them: the estimate, hollow where there is no "
        "interval. Bar: its 95 % interval."
    ]
    if any(cell.contradicted for case in found.cases for cell in case.cells):
        texts.append("Crossed out: its evidence is contradicted.")
    if len(found.runs) == 2 and any(
        isinstance(cell.ratio, Estimate) for case in found.cases for cell in case.cells
    ):
        texts.append("On the right: the ratio, or ~ within the noise.")
    if drawn < drawable:
        texts.append(f"Drawn are {drawn} of {drawable} cases that two runs or more have measured.")
    elif drawable < len(found.cases):
        texts.append("Only cases that two runs or more have measured are drawn.")
    return " ".join(texts)


def _describe(cases: Sequence[AlignedCase], found: Alignment) -> str:
    """What it shows, for those who cannot see it."""
    ratios = [
        cell.ratio for case in cases for cell in case.cells if isinstance(cell.ratio, Estimate)
    ]
    slower = sum(ratio.value > 1 and not is_in_noise(ratio) for ratio in ratios)
    faster = sum(ratio.value < 1 and not is_in_noise(ratio) for ratio in ratios)
    told = (
        f" Of {len(ratios)} ratios to {found.runs[0].name}, {slower} are slower, {faster} faster, "
        f"{len(ratios) - slower - faster} within the noise."
        if ratios
        else " No ratios are told."
    )
    what = "1 case" if len(cases) == 1 else f"{len(cases)} cases"
    return f"{what} in {len(found.runs)} runs.{told} The table of cases has all values."
