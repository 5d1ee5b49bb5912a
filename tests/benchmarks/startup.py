"""How long `mbert-bench --help` takes, beside a bare interpreter. `make benchmarks` runs it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = {
    "mbert-bench --help": [str(Path(sys.executable).with_name("mbert-bench")), "--help"],
    "mbert-bench models list": [
        str(Path(sys.executable).with_name("mbert-bench")),
        "models",
        "list",
    ],
    "python -c pass": [sys.executable, "-c", "pass"],
}
ROUNDS = 15


def main() -> None:
    """Interleaves the commands, after one round that fills the caches."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(ROUNDS + 1):
        for name, argv in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(argv, check=True, capture_output=True)
            if number > 0:
                times[name].append(time.perf_counter() - started)
    for name, values in times.items():
        middle, worst = statistics.median(values), max(values)
        print(f"{name:<26} median {middle * 1e3:4.0f} ms, worst {worst * 1e3:4.0f} ms")


if __name__ == "__main__":
    main()
