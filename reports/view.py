"""The page of stored runs as strings ready to print; templates compute nothing."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass

from harness.claims import Judgement
from harness.record import RunInfo
from harness.summary import RunResult
from reports.cells import one_line
from reports.charts import latency_chart, size_chart
from reports.document import run_document
from reports.page import RunPage
from reports.table import render_csv
from reports.view_cases import CaseRow, build_case_rows
from reports.view_claims import HeadlineCard, Ledger, build_cards, build_ledger
from reports.view_environment import Fact, FactGroup, ModelRow, build_environment, build_models
from reports.view_evidence import CaseEvidence, build_evidence
from reports.view_failures import FailureRow, WarningRow, build_failures, build_warnings
from reports.view_notices import Notice, build_notices
from reports.view_operators import CaseOperators, build_operators
from reports.view_preflight import PreflightRow, build_preflight
from reports.view_sustained import CaseSeries, build_series


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file inside the page: a `data:` address, and the name that it is saved under."""

    text: str
    name: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """An SVG element, which is no foreign text, and what it shows."""

    title: str
    caption: str
    svg: str


@dataclass(frozen=True, kw_only=True)
class RunView:
    """One run. `prefix` begins all its anchors."""

    prefix: str
    title: str
    subtitle: str
    notices: tuple[Notice, ...]
    cards: tuple[HeadlineCard, ...]
    cases: tuple[CaseRow, ...]
    failures: tuple[FailureRow, ...]
    warnings: tuple[WarningRow, ...]
    charts: tuple[Chart, ...]
    operators: tuple[CaseOperators, ...]
    series: tuple[CaseSeries, ...]
    ledger: Ledger
    evidence: tuple[CaseEvidence, ...]
    environment: tuple[FactGroup, ...]
    preflight: tuple[PreflightRow, ...]
    models: tuple[ModelRow, ...]
    downloads: tuple[Download, ...]


@dataclass(frozen=True, kw_only=True)
class ReportView:
    """The page: one run, or several one after the other with a list of them at the top."""

    title: str
    contents: tuple[Fact, ...]
    runs: tuple[RunView, ...]


def build_view(pages: Sequence[RunPage]) -> ReportView:
    """All that the page shows."""
    runs = tuple(_run(page, f"run-{position}") for position, page in enumerate(pages, start=1))
    if len(runs) == 1:
        return ReportView(title=runs[0].title, contents=(), runs=runs)
    contents = tuple(Fact(name=run.prefix, value=f"{run.title}: {run.subtitle}") for run in runs)
    return ReportView(title=f"{len(runs)} runs", contents=contents, runs=runs)


def _run(page: RunPage, prefix: str) -> RunView:
    result, judgements, info = page.result, page.judgements, page.result.run.info
    return RunView(
        prefix=prefix,
        title=f"{_device_name(info)}, {_date(info)[:10]}",
        subtitle=_subtitle(info),
        notices=build_notices(result),
        cards=build_cards(result, judgements),
        cases=build_case_rows(result, prefix),
        failures=build_failures(result),
        warnings=build_warnings(result),
        charts=_charts(result, prefix),
        operators=build_operators(result, prefix),
        series=build_series(result, prefix),
        ledger=build_ledger(judgements),
        evidence=build_evidence(result, prefix),
        environment=build_environment(result),
        preflight=build_preflight(info),
        models=build_models(info),
        downloads=_downloads(result, judgements, prefix),
    )


def _subtitle(info: RunInfo) -> str:
    count, rounds = len(info.plan.cases), info.plan.settings.rounds
    cases = "1 case" if count == 1 else f"{count} cases"
    times = "1 round" if rounds == 1 else f"at most {rounds} rounds"
    kind = "a host, not a phone" if info.device.kind == "host" else info.device.kind
    return f"{kind} · plan {one_line(info.plan.title, 80)} · {cases}, {times} · {_date(info)}"


def _charts(result: RunResult, prefix: str) -> tuple[Chart, ...]:
    drawn = (
        (
            "Latency of each case",
            "Diamond: estimate, hollow where there is no interval. Bar: its 95 % interval. "
            "Dots: the invocations.",
            latency_chart(result, f"{prefix}-latency"),
        ),
        (
            "Latency against model size",
            "One point per case, with its 95 % interval where there is one.",
            size_chart(result, f"{prefix}-size"),
        ),
    )
    return tuple(
        Chart(title=title, caption=caption, svg=svg)
        for title, caption, svg in drawn
        if svg is not None
    )


def _downloads(
    result: RunResult, judgements: Sequence[Judgement], prefix: str
) -> tuple[Download, ...]:
    document = json.dumps(run_document(result, judgements), indent=1)
    return (
        Download(
            text="Results, evidence and claims as JSON",
            name=f"mbert-bench-{prefix}.json",
            href=_data_address("application/json", document),
        ),
        Download(
            text="Cases as CSV",
            name=f"mbert-bench-{prefix}.csv",
            href=_data_address("text/csv", render_csv(result)),
        ),
    )


def _data_address(media_type: str, text: str) -> str:
    content = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    return f"data:{media_type};base64,{content}"


def _device_name(info: RunInfo) -> str:
    return one_line(info.device.model or info.device.name, 80)


def _date(info: RunInfo) -> str:
    try:
        moment = datetime.datetime.fromisoformat(info.created_at).astimezone(datetime.UTC)
    except ValueError:
        return one_line(info.created_at, 40)
    return moment.strftime("%Y-%m-%d %H:%M UTC")
