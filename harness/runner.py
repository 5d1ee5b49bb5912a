"""Starts one invocation after the other: cool down, start the tool, record, tell who watches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from android_runner.errors import InvocationLostError, PhoneRebootedError, ProcessLostError
from android_runner.tool import ToolInput
from harness.attempt import Ask, Subject, attempt, failed_record
from harness.cooling import Clock, Cooled, Waiting, cool_down, why_throttled
from harness.device import Observation
from harness.plan import Case
from harness.prepare import tool_inputs
from harness.record import THROTTLED, Failure, Purpose, Record
from harness.schedule import Slot
from harness.session import Session

# These failures are the phone's own; the invocation is tried again at once, this often in all.
INFRASTRUCTURE = {ProcessLostError.kind, PhoneRebootedError.kind}
_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How far the cases of a run are, in a comparison its cells: `ended` of them are measured no
    further, `enough` of these because they are precise, or decided."""

    total: int
    ended: int
    enough: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """What is started next: the number of the invocation, of as many as there may be.

    `next` is what follows if nothing must be redone: the next one of this purpose, or the purpose
    that comes after it, or nothing. `left_s` is how long this and all that follows may take at
    most, as far as it was measured.
    """

    slot: Slot
    purpose: Purpose
    number: int
    total: int
    rounds: int = 1
    next: Slot | Purpose | None = None
    tally: Tally | None = None
    left_s: float | None = None


class Progress(Protocol):
    """Who watches a run. Called between invocations only, so that it cannot disturb one."""

    def starts(self, step: Step) -> None: ...
    def cools(self, step: Step, waiting: Waiting) -> None: ...
    def ended(self, step: Step, record: Record) -> None: ...


class Runner:
    """Starts the tool and keeps what comes out. `records` are all that count so far."""

    def __init__(self, session: Session, progress: Progress, clock: Clock) -> None:
        self.session = session
        self.clock = clock
        # What failed in an earlier session is tried again: its cause may be gone.
        self.records = [record for record in session.done if record.valid]
        self._progress = progress
        self._inputs: dict[str, tuple[ToolInput, ...]] = {}

    def has(self, slot: Slot, purpose: Purpose) -> bool:
        """Whether an earlier session has done it."""
        wanted = (slot.case.id, slot.round, purpose)
        return any((r.case, r.round, r.purpose) == wanted and r.valid for r in self.records)

    def output_of(self, case: Case) -> Record | None:
        """The invocation that compared the output of the case's model and delegate."""
        same = {other.id for other in self.session.info.plan.same_output(case)}
        checks = (r for r in self.records if r.purpose == Purpose.OUTPUT and r.case in same)
        return next(checks, None)

    def run(self, step: Step, ask: Ask, *, cool: bool = True, may_redo: bool = False) -> Record:
        """One invocation, recorded. It counts although heat slowed the device, unless `may_redo`.

        Raises `StoreError` when it cannot be recorded, `PhoneRebootedError` when the session must
        be opened anew, and other `PhoneError`s when the phone is lost.
        """
        self._progress.starts(step)
        for _ in range(_ATTEMPTS):
            record, lost = self._attempt(step, ask, cool=cool, may_redo=may_redo)
            self.session.folder.append(record)
            self.records.append(record)
            self._progress.ended(step, record)
            if isinstance(lost, PhoneRebootedError):
                raise lost  # what held the phone steady is gone with the boot
            if lost is None:
                break
        return record

    def _attempt(
        self, step: Step, ask: Ask, *, cool: bool, may_redo: bool
    ) -> tuple[Record, InvocationLostError | None]:
        """The record of an attempt, and how the phone has lost it, if it has."""
        session, slot = self.session, step.slot
        name = slot.case.model_id
        if name in session.missing:
            return failed_record(slot, ask.purpose, session.missing[name]), None
        subject = Subject(
            device=session.device_of(slot.case),
            model=session.ready[name],
            inputs=self._inputs_of(slot.case),
            logs=session.folder.logs,
        )
        cooled = self._cool(step) if cool else Cooled(seen=session.device.observe())
        try:
            record = attempt(slot, ask, subject, cooled)
        except InvocationLostError as error:
            failure = Failure(kind=error.kind, message=str(error))
            return failed_record(slot, ask.purpose, failure), error
        return self._mark_heat(record, may_redo=may_redo), None

    def _cool(self, step: Step) -> Cooled:
        settings = self.session.info.plan.settings

        def on_wait(waiting: Waiting) -> None:
            self._progress.cools(step, waiting)

        return cool_down(self.session.device, self.start, settings, on_wait, self.clock)

    def _mark_heat(self, record: Record, *, may_redo: bool) -> Record:
        why = why_throttled(self.start or record.before, record.after)
        if why is None or not record.valid:
            return record
        if not may_redo:
            return replace(record, throttled=why)
        failure = Failure(kind=THROTTLED, message=f"heat slowed the device: {why}; it is redone")
        return replace(record, throttled=why, valid=False, failure=failure)

    @property
    def start(self) -> Observation | None:
        """The state before the first invocation of the run, to which the device returns."""
        return next((record.before for record in self.records if record.before is not None), None)

    def _inputs_of(self, case: Case) -> tuple[ToolInput, ...]:
        name = case.model_id
        if name not in self._inputs:
            self._inputs[name] = tool_inputs(self.session.ready[name], self.session.device)
        return self._inputs[name]
