"""The failures and warnings of a run as strings to print, each once with the cases it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.summary import CaseResult, RunResult
from reports.cells import many_lines, one_line
from reports.findings.warnings import collect_warnings
from reports.labels import case_label

_FAILURES_OF_A_CASE = 5
_CASES_NAMED = 6


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


def build_failures(result: RunResult) -> tuple[FailureRow, ...]:
    """Every way in which invocations failed, also that a case has none."""
    hit: dict[tuple[str, str], list[str]] = {}
    for case in result.cases:
        for cause, times in _failures(case, result):
            hit.setdefault(cause, []).append(f"{case_label(case.case)}: {times}")
    return tuple(
        FailureRow(kind=one_line(kind, 60), message=many_lines(message), cases=_some(cases))
        for (kind, message), cases in hit.items()
    )


def build_warnings(result: RunResult) -> tuple[WarningRow, ...]:
    """Each warning once."""
    return tuple(
        WarningRow(text=one_line(text), cases=_name_cases(cases, len(result.cases)))
        for text, cases in collect_warnings(result).items()
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
        times = f"{len(records)} invocations" if records else "no invocation"
        return [((case.failure.kind, case.failure.message), times)]
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
    return "; ".join(_some([case_label(case.case) for case in cases]))


def _some(names: Sequence[str]) -> tuple[str, ...]:
    rest = len(names) - _CASES_NAMED
    return tuple(names) if rest <= 0 else (*names[:_CASES_NAMED], f"and {rest} more")
