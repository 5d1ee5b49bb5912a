from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_settings_phone import FakeSettingsPhone
from hypothesis import given, settings
from hypothesis import strategies as st
from steadying import ODD_TEXTS, copies, restore, steadied

from android_runner.errors import PhoneError

NAMES = ("stay_on_while_plugged_in", "window_animation_scale", "animator_duration_scale")
FAILURES = st.sampled_from(["before", "after", "interrupt", "interrupt after"])
VALUES = (
    st.none()
    | st.sampled_from(ODD_TEXTS)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
)


@settings(max_examples=60, deadline=None)
@given(
    failures=st.dictionaries(st.integers(0, 75), FAILURES, max_size=3),
    values=st.tuples(VALUES, VALUES, VALUES),
    fixed=st.booleans(),
    reboots=st.booleans(),
)
def test_whatever_breaks_the_phone_is_as_before_in_the_end(
    tmp_path_factory: pytest.TempPathFactory,
    failures: dict[int, str],
    values: tuple[str | None, ...],
    fixed: bool,
    reboots: bool,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    phone = FakeSettingsPhone(folder / "phone")
    phone.state["has_fixed_performance"] = fixed
    for name, value in zip(NAMES, values, strict=True):
        space = phone.state["settings"]["global"]
        space.pop(name, None)
        if value is not None:
            space[name] = value
    before = phone.snapshot()
    phone.broken_at = failures

    with contextlib.suppress(PhoneError, KeyboardInterrupt), steadied(phone, folder, limit_s=0):
        pass
    phone.broken_at = {}
    if reboots:
        phone.reboot()
    restore(phone, folder)

    assert phone.snapshot() == before
    assert restore(phone, folder) == []
    assert copies(folder) == []


@pytest.mark.parametrize("how", ["before", "after", "interrupt", "interrupt after"])
def test_each_single_point_of_failure(tmp_path: Path, how: str) -> None:
    number, ended_well = 0, False
    while not ended_well:
        folder = tmp_path / str(number)
        phone = FakeSettingsPhone(folder / "phone")
        before = phone.snapshot()
        phone.broken_at = {number: how}
        try:
            with steadied(phone, folder):
                pass
            ended_well = len(phone.commands) <= number
        except (PhoneError, KeyboardInterrupt):
            pass
        # One failure is survived without help.
        assert phone.snapshot() == before, number
        phone.broken_at = {}
        assert restore(phone, folder) == []
        number += 1

    assert number > 40


_VICTIM = """
import sys
from pathlib import Path
from fake_settings_phone import FakeSettingsPhone
from android_runner.changes import usual_changes
from android_runner.identity import identify
from android_runner.journal import open_journal
from android_runner.steady_state import steady

folder, fatal = Path(sys.argv[1]), int(sys.argv[2])
phone = FakeSettingsPhone(folder / "phone")

def wait_for_death(argv):
    phone.changes = getattr(phone, "changes", 0) + 1
    if phone.changes == fatal:
        phone.save()
        print("ready", flush=True)
        sys.stdin.read()

phone.on_change = wait_for_death
with (
    open_journal(folder / "run", identify(phone), folder / "state") as journal,
    steady(phone, journal, usual_changes()),
):
    phone.save()
"""


@pytest.mark.parametrize("fatal", [1, 4, 8, 9, 16])
def test_a_host_that_dies_is_made_up_for_by_the_next_process(tmp_path: Path, fatal: int) -> None:
    phone = FakeSettingsPhone(tmp_path / "phone")
    phone.save()
    before = phone.snapshot()
    root = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root.parent}"}
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(tmp_path), str(fatal)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    with victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"ready\n"
        victim.send_signal(signal.SIGKILL)

    survivor = FakeSettingsPhone(tmp_path / "phone")
    if fatal > 1:
        assert survivor.snapshot() != before
    assert restore(survivor, tmp_path)
    assert survivor.snapshot() == before
