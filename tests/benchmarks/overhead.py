"""What the harness adds to the tool's own time over the quick plan.

Prints the wall time of the whole command with its models in the cache, the sum of the tool's
processes, and where the difference goes: between invocations, before the first and after the last.
"""

from __future__ import annotations

import datetime
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.store import load_run
from models.build import build_model, cache_folder
from models.catalog import ModelSpec


def main(rounds: int = 10) -> None:
    """Runs the quick plan on this machine."""
    for name in ("bert-base", "mobilebert", "mobilebert-tiny"):
        build_model(ModelSpec(name=name), cache_folder())
    command = str(Path(sys.executable).with_name("mbert-bench"))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        started = time.time()
        subprocess.run(
            [command, "run", "--device", "host", "--rounds", str(rounds), "--out", str(out)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ended = time.time()
        records = load_run(out).records
    tool_s = sum(record.wall_s for record in records)
    first = datetime.datetime.fromisoformat(records[0].started_at).timestamp()
    last = datetime.datetime.fromisoformat(records[-1].started_at).timestamp() + records[-1].wall_s
    loop_s = last - first
    print(f"{len(records)} invocations, {tool_s:.2f} s in the tool")
    for name, seconds in (
        ("whole command", ended - started),
        ("rounds (first start to last end)", loop_s),
    ):
        share = (seconds - tool_s) / tool_s * 100
        print(f"{name:<34} {seconds:7.2f} s, {share:5.2f} % over the tool's own time")
    print(
        f"before the first invocation {first - started:.2f} s, after the last {ended - last:.2f} s"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
