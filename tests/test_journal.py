from __future__ import annotations

import contextlib
import json
import resource
import shutil
from pathlib import Path
from typing import Any

import pytest
from fake_settings_phone import FakeSettingsPhone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from android_runner.changes import Setting
from android_runner.errors import JournalError, NotRestoredError
from android_runner.identity import PhoneIdentity, identify
from android_runner.journal import Journal, open_journal, state_folder
from android_runner.journal_entries import Entry, How, read_entries
from android_runner.restore import Patience, Restored, restore_pending

PHONE = PhoneIdentity(serial="SERIAL1", serialno="39061FDJH005AB", boot_id="b0-0")
OTHER = PhoneIdentity(serial="SERIAL1", serialno="OTHER", boot_id="b0-0")
STAY_AWAKE = Setting(target="global/stay_on_while_plugged_in", wanted="7")


@pytest.fixture
def phone(tmp_path: Path) -> FakeSettingsPhone:
    return FakeSettingsPhone(tmp_path / "phone")


def crash_after_a_change(phone: FakeSettingsPhone, folder: Path, run: str = "run") -> Path:
    """What a run leaves that is killed right after its first change."""
    change = STAY_AWAKE
    with open_journal(folder / run, identify(phone), folder / "state") as journal:
        begin(journal, old=change.read(phone))
    phone.run(change.argv(change.wanted))
    return journal.path


def begin(journal: Journal, *, old: str | None = "0", new: str = "7") -> Entry:
    return journal.begin(
        boot_id=journal.phone.boot_id,
        kind=STAY_AWAKE.kind,
        target=STAY_AWAKE.target,
        old=old,
        new=new,
        restore=STAY_AWAKE.argv(old),
    )


def begin_several(journal: Journal, begun: list[Entry]) -> None:
    begun.extend(begin(journal) for _ in range(5))


def restore(phone: FakeSettingsPhone, folder: Path, *journals: Path) -> list[Restored]:
    patience = Patience(limit_s=0, sleep=lambda seconds: None)
    return restore_pending(phone, folder / "state", journals=journals, patience=patience)


def copy_of(folder: Path) -> Path:
    (copy,) = (folder / "state" / "journals").glob("*.jsonl")
    return copy


def stay_on(phone: FakeSettingsPhone) -> str:
    return str(phone.state["settings"]["global"]["stay_on_while_plugged_in"])


def test_the_copy_is_enough_where_the_run_is_gone(phone: FakeSettingsPhone, tmp_path: Path) -> None:
    crash_after_a_change(phone, tmp_path)
    shutil.rmtree(tmp_path / "run")

    assert [one.how for one in restore(phone, tmp_path)] == [How.RESTORED]

    assert stay_on(phone) == "0"
    assert not (tmp_path / "run").exists()
    assert restore(phone, tmp_path) == []


def test_a_journal_from_elsewhere_is_enough_without_a_copy(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    path = crash_after_a_change(phone, tmp_path)
    shutil.rmtree(tmp_path / "state")
    assert restore(phone, tmp_path) == []

    assert [one.how for one in restore(phone, tmp_path, path)] == [How.RESTORED]

    assert stay_on(phone) == "0"
    assert restore(phone, tmp_path, path) == []


@pytest.mark.parametrize("victim", ["journal", "copy"])
def test_a_line_in_one_of_both_is_enough(
    phone: FakeSettingsPhone, tmp_path: Path, victim: str
) -> None:
    path = crash_after_a_change(phone, tmp_path)
    cut = path if victim == "journal" else copy_of(tmp_path)
    cut.write_bytes(cut.read_bytes()[:-10])

    assert [one.how for one in restore(phone, tmp_path)] == [How.RESTORED]

    assert stay_on(phone) == "0"


def test_every_cut_of_the_last_line_leaves_the_lines_before_it(tmp_path: Path) -> None:
    with open_journal(tmp_path / "run", PHONE, tmp_path / "state") as journal:
        first, _second = begin(journal), begin(journal, old="7", new="0")
    lines = journal.path.read_bytes().splitlines(keepends=True)

    for length in range(len(lines[1]) - 1):
        journal.path.write_bytes(lines[0] + lines[1][:length])
        assert read_entries(journal.path) == ({1: first}, set())


def test_a_line_after_a_cut_one_is_whole(tmp_path: Path) -> None:
    with open_journal(tmp_path / "run", PHONE, tmp_path / "state") as journal:
        first = begin(journal)
        path = journal.path
        path.write_bytes(path.read_bytes() + b'{"schema": 1, "seq": 2, "se')
        journal.end(first, How.RESTORED)

    assert read_entries(path) == ({1: first}, {1})


def test_runs_are_undone_in_the_reverse_of_their_order(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    crash_after_a_change(phone, tmp_path, "first")
    with open_journal(tmp_path / "second", PHONE, tmp_path / "state") as journal:
        begin(journal, old="7", new="3")
    phone.run(STAY_AWAKE.argv("3"))

    restored = restore(phone, tmp_path)

    assert [(one.entry.old, one.how) for one in restored] == [
        ("7", How.RESTORED),
        ("0", How.RESTORED),
    ]
    assert stay_on(phone) == "0"


def test_a_resumed_run_goes_on_in_the_same_journal(tmp_path: Path) -> None:
    with open_journal(tmp_path / "run", PHONE, tmp_path / "state") as journal:
        journal.end(begin(journal), How.RESTORED)
    with open_journal(tmp_path / "run", PHONE, tmp_path / "state") as journal:
        second = begin(journal)
        assert (second.seq, journal.pending()) == (2, [second])


def test_one_run_on_two_phones_keeps_them_apart(tmp_path: Path) -> None:
    with open_journal(tmp_path / "run", PHONE, tmp_path / "state") as journal:
        mine = begin(journal)
    with open_journal(tmp_path / "run", OTHER, tmp_path / "state") as journal:
        theirs = begin(journal)
        assert journal.pending() == [theirs]
        journal.end(theirs, How.RESTORED)
    with open_journal(tmp_path / "run", PHONE, tmp_path / "state") as journal:
        assert journal.pending() == [mine]


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"schema": None},
        {"seq": "1"},
        {"old": 0},
        {"restore": "settings put global stay_on_while_plugged_in 0"},
        {"restore": [1]},
        {"target": None},
    ],
)
def test_a_line_of_another_version_is_not_guessed_at(
    phone: FakeSettingsPhone, tmp_path: Path, change: dict[str, Any]
) -> None:
    path = crash_after_a_change(phone, tmp_path)
    line = json.loads(path.read_text(encoding="ascii"))
    path.write_text(json.dumps(line | change), encoding="ascii")

    with pytest.raises(JournalError, match=next(iter(change))):
        restore(phone, tmp_path)

    assert stay_on(phone) == "7"


