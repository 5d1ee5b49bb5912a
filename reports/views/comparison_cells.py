"""The cells of a comparison as strings to print: verdicts by case, and their pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.ci import words
from harness.gate_result import MEASURED, Cell, GateResult, GateVerdict, Metric
from harness.pairing import CellCases, cells_of
from harness.policy import Policy
from harness.record import Record
from harness.sequential import Limits, conclusion
from harness.store import StoredRun
from reports.cells import NOTHING, Chip, one_line
from reports.charts.pairs import pairs_chart
from reports.findings.pair_series import describe_phase, pair_phases
from reports.labels import setting_label, varying

VERDICT_TONES = {
    GateVerdict.PASS: "good",
    GateVerdict.FAIL: "bad",
    GateVerdict.INCONCLUSIVE: "mixed",
    GateVerdict.INFRASTRUCTURE: "mixed",
}
# So many cases are shown without folding; of more, only what a reader must look at is open.
OPEN_CASES = 6
MOST_CHARTS = 24
_OF_THE_PAIRS = (GateVerdict.PASS, GateVerdict.INCONCLUSIVE)  # the others have more to say


@dataclass(frozen=True, kw_only=True)
class CellRow:
    """One metric of a case."""

    metric: str
    change: str
    interval: str
    noise_floor: str
    tolerance: str
    values: str
    pairs: str
    chip: Chip
    reason: str


@dataclass(frozen=True, kw_only=True)
class CaseCells:
    """The cells of one case, of which some may not have passed."""

    name: str
    has_problem: bool
    rows: tuple[CellRow, ...]


@dataclass(frozen=True, kw_only=True)
class CasePairs:
    """The pairs of one case: what the looks said, and an SVG element."""

    name: str
    chip: Chip
    looks: tuple[str, ...]
    chart: str


def chip_of(verdict: GateVerdict) -> Chip:
    """The verdict as a word and a colour."""
    return Chip(word=verdict.value, tone=VERDICT_TONES[verdict])


def cell_labels(cells: Sequence[CellCases]) -> dict[str, str]:
    """A short name for each cell: the models, and how they are run where that tells cells apart."""
    axes = varying([cell.baseline for cell in cells])
    differ = len({setting_label(cell.baseline, axes) for cell in cells}) > 1
    return {
        cell.name: f"{_pair(cell)}, {setting_label(cell.baseline, axes)}" if differ else _pair(cell)
        for cell in cells
    }


def group_cells(cells: Sequence[Cell]) -> tuple[tuple[CaseCells, ...], tuple[CaseCells, ...]]:
    """The table by case, in the plan's order: the cases to look at, and those to fold away.

    Of more than a few cases, those that passed without any difference are folded.
    """
    by_case: dict[str, list[Cell]] = {}
    for cell in cells:
        by_case.setdefault(cell.case, []).append(cell)
    open_: list[CaseCells] = []
    folded: list[CaseCells] = []
    for name, mine in by_case.items():
        group = CaseCells(
            name=words.clean(name),
            has_problem=any(cell.verdict is not GateVerdict.PASS for cell in mine),
            rows=tuple(map(_row, mine)),
        )
        show = len(by_case) <= OPEN_CASES or any(map(words.is_worth_showing, mine))
        (open_ if show else folded).append(group)
    return tuple(open_), tuple(folded)


def build_pairs(
    run: StoredRun, gate: GateResult, policy: Policy, prefix: str
) -> tuple[tuple[CasePairs, ...], tuple[CasePairs, ...], int]:
    """The charts of the cases to look at, those to fold away, and how many have none for there
    are too many."""
    latency = {cell.case: cell for cell in gate.cells if cell.metric is Metric.LATENCY}
    compared = [cell for cell in cells_of(run.info.plan) if cell.name in latency]
    order = [words.VERDICTS.index(latency[cell.name].verdict) for cell in compared]
    chosen = sorted(range(len(compared)), key=lambda index: order[index])[:MOST_CHARTS]
    records = records_by_cell(run)
    open_: list[CasePairs] = []
    folded: list[CasePairs] = []
    for index in sorted(chosen):
        cell = compared[index]
        limits = policy.limits_for(cell.name, Metric.LATENCY)
        if limits is None:
            continue
        mine, planned = records.get(cell.name, ()), run.info.plan.settings.rounds
        phases = pair_phases(cell, mine, limits, planned)
        chart = pairs_chart(cell.name, phases, f"{prefix}-chart-pairs-{index}")
        if chart is None:
            continue
        verdict = latency[cell.name].verdict
        shown = CasePairs(
            name=words.clean(cell.name),
            chip=chip_of(verdict),
            looks=tuple(map(describe_phase, phases)),
            chart=chart,
        )
        is_open = len(compared) <= OPEN_CASES or verdict is not GateVerdict.PASS
        (open_ if is_open else folded).append(shown)
    return tuple(open_), tuple(folded), len(compared) - len(chosen)


def limit_text(value: float | None) -> str:
    """A limit in percent, such as `5 %`; a dash without one."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:,.0f} %" if value >= 100 else f"{value:.3g} %"


def _pair(cell: CellCases) -> str:
    return one_line(cell.baseline.pair or cell.baseline.model_id, 60)


def _row(cell: Cell) -> CellRow:
    return CellRow(
        metric=cell.metric.value,
        change=_dash(words.change(cell)),
        interval=_interval(cell),
        noise_floor=limit_text(cell.noise_floor_percent),
        tolerance=limit_text(cell.tolerance_percent),
        values=_dash(words.values(cell).replace("->", "→")),
        pairs=_dash(words.pairs(cell)),
        chip=chip_of(cell.verdict),
        reason=_reason(cell),
    )


def _reason(cell: Cell) -> str:
    """The gate's own words, but without the percentage of a difference that is inside the noise or
    has no interval."""
    change, floor, tolerance = words.change(cell), cell.noise_floor_percent, cell.tolerance_percent
    hidden = change in (words.NOISE, words.NOTHING) and cell.verdict in _OF_THE_PAIRS
    if cell.metric not in MEASURED or not hidden or floor is None or tolerance is None:
        return words.reason(cell)
    limits = Limits(noise_floor_percent=floor, tolerance_percent=tolerance)
    return words.reason(replace(cell, reason=conclusion(cell.verdict, limits)))


def _interval(cell: Cell) -> str:
    if cell.metric not in MEASURED:
        return "exact"
    bounds = words.interval(cell)
    return "no interval" if bounds == words.NOTHING else bounds


def _dash(text: str) -> str:
    return NOTHING if text == words.NOTHING else text


def records_by_cell(run: StoredRun) -> dict[str, list[Record]]:
    """The records of both sides of each cell as they were stored, so that no cell must look
    through all of them."""
    cell_of = {case.id: cell.name for cell in cells_of(run.info.plan) for case in cell.cases}
    found: dict[str, list[Record]] = {}
    for record in run.records:
        if record.case in cell_of:
            found.setdefault(cell_of[record.case], []).append(record)
    return found
