"""The warnings of a run, and which cases each is about."""

from __future__ import annotations

from harness.summary import CaseResult, RunResult


def collect_warnings(result: RunResult) -> dict[str, list[CaseResult]]:
    """The cases of each warning; what is about most cases comes first."""
    about: dict[str, list[CaseResult]] = {}
    for case in result.cases:
        for warning in case.warnings:
            about.setdefault(warning, []).append(case)
    return dict(sorted(about.items(), key=lambda item: -len(item[1])))
