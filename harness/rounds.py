"""The rounds of a run: every case once in each, until it is precise, or the time is over."""

from __future__ import annotations

import datetime
import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.attempt import Ask
from harness.expectation import expected_invocation_s
from harness.pace import Pace, after_rounds
from harness.plan import Case
from harness.precision import half_width_percent
from harness.record import SCHEMA, THROTTLED, Purpose, Record, Stop, StopReason
from harness.runner import Runner, Step, Tally
from harness.schedule import Slot, schedule_rounds
from harness.stopping import is_given_up, precise_cases, sample_of, unaffordable_cases

# So much of the plan may be measured once more because heat slowed the device.
REDO_SHARE = 0.25
# A block that is too hot so often in one round would only get hotter.
_TRIES_PER_BLOCK = 3


class Rounds:
    """Measures the latency of a plan's cases. `reserve_s` is time that is needed afterwards."""

    def __init__(self, runner: Runner, reserve_s: float) -> None:
        self._runner = runner
        self._plan = runner.session.info.plan
        self._ask = Ask(purpose=Purpose.LATENCY, settings=self._plan.settings)
        self._active = list(self._plan.cases)
        self._reserve_s = reserve_s
        spent_s = sum(
            record.wall_s + record.waited_s
            for record in runner.session.done
            if record.purpose == Purpose.LATENCY
        )
        self._began = runner.clock.now() - spent_s
        self._redone = sum(map(_is_hot, runner.session.done))
        self._started = 0
        self._reasons: dict[Case, StopReason] = {}
        self._pace = Pace(runner.records)
        self._done = {
            (record.case, record.round)
            for record in runner.records
            if record.purpose == Purpose.LATENCY
        }
        self._rounds = list(schedule_rounds(self._plan))

    def run(self) -> list[Case]:
        """All rounds, as far as they are needed; gives the cases that were measured to their end.

        Raises as `Runner.run` does.
        """
        for number, blocks in enumerate(self._rounds):
            self._stop_cases(number)
            for position, block in enumerate(blocks):
                later = itertools.chain.from_iterable(blocks[position + 1 :])
                self._measure_block(block, list(later))
        for case in list(self._active):
            self._stop(case, StopReason.ROUNDS)
        left_out = (StopReason.BUDGET, StopReason.GIVEN_UP)
        return [case for case in self._plan.cases if self._reasons[case] not in left_out]

    def _measure_block(self, block: Sequence[Slot], later: Sequence[Slot]) -> None:
        """If heat slows the device, the whole block is redone, so that the cases that are compared
        with each other were measured under the same conditions."""
        slots = [slot for slot in block if not self._runner.has(slot, Purpose.LATENCY)]
        for tries_left in reversed(range(_TRIES_PER_BLOCK)):
            allowed = REDO_SHARE * len(self._plan.cases) * self._plan.settings.rounds
            may_redo = tries_left > 0 and self._redone < allowed
            if not self._measure(slots, later, may_redo=may_redo):
                return
            self._redone += 1
            slots = list(block)

    def _measure(self, slots: Sequence[Slot], later: Sequence[Slot], *, may_redo: bool) -> bool:
        """Measures up to an invocation that heat spoiled, and says whether there was one.

        `later` is what the round still holds after them.
        """
        for position, slot in enumerate(slots):
            if self._left_s <= 0:
                for case in list(self._active):
                    self._stop(case, StopReason.BUDGET)
            if slot.case not in self._active:
                continue
            self._started += 1
            step = self._step(slot, itertools.chain(slots[position + 1 :], later))
            began = self._runner.clock.now()
            record = self._runner.run(step, self._ask, may_redo=may_redo)
            self._pace.took(slot.case, self._runner.clock.now() - began)
            if is_given_up(slot.case, self._runner.records):
                self._stop(slot.case, StopReason.GIVEN_UP)
            if _is_hot(record):
                return True
        return False

    def _step(self, slot: Slot, later: Iterable[Slot]) -> Step:
        settings, active = self._plan.settings, set(self._active)
        here = [s for s in later if s.case in active and (s.case.id, s.round) not in self._done]
        rounds_left = settings.rounds - slot.round - 1
        following: Slot | Purpose | None = after_rounds(settings)
        if here:
            following = here[0]
        elif rounds_left:
            coming = itertools.chain.from_iterable(self._rounds[slot.round + 1])
            following = next(one for one in coming if one.case in active)
        left_s = self._pace.of([slot.case, *(one.case for one in here)])
        every_s = self._pace.of(self._active)
        if left_s is not None and every_s is not None:
            left_s = min(left_s + rounds_left * every_s, max(0.0, self._left_s)) + self._reserve_s
        return Step(
            slot=slot,
            purpose=Purpose.LATENCY,
            number=self._started,
            total=max(self._started, len(self._plan.cases) * settings.rounds),
            rounds=settings.rounds,
            next=following,
            tally=Tally(
                total=len(self._plan.cases),
                ended=len(self._reasons),
                enough=list(self._reasons.values()).count(StopReason.PRECISION),
            ),
            left_s=left_s,
        )

    def _stop_cases(self, number: int) -> None:
        """Before a round: ends the cases that need it no more, or that it would take too long."""
        # Only what is before the round, so that a run that is continued decides the same.
        records = [record for record in self._runner.records if record.round < number]
        target = self._plan.settings.target_ci_percent
        for case in precise_cases(self._active, records, target):
            self._stop(case, StopReason.PRECISION)
        if self._plan.settings.budget_s is None:
            return
        expected_s = {case.id: self._expected_s(case) for case in self._active}
        for case in unaffordable_cases(self._active, records, self._plan, self._left_s, expected_s):
            self._stop(case, StopReason.BUDGET)

    def _stop(self, case: Case, reason: StopReason) -> None:
        self._active.remove(case)
        self._reasons[case] = reason
        sample = sample_of(case, self._runner.records)
        stop = Stop(
            schema=SCHEMA,
            case=case.id,
            at=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            reason=reason,
            rounds=len(sample),
            half_width_percent=half_width_percent(sample),
        )
        earlier = self._runner.session.stops.get(case.id)
        if earlier != replace(stop, at=earlier.at if earlier else ""):
            self._runner.session.folder.append_stop(stop)

    @property
    def _left_s(self) -> float:
        budget_s = self._plan.settings.budget_s
        if budget_s is None:
            return math.inf
        return budget_s - self._reserve_s - (self._runner.clock.now() - self._began)

    def _expected_s(self, case: Case) -> float:
        """As long as its invocations before took, else what its output check lets expect."""
        walls = [
            record.wall_s + record.waited_s
            for record in self._runner.records
            if record.case == case.id and record.purpose == Purpose.LATENCY
        ]
        if walls:
            return statistics.median(walls)
        check = self._runner.output_of(case)
        measurement = check.measurement if check is not None else None
        latency_s = None if measurement is None else measurement.latency_us / 1e6
        return expected_invocation_s(case, self._plan.settings, latency_s)


def _is_hot(record: Record) -> bool:
    return record.failure is not None and record.failure.kind == THROTTLED
