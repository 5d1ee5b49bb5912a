"""What is said of a run while it goes on: the lines of a display, and those of a log.

Ids come from files and reasons from phones: both are shown on one line, without what cannot be
seen.
"""

from __future__ import annotations

from collections import Counter

from android_runner.thermal import ThermalStatus
from harness.device import Observation
from harness.record import Purpose, Record
from harness.runner import Step
from harness.schedule import Slot
from reports.cells import one_line
from reports.texts.layout import join

_BAR = 20
_PHASES = {
    Purpose.LATENCY: "rounds",
    Purpose.OUTPUT: "output check",
    Purpose.CONFIRMATION: "confirmation",
    Purpose.OPERATORS: "operators",
    Purpose.SUSTAINED: "sustained",
}
_IN_ROUNDS = (Purpose.LATENCY, Purpose.CONFIRMATION)
OK = "ok"


def duration(seconds: float) -> str:
    """A time as a person says it."""
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def screen_lines(step: Step, seen: Observation | None, waits: str, width: int) -> list[str]:
    """The display before an invocation: how far it is, what runs, what is next, heat, time left.

    `seen` is the device's last known state, `waits` what the invocation has to wait for. No line
    is longer than `width`.
    """
    done = step.number - 1
    filled = round(_BAR * done / step.total)
    bar = "#" * filled + "." * (_BAR - filled)
    invocations = f"{step.number} of {'at most ' if step.purpose in _IN_ROUNDS else ''}{step.total}"
    state = [_heat(seen), _tally(step), _time_left(step)]
    lines = [
        f"[{bar}] {invocations}  {phase(step)}",
        f"now   {waits and f'{waits}; then '}{one_line(step.slot.case.id)}",
        f"next  {_next(step)}",
        "; ".join(text for text in state if text),
    ]
    return [_fit(line, width) for line in lines if line]


def phase(step: Step) -> str:
    """What the invocation belongs to, for example `round 4 of at most 20`."""
    if step.purpose not in _IN_ROUNDS:
        return _PHASES[step.purpose]
    word = "round" if step.purpose == Purpose.LATENCY else "confirmation, round"
    return f"{word} {step.slot.round + 1} of at most {step.rounds}"


def event_line(step: Step, text: str) -> str:
    """Something that happened in an invocation, with its place in the run."""
    line = f"[{step.number}/{step.total}] {phase(step)}, {one_line(step.slot.case.id)}: {text}"
    return join([line])


def outcome(record: Record) -> str:
    """How an invocation ended, in a word or two that are counted: `ok`, `failed`, `redone`, …"""
    if record.throttled is not None:
        return "throttled" if record.valid else "redone"
    if record.failure is not None:
        return "failed"
    if record.output is not None and record.output.correct is not True:
        return "not known" if record.output.correct is None else "wrong"
    return OK


def describe(record: Record) -> str:
    """What there is to say of an invocation that did not end as it should."""
    if record.throttled is not None:
        again = "" if record.valid else ", is redone"
        return f"throttled{again}: {one_line(record.throttled)}"
    if record.failure is not None:
        return f"failed: {one_line(record.failure.kind)}"
    return f"the output is {outcome(record)}"


def phase_line(
    step: Step, outcomes: Counter[str], took_s: float, waited_s: float, following: Step | None
) -> str:
    """What became of a round, or of another phase that ended with this step.

    `following` is the step after it, which knows how far the cases are and what time is left.
    """
    counts = ", ".join(f"{count} {word}" for word, count in outcomes.items())
    text = f"{phase(step)}: {counts} in {duration(took_s)}"
    if waited_s >= 1:
        text += f", {duration(waited_s)} of them cooling"
    more = [_tally(following), _time_left(following)] if following is not None else []
    return "; ".join([text, *(one for one in more if one)])


def _next(step: Step) -> str:
    if isinstance(step.next, Slot):
        same = step.next.round == step.slot.round
        return one_line(step.next.case.id) if same else f"{one_line(step.next.case.id)}, next round"
    return "the result" if step.next is None else _PHASES[step.next]


def _heat(seen: Observation | None) -> str:
    if seen is None:
        return ""
    parts = [] if seen.temperature_c is None else [f"{seen.temperature_c:.1f} °C"]
    if seen.thermal_status is not None:
        parts.append(f"thermal status {_status(seen.thermal_status)}")
    return ", ".join(parts)


def _status(number: int) -> str:
    """Android's word; a phone may also say a number that is none."""
    names = {status.value: status.name.lower() for status in ThermalStatus}
    return names.get(number, str(number))


def _tally(step: Step) -> str:
    tally = step.tally
    if tally is None:
        return ""
    text = f"{tally.ended} of {tally.total} {'case' if tally.total == 1 else 'cases'} done"
    return f"{text}, {tally.enough} precise enough" if tally.ended else text


def _time_left(step: Step) -> str:
    return "" if step.left_s is None else f"at most {duration(step.left_s)} left"


def _fit(text: str, width: int) -> str:
    """Without its middle where it is too long: ids differ at both ends."""
    if len(text) <= width:
        return text
    tail = max(0, width // 2)
    return f"{text[: max(0, width - tail - 1)]}…{text[len(text) - tail :]}"
