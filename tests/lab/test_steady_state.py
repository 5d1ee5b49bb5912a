"""Steady states on a phone of the lab: through the real adb and the real adbd."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from android_runner.changes import usual_changes
from android_runner.identity import identify
from android_runner.journal import open_journal
from android_runner.journal_entries import How
from android_runner.link import Link
from android_runner.restore import Patience, restore_pending
from android_runner.steady_state import SteadyState, Tier, steady
from lab.phone import LabPhone

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]


def patience(link: Link, limit_s: float = 30) -> Patience:
    return Patience(limit_s=limit_s, wait_for_phone=link.wait_until_back)


def run(link: Link, folder: Path, body: Sequence[object] = ()) -> SteadyState:
    with (
        open_journal(folder / "run", identify(link), folder / "state") as journal,
        steady(link, journal, usual_changes(), patience=patience(link)) as state,
    ):
        for action in body:
            assert callable(action)
            action()
    return state


def test_a_pixel_8_holds_its_clocks_and_is_put_back(pixel8: LabPhone, tmp_path: Path) -> None:
    link = Link(pixel8.serial)
    before = pixel8.snapshot()
    inside: list[str | None] = []

    state = run(
        link,
        tmp_path,
        [
            lambda: inside.append(pixel8.setting("global", "window_animation_scale")),
            lambda: inside.append(pixel8.mode("fixed_performance")),
            lambda: inside.append(pixel8.mode("bg_dexopt")),
        ],
    )

    assert (state.tier, state.notes) == (Tier.CLOCKS_FIXED, ())
    assert inside == ["0", "true", "disabled"]
    assert pixel8.snapshot() == before


def test_a_pixel_4_goes_without_fixed_clocks_and_is_put_back(
    pixel4: LabPhone, tmp_path: Path
) -> None:
    before = pixel4.snapshot()

    state = run(Link(pixel4.serial), tmp_path)

    assert state.tier == Tier.UNCONTROLLED
    assert [note.split(":")[0] for note in state.notes] == [
        "background-compiler bg-dexopt-job",
        "fixed-performance power",
    ]
    assert pixel4.snapshot() == before


@pytest.mark.parametrize("text", ["it's", '$(settings put global wifi_on 0) "', " 1 ", "null", ""])
def test_any_old_text_survives_the_way_there_and_back(
    pixel8: LabPhone, tmp_path: Path, text: str
) -> None:
    pixel8.set_setting("global", "window_animation_scale", text)
    before = pixel8.snapshot()

    state = run(Link(pixel8.serial), tmp_path)

    old = {entry.target: entry.old for entry in state.changes}
    assert old["global/window_animation_scale"] == text
    assert pixel8.snapshot() == before


def test_a_cable_that_is_out_for_a_while_is_waited_for(pixel8: LabPhone, tmp_path: Path) -> None:
    before = pixel8.snapshot()

    run(Link(pixel8.serial), tmp_path, [lambda: pixel8.unplug_cable(3)])

    assert pixel8.snapshot() == before


def test_a_reboot_in_the_middle_is_made_up_for(pixel8: LabPhone, tmp_path: Path) -> None:
    run(Link(pixel8.serial), tmp_path, [pixel8.reboot])

    assert pixel8.setting("global", "stay_on_while_plugged_in") == "0"
    assert pixel8.setting("global", "window_animation_scale") is None
    assert pixel8.setting("system", "screen_brightness") == "102"
    assert pixel8.mode("fixed_performance") == "false"


_VICTIM = """
import sys
from pathlib import Path
from android_runner.changes import usual_changes
from android_runner.identity import identify
from android_runner.journal import open_journal
from android_runner.link import Link
from android_runner.steady_state import steady

class Slow:
    '''A link that stops and tells, right before its Nth command and for good.'''

    def __init__(self, link, last):
        self.serial, self._link, self._last = link.serial, link, last

    def run(self, argv, *, deadline_s=20):
        self._last -= 1
        if self._last == 0:
            print("ready", flush=True)
            sys.stdin.read()
        return self._link.run(argv, deadline_s=deadline_s)

folder = Path(sys.argv[1])
link = Slow(Link(sys.argv[2]), int(sys.argv[3]))
with (
    open_journal(folder / "run", identify(link), folder / "state") as journal,
    steady(link, journal, usual_changes()),
):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("last_command", [7, 12, 1000])
def test_a_host_that_is_killed_is_made_up_for(
    pixel8: LabPhone, tmp_path: Path, last_command: int
) -> None:
    before = pixel8.snapshot()
    arguments = [str(tmp_path), pixel8.serial, str(last_command)]
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"ready\n"
        victim.send_signal(signal.SIGKILL)
    assert pixel8.snapshot() != before
    link = Link(pixel8.serial)

    restored = restore_pending(link, tmp_path / "state", patience=patience(link))

    assert How.RESTORED in {one.how for one in restored}
    assert pixel8.snapshot() == before


def test_the_command_restores_what_a_killed_run_has_left(
    pixel8: LabPhone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MBERT_BENCH_STATE", str(tmp_path / "state"))
    before = pixel8.snapshot()
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run(
        [
            sys.executable,
            "-c",
            _VICTIM.replace('    print("ready", flush=True)', f"    {script}"),
            str(tmp_path),
            pixel8.serial,
            "1000",
        ],
        stdin=subprocess.DEVNULL,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert pixel8.snapshot() != before
    command = "import typer; from harness.commands.restore import restore; typer.run(restore)"

    def restore() -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-c", command, "--device", pixel8.serial, "--json"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        document = json.loads(done.stdout)
        assert isinstance(document, dict)
        return document

    first, second = restore(), restore()

    assert pixel8.snapshot() == before
    rows = first["restored"]
    assert isinstance(rows, list)
    assert [row["how"] for row in rows] == ["restored"] * 8
    assert second == {"schema": 1, "device": pixel8.serial, "restored": []}
