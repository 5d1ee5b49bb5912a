"""The preflight checks of a run as strings to print."""

from __future__ import annotations

from dataclasses import dataclass

from harness.record import RunInfo
from reports.cells import Chip, one_line, verdict_chip


@dataclass(frozen=True, kw_only=True)
class PreflightRow:
    """One check before the first invocation. `note` says that it was allowed to fail."""

    id: str
    required: str
    observed: str
    chip: Chip
    note: str


def build_preflight(info: RunInfo) -> tuple[PreflightRow, ...]:
    """All checks, in the order in which they were made."""
    return tuple(
        PreflightRow(
            id=one_line(check.id, 60),
            required=one_line(check.required),
            observed=one_line(check.observed),
            chip=verdict_chip(check.verdict),
            note="allowed to fail" if check.allowed else "",
        )
        for check in info.preflight
    )


def allowed_to_fail(info: RunInfo) -> tuple[str, ...]:
    """A sentence for each check that failed and was allowed to."""
    return tuple(
        one_line(f"Preflight check {check.id} was allowed to fail: {check.observed}")
        for check in info.preflight
        if check.allowed
    )
