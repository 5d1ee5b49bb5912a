"""The sweeps of a run as small charts: together, or where they are many by model and folded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reports.charts.scaling import MOST_PANELS, Panel, Point, threads_chart, tokens_chart
from reports.findings.axis_groups import Axis
from reports.findings.scaling import Sweep
from reports.findings.scaling_sentences import find_growth, find_speedup, name_sweeps
from reports.views.latency import Fold

_Draw = Callable[[Sequence[Panel], str, str], str]
_Describe = Callable[[Sequence[Sweep]], str]
_MOST_FOLDED = 40  # panels in the folds of all models together, and so models too
_TABLE = "The table has all values."


def draw_threads(sweeps: Sequence[Sweep], identifier: str) -> tuple[str, tuple[Fold, ...]]:
    """One chart or the folded ones of each model, with the ideal: the latency shared out."""
    panels = _panels(sweeps, Axis.THREADS, _shared_out)
    return _charts(sweeps, panels, identifier, threads_chart, find_speedup)


def draw_tokens(sweeps: Sequence[Sweep], identifier: str) -> tuple[str, tuple[Fold, ...]]:
    """One chart or the folded ones of each model, with the fit and growth in proportion."""
    panels = _panels(sweeps, Axis.SEQUENCE_LENGTH, _in_proportion)
    return _charts(sweeps, panels, identifier, tokens_chart, find_growth)


def _charts(
    sweeps: Sequence[Sweep],
    panels: Sequence[Panel],
    identifier: str,
    draw: _Draw,
    describe: _Describe,
) -> tuple[str, tuple[Fold, ...]]:
    if len(panels) <= MOST_PANELS:
        return draw(panels, identifier, f"{describe(sweeps)} {_TABLE}"), ()
    models: dict[str, list[int]] = {}
    for position, panel in enumerate(panels):
        models.setdefault(panel.title, []).append(position)
    # Each panel costs a page about 8 kB and 60 ms.
    most = max(1, min(MOST_PANELS, _MOST_FOLDED // len(models)))
    folds = [
        Fold(
            summary=f"{model}: {_count(len(mine), most)}",
            svg=draw(
                [panels[n] for n in mine[:most]],
                f"{identifier}-{position}",
                f"{describe([sweeps[n] for n in mine])} {_TABLE}",
            ),
        )
        for position, (model, mine) in enumerate(list(models.items())[:_MOST_FOLDED], start=1)
    ]
    return "", tuple(folds)


def _count(settings: int, most: int) -> str:
    if settings == 1:
        return "1 setting"
    return f"{settings} settings" + (f", {most} drawn" if settings > most else "")


def _panels(
    sweeps: Sequence[Sweep], swept: Axis, guide: Callable[[Point], Callable[[float], float]]
) -> list[Panel]:
    names = name_sweeps(sweeps, swept)
    panels: list[Panel] = []
    for sweep, (title, subtitle) in zip(sweeps, names, strict=True):
        points = tuple(
            Point(at=step.at, value_ms=found.value, low_ms=found.low, high_ms=found.high)
            for step in sweep.measured
            if (found := step.case.latency_ms) is not None
        )
        panels.append(
            Panel(
                title=title,
                subtitle=subtitle,
                points=points,
                guide=guide(points[0]),
                fit=sweep.fit.at if sweep.fit is not None else None,
            )
        )
    return panels


def _shared_out(first: Point) -> Callable[[float], float]:
    """The work of the fewest threads, done by more of them at once."""
    return lambda threads: first.value_ms * first.at / threads


def _in_proportion(first: Point) -> Callable[[float], float]:
    """As much for each token as the shortest sequence takes."""
    return lambda tokens: first.value_ms * tokens / first.at
