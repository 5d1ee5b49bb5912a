"""What stands under the case table on a terminal: contradictions, warnings, operators, series."""

from __future__ import annotations

from collections.abc import Sequence

from harness.summary import CaseResult, RunResult
from reports.cells import one_line
from reports.findings.operators import group_operators, share_text, time_text
from reports.findings.sentences import describe_sustained, name_contradictions
from reports.findings.warnings import collect_warnings
from reports.texts.layout import align, wrap

# Lines of contradictions, and of warnings; the page has them all.
_MOST_LINES = 12
_MOST_CASES = 6
_TOP_OPERATORS = 5


def contradiction_lines(result: RunResult) -> list[str]:
    """Why what ran is not what was asked for, once for all cases of which the same is true."""
    about: dict[str, list[str]] = {}
    for case in result.cases:
        reasons = name_contradictions(case.evidence)
        if reasons:
            about.setdefault("; ".join(reasons), []).append(_name(case))
    entries = []
    for reason, names in about.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        entries.append(wrap(f"{names[0]}{others}: contradicted: {reason}", "", "  "))
    return _some(entries)


def warning_lines(result: RunResult) -> list[str]:
    """Each warning once, with the number of cases that it is about."""
    total = len(result.cases)
    entries = [
        wrap(f"- {one_line(text)} ({_whom(cases, total)})", "", "  ")
        for text, cases in collect_warnings(result).items()
    ]
    return ["", "warnings", *_some(entries)] if entries else []


def operator_lines(result: RunResult) -> list[str]:
    """The slowest operator types of the first graph of each case."""
    profiled = [case for case in result.cases if case.operators]
    lines: list[str] = []
    for case in profiled[:_MOST_CASES]:
        group, *others = group_operators(case.operators, most=_TOP_OPERATORS)
        graph = f" ({one_line(group.graph, 40)} graph)" if others else ""
        rows = [
            (
                f"  {one_line(row.operator, 50)}",
                f"{row.nodes:,} {'node' if row.nodes == 1 else 'nodes'}",
                f"{time_text(row)} ms",
                f"{share_text(row)} %",
            )
            for row in group.lines
        ]
        lines += ["", *wrap(f"operators of {_name(case)}{graph}", "", "  "), *align(rows)]
    return lines + _more(len(profiled) - _MOST_CASES, "with operators in the report")


def sustained_lines(result: RunResult) -> list[str]:
    """A line for each case that was measured without pauses."""
    series = [(case, case.sustained) for case in result.cases if case.sustained is not None]
    lines = [
        line
        for case, found in series[:_MOST_LINES]
        for line in wrap(f"  {_name(case)}: {describe_sustained(found)}", "", "    ")
    ]
    lines += _more(len(series) - _MOST_LINES, "in the report")
    return ["", "sustained", *lines] if lines else []


def _some(entries: Sequence[Sequence[str]]) -> list[str]:
    """As many entries as there is room for, and how many there are more."""
    lines: list[str] = []
    for position, entry in enumerate(entries):
        if lines and len(lines) + len(entry) > _MOST_LINES:
            return [*lines, f"and {len(entries) - position} more in the report"]
        lines += entry
    return lines


def _more(count: int, where: str) -> list[str]:
    return [f"and {count} more cases {where}"] if count > 0 else []


def _whom(cases: Sequence[CaseResult], total: int) -> str:
    """The cases that a warning is about: by name if it is one of several."""
    if len(cases) == total:
        return "the only case" if total == 1 else f"all {total} cases"
    return _name(cases[0]) if len(cases) == 1 else f"{len(cases)} of {total} cases"


def _name(case: CaseResult) -> str:
    return one_line(case.case.id)
