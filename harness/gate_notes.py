"""What a person should know beside a comparison's verdicts; none of it changes one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks import Verdict
from harness.evidence import Evidence
from harness.gate_rules import asymmetric_throttle
from harness.pair_facts import IN_PAIRS, heat_failures, own_failures
from harness.pairing import CellCases, cells_of, control_of
from harness.plan import Case
from harness.policy import Policy
from harness.record import Record, RunInfo
from harness.statistics import estimate
from harness.store import StoredRun

# A device whose control moved by more than this was not the same throughout.
CONTROL_SHIFT_PERCENT = 5.0
_LEAST_ROUNDS = 6


def gate_notes(run: StoredRun) -> tuple[str, ...]:
    """Heat and failures on one side only, a control that moved or failed, models on one side only,
    allowed checks, and which tools."""
    cells = cells_of(run.info.plan)
    cell_notes = [note for cell in cells for note in _cell_notes(run, cell)]
    return (*cell_notes, *_control_notes(run), *_run_notes(run.info))


def evidence_notes(name: str, side: str, evidence: Evidence | None) -> Iterator[str]:
    """Which checks are not proven, of one side of a cell."""
    listed = [
        f"{check.name} is {check.verdict} (asked for {check.requested}, seen {check.observed})"
        for check in (evidence.checks if evidence is not None else ())
        if check.verdict != Verdict.PROVEN
    ]
    if listed:
        yield f"{name}: of the {side}'s evidence {'; '.join(listed)}"


def policy_notes(policy: Policy, names: Sequence[str]) -> Iterator[str]:
    """Patterns of a policy that may be typing errors."""
    for pattern in policy.unused_patterns(names):
        yield f"the policy's pattern {pattern!r} fits no case"


def tool_notes(info: RunInfo) -> Iterator[str]:
    """A tool that is not the official one."""
    if any(info.tool_of(case).stand_in for case in info.plan.cases):
        yield "measured with the stand-in tool on the LiteRT runtime for Python"


def control_shift_percent(run: StoredRun) -> float | None:
    """How much slower the control was in the session's second half than in its first, in percent;
    None with fewer than 6 invocations in a half."""
    control = control_of(run.info.plan)
    if control is None:
        return None
    times = [
        record.measurement.latency_us
        for record in _of(run, control)
        if record.valid and record.measurement is not None
    ]
    sample = [time for time in times if time > 0]
    half = len(sample) // 2
    if half < _LEAST_ROUNDS:
        return None
    early, late = estimate(sample[:half]), estimate(sample[half:])
    return (late.value / early.value - 1) * 100


def _cell_notes(run: StoredRun, cell: CellCases) -> Iterator[str]:
    dropped = [heat_failures(run, case) for case in cell.cases]
    note = asymmetric_throttle(*dropped)
    if note is not None:
        yield f"{cell.name}: {note}"
    elif any(dropped):
        yield (
            f"{cell.name}: heat spoilt {dropped[0]} invocations of the baseline and "
            f"{dropped[1]} of the candidate; their pairs were measured again"
        )
    for case in cell.cases:
        mine = _of(run, case)
        slowed = sum(record.valid and record.throttled is not None for record in mine)
        if slowed:
            yield f"{cell.name}: of the {case.arm}'s invocations that count, heat slowed {slowed}"
        failures = own_failures(run, case)
        # A side that never ran has this as the reason of its cell.
        if failures and any(record.valid for record in mine):
            last = failures[-1]
            yield (
                f"{cell.name}: {len(failures)} of {len(mine)} invocations of the {case.arm} "
                f"failed, the last one ({last.kind}): {last.message}"
            )


def _of(run: StoredRun, case: Case) -> list[Record]:
    """The invocations of a case that are in the rounds, in the order in which they were made."""
    return run.invocations(case, *IN_PAIRS)


def _control_notes(run: StoredRun) -> Iterator[str]:
    shift = control_shift_percent(run)
    if shift is not None and abs(shift) > CONTROL_SHIFT_PERCENT:
        yield (
            f"the control, which never changes, moved by {shift:+.1f} % during the session: the "
            "device was not the same throughout"
        )
    control = control_of(run.info.plan)
    records = _of(run, control) if control is not None else []
    if records and not any(record.valid for record in records):
        failure = records[-1].failure
        why = f" ({failure.kind}: {failure.message})" if failure is not None else ""
        yield (
            f"the control could not be measured{why}: whether the device was the same throughout "
            "is not known"
        )


def _run_notes(info: RunInfo) -> Iterator[str]:
    if info.plan.not_compared:
        yield f"new, not gated: {', '.join(info.plan.not_compared)}"
    for check in info.preflight:
        if check.allowed:
            yield f"the preflight check {check.id} was allowed to fail: {check.observed}"
    yield from tool_notes(info)
    other = info.candidate_tool
    if other is not None and other.sha256 != info.tool.sha256:
        yield f"the tools differ: {info.tool.sha256[:12]} and {other.sha256[:12]}"
