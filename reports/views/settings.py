"""Delegates side by side, and quantizations, as strings to print: tables of cases and ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.checks import Verdict
from harness.summary import CaseResult, RunResult, Status
from reports.cells import NOTHING, Chip, Number, aligned, interval, one_line, verdict_chip
from reports.findings.axis_groups import Axis, AxisGroup, failure_text, group_by_axis
from reports.findings.ratios import RatioCell, common_ratio, ratio_cell
from reports.labels import case_anchor, model_label, setting_label
from reports.views.latency import MOST_ROWS

_NAMES = {Axis.DELEGATE: "delegates", Axis.QUANTIZATION: "quantizations"}
# Which column the others are compared with: the first of these that was planned.
_REFERENCES = {Axis.DELEGATE: ("xnnpack", "default"), Axis.QUANTIZATION: ("fp32",)}
_ROW_AXES = {
    Axis.DELEGATE: ("threads", "cpus"),
    Axis.QUANTIZATION: ("delegate", "threads", "cpus"),
}
_Place = tuple[int, CaseResult]  # a case and its place in the plan


@dataclass(frozen=True, kw_only=True)
class SettingCell:
    """A case in its column. Without a latency, `problem` says why.

    `anchor` is its evidence in the page, empty for a case that was not planned; `chips` say what
    is wrong with it. `ratio` is None in the column that the others are compared with.
    """

    anchor: str
    latency: Number
    interval: str
    problem: str
    ratio: RatioCell | None
    chips: tuple[Chip, ...]


@dataclass(frozen=True, kw_only=True)
class SettingRow:
    """What the cells have in common, and a cell for each column."""

    model: str
    setting: str
    cells: tuple[SettingCell, ...]

    @property
    def has_problem(self) -> bool:
        """Whether a case of it has no latency, or something is wrong with it."""
        return any(cell.anchor and (cell.problem or cell.chips) for cell in self.cells)


@dataclass(frozen=True, kw_only=True)
class SettingTable:
    """A table of one axis; `name` is that of its section in the page's addresses.

    The first column is the one that the others are compared with. `summary` is the line behind
    which a long table is folded, empty for a short one; `left_out` tells of cases that have
    nothing beside them.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[SettingRow, ...]
    summary: str
    left_out: str


def build_settings(result: RunResult, prefix: str) -> tuple[SettingTable, ...]:
    """The tables of the axes that the run varies with all else equal."""
    tables = (_table(result, axis, prefix) for axis in (Axis.DELEGATE, Axis.QUANTIZATION))
    return tuple(table for table in tables if table is not None)


def _table(result: RunResult, axis: Axis, prefix: str) -> SettingTable | None:
    groups = group_by_axis(result.cases, axis)
    if not groups:
        return None
    names = _columns(groups, axis)
    rows = [
        {getattr(case.case, axis): (index, case) for index, case in group.cases} for group in groups
    ]
    columns = [_column(name, rows, prefix, names[0]) for name in names]
    alone = len(result.cases) - sum(len(group.cases) for group in groups)
    return SettingTable(
        name=_NAMES[axis],
        title=f"{_NAMES[axis].capitalize()} side by side",
        columns=tuple(one_line(name, 60) for name in names),
        rows=tuple(
            SettingRow(
                model=model_label(group.common),
                setting=setting_label(group.common, _ROW_AXES[axis]),
                cells=cells,
            )
            for group, cells in zip(groups, zip(*columns, strict=True), strict=True)
        ),
        summary=f"Table of {len(groups)} rows" if len(groups) > MOST_ROWS else "",
        left_out=_left_out(alone),
    )


def _columns(groups: Sequence[AxisGroup], axis: Axis) -> list[str]:
    """The values of the axis in the plan's order, the reference first."""
    planned = sorted(pair for group in groups for pair in _values(group, axis))
    names = list(dict.fromkeys(name for _, name in planned))
    reference = next((name for name in _REFERENCES[axis] if name in names), names[0])
    return [reference, *(name for name in names if name != reference)]


def _values(group: AxisGroup, axis: Axis) -> list[tuple[int, str]]:
    return [(index, getattr(case.case, axis)) for index, case in group.cases]


def _column(
    name: str, rows: Sequence[Mapping[str, _Place]], prefix: str, reference: str
) -> list[SettingCell]:
    found = [row.get(name) for row in rows]
    numbers = aligned([_latency(place) for place in found])
    cells: list[SettingCell] = []
    for row, place, shown in zip(rows, found, numbers, strict=True):
        ratio = None if name == reference else _ratio(place, row.get(reference), reference)
        if place is None:
            cells.append(_empty_cell(ratio))
        else:
            cells.append(_cell(place, shown, ratio, prefix))
    return cells


def _cell(place: _Place, shown: Number, ratio: RatioCell | None, prefix: str) -> SettingCell:
    index, case = place
    return SettingCell(
        anchor=case_anchor(prefix, index),
        latency=shown,
        interval=interval(case.latency_ms) if case.latency_ms else "",
        problem="" if case.latency_ms else failure_text(case),
        ratio=ratio,
        chips=_chips(case),
    )


def _empty_cell(ratio: RatioCell | None) -> SettingCell:
    return SettingCell(
        anchor="",
        latency=Number(text=NOTHING),
        interval="",
        problem="not in the plan",
        ratio=ratio,
        chips=(),
    )


def _ratio(place: _Place | None, reference: _Place | None, name: str) -> RatioCell:
    if _latency(place) is None:
        return RatioCell(value=NOTHING, note="")
    if place is None or reference is None or _latency(reference) is None:
        return RatioCell(value=NOTHING, note=f"no latency on {one_line(name, 40)}")
    return ratio_cell(common_ratio(place[1], reference[1]))


def _latency(place: _Place | None) -> float | None:
    return place[1].latency_ms.value if place and place[1].latency_ms else None


def _chips(case: CaseResult) -> tuple[Chip, ...]:
    """What a reader must know before comparing: rounds that failed, and what is not proven."""
    if case.latency_ms is None:
        return ()
    chips = [Chip(word="partial", tone="mixed")] if case.status is Status.PARTIAL else []
    if case.evidence is not None and case.evidence.verdict is not Verdict.PROVEN:
        chips.append(verdict_chip(case.evidence.verdict))
    return tuple(chips)


def _left_out(alone: int) -> str:
    if not alone:
        return ""
    if alone == 1:
        return "1 case has nothing to stand beside; the table of cases has it."
    return f"{alone} cases have nothing to stand beside; the table of cases has them."
