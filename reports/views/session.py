"""The device along a run as strings to print: a chart, and what happened to which invocation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.plan import Case
from harness.record import Purpose, Record
from harness.summary import RunResult
from reports.cells import one_line
from reports.charts.session import session_chart
from reports.findings.session_course import Course, Event, Mark, follow_device
from reports.findings.session_sentences import describe_course, explain_chart
from reports.labels import case_anchor, case_label

_MOST_ROWS = 20
_SHORT_MIN = 30.0  # in a run so short, minutes have two decimals


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """An invocation that heat touched. `anchor` is empty for a case that the plan does not have."""

    minute: str
    case: str
    anchor: str
    round: str
    what: str


@dataclass(frozen=True, kw_only=True)
class SessionView:
    """`chart` is an SVG element, empty where the device tells nothing that changes with time."""

    findings: tuple[str, ...]
    chart: str
    caption: str
    rows: tuple[SessionRow, ...]
    more: str


def build_session(result: RunResult, prefix: str) -> SessionView | None:
    """The course of a run, None before its first invocation."""
    run = result.run
    if not run.records:
        return None
    course = follow_device(run.records, is_phone=run.info.device.kind == "phone")
    findings = tuple(describe_course(course, run.records))
    chart = session_chart(course, f"{prefix}-session-chart", " ".join(findings)) or ""
    touched = _touched(course)
    cases = {case.id: (index, case) for index, case in enumerate(run.info.plan.cases)}
    decimals = 2 if course.duration_min < _SHORT_MIN else 1
    rows = tuple(
        _row(record, events, cases, prefix, decimals) for record, events in touched[:_MOST_ROWS]
    )
    rest = len(touched) - len(rows)
    return SessionView(
        findings=findings,
        chart=chart,
        caption=explain_chart(course) if chart else "",
        rows=rows,
        more=f"And {rest} more: the CSV of all invocations has them." if rest else "",
    )


def _touched(course: Course) -> list[tuple[Record, list[Event]]]:
    """The invocations that something happened to, beside waiting, in the order of time."""
    found: dict[int, tuple[Record, list[Event]]] = {}
    for event in course.events:
        if event.mark is not Mark.COOLING:
            found.setdefault(id(event.record), (event.record, []))[1].append(event)
    return list(found.values())


def _row(
    record: Record,
    events: Sequence[Event],
    cases: Mapping[str, tuple[int, Case]],
    prefix: str,
    decimals: int,
) -> SessionRow:
    index, case = cases.get(record.case, (0, None))
    purpose = "" if record.purpose is Purpose.LATENCY else f", {record.purpose}"
    return SessionRow(
        minute=f"{events[0].from_min:,.{decimals}f}",
        case=one_line(record.case) if case is None else case_label(case),
        anchor="" if case is None else case_anchor(prefix, index),
        round=f"{record.round + 1}{purpose}",
        what="; ".join(_what(record, {event.mark for event in events})),
    )


def _what(record: Record, marks: Collection[Mark]) -> Iterator[str]:
    if Mark.WARM in marks:
        yield f"started too warm after {record.waited_s:.0f} s of cooling"
    if Mark.STATUS in marks:
        told = [
            f"{state.thermal_status} {when}"
            for state, when in ((record.before, "before"), (record.after, "after"))
            if state is not None and state.thermal_status
        ]
        yield f"thermal status {' and '.join(told)}"
    if record.throttled is not None:
        became = "redone" if Mark.REDONE in marks else "kept" if record.valid else "failed"
        why = "" if Mark.STATUS in marks else f" ({one_line(record.throttled, 100)})"
        yield f"slowed by heat{why}, {became}"
