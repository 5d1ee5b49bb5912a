"""One process with a deadline, on chosen CPUs, measured without being disturbed."""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_LONGEST_LIST = 160  # characters


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended. `exit_code` is negative for a signal, None at the deadline.

    `wall_s` is the time from before its start to its end, `peak_memory_mb` its largest resident
    set in 10^6 bytes (None where ours is larger and hides it), `cpu_s` the time of all its threads
    on CPUs, in user and in system mode. `cpu_mask` are the CPUs that it was allowed, read back
    while it ran, and `cpu_source` is what the system said of them.
    """

    exit_code: int | None
    wall_s: float
    peak_memory_mb: float | None
    cpu_s: float
    cpu_mask: str | None
    cpu_source: str | None


def run_process(
    argv: Sequence[str],
    *,
    stdout: Path,
    stderr: Path,
    timeout_s: float,
    cpus: frozenset[int] | None = None,
) -> Ended:
    """Runs a process to its end, with its output in files.

    It has a process group of its own, which is killed at the deadline, when we are interrupted,
    and for what the process leaves behind; if we are killed, the process goes too where
    util-linux can arrange it. Raises OSError when the files or the process cannot be made.
    """
    with stdout.open("wb") as out, stderr.open("wb") as err:
        started = time.monotonic()
        with _allowed(cpus):  # a child inherits its parent's mask
            process = subprocess.Popen(
                [*_die_with_parent(), *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        try:
            allowed = _cpus_of(process.pid)
            ended = _ends_within(process.pid, timeout_s)
        finally:
            # The leader is not reaped yet, so the group's number cannot be somebody else's.
            _kill_group(process.pid)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.monotonic() - started
    return Ended(
        exit_code=process.returncode if ended else None,
        wall_s=wall_s,
        peak_memory_mb=_peak_memory_mb(usage),
        cpu_s=usage.ru_utime + usage.ru_stime,
        cpu_mask=None if allowed is None else format_mask(allowed),
        cpu_source=None if allowed is None else f"sched_getaffinity: {_show(allowed)}",
    )


def _peak_memory_mb(usage: resource.struct_rusage) -> float | None:
    """The child's peak. Linux starts it at its parent's, so up to ours it says nothing."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, kibibytes on Linux
    peak = usage.ru_maxrss * unit
    return peak / 1e6 if peak > _own_peak_bytes() else None


def _own_peak_bytes() -> int:
    """The peak of this process since its program started; getrusage would tell our parent's too."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return 0  # no Linux: a child starts at nothing
    return next(
        int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")
    )


def _ends_within(pid: int, timeout_s: float) -> bool:
    """Waits for the end without reaping the process, and without polling where Linux allows."""
    if hasattr(os, "pidfd_open"):
        descriptor = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            return bool(poll.poll(timeout_s * 1000))
        finally:
            os.close(descriptor)
    deadline = time.monotonic() + timeout_s
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing is left to kill
        os.killpg(pid, signal.SIGKILL)


@functools.cache
def _die_with_parent() -> tuple[str, ...]:
    """What goes before a command so that it is killed when we are, where that can be had."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    if setpriv is None:
        return ()
    prefix = (setpriv, "--pdeathsig", "KILL", "--")
    # BusyBox has a setpriv too, without this option.
    tried = subprocess.run([*prefix, "true"], capture_output=True, timeout=10, check=False)
    return prefix if tried.returncode == 0 else ()


@contextlib.contextmanager
def _allowed(cpus: frozenset[int] | None) -> Iterator[None]:
    if cpus is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _cpus_of(pid: int) -> set[int] | None:
    if not hasattr(os, "sched_getaffinity"):
        return None
    try:
        return os.sched_getaffinity(pid)
    except ProcessLookupError:
        return None  # it has ended already


def _show(cpus: set[int]) -> str:
    """The CPUs as they were told, or the beginning of a long list."""
    text = ", ".join(str(cpu) for cpu in sorted(cpus))
    return text if len(text) <= _LONGEST_LIST else f"{text[:_LONGEST_LIST]}..."


def format_mask(cpus: set[int] | frozenset[int]) -> str:
    """CPU numbers as a hexadecimal mask without 0x, as `taskset` has it."""
    return f"{sum(1 << cpu for cpu in cpus):x}"
