"""The evidence of each case as strings to print: checks with their raw text, and what to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.checks import Check, Verdict
from harness.record import Record
from harness.summary import CaseResult, RunResult
from reports.cells import Chip, number, one_line, verdict_chip
from reports.labels import case_anchor
from reports.raw_texts import Place, RawTexts, find_limit
from reports.reproduce import case_command, other_settings, tool_command
from reports.views.environment import Fact
from reports.views.measuring import build_measuring

# The flags of an invocation stand there too, one to a line.
_COMMAND = Place(words="the flags of the command below")


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """One check of the evidence. `raw` is what a device or a tool said, empty without any; `open`
    says whether a reader should see it at once. A text that stands in the page already is there
    as its `place` only."""

    name: str
    requested: str
    observed: str
    chip: Chip
    raw: str = ""
    open: bool = False
    place: Place | None = None


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
    checks = [check for case in result.cases if case.evidence for check in case.evidence.checks]
    texts = RawTexts(limit=find_limit(check.raw for check in checks))
    return tuple(
        _case_evidence(case, result, case_anchor(prefix, index), texts)
        for index, case in enumerate(result.cases)
    )


def _case_evidence(
    case: CaseResult, result: RunResult, anchor: str, texts: RawTexts
) -> CaseEvidence:
    info, records = result.run.info, result.run.of_case(case.case)
    shown = next((record for record in records if record.valid), records[0] if records else None)
    command = (tool_command(shown, info) or "") if shown else ""
    evidence, name = case.evidence, one_line(case.case.id)
    if shown is not None and command:
        texts.add(" ".join(shown.flags), _COMMAND)
    return CaseEvidence(
        anchor=anchor,
        id=name,
        chip=verdict_chip(evidence.verdict if evidence else None),
        checks=tuple(_check(check, texts, name, anchor) for check in evidence.checks)
        if evidence
        else (),
        measuring=build_measuring(case, result.run),
        sample=one_line(", ".join(number(value) for value in case.sample_ms.values()), 2000),
        state=_state(records),
        command=case_command(case.case, info),
        settings=", ".join(other_settings(info.plan.settings)),
        tool_command=command,
        logs=_logs(shown),
    )


def _check(check: Check, texts: RawTexts, case: str, anchor: str) -> CheckRow:
    name, is_open = one_line(check.name, 60), check.verdict is Verdict.CONTRADICTED
    place = None
    if not is_open:  # what contradicts stands where it is looked for
        place = texts.place_of(check.raw, check=name, case=case, anchor=anchor)
    return CheckRow(
        name=name,
        requested=one_line(check.requested),
        observed=one_line(check.observed),
        chip=verdict_chip(check.verdict),
        raw="" if place else texts.cut(check.raw),
        open=is_open and bool(check.raw),
        place=place,
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
