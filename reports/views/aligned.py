"""Several runs beside each other as strings to print: which they are, their cases and claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.statistics import Estimate
from harness.summary import CaseResult, Status
from reports.cells import NOTHING, Chip, interval, number, one_line, verdict_chip
from reports.charts.aligned import aligned_chart
from reports.findings.aligned import (
    AlignedCase,
    AlignedCell,
    AlignedRun,
    align_runs,
    is_in_noise,
)
from reports.findings.aligned_conditions import (
    IN_THE_NOISE,
    ConditionRow,
    deciding_rows,
    describe_ratios,
    describe_same,
    identity_rows,
    model_rows,
    other_rows,
    warn_of_differences,
)
from reports.labels import case_anchor, model_label, setting_label
from reports.page import RunPage
from reports.run_names import device_name, run_date
from reports.views.claims import Measured, build_cards

# More rows of model files than these are folded away.
_OPEN_MODELS = 8


@dataclass(frozen=True, kw_only=True)
class RunColumn:
    """A run at the head of a column. `ratio` heads the column of ratios beside it, empty where
    there is none; `ratio_note` says what else they are ratios of."""

    name: str
    anchor: str
    title: str
    ratio: str
    ratio_note: str


@dataclass(frozen=True, kw_only=True)
class CellText:
    """A case in one run. `anchor` is the place of its evidence, empty where the run lacks it;
    `ratio` is None where the run has no column of them."""

    anchor: str
    value: str
    detail: str
    chip: Chip | None
    problem: str
    ratio: RatioText | None


@dataclass(frozen=True, kw_only=True)
class RatioText:
    """How many times slower a case is, and its interval or why there is no ratio."""

    value: str
    note: str


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """A case with a cell for each run."""

    model: str
    setting: str
    note: str
    cells: tuple[CellText, ...]


@dataclass(frozen=True, kw_only=True)
class ClaimCell:
    """A headline claim in one run."""

    measured: Measured
    chip: Chip


@dataclass(frozen=True, kw_only=True)
class ClaimLine:
    """A headline claim with a cell for each run."""

    statement: str
    published: str
    cells: tuple[ClaimCell, ...]


@dataclass(frozen=True, kw_only=True)
class AlignedView:
    """Runs beside each other. `warnings` stand above all numbers, `left_out` says which runs of
    the page are not here; `chart` is an SVG element, empty where no case can be drawn."""

    title: str
    left_out: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    runs: tuple[RunColumn, ...] = ()
    identity: tuple[ConditionRow, ...] = ()
    conditions: tuple[ConditionRow, ...] = ()
    models: tuple[ConditionRow, ...] = ()
    models_title: str = ""
    models_folded: bool = False
    same: str = ""
    cases: tuple[CaseLine, ...] = ()
    cases_note: str = ""
    chart: str = ""
    chart_note: str = ""
    claims: tuple[ClaimLine, ...] = ()


def build_aligned(pages: Sequence[RunPage]) -> AlignedView | None:
    """The runs of a page beside each other; None for a page of fewer than two."""
    found = align_runs(pages)
    if found is None:
        return None
    runs = found.runs
    if not runs:
        return AlignedView(title="No runs to set side by side", left_out=found.left_out)
    models = tuple(row for row in model_rows(runs) if row.differs)
    chart = aligned_chart(found, "aligned")
    return AlignedView(
        title=f"{len(runs)} runs side by side",
        warnings=tuple(warn_of_differences(runs)),
        left_out=found.left_out,
        runs=tuple(_column(run, runs[0]) for run in runs),
        identity=identity_rows(runs),
        conditions=(*deciding_rows(runs), *(row for row in other_rows(runs) if row.differs)),
        models=models,
        models_title=f"{len(models)} model {'file differs' if len(models) == 1 else 'files differ'}"
        if models
        else "",
        models_folded=len(models) > _OPEN_MODELS,
        same=describe_same(runs),
        cases=tuple(_case_line(case, runs) for case in found.cases),
        cases_note=describe_ratios(found),
        chart=chart.svg if chart else "",
        chart_note=chart.caption if chart else "",
        claims=_claims(runs),
    )


def _ratio_text(ratio: Estimate | str | None) -> RatioText:
    """The ratio, `~` within the noise, or why there is none."""
    if ratio is None:
        return RatioText(value=NOTHING, note="")
    if isinstance(ratio, str):
        return RatioText(value=NOTHING, note=f"no ratio: {ratio}")
    if is_in_noise(ratio):
        return RatioText(value=IN_THE_NOISE, note="")
    return RatioText(value=f"{number(ratio.value)}×", note=interval(ratio))


def _column(run: AlignedRun, first: AlignedRun) -> RunColumn:
    footing = run.footing
    has_ratios = footing is not None and not footing.problem
    return RunColumn(
        name=run.name,
        anchor=f"run-{run.number}",
        title=f"{device_name(run.info.device)}, {run_date(run.info)[:10]}",
        ratio=f"{run.name} / {first.name}" if has_ratios else "",
        ratio_note="between devices" if footing is not None and footing.between_devices else "",
    )


def _case_line(case: AlignedCase, runs: Sequence[AlignedRun]) -> CaseLine:
    known = next(cell.result.case for cell in case.cells if cell.result is not None)
    cells = tuple(_cell(cell, run) for cell, run in zip(case.cells, runs, strict=True))
    files = {cell.result.model.sha256 for cell in case.cells if cell.result and cell.result.model}
    return CaseLine(
        model=model_label(known),
        setting=setting_label(known),
        note="the model files differ" if len(files) > 1 else "",
        cells=cells,
    )


def _cell(cell: AlignedCell, run: AlignedRun) -> CellText:
    has_ratios = run.footing is not None and not run.footing.problem
    ratio = _ratio_text(cell.ratio) if has_ratios else None
    result = cell.result
    if result is None or cell.index is None:
        return CellText(
            anchor="", value="", detail="not in this run", chip=None, problem="", ratio=ratio
        )
    latency = result.latency_ms
    return CellText(
        anchor=case_anchor(f"run-{run.number}", cell.index),
        value=number(latency.value) if latency else "failed",
        detail=f"{interval(latency)} · n = {latency.n}" if latency else "",
        chip=verdict_chip(result.evidence.verdict) if result.evidence else None,
        problem=_problem(result),
        ratio=ratio,
    )


def _problem(result: CaseResult) -> str:
    if result.status is Status.OK:
        return ""
    why = f"{result.failure.kind}: {result.failure.message}" if result.failure else "cut off"
    return one_line(f"partial, {why}" if result.status is Status.PARTIAL else why, 160)


def _claims(runs: Sequence[AlignedRun]) -> tuple[ClaimLine, ...]:
    """The headline claims that every run was judged by; runs of one page are by one ledger."""
    cards = [build_cards(run.page.result, run.page.judgements) for run in runs]
    if len({tuple(card.statement for card in mine) for mine in cards}) > 1:
        return ()
    return tuple(
        ClaimLine(
            statement=row[0].statement,
            published=row[0].published,
            cells=tuple(ClaimCell(measured=card.measured, chip=card.chip) for card in row),
        )
        for row in zip(*cards, strict=True)
    )
