"""Operator times as strings to print: a table per case, and a chart of the first cases."""

from __future__ import annotations

from dataclasses import dataclass

from harness.summary import CaseResult, RunResult
from reports.cells import one_line
from reports.charts.operators import operators_chart
from reports.findings.operators import OperatorGroup, group_operators, share_text, time_text
from reports.labels import case_label

_MOST_CHARTS = 6


@dataclass(frozen=True, kw_only=True)
class OperatorRow:
    """One operator type, or what is left of them."""

    operator: str
    nodes: str
    average: str
    share: str


@dataclass(frozen=True, kw_only=True)
class OperatorTable:
    """The operator types of one graph."""

    graph: str
    rows: tuple[OperatorRow, ...]


@dataclass(frozen=True, kw_only=True)
class CaseOperators:
    """The operators of a case. `chart` is an SVG element, empty where there would be too many."""

    title: str
    tables: tuple[OperatorTable, ...]
    chart: str


def build_operators(result: RunResult, prefix: str) -> tuple[CaseOperators, ...]:
    """The cases that have operator times, in the plan's order."""
    profiled = [case for case in result.cases if case.operators]
    return tuple(
        CaseOperators(
            title=case_label(case.case),
            tables=tuple(_table(group) for group in group_operators(case.operators)),
            chart=_chart(case, f"{prefix}-operators-{position}") if position < _MOST_CHARTS else "",
        )
        for position, case in enumerate(profiled)
    )


def _table(group: OperatorGroup) -> OperatorTable:
    rows = tuple(
        OperatorRow(
            operator=one_line(line.operator, 120),
            nodes=f"{line.nodes:,}",
            average=time_text(line),
            share=share_text(line),
        )
        for line in group.lines
    )
    return OperatorTable(graph=one_line(group.graph, 60), rows=rows)


def _chart(case: CaseResult, identifier: str) -> str:
    return operators_chart(case, identifier) or ""
