"""The charts over all cases of a run: latency case by case, and latency against size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.summary import CaseResult, RunResult
from reports.cells import number, one_line
from reports.charts.latency import latency_chart
from reports.charts.size import size_caption, size_chart
from reports.labels import varying

MOST_ROWS = 40  # of one chart; with more of them each model has a chart of its own, folded

_MARKS = (
    "Diamond: estimate, hollow where there is no interval. Bar: its 95 % interval. "
    "Dots: the invocations; those that fall on one place are drawn once."
)


@dataclass(frozen=True, kw_only=True)
class Fold:
    """A chart behind a line that can be opened. `svg` is an SVG element, no foreign text."""

    summary: str
    svg: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart and what it shows: one SVG element, or several that are folded.

    `name` is that of its section in the page's addresses.
    """

    name: str
    title: str
    caption: str
    svg: str
    folds: tuple[Fold, ...] = ()


def build_charts(result: RunResult, prefix: str) -> tuple[Chart, ...]:
    """The charts; none of a run without a measurement."""
    found = (_latency(result, f"{prefix}-chart-latency"), _size(result, f"{prefix}-chart-size"))
    return tuple(chart for chart in found if chart is not None)


def by_model(cases: Sequence[CaseResult]) -> dict[str, list[CaseResult]]:
    """The cases by the name of their model, in the plan's order."""
    groups: dict[str, list[CaseResult]] = {}
    for case in cases:
        groups.setdefault(case.case.model, []).append(case)
    return groups


def _latency(result: RunResult, identifier: str) -> Chart | None:
    title = "Latency of each case"
    axes_shown = varying([case.case for case in result.cases])
    if len(result.cases) + len({case.case.model_id for case in result.cases}) <= MOST_ROWS:
        svg = latency_chart(result.cases, identifier, axes_shown)
        return Chart(name="latency", title=title, caption=_MARKS, svg=svg) if svg else None
    folds: list[Fold] = []
    unmeasured: list[str] = []
    for position, (model, mine) in enumerate(by_model(result.cases).items(), start=1):
        svg = latency_chart(mine, f"{identifier}-{position}", axes_shown, of=model)
        if svg is None:
            unmeasured.append(f"{one_line(model, 60)} ({_count(mine)})")
        else:
            folds.append(Fold(summary=_summary(model, mine), svg=svg))
    if not folds:
        return None
    caption = (
        f"{_count(result.cases)} are too many for one chart: each model has its own, with its own "
        f"scale. {_MARKS}"
    )
    if unmeasured:
        caption += f" Never measured, see Failures: {', '.join(unmeasured)}."
    return Chart(name="latency", title=title, caption=caption, svg="", folds=tuple(folds))


def _size(result: RunResult, identifier: str) -> Chart | None:
    svg = size_chart(result.cases, identifier)
    if svg is None:
        return None
    caption = size_caption(result.cases)
    return Chart(name="size", title="Latency against model size", caption=caption, svg=svg)


def _summary(model: str, cases: Sequence[CaseResult]) -> str:
    """`mobilebert: 24 cases, 12.1 to 480 ms, 2 failed`."""
    measured = [case.latency_ms.value for case in cases if case.latency_ms is not None]
    low, high = number(min(measured)), number(max(measured))
    parts = [_count(cases), f"{low} ms" if low == high else f"{low} to {high} ms"]
    if len(measured) < len(cases):
        parts.append(f"{len(cases) - len(measured)} failed")
    return f"{one_line(model, 60)}: {', '.join(parts)}"


def _count(cases: Sequence[CaseResult]) -> str:
    return "1 case" if len(cases) == 1 else f"{len(cases)} cases"
