from __future__ import annotations

from pathlib import Path

import pytest
from fake_settings_phone import FakeSettingsPhone
from steadying import (
    BRIGHTNESS,
    STAY_AWAKE,
    WINDOW_SCALE,
    Clock,
    copies,
    hows,
    lines_of,
    restore,
    steadied,
)

from android_runner.changes import BackgroundCompiler, Change, FixedPerformance, usual_changes
from android_runner.errors import LinkLostError, NotRestoredError, OtherPhoneError
from android_runner.identity import identify
from android_runner.journal import open_journal
from android_runner.journal_entries import How
from android_runner.restore import Patience
from android_runner.shell import Completed
from android_runner.steady_state import steady


@pytest.fixture
def phone(tmp_path: Path) -> FakeSettingsPhone:
    return FakeSettingsPhone(tmp_path / "phone")


def test_an_exception_in_the_body_goes_through_after_the_restore(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    before = phone.snapshot()

    with pytest.raises(ZeroDivisionError), steadied(phone, tmp_path):
        raise ZeroDivisionError

    assert phone.snapshot() == before


def test_what_somebody_else_has_changed_is_left_to_them(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    with steadied(phone, tmp_path, [STAY_AWAKE, BRIGHTNESS]):
        phone.state["settings"]["system"]["screen_brightness"] = "99"

    assert phone.state["settings"]["system"]["screen_brightness"] == "99"
    assert phone.state["settings"]["global"]["stay_on_while_plugged_in"] == "0"
    assert [line.get("how") for line in lines_of(tmp_path / "run" / "journal.jsonl")] == [
        None,
        None,
        "left alone: somebody else has changed it since",
        "restored",
    ]
    assert restore(phone, tmp_path) == []


def test_a_reboot_undoes_what_it_undoes_and_the_rest_is_restored(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    before = phone.snapshot()

    with steadied(phone, tmp_path):
        phone.reboot()

    assert phone.snapshot() == before
    hows_found = [line["how"] for line in lines_of(tmp_path / "run" / "journal.jsonl")[8:]]
    assert hows_found == ["undone by a reboot"] + ["restored"] * 7


def test_a_phone_that_boots_is_waited_for(phone: FakeSettingsPhone, tmp_path: Path) -> None:
    before = phone.snapshot()
    starting = Completed(exit_code=20, stdout="", stderr="cmd: Can't find service: settings")
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now_s > 30:
            phone.state["booted"] = True
            phone.refused.clear()

    waiting = Patience(limit_s=90, sleep=sleep, clock=clock)
    with (
        open_journal(tmp_path / "run", identify(phone), tmp_path / "state") as journal,
        steady(phone, journal, usual_changes(), patience=waiting),
    ):
        phone.reboot()
        phone.state["booted"] = False
        phone.refused["settings"] = starting

    assert phone.snapshot() == before


def test_a_phone_that_stays_away_is_reported_and_found_again(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    before = phone.snapshot()

    with (
        pytest.raises(NotRestoredError) as caught,
        steadied(phone, tmp_path, [STAY_AWAKE, WINDOW_SCALE], limit_s=30),
    ):
        phone.broken_at = dict.fromkeys(range(1000), "before")

    assert caught.value.exit_code == 3
    assert caught.value.what == (
        "setting global/window_animation_scale (was None): "
        "adb -s SERIAL1 shell 'settings delete global window_animation_scale'",
        "setting global/stay_on_while_plugged_in (was '0'): "
        "adb -s SERIAL1 shell 'settings put global stay_on_while_plugged_in 0'",
    )
    assert "mbert-bench restore --device SERIAL1" in str(caught.value)
    assert 30 <= len(phone.commands) < 60  # asked about once a second, for the limit

    phone.broken_at = {}
    assert hows(restore(phone, tmp_path)) == [
        ("global/window_animation_scale", How.RESTORED),
        ("global/stay_on_while_plugged_in", How.RESTORED),
    ]
    assert phone.snapshot() == before
    assert copies(tmp_path) == []


def test_the_caller_says_how_to_wait_for_a_phone(phone: FakeSettingsPhone, tmp_path: Path) -> None:
    before = phone.snapshot()
    asked: list[float] = []

    def wait(left_s: float) -> None:
        asked.append(left_s)
        if len(asked) == 3:
            phone.broken_at = {}
        raise LinkLostError(phone.serial, "waiting", "not there")

    clock = Clock()
    waiting = Patience(limit_s=60, wait_for_phone=wait, sleep=clock.sleep, clock=clock)
    with (
        open_journal(tmp_path / "run", identify(phone), tmp_path / "state") as journal,
        steady(phone, journal, [STAY_AWAKE], patience=waiting),
    ):
        phone.broken_at = dict.fromkeys(range(1000), "before")

    assert phone.snapshot() == before
    assert len(asked) == 3
    assert 0 < asked[-1] < asked[0] <= 60


def test_one_interrupt_during_the_restore_is_late_and_a_second_one_ends_it(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    before = phone.snapshot()

    with pytest.raises(KeyboardInterrupt), steadied(phone, tmp_path, [STAY_AWAKE]):
        phone.broken_at = {len(phone.commands): "interrupt"}
    assert phone.snapshot() == before

    with pytest.raises(KeyboardInterrupt), steadied(phone, tmp_path, [STAY_AWAKE]):
        phone.broken_at = dict.fromkeys(range(len(phone.commands), 1000), "interrupt")
    assert phone.snapshot() != before

    phone.broken_at = {}
    restore(phone, tmp_path)
    assert phone.snapshot() == before


def test_an_interrupt_ends_the_waiting_for_a_phone(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    def press(left_s: float) -> None:
        raise KeyboardInterrupt

    clock = Clock()
    waiting = Patience(limit_s=600, wait_for_phone=press, sleep=clock.sleep, clock=clock)
    with (
        pytest.raises(NotRestoredError),
        open_journal(tmp_path / "run", identify(phone), tmp_path / "state") as journal,
        steady(phone, journal, [STAY_AWAKE], patience=waiting),
    ):
        phone.broken_at = dict.fromkeys(range(1000), "before")

    assert clock.now_s < 20


def crash_with(phone: FakeSettingsPhone, folder: Path, change: Change, *, made: bool) -> None:
    """What a run leaves that is killed right before, or right after, it makes a change."""
    with open_journal(folder / "run", identify(phone), folder / "state") as journal:
        old = change.read(phone)
        journal.begin(
            boot_id=journal.phone.boot_id,
            kind=change.kind,
            target=change.target,
            old=old,
            new=change.wanted,
            restore=change.argv(old),
        )
    if made:
        phone.run(change.argv(change.wanted))


@pytest.mark.parametrize(
    ("change", "has_it", "made", "how"),
    [
        (STAY_AWAKE, True, False, How.AS_BEFORE),
        (STAY_AWAKE, True, True, How.RESTORED),
        (WINDOW_SCALE, True, False, How.AS_BEFORE),
        (WINDOW_SCALE, True, True, How.RESTORED),
        (FixedPerformance(), True, False, How.RESTORED),
        (FixedPerformance(), True, True, How.RESTORED),
        (FixedPerformance(), False, True, How.NEVER_APPLIED),
        (BackgroundCompiler(), True, True, How.RESTORED),
    ],
)
def test_a_crash_before_or_after_a_change(
    phone: FakeSettingsPhone, tmp_path: Path, change: Change, has_it: bool, made: bool, how: How
) -> None:
    phone.state["has_fixed_performance"] = has_it
    before = phone.snapshot()
    crash_with(phone, tmp_path, change, made=made)

    assert hows(restore(phone, tmp_path)) == [(change.target, how)]

    assert phone.snapshot() == before


def test_fixed_performance_is_turned_off_also_where_its_effect_does_not_show(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    crash_with(phone, tmp_path, FixedPerformance(), made=True)
    phone.clock("0", "min").write_text("300000\n", encoding="ascii")

    assert hows(restore(phone, tmp_path)) == [("power", How.RESTORED)]

    assert not phone.state["fixed_performance"]


def test_an_old_value_that_does_not_stay_is_not_called_restored(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    with (
        pytest.raises(NotRestoredError, match="the old value does not stay"),
        steadied(phone, tmp_path, [STAY_AWAKE]),
    ):
        phone.refused["settings put"] = Completed(exit_code=0, stdout="", stderr="")

    assert phone.state["settings"]["global"]["stay_on_while_plugged_in"] == "7"
    phone.refused.clear()
    assert hows(restore(phone, tmp_path)) == [(STAY_AWAKE.target, How.RESTORED)]


def test_another_phone_at_the_same_address_is_not_touched(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    with (
        pytest.raises(NotRestoredError, match="another phone answers here"),
        steadied(phone, tmp_path, [STAY_AWAKE]),
    ):
        phone.state["serialno"] = "OTHER"

    other = phone.snapshot()
    assert other["settings"]["global"]["stay_on_while_plugged_in"] == "7"
    assert restore(phone, tmp_path) == []
    assert phone.snapshot() == other
    phone.state["serialno"] = "39061FDJH005AB"
    assert len(restore(phone, tmp_path)) == 1


def test_a_journal_of_one_phone_is_not_for_another(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    before = phone.snapshot()

    with open_journal(tmp_path / "run", identify(phone), tmp_path / "state") as journal:
        other = FakeSettingsPhone(tmp_path / "other")
        other.state["serialno"] = "OTHER"
        with pytest.raises(OtherPhoneError), steady(other, journal, usual_changes()):
            pass

    assert other.snapshot() == before | {"serialno": "OTHER"}
