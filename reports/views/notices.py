"""What a reader of a run must know before the first number."""

from __future__ import annotations

from dataclasses import dataclass

from harness.summary import RunResult, Status
from reports.views.preflight import allowed_to_fail


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing to know, and how it is coloured (bad, mixed)."""

    text: str
    tone: str


def build_notices(result: RunResult) -> tuple[Notice, ...]:
    """The notices of a run, what is about all of its numbers first."""
    info, notices = result.run.info, []
    if info.device.kind == "host":
        text = "Measured on this host, so no phone latency is confirmed or refuted."
        if info.plan.is_comparison:
            text = "Compared on this host: how the two differ on a phone, it does not say."
        notices.append(Notice(text=text, tone="mixed"))
    if info.tool.stand_in:
        text = (
            "The tool is the stand-in on the LiteRT runtime for Python, not the official "
            "benchmark_model."
        )
        notices.append(Notice(text=text, tone="mixed"))
    notices += [Notice(text=text, tone="mixed") for text in allowed_to_fail(info)]
    if result.failed:
        failed, partial = (_count(result, status) for status in (Status.FAILED, Status.PARTIAL))
        text = f"Of {len(result.cases)} cases: {failed} failed, {partial} partial. See Failures."
        notices.append(Notice(text=text, tone="bad"))
    if not result.complete:
        text = "The run was cut off before its last round. Continue it with --resume."
        notices.append(Notice(text=text, tone="bad"))
    if result.run.broken_lines:
        text = f"{result.run.broken_lines} damaged lines of records.jsonl are left out."
        notices.append(Notice(text=text, tone="bad"))
    return tuple(notices)


def _count(result: RunResult, status: Status) -> int:
    return sum(case.status is status for case in result.cases)
