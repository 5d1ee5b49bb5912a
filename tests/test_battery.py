from __future__ import annotations

import pytest
from fake_phone import ANDROID, android_text
from hypothesis import given
from mutations import mutations_of, numbers_in

from android_runner.battery import BatteryState, Charging, parse_battery

DUMPS = [path.read_text(encoding="utf-8") for path in sorted(ANDROID.glob("battery_*.txt"))]

UNKNOWN = BatteryState(
    level_percent=None,
    celsius=None,
    voltage_mv=None,
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
            for name in ("level_percent", "celsius", "voltage_mv", "status"):
                assert cut[name] in (None, whole[name])


@given(mutations_of(*DUMPS))
def test_never_fails(text: str) -> None:
    state = parse_battery(text)

    assert all(-60 <= number <= 30_000 for number in numbers_in(state))
    assert state.level_percent is None or 0 <= state.level_percent <= 100
