from __future__ import annotations

import dataclasses

import pytest
from factories import PIXEL_4, make_device

from harness.checks import PreflightCheck, Verdict
from harness.device import Observation
from harness.errors import PlanError
from harness.preflight import (
    PREFLIGHT_IDS,
    PreflightError,
    check_allowed_ids,
    check_preflight,
    refuse_unfit,
    settling_s,
)

PHONE = dataclasses.replace(PIXEL_4, build_type="user", emulator=False)
FIT_PHONE = Observation(
    battery_percent=60.0,
    battery_c=28.0,
    battery_mocked=False,
    thermal_status=0,
    thermal_overridden=False,
    uptime_s=9000.0,
    storage_free_mb=20_000.0,
    memory_available_mb=2000.0,
)
FIT_HOST = Observation(storage_free_mb=20_000.0, memory_available_mb=2000.0)
PHONE_IDS = [name for name in PREFLIGHT_IDS if name != "cpu-busy"]


def check_phone(
    seen: Observation = FIT_PHONE,
    allow: tuple[str, ...] = (),
    needed_mb: float = 100.0,
    **changes: object,
) -> tuple[PreflightCheck, ...]:
    device = dataclasses.replace(PHONE, **changes)  # type: ignore[arg-type]
    return check_preflight(device, seen, busy_percent=None, needed_mb=needed_mb, allow=allow)


def check_host(
    seen: Observation = FIT_HOST, busy_percent: float | None = 5.0, needed_mb: float = 100.0
) -> tuple[PreflightCheck, ...]:
    return check_preflight(
        make_device(), seen, busy_percent=busy_percent, needed_mb=needed_mb, allow=()
    )


def failing(checks: tuple[PreflightCheck, ...]) -> dict[str, str]:
    return {check.id: check.observed for check in checks if check.verdict is Verdict.CONTRADICTED}


def test_a_fit_phone_passes_every_check() -> None:
    checks = check_phone()

    assert [check.id for check in checks] == PHONE_IDS
    assert {check.verdict for check in checks} == {Verdict.PROVEN}
    assert refuse_unfit(checks) == checks


def test_a_fit_host_passes_every_check() -> None:
    checks = check_host()

    assert checks == (
        PreflightCheck(
            id="cpu-busy",
            required="at most 75 %",
            observed="5 %",
            verdict=Verdict.PROVEN,
            remedy="Stop other programs.",
        ),
        PreflightCheck(
            id="free-space",
            required="at least 100 MB",
            observed="20000 MB",
            verdict=Verdict.PROVEN,
            remedy="Delete files there.",
        ),
        PreflightCheck(
            id="free-memory",
            required="at least 500 MB",
            observed="2000 MB",
            verdict=Verdict.PROVEN,
            remedy="Stop other programs.",
        ),
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"battery_percent": 25.0}, {}),
        ({"battery_percent": 24.0}, {"battery-low": "24 %"}),
        ({"battery_c": 40.0}, {}),
        ({"battery_c": 40.1}, {"battery-hot": "40.1 °C"}),
        ({"battery_mocked": True}, {"battery-mocked": "values set by somebody"}),
        ({"thermal_status": 1}, {"thermal-status": "1"}),
        ({"thermal_overridden": True}, {"thermal-overridden": "one set by somebody"}),
        ({"uptime_s": 180.0}, {}),
        ({"uptime_s": 61.4}, {"uptime": "61.4 s"}),
        ({"storage_free_mb": 600.0}, {}),
        ({"storage_free_mb": 599.0}, {"free-space": "599 MB"}),
        ({"memory_available_mb": 499.0}, {"free-memory": "499 MB"}),
    ],
)
def test_tells_a_phone_that_is_not_fit(
    changes: dict[str, object], expected: dict[str, str]
) -> None:
    seen = dataclasses.replace(FIT_PHONE, **changes)  # type: ignore[arg-type]

    assert failing(check_phone(seen)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"emulator": True}, {"emulator": "an emulator"}),
        ({"build_type": "eng"}, {"build-type": "eng"}),
        ({"build_type": "userdebug"}, {}),
    ],
)
def test_tells_a_phone_that_is_the_wrong_one(
    changes: dict[str, object], expected: dict[str, str]
) -> None:
    assert failing(check_phone(**changes)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("busy_percent", "fails"), [(75.0, False), (75.1, True), (None, False)])
def test_a_busy_host_is_not_fit(busy_percent: float | None, fails: bool) -> None:
    checks = check_host(busy_percent=busy_percent)

    assert failing(checks) == ({"cpu-busy": "75.1 %"} if fails else {})


def test_a_host_needs_no_room_for_models() -> None:
    assert failing(check_host(needed_mb=50_000.0)) == {}
    assert failing(check_phone(needed_mb=50_000.0)) == {"free-space": "20000 MB"}


def test_what_a_device_does_not_tell_stops_nothing() -> None:
    phone = check_phone(Observation(), build_type=None, emulator=None)
    host = check_host(Observation(), busy_percent=None)

    for checks in (phone, host):
        assert {check.verdict for check in checks} == {Verdict.UNPROVEN}
        assert {check.observed for check in checks} == {"not told"}
        assert refuse_unfit(checks) == checks


def test_what_somebody_made_up_proves_nothing() -> None:
    seen = dataclasses.replace(
        FIT_PHONE, battery_mocked=True, battery_percent=3.0, thermal_overridden=True
    )
    verdicts = {check.id: check.verdict for check in check_phone(seen)}

    assert verdicts["battery-low"] is Verdict.UNPROVEN
    assert verdicts["battery-hot"] is Verdict.UNPROVEN
    assert verdicts["thermal-status"] is Verdict.UNPROVEN


def test_a_check_may_be_allowed_to_fail() -> None:
    hot = dataclasses.replace(FIT_PHONE, thermal_status=2)

    checks = check_phone(hot, allow=("thermal-status", "uptime"))

    # The one that holds is not marked: nothing was passed over.
    assert [check.id for check in checks if check.allowed] == ["thermal-status"]
    assert refuse_unfit(checks) == checks


def test_the_error_names_each_failure_and_the_words_to_go_on() -> None:
    seen = dataclasses.replace(FIT_PHONE, battery_percent=12.0, thermal_status=2, uptime_s=30.0)

    with pytest.raises(PreflightError) as caught:
        refuse_unfit(check_phone(seen, allow=("uptime",)))

    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        "The device is not fit to measure:\n"
        "- battery-low: 12 %, required is at least 25 %. Charge the phone.\n"
        "- thermal-status: 2, required is at most 0. Let the phone cool down.\n"
        "To go on anyway: --allow battery-low --allow thermal-status"
    )


def test_known_checks_can_be_allowed() -> None:
    check_allowed_ids(tuple(PREFLIGHT_IDS))


def test_an_unknown_check_cannot_be_allowed() -> None:
    with pytest.raises(PlanError) as caught:
        check_allowed_ids(["uptime", "batery-low"])

    assert str(caught.value).startswith(
        "allow: there is no preflight check 'batery-low'. Did you mean 'battery-low'? "
        "Known: emulator, build-type, "
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("uptime_s", "allow", "wait_s"),
    [(30.0, (), 150.0), (30.0, ("uptime",), 0.0), (180.0, (), 0.0), (None, (), 0.0)],
)
def test_a_phone_that_has_just_started_is_waited_for(
    uptime_s: float | None, allow: tuple[str, ...], wait_s: float
) -> None:
    seen = dataclasses.replace(FIT_PHONE, uptime_s=uptime_s)

    assert settling_s(seen, allow) == wait_s
