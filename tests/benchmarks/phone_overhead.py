"""What an invocation over adb costs beside the tool's own time, on a phone of the lab.

The tool is a script that takes one second and prints a captured log, so the time from one start
to the next is that second and all that we add: observing, starting, waiting, reading back.
"""

from __future__ import annotations

import datetime
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from fakes import CAPTURES, write_tool  # the tests' folder is no package
from lab.lab import Lab

from harness.store import load_run

TOOL_S = 1.0
ROUNDS = 20


def main() -> None:
    """Prints the median and the worst overhead of an invocation."""
    command = str(Path(sys.executable).with_name("mbert-bench"))
    with Lab() as lab, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        phone = lab.phone("pixel8")
        log = (CAPTURES / "ok.stdout").read_text(encoding="utf-8")
        tool = write_tool(
            folder / "tool",
            f'case "$*" in *--help*) exit 1;; esac\nsleep {TOOL_S}\ncat <<"END"\n{log}END',
        )
        model = TESTS / "data" / "models" / "tiny.tflite"
        subprocess.run(
            [
                command, "run", "--device", phone.serial, "--model-file", str(model), "--threads",
                "1", "--delegate", "default", "--rounds", str(ROUNDS), "--benchmark-model",
                str(tool), "--out", str(folder / "run"),
            ],
            env=os.environ | lab.server.environment | {"MBERT_BENCH_STATE": str(folder / "state")},
            check=True,
            capture_output=True,
        )  # fmt: skip
        records = load_run(folder / "run").records
    starts = [datetime.datetime.fromisoformat(record.started_at) for record in records]
    added_ms = [
        ((later - earlier).total_seconds() - TOOL_S) * 1000
        for earlier, later in itertools.pairwise(starts)
    ]
    print(
        f"{len(added_ms)} invocations over adb: median {statistics.median(added_ms):.0f} ms beside "
        f"the tool's own time, worst {max(added_ms):.0f} ms"
    )


if __name__ == "__main__":
    main()
