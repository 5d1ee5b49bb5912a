from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from fake_settings_phone import BOUNDS, FakeSettingsPhone
from steadying import BRIGHTNESS, ODD_TEXTS, STAY_AWAKE, WINDOW_SCALE, copies, lines_of, steadied

from android_runner.changes import AirplaneMode, BackgroundCompiler, FixedPerformance
from android_runner.clocks import Root, clocks_are_fixed, find_root, lock_clocks, read_clocks
from android_runner.errors import JournalError
from android_runner.shell import Completed
from android_runner.steady_state import SteadyState, Tier, tier_of


@pytest.fixture
def phone(tmp_path: Path) -> FakeSettingsPhone:
    return FakeSettingsPhone(tmp_path / "phone")


def test_a_phone_is_steady_inside_and_as_before_outside(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    before = phone.snapshot()

    with steadied(phone, tmp_path) as state:
        inside = phone.snapshot()

    assert (state.tier, state.notes) == (Tier.CLOCKS_FIXED, ())
    assert inside["settings"] == {
        "global": {
            "stay_on_while_plugged_in": "7",
            "window_animation_scale": "0",
            "transition_animation_scale": "0",
            "animator_duration_scale": "0",
        },
        "system": {"screen_brightness_mode": "0", "screen_brightness": "10"},
        "secure": {},
    }
    assert (inside["fixed_performance"], inside["compiler"]) == (True, "disabled")
    assert phone.snapshot() == before
    assert copies(tmp_path) == []


def test_restores_in_reverse_order(phone: FakeSettingsPhone, tmp_path: Path) -> None:
    changed: list[str] = []
    phone.on_change = lambda argv: changed.append(argv[3] if argv[0] == "settings" else argv[1])

    with steadied(phone, tmp_path):
        there = list(changed)
        changed.clear()

    assert changed == there[::-1]


def test_the_journal_is_on_the_disk_before_the_change(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    journal = tmp_path / "run" / "journal.jsonl"
    seen: list[tuple[str, str | None]] = []

    def look(argv: Sequence[str]) -> None:
        last = lines_of(journal)[-1]
        assert lines_of(copies(tmp_path)[0])[-1] == last
        seen.append((last["target"], last["old"]))

    phone.on_change = look
    with steadied(phone, tmp_path):
        phone.on_change = lambda argv: None

    assert seen == [
        ("global/stay_on_while_plugged_in", "0"),
        ("system/screen_brightness_mode", "1"),
        ("system/screen_brightness", "143"),
        ("global/window_animation_scale", None),
        ("global/transition_animation_scale", None),
        ("global/animator_duration_scale", "1.0"),
        ("bg-dexopt-job", "enabled"),
        ("power", "false"),
    ]


def test_the_journal_says_what_was_and_how_to_undo_it(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    with steadied(phone, tmp_path, [WINDOW_SCALE]):
        pass

    change, undone = lines_of(tmp_path / "run" / "journal.jsonl")
    assert change.pop("at") < undone.pop("at")
    assert change == {
        "schema": 1,
        "seq": 1,
        "serial": "SERIAL1",
        "serialno": "39061FDJH005AB",
        "boot_id": "b0-0",
        "kind": "setting",
        "target": "global/window_animation_scale",
        "old": None,
        "new": "0",
        "restore": ["settings", "delete", "global", "window_animation_scale"],
    }
    assert undone == {"schema": 1, "restored": 1, "how": "restored"}


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_any_old_text_comes_back_to_the_letter(
    phone: FakeSettingsPhone, tmp_path: Path, text: str
) -> None:
    phone.state["settings"]["global"]["window_animation_scale"] = text
    before = phone.snapshot()

    with steadied(phone, tmp_path, [WINDOW_SCALE]) as state:
        assert phone.state["settings"]["global"]["window_animation_scale"] == "0"

    assert [entry.old for entry in state.changes] == [text]
    assert phone.snapshot() == before


def test_a_text_that_cannot_be_put_back_is_left(phone: FakeSettingsPhone, tmp_path: Path) -> None:
    phone.state["settings"]["global"]["window_animation_scale"] = "1\ufffd"

    with steadied(phone, tmp_path, [WINDOW_SCALE]) as state:
        assert phone.state["settings"]["global"]["window_animation_scale"] == "1\ufffd"

    assert state.notes == (
        "setting global/window_animation_scale: its old value '1\ufffd' could not be put back",
    )


def test_a_value_that_is_right_already_is_not_touched(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    phone.state["settings"]["global"]["stay_on_while_plugged_in"] = "7"

    with steadied(phone, tmp_path, [STAY_AWAKE]) as state:
        pass

    assert state.changes == ()
    assert not (tmp_path / "run" / "journal.jsonl").exists()


def test_a_phone_without_fixed_performance_goes_without_it(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    phone.state["has_fixed_performance"] = False
    before = phone.snapshot()

    with steadied(phone, tmp_path, [FixedPerformance()], pinned=True) as state:
        assert phone.snapshot() == before

    assert state == SteadyState(
        tier=Tier.PINNED,
        changes=(),
        notes=(
            "fixed-performance power: refused with exit code 255 "
            "(Failed to set FIXED_PERFORMANCE mode)",
        ),
    )
    assert phone.snapshot() == before
    assert lines_of(tmp_path / "run" / "journal.jsonl")[-1]["how"] == "the phone did not take it"


def test_a_mode_without_effect_is_turned_off_again(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    phone.refused["cmd power set-fixed-performance-mode-enabled"] = Completed(
        exit_code=0, stdout="", stderr=""
    )

    with steadied(phone, tmp_path, [FixedPerformance()]) as state:
        sent = [argv[-1] for argv in phone.commands if argv[:2] == ("cmd", "power")]

    assert sent == ["true", "false"]
    assert (state.tier, state.changes) == (Tier.UNCONTROLLED, ())
    assert state.notes == ("fixed-performance power: accepted, but it does not read back",)


@pytest.mark.parametrize(
    ("start", "refusal"),
    [
        ("settings", Completed(exit_code=127, stdout="", stderr="settings: not found")),
        ("settings get", Completed(exit_code=20, stdout="", stderr="cmd: Can't find service")),
        ("settings get", Completed(exit_code=0, stdout="14", stderr="")),
        ("settings get", Completed(exit_code=0, stdout="", stderr="")),
        ("settings put", Completed(exit_code=255, stdout="", stderr="SecurityException")),
        ("settings put", Completed(exit_code=0, stdout="", stderr="")),
        ("cmd", Completed(exit_code=127, stdout="", stderr="cmd: not found")),
        ("cmd package", Completed(exit_code=255, stdout="", stderr="Unknown option")),
        ("sh -c", Completed(exit_code=1, stdout="", stderr="Permission denied")),
    ],
)
def test_what_a_phone_refuses_is_noted_and_done_without(
    phone: FakeSettingsPhone, tmp_path: Path, start: str, refusal: Completed
) -> None:
    before = phone.snapshot()
    phone.refused[start] = refusal

    with steadied(phone, tmp_path) as state:
        pass

    assert state.notes
    assert phone.snapshot() == before
    assert copies(tmp_path) == []


@pytest.mark.parametrize("sdk", ["33", "", "Tiramisu", "-34", "³⁴"])
def test_an_android_that_would_start_the_compiler_is_not_asked_to_stop_it(
    phone: FakeSettingsPhone, tmp_path: Path, sdk: str
) -> None:
    phone.state["sdk"] = sdk

    with steadied(phone, tmp_path, [BackgroundCompiler()]) as state:
        pass

    assert len(state.notes) == 1
    assert not [argv for argv in phone.commands if "bg-dexopt-job" in argv]


def test_airplane_mode_is_for_a_cable_only(tmp_path: Path) -> None:
    serials = ("SERIAL1", "192.168.1.7:5555", "adb-43081FDAS000VS-QXjCrW._adb-tls-connect._tcp")
    seen = {}
    for number, serial in enumerate(serials):
        phone = FakeSettingsPhone(tmp_path / f"phone{number}", serial=serial)
        with steadied(phone, tmp_path, [AirplaneMode()]):
            seen[serial] = phone.state["airplane"]
        assert phone.state["airplane"] == "disabled"

    assert list(seen.values()) == ["enabled", "disabled", "disabled"]


@pytest.mark.parametrize(("uid", "su"), [("0", False), ("2000", True)])
def test_root_can_hold_the_clocks(
    phone: FakeSettingsPhone, tmp_path: Path, uid: str, su: bool
) -> None:
    phone.state |= {"uid": uid, "su": su, "has_fixed_performance": False}
    before = phone.snapshot()
    root = find_root(phone)
    assert root is not None

    with steadied(phone, tmp_path, lock_clocks(read_clocks(phone), root)) as state:
        held = {policy: phone.clock(policy, "min").read_text().strip() for policy in BOUNDS}

    assert held == {policy: high for policy, (_low, high) in BOUNDS.items()}
    assert state.tier == Tier.CLOCKS_FIXED
    # The kernel's own files end in a newline whatever is written; these end as they were written.
    clocks = phone.snapshot()["clocks"]
    assert {name: text.strip() for name, text in clocks.items()} == {
        name: text.strip() for name, text in before["clocks"].items()
    }


def test_without_root_no_clock_is_written(phone: FakeSettingsPhone, tmp_path: Path) -> None:
    assert find_root(phone) is None

    with steadied(phone, tmp_path, lock_clocks(read_clocks(phone), Root.ADBD)) as state:
        pass

    assert (state.tier, state.changes, len(state.notes)) == (Tier.UNCONTROLLED, (), 3)


@pytest.mark.parametrize(
    ("pinned", "clocks_fixed", "tier"),
    [(False, False, "T0"), (True, False, "T1"), (True, True, "T2"), (False, True, "T2")],
)
def test_tiers(pinned: bool, clocks_fixed: bool, tier: str) -> None:
    assert tier_of(pinned=pinned, clocks_fixed=clocks_fixed) == tier


def test_a_value_that_the_phone_writes_in_its_own_way_is_taken_back(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    class Rounding(FakeSettingsPhone):
        def run(self, argv: Sequence[str], *, deadline_s: float = 20) -> Completed:
            own = [f"{word}.0" if word == "10" else word for word in argv]
            return super().run(own, deadline_s=deadline_s)

    rounding = Rounding(tmp_path / "rounding")
    before = rounding.snapshot()

    with steadied(rounding, tmp_path, [BRIGHTNESS]) as state:
        assert rounding.snapshot() == before

    assert state.notes == ("setting system/screen_brightness: accepted, but it does not read back",)


def test_clocks_that_nobody_can_see_are_not_fixed(phone: FakeSettingsPhone) -> None:
    assert not clocks_are_fixed(())
    assert not clocks_are_fixed(read_clocks(phone))
    for policy, (_low, high) in BOUNDS.items():
        phone.clock(policy, "min").write_text(f"{high}\n", encoding="ascii")
    assert clocks_are_fixed(read_clocks(phone))
    phone.clock("7", "max").write_text("", encoding="ascii")
    assert not clocks_are_fixed(read_clocks(phone))


def test_without_a_journal_nothing_is_changed(phone: FakeSettingsPhone, tmp_path: Path) -> None:
    before = phone.snapshot()
    (tmp_path / "run").write_text("a file in the place of the folder", encoding="ascii")

    with pytest.raises(JournalError, match=r"journal\.jsonl"), steadied(phone, tmp_path):
        pass

    assert phone.snapshot() == before
    assert not [argv for argv in phone.commands if "put" in argv]
