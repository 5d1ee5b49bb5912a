"""What this machine says of itself; None where it does not."""

from __future__ import annotations

import os
import platform
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
    """Reads load, free memory, the mean clock of the CPUs and the hottest thermal zone."""
    return Observation(
        load_1min=os.getloadavg()[0],
        memory_available_mb=_memory_available_mb(),
        cpu_mhz=_cpu_mhz(),
        temperature_c=_temperature_c(),
    )


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
