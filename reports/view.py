"""The page of stored runs as strings ready to print; templates compute nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.record import RunInfo
from harness.summary import RunResult
from reports.cells import one_line
from reports.page import RunPage
from reports.run_names import device_name, run_date
from reports.views.aligned import AlignedView, build_aligned
from reports.views.cases import CaseRow, build_case_rows
from reports.views.claims import HeadlineCard, Ledger, build_cards, build_ledger
from reports.views.comparison import ComparisonView, build_comparison_view
from reports.views.downloads import Download, build_downloads
from reports.views.environment import Fact, FactGroup, ModelRow, build_environment, build_models
from reports.views.evidence import CaseEvidence, build_evidence
from reports.views.failures import FailureRow, WarningRow, build_failures, build_warnings
from reports.views.hardware import HardwareView, build_hardware
from reports.views.latency import Chart, build_charts
from reports.views.notices import Notice, build_notices
from reports.views.operators import CaseOperators, build_operators
from reports.views.preflight import PreflightRow, build_preflight
from reports.views.scaling import Scaling, build_scaling
from reports.views.session import SessionView, build_session
from reports.views.settings import SettingTable, build_settings
from reports.views.sustained import CaseSeries, build_series


@dataclass(frozen=True, kw_only=True)
class RunView:
    """One run. `prefix` begins all its anchors. A comparison says nothing of claims: it is shown
    in the place of their cards and their ledger."""

    prefix: str
    title: str
    subtitle: str
    notices: tuple[Notice, ...]
    cards: tuple[HeadlineCard, ...]
    cases: tuple[CaseRow, ...]
    failures: tuple[FailureRow, ...]
    warnings: tuple[WarningRow, ...]
    charts: tuple[Chart, ...]
    scaling: tuple[Scaling, ...]
    settings: tuple[SettingTable, ...]
    operators: tuple[CaseOperators, ...]
    series: tuple[CaseSeries, ...]
    ledger: Ledger
    evidence: tuple[CaseEvidence, ...]
    environment: tuple[FactGroup, ...]
    preflight: tuple[PreflightRow, ...]
    models: tuple[ModelRow, ...]
    downloads: tuple[Download, ...]
    session: SessionView | None
    hardware: HardwareView | None
    comparison: ComparisonView | None = None


@dataclass(frozen=True, kw_only=True)
class ReportView:
    """The page: one run, or several one after the other, with a list of them at the top and
    what they say beside each other."""

    title: str
    contents: tuple[Fact, ...]
    runs: tuple[RunView, ...]
    aligned: AlignedView | None = None


def build_view(pages: Sequence[RunPage]) -> ReportView:
    """All that the page shows."""
    runs = tuple(_run(page, f"run-{position}") for position, page in enumerate(pages, start=1))
    if len(runs) == 1:
        return ReportView(title=runs[0].title, contents=(), runs=runs)
    contents = tuple(Fact(name=run.prefix, value=f"{run.title}: {run.subtitle}") for run in runs)
    all_compare = all(run.comparison is not None for run in runs)
    aligned = None if all_compare else build_aligned(pages)
    return ReportView(title=f"{len(runs)} runs", contents=contents, runs=runs, aligned=aligned)


def _run(page: RunPage, prefix: str) -> RunView:
    result, judgements, info = page.result, page.judgements, page.result.run.info
    comparison, device = build_comparison_view(page, prefix), device_name(info.device)
    claimed = () if comparison else judgements
    return RunView(
        prefix=prefix,
        title=comparison.title if comparison else f"{device}, {run_date(info)[:10]}",
        subtitle=f"{device} · {_subtitle(info)}" if comparison else _subtitle(info),
        notices=build_notices(result),
        cards=build_cards(result, claimed),
        cases=build_case_rows(result, prefix),
        failures=build_failures(result),
        warnings=build_warnings(result),
        charts=_charts(result, prefix, is_comparison=comparison is not None),
        scaling=build_scaling(result, prefix),
        settings=build_settings(result, prefix),
        operators=build_operators(result, prefix),
        series=build_series(result, prefix),
        ledger=build_ledger(claimed),
        evidence=build_evidence(result, prefix),
        environment=build_environment(result),
        preflight=build_preflight(info),
        models=build_models(info),
        downloads=build_downloads(page, prefix),
        session=build_session(result, prefix),
        hardware=build_hardware(result, prefix),
        comparison=comparison,
    )


def _subtitle(info: RunInfo) -> str:
    count, rounds = len(info.plan.cases), info.plan.settings.rounds
    cases = "1 case" if count == 1 else f"{count} cases"
    times = "1 round" if rounds == 1 else f"at most {rounds} rounds"
    kind = "a host, not a phone" if info.device.kind == "host" else info.device.kind
    return f"{kind} · plan {one_line(info.plan.title, 80)} · {cases}, {times} · {run_date(info)}"


def _charts(result: RunResult, prefix: str, *, is_comparison: bool) -> tuple[Chart, ...]:
    """Two builds of a model and a control have sizes that say nothing beside each other."""
    charts = build_charts(result, prefix)
    return tuple(chart for chart in charts if not is_comparison or chart.name != "size")
