"""Results as plain lines for a terminal, within 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from harness.claim_conditions import Condition
from harness.claims import Judgement, Verdict
from harness.summary import CaseResult, RunResult, Status
from reports.cells import interval, number, one_line

_WIDTH = 100


def render_cases(result: RunResult) -> str:
    """The case table: latency with its interval, size, and what is proven."""
    rows: list[tuple[str, ...]] = [("case", "latency", "95 % interval", "n", "size", "evidence")]
    rows += [_case_row(case) for case in result.cases]
    lines = _align(rows)
    for case in result.cases:
        if case.failure is not None:
            lines += _failure(case)
    return "\n".join(lines)


def render_headlines(judgements: Sequence[Judgement]) -> str:
    """The three headline claims with verdict and the conditions that differ."""
    chosen = [judgement for judgement in judgements if judgement.claim.headline]
    return "\n".join(line for judgement in chosen for line in _claim_lines(judgement))


def render_ledger(judgements: Sequence[Judgement]) -> str:
    """Every claim that can be measured, one line each, and a count of the verdicts."""
    rows: list[tuple[str, ...]] = [("claim", "published", "measured", "verdict")]
    rows += [
        (
            judgement.claim.id,
            f"{judgement.claim.published:g} {judgement.claim.unit}",
            _measured(judgement),
            judgement.verdict.value,
        )
        for judgement in judgements
        if judgement.claim.measurable
    ]
    counts = ", ".join(
        f"{sum(j.verdict == verdict for j in judgements)} {verdict}" for verdict in Verdict
    )
    return "\n".join([*_align(rows), "", f"{len(judgements)} claims: {counts}"])


def _case_row(case: CaseResult) -> tuple[str, ...]:
    name = one_line(case.case.id)
    size = f"{case.model.size_bytes / 1e6:.1f} MB" if case.model else "-"
    evidence = case.evidence.verdict.value if case.evidence else "-"
    if case.latency_ms is None:
        return (name, "failed", "-", "0", size, evidence)
    if case.status == Status.PARTIAL:
        name += " (partial)"
    latency = case.latency_ms
    bounds = "-" if latency.low is None else f"{interval(latency)} ms"
    return (name, f"{number(latency.value)} ms", bounds, str(latency.n), size, evidence)


def _failure(case: CaseResult) -> list[str]:
    assert case.failure is not None
    message = one_line(case.failure.message, 1000)
    return ["", f"{one_line(case.case.id)}: {case.failure.kind}", *_wrap(message, "  ")]


def _claim_lines(judgement: Judgement) -> list[str]:
    claim = judgement.claim
    found = "" if judgement.measured is None else f", {_how(judgement)} {_measured(judgement)}"
    lines = [
        claim.statement,
        f"  published {claim.published:g} {claim.unit}{found}: {judgement.verdict.value.upper()}",
    ]
    differing = [_describe(row) for row in judgement.conditions if row.differs]
    if differing:
        lines += _wrap(f"other conditions: {'; '.join(differing)}", "  ")
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
    measured, unit = judgement.measured, judgement.claim.unit.value
    if measured is None:
        return "-"
    value = f"{number(measured.value)} {unit}"
    return value if measured.low is None else f"{value} ({interval(measured)} {unit})"


def _align(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell: text to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    widths[0] = min(widths[0], _WIDTH - sum(widths[1:]) - 2 * (len(widths) - 1))
    lines = []
    for row in rows:
        first = _shorten(row[0], widths[0]).ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([first, *rest]).rstrip())
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _shorten(text: str, width: int) -> str:
    """Leaves out the middle: names of cases differ at both ends."""
    if len(text) <= width:
        return text
    tail = width // 2
    return f"{text[: width - tail - 1]}…{text[-tail:]}"


def _wrap(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)
