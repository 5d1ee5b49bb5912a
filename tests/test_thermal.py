from __future__ import annotations

import math

import pytest
from fake_phone import ANDROID, android_text
from hypothesis import given
from mutations import mutations_of, numbers_in

from android_runner.thermal import (
    Temperature,
    TemperatureKind,
    ThermalState,
    ThermalStatus,
    Thresholds,
    parse_thermal,
    plausible_celsius,
    quote_thermal,
)

DUMPS = [path.read_text(encoding="utf-8") for path in sorted(ANDROID.glob("thermalservice_*.txt"))]

CPU, GPU, BATTERY, SKIN, NPU = TemperatureKind
NONE, LIGHT, MODERATE, *_ = ThermalStatus

UNKNOWN = ThermalState(
    status=None, overridden=None, hal_ready=None, temperatures=(), skin=None, thresholds=()
)


def _temperature(
    kind: TemperatureKind, name: str, celsius: float | None, status: ThermalStatus = NONE
) -> Temperature:
    return Temperature(name=name, kind=kind, celsius=celsius, status=status)


def _limits(name: str) -> Thresholds:
    return Thresholds(name=name, kind=SKIN, celsius=(None, 39.0, 43.0, 45.0, 46.5, 52.0, 55.0))


def test_reads_a_pixel_6() -> None:
    skin = _temperature(SKIN, "VIRTUAL-SKIN", 24.83324)

    state = parse_thermal(android_text("thermalservice_13_pixel6.txt"))

    assert state == ThermalState(
        status=NONE,
        overridden=False,
        hal_ready=True,
        temperatures=(
            _temperature(CPU, "BIG", 26.000002),
            _temperature(CPU, "LITTLE", 27.000002),
            _temperature(CPU, "MID", 27.000002),
            _temperature(GPU, "G3D", 26.000002),
            _temperature(BATTERY, "battery", 22.1),
            skin,
            _temperature(NPU, "TPU", 25.000002),
        ),
        skin=skin,
        thresholds=(_limits("VIRTUAL-SKIN"),),
    )
    assert state.skin_c == 24.83324


def test_reads_a_hot_phone_of_android_14() -> None:
    skin = _temperature(SKIN, "VIRTUAL-SKIN", 43.2, MODERATE)

    assert parse_thermal(android_text("thermalservice_14.txt")) == ThermalState(
        status=MODERATE,
        overridden=False,
        hal_ready=True,
        temperatures=(
            _temperature(CPU, "BIG", 71.0),
            _temperature(BATTERY, "battery", 33.4),
            skin,
        ),
        skin=skin,
        thresholds=(_limits("VIRTUAL-SKIN"),),
    )


def test_passes_over_values_that_are_no_temperatures() -> None:
    skin = _temperature(SKIN, "VIRTUAL-SKIN", 34.4)

    assert parse_thermal(android_text("thermalservice_16.txt")) == ThermalState(
        status=NONE,
        overridden=True,
        hal_ready=True,
        temperatures=(
            _temperature(CPU, "AP", None),
            _temperature(GPU, "GPU", None),
            _temperature(BATTERY, "battery", -4.5),
            skin,
        ),
        skin=skin,
        thresholds=(),
    )


@pytest.mark.parametrize(
    ("dump", "sensor", "celsius"),
    [
        ("10", "sdm-therm-monitor", 31.4),
        ("10", None, 33.9),  # the hottest of its kind
        ("10", "no-such-sensor", 33.9),
        ("10", "battery", 28.1),
        ("13_pixel6", "VIRTUAL-SKIN", 24.83324),
        ("15", "VIRTUAL-SKIN", 31.6),
        ("16", "AP", 34.4),  # the sensor is absent
        ("no_hal", "VIRTUAL-SKIN", None),
    ],
)
def test_finds_the_skin(dump: str, sensor: str | None, celsius: float | None) -> None:
    assert parse_thermal(android_text(f"thermalservice_{dump}.txt"), sensor).skin_c == celsius


def test_says_so_when_there_is_no_thermal_hal() -> None:
    assert parse_thermal(android_text("thermalservice_no_hal.txt")) == ThermalState(
        status=NONE, overridden=False, hal_ready=False, temperatures=(), skin=None, thresholds=()
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Can't find service: thermalservice\n",
        "Permission Denial: can't dump thermalservice from pid=1, uid=2000\n",
        "Thermal Status: 7\n",
        "Thermal Status: 1",  # it may have been 12 or the beginning of anything
        "IsStatusOverride: maybe\n",
    ],
)
def test_invents_nothing(text: str) -> None:
    assert parse_thermal(text) == UNKNOWN


def test_reads_names_with_commas_and_braces() -> None:
    name = "skin, mStatus=3} left"
    line = f"\tTemperature{{mValue=30.0, mType=3, mName={name}, mStatus=1}}\n"

    state = parse_thermal(f"Current temperatures from HAL:\n{line}HAL Ready: true\n")

    assert state.temperatures == (_temperature(SKIN, name, 30.0, LIGHT),)


def test_reads_line_ends_of_a_terminal() -> None:
    text = android_text("thermalservice_14.txt")

    assert parse_thermal(text.replace("\n", "\r\n")) == parse_thermal(text)


def test_cuts_anywhere_give_only_values_of_the_whole() -> None:
    for text in DUMPS:
        whole = parse_thermal(text)
        for end in range(len(text)):
            cut = parse_thermal(text[:end])
            assert set(cut.temperatures) <= set(whole.temperatures)
            assert set(cut.thresholds) <= set(whole.thresholds)
            assert cut.status in (None, whole.status)
            assert cut.overridden in (None, whole.overridden)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -3.4028235e38, 8900.0, -273.2])
def test_refuses_what_can_be_no_temperature(value: float) -> None:
    assert plausible_celsius(value) is None


@pytest.mark.parametrize(
    ("dump", "sensor", "line"),
    [
        ("14", None, "\tTemperature{mValue=43.2, mType=3, mName=VIRTUAL-SKIN, mStatus=2}"),
        ("10", "battery", "\tTemperature{mValue=28.1, mType=2, mName=battery, mStatus=0}"),
    ],
)
def test_quotes_the_status_and_the_skin_of_now(dump: str, sensor: str | None, line: str) -> None:
    text = android_text(f"thermalservice_{dump}.txt")
    state = parse_thermal(text, sensor)

    override, status, skin = quote_thermal(text.replace("\n", "\r\n"), state.skin).splitlines()

    assert (override, skin) == ("IsStatusOverride: false", line)
    assert status == f"Thermal Status: {state.status}"


def test_quotes_no_skin_where_none_is_known() -> None:
    text = android_text("thermalservice_no_hal.txt")

    assert quote_thermal(text, None) == "IsStatusOverride: false\nThermal Status: 0"
    assert quote_thermal("Thermal Status: 1", None) == ""


@given(mutations_of(*DUMPS))
def test_never_fails(text: str) -> None:
    state = parse_thermal(text, "VIRTUAL-SKIN")

    assert state.skin is None or "mName=" in quote_thermal(text, state.skin)
    assert all(-60 <= number <= 200 for number in numbers_in(state))
