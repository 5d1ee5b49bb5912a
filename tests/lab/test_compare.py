"""Comparisons on phones of the lab: a lost phone is never green and never red."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from phone_runs import STAND_IN, TINY, Bench, Ended, end, state_of

from lab.lab import Lab
from lab.phone import LabPhone

pytestmark = pytest.mark.lab


@pytest.fixture
def bench(lab: Lab, tmp_path: Path) -> Bench:
    return Bench(lab=lab, folder=tmp_path)


def start_ab(bench: Bench, phone: LabPhone, *more: object) -> subprocess.Popen[str]:
    sides = bench.folder / "old.tflite", bench.folder / "new.tflite"
    for side in sides:
        side.write_bytes(TINY.read_bytes())
    return bench.start(
        "ab", "--device", phone.serial, "--baseline", sides[0], "--candidate", sides[1],
        "--baseline-tool", STAND_IN, "--threads", "1", "--num-runs", "50", "--allow", "uptime",
        "--out", bench.out, "--json", *more,
    )  # fmt: skip


def gate(bench: Bench) -> Ended:
    return bench.do("gate", bench.out, "--json")


def cells_of(judged: Ended) -> dict[str, Any]:
    return {cell["metric"]: cell for cell in judged.document["cells"]}


def test_a_phone_gives_a_verdict_and_is_left_as_it_was(bench: Bench, pixel4: LabPhone) -> None:
    before = state_of(pixel4)

    done = end(start_ab(bench, pixel4))

    assert done.code == 0, done.stderr
    judged = gate(bench)
    assert judged.code == 0, judged.stdout
    cells = cells_of(judged)
    assert (cells["latency"]["verdict"], cells["latency"]["pairs"]) == ("pass", 8)
    assert cells["size"]["verdict"] == cells["undelegated-nodes"]["verdict"] == "pass"
    assert state_of(pixel4) == before


def test_a_phone_that_is_lost_half_way_is_neither_green_nor_red(
    bench: Bench, pixel4: LabPhone
) -> None:
    process = start_ab(bench, pixel4)
    bench.wait_for_records(10)
    pixel4.kill_adbd(with_children=True)
    pixel4.unplug_cable()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    # It waits for the phone, to put it back as it was.
    pixel4.plug_in(wait=False)
    pixel4.restart_adbd()

    done = end(process)
    assert done.code in (3, 130), done.stderr
    assert gate(bench).code == 3
    resumed = end(start_ab(bench, pixel4, "--resume"))
    assert resumed.code == 0, resumed.stderr
    assert gate(bench).code == 0


def test_a_phone_that_is_not_there_is_neither(bench: Bench) -> None:
    done = bench.do(
        "ab", "--device", "pixel8", "--baseline", TINY, "--candidate", TINY, "--out", bench.out
    )

    assert done.code == 3
    assert not (bench.out / "run.json").exists()
