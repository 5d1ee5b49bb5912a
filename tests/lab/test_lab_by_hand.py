"""The lab by hand, and what is left of it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.asking import wait_until

pytestmark = pytest.mark.lab

TESTS = Path(__file__).parents[1]


def test_phones_for_a_contributor_stay_until_they_are_interrupted() -> None:
    command = [sys.executable, "-m", "lab", "up", "pixel4"]
    with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert re.match(r"# pixel4: 127\.0\.0\.1:\d+, ", told[0])
    assert re.fullmatch(r"export ADB_SERVER_SOCKET=tcp:127\.0\.0\.1:\d+\n", told[1])


def test_nothing_outlives_tests_that_are_killed(tmp_path: Path) -> None:
    script = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from lab.lab import Lab\n"
        "with Lab() as lab:\n"
        "    phone = lab.phone('pixel4')\n"
        "    device = phone.server.client().device(phone.serial)\n"
        "    device.shell2('setsid sleep 333 >/dev/null 2>&1 </dev/null &', v2=True)\n"
        "    print(lab.folder, flush=True)\n"
        "    input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        folder = process.stdout.readline().strip()
        assert folder.startswith(str(tmp_path))
        assert _machine_processes(folder) != []
        process.kill()
    wait_until(lambda: _machine_processes(folder) == [])


def _machine_processes(word: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if word in line:
            found.append(line)
    return found
