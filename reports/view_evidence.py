"""The evidence of each case as strings to print: checks with their raw text, and what to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.checks import Check, Verdict
from harness.record import Record
from harness.summary import CaseResult, RunResult
from reports.cells import Chip, many_lines, number, one_line, verdict_chip
from reports.labels import case_anchor
from reports.reproduce import case_command, other_settings, tool_command
from reports.view_environment import Fact
from reports.view_measuring import build_measuring

# The whole text is in the JSON document.
RAW_LIMIT = 1500


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """One check of the evidence. `raw` is what a device or a tool said, empty without any; `open`
    says whether a reader should see it at once."""

    name: str
    requested: str
    observed: str
    chip: Chip
    raw: str = ""
    open: bool = False


@dataclass(frozen=True, kw_only=True)
class CaseEvidence:
    """What shows that a case is what it is called, and how to do it again."""

    anchor: str
    id: str
    chip: Chip
    checks: tuple[CheckRow, ...]
    measuring: tuple[Fact, ...]
    sample: str
    state: str
    command: tuple[str, ...]
    settings: str
    tool_command: str
    logs: str


def build_evidence(result: RunResult, prefix: str) -> tuple[CaseEvidence, ...]:
    """The evidence of each case, in the plan's order."""
    return tuple(
        _case_evidence(case, result, case_anchor(prefix, index))
        for index, case in enumerate(result.cases)
    )


def _case_evidence(case: CaseResult, result: RunResult, anchor: str) -> CaseEvidence:
    info, records = result.run.info, result.run.of_case(case.case)
    shown = next((record for record in records if record.valid), records[0] if records else None)
    evidence = case.evidence
    return CaseEvidence(
        anchor=anchor,
        id=one_line(case.case.id),
        chip=verdict_chip(evidence.verdict if evidence else None),
        checks=tuple(map(_check, evidence.checks)) if evidence else (),
        measuring=build_measuring(case, result.run),
        sample=one_line(", ".join(number(value) for value in case.sample_ms.values()), 2000),
        state=_state(records),
        command=case_command(case.case, info),
        settings=", ".join(other_settings(info.plan.settings)),
        tool_command=(tool_command(shown, info) or "") if shown else "",
        logs=_logs(shown),
    )


def _check(check: Check) -> CheckRow:
    return CheckRow(
        name=one_line(check.name, 60),
        requested=one_line(check.requested),
        observed=one_line(check.observed),
        chip=verdict_chip(check.verdict),
        raw=many_lines(check.raw, RAW_LIMIT),
        open=check.verdict is Verdict.CONTRADICTED and bool(check.raw),
    )


def _state(records: Sequence[Record]) -> str:
    """The ranges of what the device said of itself before and after the invocations."""
    seen = [o for r in records for o in (r.before, r.after) if o is not None]
    fields = {
        "load": [o.load_1min for o in seen],
        "clock in MHz": [o.cpu_mhz for o in seen],
        "temperature in °C": [o.temperature_c for o in seen],
    }
    known = {name: [v for v in values if v is not None] for name, values in fields.items()}
    return "; ".join(
        f"{name} {number(min(values))} to {number(max(values))}"
        for name, values in known.items()
        if values
    )


def _logs(record: Record | None) -> str:
    if record is None or record.stdout is None:
        return ""
    return f"logs/{one_line(record.stdout)}"
