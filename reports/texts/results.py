"""Results as plain lines for a terminal, within 100 columns."""

from __future__ import annotations

from collections.abc import Sequence

from harness.claim_conditions import Condition
from harness.claims import Judgement, Verdict
from harness.statistics import Estimate
from harness.summary import CaseResult, RunResult
from reports.cells import interval, number, one_line
from reports.texts.cases import case_lines, speed_lines
from reports.texts.layout import align, join, underline, wrap
from reports.texts.notes import (
    contradiction_lines,
    operator_lines,
    sustained_lines,
    warning_lines,
)

_OTHERS_SHOWN = 4


def render_cases(result: RunResult) -> str:
    """The case table: latency with its interval, size, and what is proven. Below it stands what a
    reader must know of the cases, and what was asked for beside their latency."""
    lines = [*case_lines(result), *contradiction_lines(result)]
    for case in result.cases:
        if case.failure is not None:
            lines += _failure(case)
    blocks = (speed_lines, warning_lines, operator_lines, sustained_lines)
    return join([*lines, *(line for block in blocks for line in block(result))])


def render_headlines(judgements: Sequence[Judgement]) -> str:
    """The three headline claims with verdict and the conditions that differ."""
    chosen = [judgement for judgement in judgements if judgement.claim.headline]
    return join([line for judgement in chosen for line in _claim_lines(judgement)])


def render_ledger(judgements: Sequence[Judgement]) -> str:
    """Every claim that can be measured, one line each, and a count of the verdicts."""
    rows: list[tuple[str, ...]] = [("claim", "published", "measured", "verdict")]
    for judgement in judgements:
        claim = judgement.claim
        if claim.measurable:
            published = f"{claim.published:g} {claim.unit}"
            rows.append((claim.id, published, _measured(judgement), judgement.verdict.value))
            rows += _settings(judgement)
    counts = ", ".join(
        f"{sum(j.verdict == verdict for j in judgements)} {verdict}" for verdict in Verdict
    )
    return join([*underline(align(rows)), "", f"{len(judgements)} claims: {counts}"])


def _settings(judgement: Judgement) -> list[tuple[str, ...]]:
    """A line for each setting that it was measured in, where there are several."""
    if not judgement.others:
        return []
    unit = judgement.claim.unit
    lines: list[tuple[str, ...]] = [(f"  judged on {one_line(judgement.setting)}", "", "", "")]
    lines += [
        (f"  on {one_line(other.setting)}", "", _with_interval(other.measured, unit), "")
        for other in judgement.others[:_OTHERS_SHOWN]
    ]
    rest = len(judgement.others) - _OTHERS_SHOWN
    if rest > 0:
        lines.append((f"  and {rest} other {'setting' if rest == 1 else 'settings'}", "", "", ""))
    return lines


def _failure(case: CaseResult) -> list[str]:
    assert case.failure is not None
    message = one_line(case.failure.message, 1000)
    head = one_line(f"{case.case.id}: {case.failure.kind}")
    return ["", *wrap(head, ""), *wrap(message, "  ")]


def _claim_lines(judgement: Judgement) -> list[str]:
    claim = judgement.claim
    found = "" if judgement.measured is None else f", {_how(judgement)} {_measured(judgement)}"
    lines = [
        claim.statement,
        f"  published {claim.published:g} {claim.unit}{found}: {judgement.verdict.value.upper()}",
    ]
    differing = [_describe(row) for row in judgement.conditions if row.differs]
    if differing:
        lines += wrap(f"other conditions: {'; '.join(differing)}", "  ")
    lines += [
        f"  {row.name}: {row.measured}"
        for row in judgement.conditions
        if row.name == "model of this run"
    ]
    return lines


def _how(judgement: Judgement) -> str:
    exact = judgement.measured is not None and judgement.measured.low is None
    counted = exact and not judgement.claim.kind.startswith("latency")
    return "counted" if counted else "measured"


def _describe(row: Condition) -> str:
    return one_line(f"{row.name} {row.published} -> {row.measured}")


def _measured(judgement: Judgement) -> str:
    if judgement.measured is None:
        return "-"
    return _with_interval(judgement.measured, judgement.claim.unit)


def _with_interval(measured: Estimate, unit: str) -> str:
    value = f"{number(measured.value)} {unit}"
    return value if measured.low is None else f"{value} ({interval(measured)} {unit})"
