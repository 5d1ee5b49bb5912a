from __future__ import annotations

import pytest
from fake_phone import ANDROID, android_text
from hypothesis import given
from mutations import mutations_of, numbers_in

from android_runner.battery import BatteryState, Charging, parse_battery, quote_battery

DUMPS = [path.read_text(encoding="utf-8") for path in sorted(ANDROID.glob("battery_*.txt"))]

UNKNOWN = BatteryState(
    level_percent=None,
    celsius=None,
    voltage_mv=None,
    charge_uah=None,
    status=None,
    sources=(),
    powered=None,
    mocked=None,
)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        (
            "battery_12.txt",
            BatteryState(
                level_percent=9,
                celsius=28.1,
                voltage_mv=4248,
                charge_uah=2448973,
                status=Charging.CHARGING,
                sources=("ac",),
                powered=True,
                mocked=False,
            ),
        ),
        (
            "battery_13_mocked.txt",
            BatteryState(
                level_percent=88,
                celsius=25.5,
                voltage_mv=4101,
                charge_uah=3218000,
                status=Charging.DISCHARGING,
                sources=(),
                powered=False,
                mocked=True,
            ),
        ),
        (
            "battery_15_oem.txt",
            BatteryState(
                level_percent=100,
                celsius=-1.2,
                voltage_mv=4391,
                charge_uah=3912000,
                status=Charging.FULL,
                sources=("usb",),
                powered=True,
                mocked=False,
            ),
        ),
    ],
)
def test_reads_the_dumps_of_all_versions(name: str, state: BatteryState) -> None:
    assert parse_battery(android_text(name)) == state


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Can't find service: battery\n",
        "  level: 9",  # it may have been 98
        "  level: 50\n",  # of what scale?
        "  level: 120\n  scale: 100\n",
        "  level: -1\n  scale: 100\n",
        "  level: 50\n  scale: 0\n",
        "  temperature: NaN\n",
        "  temperature: 99999\n",
        "  voltage: 4\n",
        "  voltage: 4200000\n",
        "  voltage: 4182 mV\n",
        "  Charge counter: 0\n",  # no gauge
        "  Charge counter: 1000\n",
        "  Charge counter: 3218\n",  # milliampere-hours
        "  Charge counter: -2448973\n",
        "  Charge counter: 3218000000\n",
        "  Charge counter: 2448973",  # cut short
        "  charge counter: 2448973\n",  # another, of a vendor
        "  status: 9\n",
        "  AC powered: yes\n",
        "  SAC powered: true\n",
    ],
)
def test_invents_nothing(text: str) -> None:
    assert parse_battery(text) == UNKNOWN


def test_cuts_anywhere_give_only_values_of_the_whole() -> None:
    for text in DUMPS:
        whole = vars(parse_battery(text))
        for end in range(len(text)):
            cut = vars(parse_battery(text[:end]))
            for name in ("level_percent", "celsius", "voltage_mv", "charge_uah", "status"):
                assert cut[name] in (None, whole[name])


def test_quotes_the_lines_that_it_reads_and_no_others() -> None:
    assert quote_battery(android_text("battery_15_oem.txt")).splitlines() == [
        "  AC powered: false",
        "  USB powered: true",
        "  Wireless powered: false",
        "  Dock powered: false",
        "  Charge counter: 3912000",
        "  level: 200",
        "  scale: 200",
        "  voltage: 4391",
        "  temperature: -12",
    ]
    mocked = quote_battery(android_text("battery_13_mocked.txt")).splitlines()
    assert mocked[0] == "  (UPDATES STOPPED -- use 'reset' to restart)"


@given(mutations_of(*DUMPS))
def test_never_fails(text: str) -> None:
    state = parse_battery(text)

    assert all(-60 <= number <= 50_000_000 for number in numbers_in(state))
    assert state.level_percent is None or 0 <= state.level_percent <= 100
