"""What a run takes from a phone's battery, by the battery's own charge counter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.device import Observation
from harness.record import Record

# The sum must be this many steps of the counter: each reading is off by up to one.
_LEAST_STEPS = 10

_JOULES_PER_UAH_AND_MV = 3600e-9  # 10^-6 A x 3600 s x 10^-3 V


@dataclass(frozen=True, kw_only=True)
class Energy:
    """What was taken in all, and for each run of the model (those that warm up are runs too).

    `note` says what the number holds beside the model.
    """

    joules: float
    joules_per_run: float
    runs: int
    source: str
    note: str


@dataclass(frozen=True, kw_only=True)
class _Drain:
    """The charge before and after an invocation, the voltage meanwhile, and the runs in it."""

    before_uah: float
    after_uah: float
    voltage_mv: float
    runs: int

    @property
    def charge_uah(self) -> float:
        return self.before_uah - self.after_uah

    @property
    def joules(self) -> float:
        return self.charge_uah * self.voltage_mv * _JOULES_PER_UAH_AND_MV


def find_energy(records: Sequence[Record]) -> Energy | str:
    """The energy of the valid invocations that ran wholly on battery, or why it is not known."""
    states = [
        (record, record.before, record.after)
        for record in records
        if record.valid and record.before is not None and record.after is not None
    ]
    if not states:
        return "no valid invocation has a state before and after it"
    if any(_is_mocked(before, after) for _, before, after in states):
        return "somebody has set made-up battery values"
    drains = [
        drain
        for record, before, after in states
        if before.powered is False
        and after.powered is False
        and (drain := _drain(record, before, after)) is not None
    ]
    return _sum(drains, len(records)) if drains else _why_none(states)


def _sum(drains: Sequence[_Drain], invocations: int) -> Energy | str:
    charge_uah = sum(drain.charge_uah for drain in drains)
    if charge_uah <= 0:
        return f"the battery's charge counter has not fallen ({0 - charge_uah:+.0f} µAh)"
    step_uah = _step_uah(drains)
    if charge_uah < _LEAST_STEPS * step_uah:
        return (
            f"the battery's charge counter is too coarse: it fell by {charge_uah:.0f} µAh, "
            f"in steps of {step_uah:.0f} µAh; longer runs help"
        )
    joules = sum(drain.joules for drain in drains)
    runs = sum(drain.runs for drain in drains)
    return Energy(
        joules=joules,
        joules_per_run=joules / runs,
        runs=runs,
        source="battery charge counter x voltage",
        note=(
            "of the whole phone with its screen and radios, and of starting the tool and loading "
            f"the model; {len(drains)} of {invocations} invocations, that ran on battery; the "
            f"counter's steps make it uncertain by {_error_percent(drains, step_uah):.1f} %"
        ),
    )


def _step_uah(drains: Sequence[_Drain]) -> float:
    """The smallest change that was seen: the counter's own step is no larger."""
    readings = {uah for drain in drains for uah in (drain.before_uah, drain.after_uah)}
    return min(later - earlier for earlier, later in pairwise(sorted(readings)))


def _error_percent(drains: Sequence[_Drain], step_uah: float) -> float:
    """Two standard deviations of the sum, as each reading is rounded to a step by itself: a
    rounding has the variance step^2 / 12, and each invocation has two."""
    deviation_uah = step_uah * math.sqrt(len(drains) / 6)
    return 100 * 2 * deviation_uah / sum(drain.charge_uah for drain in drains)


def _drain(record: Record, before: Observation, after: Observation) -> _Drain | None:
    measurement = record.measurement
    if measurement is None or before.charge_uah is None or after.charge_uah is None:
        return None
    voltages = [seen.voltage_mv for seen in (before, after) if seen.voltage_mv is not None]
    if not voltages:
        return None
    return _Drain(
        before_uah=before.charge_uah,
        after_uah=after.charge_uah,
        voltage_mv=sum(voltages) / len(voltages),
        runs=measurement.warmup.count + measurement.inference.count,
    )


def _why_none(states: Sequence[tuple[Record, Observation, Observation]]) -> str:
    seen = [state for _, before, after in states for state in (before, after)]
    if all(state.charge_uah is None or state.voltage_mv is None for state in seen):
        return "the device tells no charge and voltage of a battery"
    if any(state.powered for state in seen):
        return "the phone was powered from outside, by USB or a charger"
    return "the phone does not tell whether it ran on its battery"


def _is_mocked(before: Observation, after: Observation) -> bool:
    return bool(before.battery_mocked or after.battery_mocked)
