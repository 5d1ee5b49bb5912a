"""The cases of a run as strings to print: table, failures, warnings, and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.checks import Verdict
from harness.evidence import Evidence
from harness.record import Record
from harness.summary import CaseResult, RunResult, Status
from reports.cells import NOTHING, Chip, Number, aligned, interval, many_lines, number, one_line
from reports.labels import model_label, setting_label
from reports.reproduce import case_command, other_settings, tool_command

_STATUS_TONES = {Status.OK: "none", Status.FAILED: "bad", Status.PARTIAL: "mixed"}
_VERDICT_TONES = {Verdict.PROVEN: "good", Verdict.UNPROVEN: "mixed", Verdict.CONTRADICTED: "bad"}
_FAILURES_OF_A_CASE = 5
_CASES_NAMED = 6
_NO_CHIP = Chip(word=NOTHING, tone="none")


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """One case in the table. `anchor` is the place of its evidence in the page."""

    anchor: str
    model: str
    setting: str
    status: Chip
    problem: str
    latency: Number
    interval: str
    count: str
    init: Number
    first: Number
    memory: Number
    size: Number
    parameters: Number
    macs: Number
    evidence: Chip


@dataclass(frozen=True, kw_only=True)
class FailureRow:
    """One way in which invocations failed, and the cases that it hit."""

    kind: str
    message: str
    cases: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WarningRow:
    """A warning, and the cases that it is about."""

    text: str
    cases: str


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """One check of the evidence."""

    name: str
    requested: str
    observed: str
    chip: Chip


@dataclass(frozen=True, kw_only=True)
class CaseEvidence:
    """What shows that a case is what it is called, and how to do it again."""

    anchor: str
    id: str
    chip: Chip
    checks: tuple[CheckRow, ...]
    sample: str
    state: str
    command: tuple[str, ...]
    settings: str
    tool_command: str
    logs: str


def build_case_rows(result: RunResult, prefix: str) -> tuple[CaseRow, ...]:
    """The table, in the plan's order."""
    cases = result.cases
    models = [case.model for case in cases]
    columns = zip(
        cases,
        aligned([case.latency_ms.value if case.latency_ms else None for case in cases]),
        aligned([case.init_ms for case in cases]),
        aligned([case.first_ms for case in cases]),
        aligned([case.peak_memory_mb for case in cases]),
        aligned([model.size_bytes / 1e6 if model else None for model in models]),
        aligned([model.parameters / 1e6 if model else None for model in models]),
        aligned([model.macs / 1e9 if model else None for model in models]),
        strict=True,
    )
    return tuple(
        CaseRow(
            anchor=_anchor(prefix, index),
            model=model_label(case.case),
            setting=setting_label(case.case),
            status=Chip(word=case.status.value, tone=_STATUS_TONES[case.status]),
            problem=one_line(f"{case.failure.kind}: {case.failure.message}", 160)
            if case.failure
            else "",
            latency=latency,
            interval=interval(case.latency_ms) if case.latency_ms else NOTHING,
            count=f"{len(case.sample_ms)}",
            init=init,
            first=first,
            memory=memory,
            size=size,
            parameters=parameters,
            macs=macs,
            evidence=_evidence_chip(case.evidence),
        )
        for index, (case, latency, init, first, memory, size, parameters, macs) in enumerate(
            columns
        )
    )


def build_failures(result: RunResult) -> tuple[FailureRow, ...]:
    """Every way in which invocations failed, also that a case has none."""
    hit: dict[tuple[str, str], list[str]] = {}
    for case in result.cases:
        for cause, times in _failures(case, result):
            hit.setdefault(cause, []).append(f"{_name(case)}: {times}")
    return tuple(
        FailureRow(kind=one_line(kind, 60), message=many_lines(message), cases=_some(cases))
        for (kind, message), cases in hit.items()
    )


def build_warnings(result: RunResult) -> tuple[WarningRow, ...]:
    """Each warning once."""
    about: dict[str, list[CaseResult]] = {}
    for case in result.cases:
        for warning in case.warnings:
            about.setdefault(warning, []).append(case)
    return tuple(
        WarningRow(text=one_line(text), cases=_name_cases(cases, len(result.cases)))
        for text, cases in about.items()
    )


def build_evidence(result: RunResult, prefix: str) -> tuple[CaseEvidence, ...]:
    """The evidence of each case, in the plan's order."""
    return tuple(
        _case_evidence(case, result, _anchor(prefix, index))
        for index, case in enumerate(result.cases)
    )


def _failures(case: CaseResult, result: RunResult) -> list[tuple[tuple[str, str], str]]:
    """The case's failures as kind and message, with the invocations that they ended."""
    rounds: dict[tuple[str, str], list[int]] = {}
    records = result.run.of_case(case.case)
    for record in records:
        if record.failure is not None:
            cause = (record.failure.kind, record.failure.message)
            rounds.setdefault(cause, []).append(record.round)
    if not rounds and case.failure is not None:
        return [((case.failure.kind, case.failure.message), "no invocation")]
    shown = list(rounds.items())[:_FAILURES_OF_A_CASE]
    found = [(cause, _times(where, len(records))) for cause, where in shown]
    if len(rounds) > len(shown):
        cause = ("more", f"{len(rounds) - len(shown)} other messages are in records.jsonl.")
        found.append((cause, "other invocations"))
    return found


def _times(rounds: Sequence[int], invocations: int) -> str:
    names = one_line(", ".join(str(round_ + 1) for round_ in rounds), 80)
    word = "round" if len(rounds) == 1 else "rounds"
    return f"{len(rounds)} of {invocations} invocations ({word} {names})"


def _name_cases(cases: Sequence[CaseResult], total: int) -> str:
    if len(cases) == total:
        return "the only case" if total == 1 else f"all {total} cases"
    return "; ".join(_some([_name(case) for case in cases]))


def _some(names: Sequence[str]) -> tuple[str, ...]:
    rest = len(names) - _CASES_NAMED
    return tuple(names) if rest <= 0 else (*names[:_CASES_NAMED], f"and {rest} more")


def _name(case: CaseResult) -> str:
    return f"{model_label(case.case)}, {setting_label(case.case)}"


def _case_evidence(case: CaseResult, result: RunResult, anchor: str) -> CaseEvidence:
    info, records = result.run.info, result.run.of_case(case.case)
    shown = next((record for record in records if record.valid), records[0] if records else None)
    others = other_settings(info.plan.settings)
    return CaseEvidence(
        anchor=anchor,
        id=one_line(case.case.id),
        chip=_evidence_chip(case.evidence),
        checks=_checks(case.evidence),
        sample=one_line(", ".join(number(value) for value in case.sample_ms.values()), 2000),
        state=_state(records),
        command=case_command(case.case, info),
        settings=", ".join(others),
        tool_command=(tool_command(shown, info) or "") if shown else "",
        logs=_logs(shown),
    )


def _checks(evidence: Evidence | None) -> tuple[CheckRow, ...]:
    if evidence is None:
        return ()
    return tuple(
        CheckRow(
            name=check.name,
            requested=one_line(check.requested),
            observed=one_line(check.observed),
            chip=Chip(word=check.verdict.value, tone=_VERDICT_TONES[check.verdict]),
        )
        for check in evidence.checks
    )


def _evidence_chip(evidence: Evidence | None) -> Chip:
    if evidence is None:
        return _NO_CHIP
    return Chip(word=evidence.verdict.value, tone=_VERDICT_TONES[evidence.verdict])


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


def _anchor(prefix: str, index: int) -> str:
    return f"{prefix}-case-{index + 1}"