def test_one_that_cannot_be_read_does_not_keep_others_from_being_undone(
    phone: FakeSettingsPhone, tmp_path: Path
) -> None:
    first = crash_after_a_change(phone, tmp_path, "first")
    first.write_text('{"schema": 99}', encoding="ascii")
    phone.run(STAY_AWAKE.argv("0"))
    crash_after_a_change(phone, tmp_path, "second")

    with pytest.raises(JournalError, match="first"):
        restore(phone, tmp_path)

    assert stay_on(phone) == "0"


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("setting", "global/../../x"),
        ("setting", "global/x;reboot"),
        ("setting", "other/x"),
        ("clock-floor", "/data/local/tmp/x"),
        ("clock-floor", "/sys/devices/system/cpu/cpufreq/policy0/../../x/scaling_min_freq"),
        ("next-year", "power"),
    ],
)
def test_a_journal_makes_nothing_run_that_is_no_change_of_ours(
    phone: FakeSettingsPhone, tmp_path: Path, kind: str, target: str
) -> None:
    with open_journal(tmp_path / "run", PHONE, tmp_path / "state") as journal:
        journal.begin(
            boot_id="b0-0", kind=kind, target=target, old="1", new="2", restore=["rm", "-r", "/"]
        )

    with pytest.raises(NotRestoredError, match="does not know the change"):
        restore(phone, tmp_path)

    assert {argv[0] for argv in phone.commands} <= {"getprop", "cat"}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=st.none() | st.text(st.characters(exclude_categories=[])), new=st.text())
def test_any_text_comes_back_from_the_disk(tmp_path: Path, old: str | None, new: str) -> None:
    shutil.rmtree(tmp_path / "run", ignore_errors=True)
    shutil.rmtree(tmp_path / "state", ignore_errors=True)
    with open_journal(tmp_path / "run", PHONE, tmp_path / "state") as journal:
        entry = begin(journal, old=old, new=new)

    assert read_entries(journal.path) == ({1: entry}, set())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    junk=st.binary(max_size=40) | st.sampled_from([b"[]", b"1", b"null", b'"x"', b"{}", b"\xff"])
)
def test_junk_is_passed_over_or_refused(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(junk)

    with contextlib.suppress(JournalError):
        assert read_entries(path) == ({}, set())


@pytest.mark.parametrize("room", [0, 1, 100, 300, 400, 500, 600])
def test_a_full_disk_is_an_error_before_the_change(tmp_path: Path, room: int) -> None:
    with open_journal(tmp_path / "run", PHONE, tmp_path / "state") as journal:
        begun = [begin(journal)]
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        largest = max(journal.path.stat().st_size, copy_of(tmp_path).stat().st_size)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + room, limits[1]))
        try:
            with pytest.raises(JournalError, match="cannot be written"):
                begin_several(journal, begun)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        for entry in journal.pending():
            journal.end(entry, How.AS_BEFORE)

    on_disk = read_entries(journal.path)[0]
    assert [on_disk.get(entry.seq) for entry in begun] == begun
    assert not list((tmp_path / "state" / "journals").iterdir())


def test_the_state_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MBERT_BENCH_STATE", str(tmp_path))
    assert state_folder() == tmp_path

    monkeypatch.setenv("MBERT_BENCH_STATE", "")
    monkeypatch.setenv("XDG_STATE_HOME", "/elsewhere")
    assert state_folder() == Path("/elsewhere/mbert-bench")
