"""How long a run may still take, from how long its invocations took so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.plan import Case
from harness.record import Purpose, Record
from harness.settings import Settings

_PAIRED = (Purpose.LATENCY, Purpose.CONFIRMATION)


class Pace:
    """The mean time of an invocation of each case, cooling and looking at the device included.

    It begins with the records of the run that is continued.
    """

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self._spent_s: dict[str, float] = {}
        self._count: dict[str, int] = {}
        for record in records:
            if record.purpose in _PAIRED:
                self._add(record.case, record.wall_s + record.waited_s)

    def took(self, case: Case, seconds: float) -> None:
        """An invocation of the case has taken so long in all."""
        self._add(case.id, seconds)

    def of(self, cases: Iterable[Case]) -> float | None:
        """How many seconds an invocation of each of these takes in all; None while one of them is
        not known."""
        total_s = 0.0
        for case in cases:
            if case.id not in self._count:
                return None
            total_s += self._spent_s[case.id] / self._count[case.id]
        return total_s

    def _add(self, case_id: str, seconds: float) -> None:
        self._spent_s[case_id] = self._spent_s.get(case_id, 0.0) + seconds
        self._count[case_id] = self._count.get(case_id, 0) + 1


def after_rounds(settings: Settings) -> Purpose | None:
    """What a run does after its rounds, None if nothing."""
    if settings.op_profile:
        return Purpose.OPERATORS
    return None if settings.sustained_s is None else Purpose.SUSTAINED
