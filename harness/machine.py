"""What this machine says of itself; None where it does not."""

from __future__ import annotations

import os
import platform
import shutil
import time
from pathlib import Path

from harness.device import Observation


def allowed_cpus() -> frozenset[int]:
    """The numbers of the CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def cpu_model() -> str | None:
    """The CPU's name, for example `AMD EPYC`."""
    for line in _lines(Path("/proc/cpuinfo")):
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Hardware"):
            return value.strip()
    return platform.processor() or None


def observe() -> Observation:
    """Reads load, free memory, the mean clock of the CPUs, the hottest thermal zone, the time since
    the boot, and the room on the file system of the current folder."""
    return Observation(
        load_1min=os.getloadavg()[0],
        memory_available_mb=_memory_available_mb(),
        cpu_mhz=_cpu_mhz(),
        temperature_c=_temperature_c(),
        uptime_s=_uptime_s(),
        storage_free_mb=_storage_free_mb(),
        cpu_idle_s=_cpu_idle_s(),
    )


def busy_percent(over_s: float) -> float | None:
    """The share of all CPU time that anything used within the next `over_s` seconds.

    None where the system does not count it, or the time was too short for its clock (10 ms).
    """
    before = _cpu_times()
    time.sleep(over_s)
    return busy_share_percent(before, _cpu_times())


def busy_share_percent(before: str, after: str) -> float | None:
    """The share of CPU time that was used between two readings of the `cpu` line of /proc/stat.

    Its first eight numbers (proc(5)): user, nice, system, idle, waiting for a disk, two kinds of
    interrupts, and what another virtual machine took, which is used as far as we are concerned.
    """
    old, new = _ticks(before), _ticks(after)
    if old is None or new is None:
        return None
    passed = [max(0, end - start) for start, end in zip(old, new, strict=True)]
    total = sum(passed)
    if total == 0:
        return None
    idle, waiting = passed[3], passed[4]
    return 100 * (total - idle - waiting) / total


def _cpu_idle_s() -> float | None:
    """How long the CPUs that this process may use have been idle since the boot, in all."""
    allowed = {f"cpu{number}" for number in allowed_cpus()}
    idle = [
        ticks[3] + ticks[4]
        for line in _lines(Path("/proc/stat"))
        if (name := line.partition(" ")[0]) in allowed
        if (ticks := _ticks(line, name)) is not None
    ]
    return sum(idle) / os.sysconf("SC_CLK_TCK") if len(idle) == len(allowed) else None


def _cpu_times() -> str:
    return next(iter(_lines(Path("/proc/stat"))), "")


def _ticks(line: str, cpu: str = "cpu") -> list[int] | None:
    words = line.split()[:9]
    if len(words) < 9 or words[0] != cpu or not all(word.isdecimal() for word in words[1:]):
        return None
    return [int(word) for word in words[1:]]


def _uptime_s() -> float | None:
    words = " ".join(_lines(Path("/proc/uptime"))).split()
    return float(words[0]) if words else None


def _storage_free_mb() -> float | None:
    try:
        return shutil.disk_usage(Path.cwd()).free / 1e6
    except OSError:  # the folder has been removed
        return None


def _memory_available_mb() -> float | None:
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024 / 1e6
    return None


def _cpu_mhz() -> float | None:
    clocks = [
        float(line.partition(":")[2])
        for line in _lines(Path("/proc/cpuinfo"))
        if line.startswith("cpu MHz")
    ]
    return sum(clocks) / len(clocks) if clocks else None


def _temperature_c() -> float | None:
    zones = Path("/sys/class/thermal").glob("thermal_zone*/temp")
    readings = [int(line) / 1000 for zone in zones for line in _lines(zone)[:1]]
    return max(readings, default=None)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
