from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness import machine

# The `cpu` line of /proc/stat of a machine that has been up for a while.
LINE = "cpu  4705 150 1120 16250 520 10 30 40 200 0"


@pytest.mark.parametrize(
    ("after", "percent"),
    [
        ("cpu  4705 150 1120 16350 520 10 30 40 200 0", 0),
        ("cpu  4705 150 1120 16340 530 10 30 40 200 0", 0),  # waiting for a disk is no use
        ("cpu  4755 150 1130 16290 520 10 30 40 250 0", 60),  # a guest's time is in user
        ("cpu  4705 150 1120 16325 520 10 30 65 200 0", 25),  # what another machine took
        ("cpu  4805 150 1120 16250 510 10 30 40 200 0", 100),  # the fifth number can go back
    ],
)
def test_tells_how_much_of_the_cpus_was_used(after: str, percent: float) -> None:
    assert machine.busy_share_percent(LINE, after) == pytest.approx(percent)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LINE, LINE),  # no time has passed
        (LINE, ""),
        ("", LINE),
        (LINE, "cpu  4705 150 1120 16350"),
        (LINE, "cpu  4705 150 x 16350 520 10 30 40 200 0"),
        (LINE, "cpu0 4705 150 1120 16350 520 10 30 40 200 0"),
    ],
)
def test_does_not_guess_how_much_was_used(before: str, after: str) -> None:
    assert machine.busy_share_percent(before, after) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts in /proc/stat")
def test_reads_this_machine() -> None:
    busy = machine.busy_percent(0.1)

    assert busy is not None
    assert 0 <= busy <= 100


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_observes_this_machine() -> None:
    seen = machine.observe()

    assert seen.uptime_s is not None
    assert seen.uptime_s > 0
    assert seen.storage_free_mb is not None
    assert seen.storage_free_mb > 0
    assert seen.cpu_idle_s is not None
    assert seen.cpu_idle_s > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only there a folder in use can be removed")
def test_a_folder_that_is_gone_has_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()

    assert machine.observe().storage_free_mb is None
