"""What the link costs on a phone of the lab: a command, and knowing of the end of a job."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from lab.lab import Lab

from android_runner.adb_server import server_address
from android_runner.detached import start
from android_runner.link import Link

ROUNDS = 20


def main() -> None:
    """Prints medians and worst values, in milliseconds."""
    commands_ms, delays_ms = [], []
    with Lab() as lab:
        link = Link(lab.phone("pixel6").serial, server_address(lab.server.environment))
        link.run(["true"])
        for number in range(ROUNDS):
            started = time.perf_counter()
            link.run(["true"])
            commands_ms.append((time.perf_counter() - started) * 1e3)
            script = ["sh", "-c", "sleep 0.3; date +%s%N"]
            job = start(link, script, f"/data/local/tmp/benchmark-{number}")
            job.wait(10)
            delays_ms.append((time.time_ns() - int(job.stdout())) / 1e6)
    for name, values in (("a command", commands_ms), ("end of a job to its log", delays_ms)):
        print(f"{name:<24} median {statistics.median(values):5.1f} ms, worst {max(values):5.1f} ms")


if __name__ == "__main__":
    main()
