"""The sustained series of a run as strings to print: a sentence and a chart per case."""

from __future__ import annotations

from dataclasses import dataclass

from harness.summary import RunResult
from reports.charts.sustained import sustained_chart
from reports.findings.sentences import describe_sustained
from reports.labels import case_label


@dataclass(frozen=True, kw_only=True)
class CaseSeries:
    """The series of a case. `chart` is an SVG element, empty where a series is too short."""

    title: str
    sentence: str
    chart: str


def build_series(result: RunResult, prefix: str) -> tuple[CaseSeries, ...]:
    """The cases that have a sustained series, in the plan's order."""
    return tuple(
        CaseSeries(
            title=case_label(case.case),
            sentence=describe_sustained(case.sustained),
            chart=sustained_chart(case, f"{prefix}-sustained-{index}") or "",
        )
        for index, case in enumerate(result.cases)
        if case.sustained is not None
    )
