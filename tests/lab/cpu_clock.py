"""Lets time pass in a phone's `time_in_state`. Standard library only."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

PERIOD_S = 0.2
_TICKS_PER_S = 100  # cpufreq counts in units of 10 ms
# The first process and adbd are there on an idle phone, too.
IDLE_PROCESSES = 2


async def run(cpu: Path, processes: Callable[[], list[tuple[int, str]]]) -> None:
    """Books the time that passes on each policy's frequency: its cap while something runs."""
    policies = sorted((cpu / "cpufreq").glob("policy*"))
    last_s = time.monotonic()
    while True:
        await asyncio.sleep(PERIOD_S)
        now_s = time.monotonic()
        busy = len(processes()) > IDLE_PROCESSES
        for policy in policies:
            _advance(policy, round((now_s - last_s) * _TICKS_PER_S), busy=busy)
        last_s = now_s


def _advance(policy: Path, ticks: int, *, busy: bool) -> None:
    try:
        limit = "scaling_max_freq" if busy else "scaling_min_freq"
        frequency = (policy / limit).read_text().strip()
        times = policy / "stats" / "time_in_state"
        rows = dict(row.split() for row in times.read_text().splitlines())
        if frequency not in rows:
            return
        rows[frequency] = str(int(rows[frequency]) + ticks)
        put(times, "".join(f"{key} {value}\n" for key, value in rows.items()))
        put(policy / "scaling_cur_freq", f"{frequency}\n")
    except (OSError, ValueError):
        return  # a test has taken the file away, or made it odd: that is its matter


def put(path: Path, text: str, mode: int = 0o444) -> None:
    """Replaces a fixture's text at once; the shell user owns it and may not write it."""
    owner = path.parent.stat()
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.chmod(mode)
    os.chown(new, owner.st_uid, owner.st_gid)
    new.replace(path)
