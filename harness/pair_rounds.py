"""The pairs of a comparison: measured in rounds, redone together, until each cell is decided."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from harness.attempt import Ask
from harness.gate import is_decided
from harness.pace import Pace
from harness.pair_schedule import blocks_of_round
from harness.pairing import CellCases, control_of, pairs_of
from harness.plan import Case
from harness.policy import Policy
from harness.precision import half_width_percent
from harness.record import SCHEMA, Purpose, Record, Stop, StopReason
from harness.runner import Runner, Step, Tally
from harness.schedule import Slot
from harness.stopping import is_given_up, sample_of

# So much of the plan may be measured once more because an invocation of a pair was spoilt.
REDO_SHARE = 0.25
_TRIES_PER_PAIR = 3


class PairRounds:
    """Measures pairs of these cells for one purpose: a first time, or to confirm what they said.

    A round has a pair of every cell that is not decided, in an order by the seed, and the control.
    """

    def __init__(
        self, runner: Runner, cells: Sequence[CellCases], purpose: Purpose, policy: Policy
    ) -> None:
        self._plan = plan = runner.session.info.plan
        self._runner = runner
        self._purpose = purpose
        self._policy = policy
        self._settings = plan.settings
        self._ask = Ask(purpose=purpose, settings=plan.settings)
        self._active = list(cells)
        self._control = control_of(plan)
        self._redo_left = int(REDO_SHARE * plan.settings.rounds * len(cells))
        self._total = plan.settings.rounds * (2 * len(cells) + (self._control is not None))
        self._started = 0
        self._pace = Pace(runner.records)
        self._cells = len(cells)
        self._decided = 0

    def run(self) -> None:
        """All pairs that are needed. Raises as `Runner.run` does."""
        for number in range(self._settings.rounds):
            if not self._active:
                return
            blocks = blocks_of_round(self._plan, self._active, number, self._purpose)
            for position, block in enumerate(blocks):
                later = [case for coming in blocks[position + 1 :] for case in coming.cases]
                if block.cell is not None:
                    self._measure_pair(block.cell, block.cases, number, later)
                else:
                    self._measure_control(Slot(round=number, case=block.cases[0]), later)
            self._stop_cells(number)
        self._stop(self._active, StopReason.ROUNDS)

    def _measure_pair(
        self, cell: CellCases, cases: Sequence[Case], number: int, later: Sequence[Case]
    ) -> None:
        """Both are redone if one was spoilt, so that both had the same conditions."""
        done = pairs_of(cell, self._runner.records, self._purpose)
        if any(pair.number == number for pair in done):
            return  # the session that is continued has measured it
        first = self._attempts_before(cell, number)
        for attempt in range(first, first + _TRIES_PER_PAIR):
            slots = [Slot(round=number, case=case, attempt=attempt) for case in cases]
            last = attempt == first + _TRIES_PER_PAIR - 1 or self._redo_left <= 0
            records = [
                self._measure(slot, [*cases[position + 1 :], *later], may_redo=not last)
                for position, slot in enumerate(slots)
            ]
            if last or all(record.valid for record in records) or self._is_given_up(cell):
                return
            self._redo_left -= 1

    def _measure_control(self, slot: Slot, later: Sequence[Case]) -> None:
        if not self._runner.has(slot, self._purpose):
            self._measure(slot, later, may_redo=False)

    def _measure(self, slot: Slot, later: Sequence[Case], *, may_redo: bool) -> Record:
        self._started += 1
        step = self._step(slot, later)
        began = self._runner.clock.now()
        record = self._runner.run(step, self._ask, may_redo=may_redo)
        self._pace.took(slot.case, self._runner.clock.now() - began)
        return record

    def _step(self, slot: Slot, later: Sequence[Case]) -> Step:
        """`later` is what the round still holds after the slot."""
        rounds_left = self._settings.rounds - slot.round - 1
        following = None
        if later:
            following = Slot(round=slot.round, case=later[0])
        elif rounds_left:
            first = blocks_of_round(self._plan, self._active, slot.round + 1, self._purpose)[0]
            following = Slot(round=slot.round + 1, case=first.cases[0])
        every = [case for cell in self._active for case in cell.cases]
        every += [] if self._control is None else [self._control]
        left_s, every_s = self._pace.of([slot.case, *later]), self._pace.of(every)
        return Step(
            slot=slot,
            purpose=self._purpose,
            number=self._started,
            total=max(self._total, self._started),
            rounds=self._settings.rounds,
            next=following,
            tally=Tally(
                total=self._cells, ended=self._cells - len(self._active), enough=self._decided
            ),
            left_s=None if left_s is None or every_s is None else left_s + rounds_left * every_s,
        )

    def _attempts_before(self, cell: CellCases, number: int) -> int:
        """How often the session that is continued has begun this pair."""
        ids = {case.id for case in cell.cases}
        begun = [
            record.attempt
            for record in self._runner.session.done
            if record.case in ids and record.round == number and record.purpose == self._purpose
        ]
        return max(begun, default=-1) + 1

    def _stop_cells(self, number: int) -> None:
        """After a round: ends the cells that a planned look has decided, or that fail."""
        # Only what is up to this round, so that a run that is continued decides the same.
        records = [record for record in self._runner.records if record.round <= number]
        given_up = [cell for cell in self._active if self._is_given_up(cell)]
        self._stop(given_up, StopReason.GIVEN_UP)
        decided = [
            cell
            for cell in self._active
            if is_decided(
                cell.name,
                pairs_of(cell, records, self._purpose),
                self._policy,
                self._settings.rounds,
            )
        ]
        self._stop(decided, StopReason.DECIDED)

    def _is_given_up(self, cell: CellCases) -> bool:
        return any(is_given_up(case, self._runner.records, self._purpose) for case in cell.cases)

    def _stop(self, cells: Sequence[CellCases], reason: StopReason) -> None:
        ended = list(cells)
        self._decided += len(ended) if reason == StopReason.DECIDED else 0
        for cell in ended:
            self._active.remove(cell)
            if self._purpose == Purpose.LATENCY:
                for case in cell.cases:
                    _append_stop(self._runner, case, reason)
        last = bool(ended) and not self._active
        if last and self._control is not None and self._purpose == Purpose.LATENCY:
            _append_stop(self._runner, self._control, reason)


def _append_stop(runner: Runner, case: Case, reason: StopReason) -> None:
    """Stores why a case was measured no further, unless a session before has."""
    if case.id in runner.session.stops:
        return
    sample = sample_of(case, runner.records)
    runner.session.folder.append_stop(
        Stop(
            schema=SCHEMA,
            case=case.id,
            at=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            reason=reason,
            rounds=len(sample),
            half_width_percent=half_width_percent(sample),
        )
    )
