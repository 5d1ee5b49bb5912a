"""Scaling over threads and over sequence length as strings to print, with small charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.summary import RunResult
from reports.cells import NOTHING, Number, aligned, interval
from reports.findings.axis_groups import failure_text
from reports.findings.growth import LEAST_FOR_FIT, local_exponent
from reports.findings.ratios import RatioCell, derived_cell, ratio_cell
from reports.findings.scaling import Step, Sweep, sweep_threads, sweep_tokens
from reports.findings.scaling_sentences import find_growth, find_speedup, growth_cell
from reports.labels import case_anchor, model_label, setting_label
from reports.views.latency import MOST_ROWS, Fold
from reports.views.scaling_panels import draw_threads, draw_tokens

_NOTHING = RatioCell(value=NOTHING, note="")
_REFERENCE = RatioCell(value=NOTHING, note="reference")
_DIAMOND = (
    "Diamond: estimate, hollow where there is no interval. Bar: its 95 % interval. "
    "Each chart has its own scale."
)


@dataclass(frozen=True, kw_only=True)
class SweepRow:
    """One case. `problem` says why there is no latency; `anchor` is its evidence in the page."""

    anchor: str
    count: str
    latency: Number
    interval: str
    problem: str
    ratio: RatioCell
    derived: RatioCell


@dataclass(frozen=True, kw_only=True)
class SweepRows:
    """The cases of one model and setting; `growth` is what they show together (of tokens)."""

    model: str
    setting: str
    growth: RatioCell | None
    rows: tuple[SweepRow, ...]
    span: str

    @property
    def has_problem(self) -> bool:
        """Whether a case of it has no latency."""
        return any(row.problem for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """A section: what was found, a chart (or several that are folded), and the table.

    `name` is that of the section in the page's addresses.
    `headings` are of the count, the ratio and what follows from it. `summary` is the line behind
    which a long table is folded, empty for a short one.
    """

    name: str
    title: str
    finding: str
    chart: str
    folds: tuple[Fold, ...]
    chart_caption: str
    headings: tuple[str, str, str]
    sweeps: tuple[SweepRows, ...]
    summary: str
    table_caption: str


def build_scaling(result: RunResult, prefix: str) -> tuple[Scaling, ...]:
    """Threads and tokens, each where a model was measured with two of them or more."""
    sections = (_threads(result, prefix), _tokens(result, prefix))
    return tuple(section for section in sections if section is not None)


def _threads(result: RunResult, prefix: str) -> Scaling | None:
    sweeps = sweep_threads(result.cases)
    if not sweeps:
        return None
    chart, folds = draw_threads(sweeps, f"{prefix}-chart-threads")
    return Scaling(
        name="threads",
        title="Scaling over threads",
        finding=find_speedup(sweeps),
        chart=chart,
        folds=folds,
        chart_caption=f"{_some(folds)}Dashed: the ideal, the latency with the fewest threads "
        f"divided by how many times as many there are. {_DIAMOND} Threads are logarithmic.",
        headings=("Threads", "Speedup", "Efficiency, %"),
        sweeps=_tables(sweeps, prefix, _efficiency, ("delegate", "cpus"), None),
        summary=_fold_line(sweeps, "speedups"),
        table_caption="Speedup: how many times faster than with the fewest threads (below 1: "
        "slower), from the n rounds that both were measured in, with its 95 % interval; ~ where "
        "that holds 1, none with fewer than 6. Efficiency: the speedup over how many times as "
        "many threads it took.",
    )


def _tokens(result: RunResult, prefix: str) -> Scaling | None:
    sweeps = sweep_tokens(result.cases)
    if not sweeps:
        return None
    chart, folds = draw_tokens(sweeps, f"{prefix}-chart-tokens")
    return Scaling(
        name="tokens",
        title="Scaling over sequence length",
        finding=find_growth(sweeps),
        chart=chart,
        folds=folds,
        chart_caption=f"{_some(folds)}Solid: the fit, where there are at least {LEAST_FOR_FIT} "
        f"lengths. Dashed: in proportion to the tokens, from the shortest. {_DIAMOND} Both axes "
        "are logarithmic.",
        headings=("Tokens", "Against next shorter", "Local exponent"),
        sweeps=_tables(sweeps, prefix, _exponent, ("delegate", "threads", "cpus"), growth_cell),
        summary=_fold_line(sweeps, "growth"),
        table_caption="S^k: least squares of log latency over log tokens S, on that many lengths "
        "of equal weight; “off” is the largest distance of a latency from the fitted one. Against "
        "next shorter (of the measured): how many times slower, from the n rounds that both were "
        "measured in, with its 95 % interval; ~ where that holds 1, none with fewer than 6. Local "
        "exponent: the k between these two; 1 is in proportion, 2 with the square.",
    )


def _some(folds: Sequence[Fold]) -> str:
    return (
        "Too many for one chart: the first settings of each model; the table has all. "
        if folds
        else ""
    )


def _tables(
    sweeps: Sequence[Sweep],
    prefix: str,
    derive: Callable[[Step], RatioCell],
    setting_axes: Sequence[str],
    grow: Callable[[Sweep], RatioCell] | None,
) -> tuple[SweepRows, ...]:
    cases = [step.case for sweep in sweeps for step in sweep.steps]
    latencies = [case.latency_ms.value if case.latency_ms else None for case in cases]
    column = iter(aligned(latencies))
    return tuple(
        SweepRows(
            model=model_label(sweep.common),
            setting=setting_label(sweep.common, setting_axes),
            growth=None if grow is None else grow(sweep),
            rows=tuple(_row(step, prefix, derive, column) for step in sweep.steps),
            span=f"{len(sweep.steps)}",
        )
        for sweep in sweeps
    )


def _row(
    step: Step, prefix: str, derive: Callable[[Step], RatioCell], column: Iterator[Number]
) -> SweepRow:
    latency = step.case.latency_ms
    is_compared = step.reference is not None
    uncompared = _NOTHING if latency is None else _REFERENCE
    return SweepRow(
        anchor=case_anchor(prefix, step.index),
        count=f"{step.at:,}",
        latency=next(column),
        interval=NOTHING if latency is None else interval(latency),
        problem=failure_text(step.case) if latency is None else "",
        ratio=ratio_cell(step.ratio) if is_compared else uncompared,
        derived=derive(step) if is_compared else _NOTHING,
    )


def _efficiency(step: Step) -> RatioCell:
    times = step.at / (step.reference or step.at)
    return derived_cell(step.ratio, lambda speedup: speedup / times * 100)


def _exponent(step: Step) -> RatioCell:
    times = step.at / (step.reference or step.at)
    return derived_cell(step.ratio, lambda ratio: local_exponent(ratio, times))


def _fold_line(sweeps: Sequence[Sweep], what: str) -> str:
    count = sum(len(sweep.steps) for sweep in sweeps)
    return f"Table of {what}: {count} cases" if count > MOST_ROWS else ""
