"""Runs a plan: rounds over all cases, each invocation recorded before the next one starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from android_runner.errors import InvocationLostError, PhoneRebootedError, ProcessLostError
from android_runner.tool import ToolInput
from harness.attempt import NOT_STARTED, attempt, failed_record
from harness.plan import Case, Plan
from harness.prepare import MODEL_BUILD, MODEL_INPUTS, tool_inputs
from harness.record import Failure, Record
from harness.schedule import Slot, schedule
from harness.session import Session
from harness.statistics import estimate

# A case that failed this often in a row is given up: a tool that hangs would cost its whole
# deadline in every round.
_GIVE_UP_AFTER = 2

# These failures are of a case and never of one invocation.
_HOPELESS = {NOT_STARTED, MODEL_BUILD, MODEL_INPUTS}

# These are the phone's own; the case is tried again at once, this often in all.
_INFRASTRUCTURE = {ProcessLostError.kind, PhoneRebootedError.kind}
_ATTEMPTS = 3


class Progress(Protocol):
    """Who watches a run. Called between invocations only, so that it cannot disturb one."""

    def starts(self, slot: Slot, number: int, total: int) -> None: ...
    def ended(self, slot: Slot, record: Record) -> None: ...


def run_plan(session: Session, progress: Progress) -> list[Record]:
    """Runs what of the plan is not measured yet; gives all records that count.

    A failing case is recorded and the sweep goes on. Raises `StoreError` when nothing more can be
    recorded, `PhoneRebootedError` when the session must be opened anew, other `PhoneError`s when
    the phone is lost, and lets KeyboardInterrupt pass; what was recorded is on the disk then.
    """
    plan, device = session.info.plan, session.device
    # What failed in an earlier session is tried again: its cause may be gone.
    records = [record for record in session.done if record.valid]
    finished = {(record.round, record.case) for record in records}
    inputs = {name: tool_inputs(model, device) for name, model in session.ready.items()}
    slots = schedule(plan)
    for number, slot in enumerate(slots, start=1):
        first_of_round = number == 1 or slots[number - 2].round != slot.round
        if first_of_round and _precise_enough(plan, records):
            break
        if (slot.round, slot.case.id) in finished or _given_up(slot.case, records):
            continue
        progress.starts(slot, number, len(slots))
        for _ in range(_ATTEMPTS):
            record, lost = _attempt(slot, session, inputs)
            session.folder.append(record)
            records.append(record)
            progress.ended(slot, record)
            if isinstance(lost, PhoneRebootedError):
                raise lost  # what held the phone steady is gone with the boot
            if lost is None:
                break
    return records


def _attempt(
    slot: Slot, session: Session, inputs: Mapping[str, tuple[ToolInput, ...]]
) -> tuple[Record, InvocationLostError | None]:
    """The record of an attempt, and how the phone has lost it, if it has."""
    name = slot.case.model_id
    if name in session.missing:
        return failed_record(slot, session.missing[name]), None
    settings, logs = session.info.plan.settings, session.folder.logs
    try:
        model = session.ready[name]
        return attempt(slot, settings, session.device, model, inputs[name], logs), None
    except InvocationLostError as error:
        return failed_record(slot, Failure(kind=error.kind, message=str(error))), error


def _is_infrastructure(record: Record) -> bool:
    return record.failure is not None and record.failure.kind in _INFRASTRUCTURE


def _given_up(case: Case, records: Sequence[Record]) -> bool:
    mine = [r for r in records if r.case == case.id and not _is_infrastructure(r)]
    if any(record.failure is not None and record.failure.kind in _HOPELESS for record in mine):
        return True
    last = sorted(mine, key=lambda record: record.round)[-_GIVE_UP_AFTER:]
    return len(last) == _GIVE_UP_AFTER and not any(record.valid for record in last)


def _precise_enough(plan: Plan, records: Sequence[Record]) -> bool:
    """Whether every case that can be measured has the interval that was asked for."""
    target = plan.settings.target_ci_percent
    if target is None:
        return False
    widths = []
    for case in plan.cases:
        if _given_up(case, records):
            continue
        values = [r.measurement.latency_us for r in records if r.case == case.id and r.measurement]
        widths.append(estimate(values).half_width_percent if values else None)
    return bool(widths) and all(width is not None and width <= target for width in widths)
