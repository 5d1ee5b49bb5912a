"""Device time until every interval is within 2 %, against a fixed 10 repetitions of 50 runs.

Run by hand: python tests/benchmarks/time_to_precision.py [MODEL,…]. Both ways measure the same
cases on this machine, one after the other; device time is that of the tool's processes alone.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from harness.record import Purpose
from harness.store import StoredRun, load_run
from harness.summary import summarize

_FIXED = ("--rounds", "10", "--num-runs", "50", "--target-ci", "0")


def measure(models: str, folder: Path, *options: str) -> StoredRun:
    """A run of these models with 1 and all threads."""
    command = str(Path(sys.executable).with_name("mbert-bench"))
    subprocess.run(
        [command, "run", "--device", "host", "--model", models, "--out", str(folder), *options],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return load_run(folder)


def device_s(run: StoredRun, case: str) -> float:
    """What the case's invocations took, also those that count no more."""
    mine = (r for r in run.records if r.case == case and r.purpose == Purpose.LATENCY)
    return sum(record.wall_s for record in mine)


def main() -> None:
    """Prints a line per case and the ratio over all."""
    models = sys.argv[1] if len(sys.argv) > 1 else "bert-base,mobilebert,mobilebert-tiny"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fixed = measure(models, folder / "fixed", *_FIXED)
        precise = measure(models, folder / "precise")
        totals = {"fixed": 0.0, "precise": 0.0}
        print(f"{'case':<52}{'fixed':>18}{'until 2 %':>18}{'rounds':>8}")
        cases = zip(summarize(fixed).cases, summarize(precise).cases, strict=True)
        for one, other in cases:
            row = one.case.id
            for name, run, case in (("fixed", fixed, one), ("precise", precise, other)):
                seconds = device_s(run, case.case.id)
                totals[name] += seconds
                width = case.latency_ms.half_width_percent if case.latency_ms else None
                row = f"{row:<52}" if name == "fixed" else row
                row += f"{seconds:>8.1f} s ±{width or 0:5.2f} %"
            print(f"{row}{len(other.sample_ms):>8}")
        ratio = totals["precise"] / totals["fixed"]
        print(f"device time: {totals['precise']:.0f} s of {totals['fixed']:.0f} s, {ratio:.2f}")


if __name__ == "__main__":
    main()
