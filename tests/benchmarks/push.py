"""How fast a file gets to a phone: ours beside `adb push -Z`, interleaved, without compression.

Uses a phone of the lab, so what is measured is the work around the link: on a real phone, the link
itself is slower than any of these. `put` also hashes the file here and on the phone; the lab's
`sha256sum` is written in C, a real phone's uses the processor's instructions for it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import adbutils

sys.path.insert(0, str(Path(__file__).parents[1]))

from lab.lab import Lab

from android_runner.adb_server import ServerAddress
from android_runner.link import Link
from android_runner.push import ROOT, Store
from android_runner.sync import send_file

SIZE_BYTES = 100_000_000
TARGET = "/data/local/tmp/file"


def main(rounds: int = 10) -> None:
    """Prints the median throughput of each way, and its share of adb's."""
    with Lab() as lab, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(os.urandom(SIZE_BYTES))
        phone = lab.phone("pixel6")
        link = Link(phone.serial, ServerAddress(port=lab.server.port, said_by="the lab"))
        environment = os.environ | lab.server.environment
        argv = [adbutils.adb_path(), "-s", phone.serial, "push", "-Z", str(path), TARGET]

        def send() -> None:
            with link.service("sync:", "push") as connection, path.open("rb") as source:
                send_file(connection, source, TARGET, mode=0o644, stall_s=20)

        def push() -> None:
            subprocess.run(argv, env=environment, check=True, capture_output=True)

        def put() -> None:
            stored[:] = [Store(link).put(path)]

        stored: list[str] = []
        ways: dict[str, Callable[[], object]] = {
            "adb push -Z": push,
            "send_file": send,
            "Store.put": put,
            "hash there": lambda: link.check(["sha256sum", stored[0]]),
        }
        times_s: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, way in ways.items():
                if name != "hash there":
                    link.check(["rm", "-rf", TARGET, ROOT])
                started = time.perf_counter()
                way()
                if number > 0:  # the first round fills the caches
                    times_s[name].append(time.perf_counter() - started)
    reference_s = statistics.median(times_s["adb push -Z"])
    for name, values in times_s.items():
        middle_s = statistics.median(values)
        print(
            f"{name:<12} {SIZE_BYTES / middle_s / 1e6:6.0f} MB/s  "
            f"({SIZE_BYTES / max(values) / 1e6:.0f} to {SIZE_BYTES / min(values) / 1e6:.0f}), "
            f"{reference_s / middle_s:.2f} of adb's"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
