from __future__ import annotations

import dataclasses

import pytest
from factories import make_case, make_measurement, make_record

from harness.device import Observation
from harness.energy import Energy, find_energy
from harness.measurement import Phase
from harness.record import Record

ON_BATTERY = Observation(powered=False, battery_mocked=False, voltage_mv=4000.0)
FULL = dataclasses.replace(ON_BATTERY, charge_uah=3e6)
DRAINED = dataclasses.replace(ON_BATTERY, charge_uah=2e6)
CHARGING = dataclasses.replace(ON_BATTERY, charge_uah=2.5e6, powered=True)
UNTOLD = dataclasses.replace(CHARGING, powered=None)


def record(before_uah: float | None, after_uah: float | None, **changes: object) -> Record:
    """An invocation of 2 + 18 runs at 4 V."""
    case = make_case()
    state = dataclasses.replace(ON_BATTERY, **changes)  # type: ignore[arg-type]
    measurement = make_measurement(inference=Phase(count=18, average_us=20000.0))
    return make_record(
        case,
        measurement=measurement,
        before=dataclasses.replace(state, charge_uah=before_uah),
        after=dataclasses.replace(state, charge_uah=after_uah),
    )


# Ten invocations of 1000 µAh each; 100 µAh pass between them.
SERIES = [record(3e6 - 1100 * n, 3e6 - 1100 * n - 1000) for n in range(10)]


def test_sums_the_charge_of_all_invocations_times_the_voltage() -> None:
    found = find_energy(SERIES)

    assert isinstance(found, Energy)
    assert dataclasses.replace(
        found, joules=round(found.joules, 9), joules_per_run=round(found.joules_per_run, 9)
    ) == Energy(
        joules=144.0,  # 10 mAh x 3600 s/h x 4 V
        joules_per_run=0.72,
        runs=200,
        source="battery charge counter x voltage",
        note=(
            "of the whole phone with its screen and radios, and of starting the tool and loading "
            "the model; 10 of 10 invocations, that ran on battery; the counter's steps make it "
            "uncertain by 2.6 %"
        ),
    )


def test_the_voltage_is_the_mean_of_before_and_after() -> None:
    last = SERIES[-1]
    assert last.after is not None
    sagging = dataclasses.replace(last, after=dataclasses.replace(last.after, voltage_mv=3000.0))

    found = find_energy([*SERIES[:-1], sagging])

    assert isinstance(found, Energy)
    assert found.joules == pytest.approx(9 * 14.4 + 12.6)


def test_one_voltage_is_enough() -> None:
    silent = [
        dataclasses.replace(one, after=dataclasses.replace(one.after, voltage_mv=None))
        for one in SERIES
        if one.after is not None
    ]

    assert find_energy(silent) == find_energy(SERIES)


@pytest.mark.parametrize(
    "other",
    [
        record(3e6, 2e6, powered=True),
        record(3e6, 2e6, powered=None),
        dataclasses.replace(record(3e6, 2e6), valid=False),
        *[
            dataclasses.replace(record(3e6, 2e6), before=other, after=DRAINED)
            for other in (CHARGING, UNTOLD)
        ],
        *[
            dataclasses.replace(record(3e6, 2e6), before=FULL, after=other)
            for other in (CHARGING, UNTOLD)
        ],
        record(3e6, None),
        record(3e6, 2e6, voltage_mv=None),
    ],
)
def test_leaves_out_what_did_not_run_wholly_on_battery(other: Record) -> None:
    found, alone = find_energy([*SERIES, other]), find_energy(SERIES)

    assert isinstance(found, Energy)
    assert isinstance(alone, Energy)
    assert "10 of 11 invocations" in found.note
    assert dataclasses.replace(found, note=alone.note) == alone


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([], "no valid invocation has a state before and after it"),
        (
            [dataclasses.replace(SERIES[0], after=None)],
            "no valid invocation has a state before and after it",
        ),
        (
            [record(3e6, 2e6, powered=True)],
            "the phone was powered from outside, by USB or a charger",
        ),
        ([record(3e6, 2e6, powered=None)], "the phone does not tell whether it ran on its battery"),
        ([record(None, None)], "the device tells no charge and voltage of a battery"),
        (
            [record(3e6, 2e6, voltage_mv=None)],
            "the device tells no charge and voltage of a battery",
        ),
        (
            [*SERIES, record(3e6, 2e6, battery_mocked=True)],
            "somebody has set made-up battery values",
        ),
        ([record(3e6, 3e6)] * 20, "the battery's charge counter has not fallen (+0 µAh)"),
        ([record(3e6, 3_001_000)], "the battery's charge counter has not fallen (+1000 µAh)"),
        (
            [record(3e6, 2_999_000), record(2_999_000, 2_998_000)],
            "the battery's charge counter is too coarse: it fell by 2000 µAh, "
            "in steps of 1000 µAh; longer runs help",
        ),
    ],
)
def test_says_why_the_energy_is_not_known(records: list[Record], why: str) -> None:
    assert find_energy(records) == why


def test_a_host_has_no_battery_to_tell_of() -> None:
    case = make_case()

    assert find_energy([make_record(case)]) == "the device tells no charge and voltage of a battery"


@pytest.mark.parametrize(("steps", "known"), [(9, False), (10, True)])
def test_ten_steps_of_the_counter_are_enough(steps: int, known: bool) -> None:
    fall = [record(3e6 - 500 * n, 3e6 - 500 * (n + 1)) for n in range(steps)]

    assert isinstance(find_energy(fall), Energy) is known
