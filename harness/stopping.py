"""When a case has been measured enough: precise, out of time, or hopeless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.attempt import NOT_STARTED
from harness.plan import Case, Plan
from harness.precision import is_precise, rounds_needed
from harness.prepare import MODEL_BUILD, MODEL_FILE, MODEL_INPUTS
from harness.record import THROTTLED, Purpose, Record
from harness.runner import INFRASTRUCTURE

# A case that failed this often in a row is given up: a tool that hangs would cost its whole
# deadline in every round.
_GIVE_UP_AFTER = 2

# These failures are of a case and never of one invocation.
_HOPELESS = {NOT_STARTED, MODEL_BUILD, MODEL_FILE, MODEL_INPUTS}


def sample_of(case: Case, records: Sequence[Record]) -> list[float]:
    """The latencies in us that count for a case, by round."""
    rounds = {
        record.round: record.measurement.latency_us
        for record in records
        if record.case == case.id and record.purpose == Purpose.LATENCY
        if record.valid and record.measurement is not None
    }
    return [rounds[number] for number in sorted(rounds)]


def is_given_up(case: Case, records: Sequence[Record], purpose: Purpose = Purpose.LATENCY) -> bool:
    """Whether a case failed in a way that another try would not mend, or too often in a row."""
    passing = {*INFRASTRUCTURE, THROTTLED}
    mine = [
        record
        for record in records
        if record.case == case.id and record.purpose == purpose
        if record.failure is None or record.failure.kind not in passing
    ]
    if any(record.failure is not None and record.failure.kind in _HOPELESS for record in mine):
        return True
    last = sorted(mine, key=lambda record: record.round)[-_GIVE_UP_AFTER:]
    return len(last) == _GIVE_UP_AFTER and not any(record.valid for record in last)


def precise_cases(cases: Sequence[Case], records: Sequence[Record], target: float) -> list[Case]:
    """The cases of those groups of which each case has the interval that was asked for.

    A group stops as one, because its cases are compared round by round.
    """
    groups: dict[object, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    return [
        case
        for group in groups.values()
        if all(is_precise(sample_of(case, records), target) for case in group)
        for case in group
    ]


def unaffordable_cases(
    cases: Sequence[Case],
    records: Sequence[Record],
    plan: Plan,
    left_s: float,
    expected_s: Mapping[str, float],
) -> list[Case]:
    """The last cases, for which the time does not suffice once the ones before have all of theirs.

    `expected_s` is the duration of one invocation by `Case.id`. The first case always stays:
    a plan's order is the order of importance.
    """
    settings, need_s = plan.settings, 0.0
    for position, case in enumerate(cases):
        sample = sample_of(case, records)
        target, limit = settings.target_ci_percent, settings.rounds
        rounds = rounds_needed(sample, target, limit) - len(sample)
        need_s += expected_s[case.id] * max(0, rounds)
        if need_s > left_s and position > 0:
            return list(cases[position:])
    return []
