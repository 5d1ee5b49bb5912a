from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.process import Ended, run_process


def run(tmp_path: Path, script: str, **options: float) -> Ended:
    return run_process(
        ["/bin/sh", "-c", script],
        stdout=tmp_path / "out",
        stderr=tmp_path / "err",
        timeout_s=options.get("timeout_s", 20.0),
    )


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not is_running(pid):
            return True
        time.sleep(0.01)
    return False


def test_keeps_the_streams_apart_and_the_exit_code(tmp_path: Path) -> None:
    ended = run(tmp_path, "echo good; echo bad >&2; exit 7")

    assert ended.exit_code == 7
    assert (tmp_path / "out").read_text(encoding="utf-8") == "good\n"
    assert (tmp_path / "err").read_text(encoding="utf-8") == "bad\n"


def test_a_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    assert run(tmp_path, "kill -SEGV $$").exit_code == -signal.SIGSEGV


def test_the_deadline_ends_the_process_and_its_children(tmp_path: Path) -> None:
    started = time.monotonic()

    ended = run(tmp_path, "sleep 60 & echo $!; echo before; sleep 60", timeout_s=0.3)

    assert ended.exit_code is None
    assert time.monotonic() - started < 10
    child, before = (tmp_path / "out").read_text(encoding="utf-8").split()
    assert before == "before"
    assert wait_until_gone(int(child))


def test_nothing_that_the_process_left_behind_goes_on(tmp_path: Path) -> None:
    assert run(tmp_path, "sleep 60 & echo $!").exit_code == 0

    assert wait_until_gone(int((tmp_path / "out").read_text(encoding="utf-8")))


def test_tells_the_time_on_cpus_of_the_process_and_its_children(tmp_path: Path) -> None:
    loop = "n=0; while [ $n -lt 200000 ]; do n=$((n+1)); done"

    idle = run(tmp_path, "sleep 0.3")
    busy = run(tmp_path, f"sh -c '{loop}'; true")

    assert busy.cpu_s > idle.cpu_s


def peak_told_by_a_small_harness(tmp_path: Path, argv: list[str]) -> str:
    """What `run_process` says in a process of its own: this one may have grown large."""
    script = (
        "from pathlib import Path\n"
        "from harness.process import run_process\n"
        f"folder = Path({str(tmp_path)!r})\n"
        f"ended = run_process({argv!r}, stdout=folder / 'o', stderr=folder / 'e', timeout_s=20)\n"
        "print(ended.peak_memory_mb)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_tells_the_peak_memory_of_a_process_larger_than_the_harness(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "block = bytearray(300_000_000)"]

    assert 300 < float(peak_told_by_a_small_harness(tmp_path, argv)) < 360


def test_claims_no_peak_memory_where_the_harness_hides_it(tmp_path: Path) -> None:
    assert peak_told_by_a_small_harness(tmp_path, ["/bin/true"]) == "None"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins nothing")
def test_runs_on_the_chosen_cpus_and_reads_them_back(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    cpu = min(before)

    ended = run_process(
        [sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"],
        stdout=tmp_path / "out",
        stderr=tmp_path / "err",
        timeout_s=20,
        cpus=frozenset({cpu}),
    )

    assert (ended.cpu_mask, ended.cpu_source) == (f"{1 << cpu:x}", f"sched_getaffinity: {cpu}")
    assert (tmp_path / "out").read_text(encoding="utf-8") == f"{{{cpu}}}\n"
    assert os.sched_getaffinity(0) == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_the_process_dies_with_us(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path\n"
        "from harness.process import run_process\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "run_process(['/bin/sh', '-c', 'echo $$; exec sleep 60'],\n"
        "            stdout=folder / 'out', stderr=folder / 'err', timeout_s=60)\n"
    )
    harness = subprocess.Popen([sys.executable, "-c", script])
    try:
        text = ""
        deadline = time.monotonic() + 20
        while not text.endswith("\n") and time.monotonic() < deadline:
            time.sleep(0.02)
            text = (tmp_path / "out").read_text() if (tmp_path / "out").exists() else ""
        tool = int(text)
        assert is_running(tool)
    finally:
        harness.kill()
        harness.wait()

    assert wait_until_gone(tool)
