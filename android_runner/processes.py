"""The processes that a command has left on a phone, found and killed, with proof."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Runs a command on the phone and gives its stdout; raises when the link is lost.
Run = Callable[[Sequence[str]], bytes]

# The beginning of /proc/PID/stat: pid (name) state parent group session; see proc(5). A name is up
# to 15 bytes of anything, and longer for a kernel thread.
_STAT = re.compile(rb"^(\d+) \((.{0,64}?)\) ([A-Za-z]) (\d+) (-?\d+) (-?\d+) ", re.M | re.S)

_LIST = ("sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null")  # some end while they are listed
# The shell's own `kill`: the program is not everywhere.
_KILL = ("sh", "-c", 'kill -9 "$@" 2>/dev/null', "kill")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.5


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process; `alive` is false for what has ended and only waits to be noted by its parent."""

    pid: int
    parent: int
    group: int
    session: int
    alive: bool


def parse_stats(text: bytes) -> tuple[Process, ...]:
    """The processes in the contents of many /proc/PID/stat; leaves out what it cannot read."""
    return tuple(
        Process(
            pid=int(match[1]),
            parent=int(match[4]),
            group=int(match[5]),
            session=int(match[6]),
            alive=match[3] not in b"ZXx",
        )
        for match in _STAT.finditer(text)
    )


def family(processes: Sequence[Process], leader: int) -> frozenset[int]:
    """Who lives of a session: its leader, all in its session or group, and all their children."""
    members = {
        process.pid
        for process in processes
        if leader in (process.pid, process.group, process.session)
    }
    while more := {
        process.pid
        for process in processes
        if process.parent in members and process.pid not in members
    }:
        members |= more
    return frozenset(process.pid for process in processes if process.alive) & members


def kill_session(run: Run, leader: int, *, deadline_s: float = 5) -> frozenset[int]:
    """Kills a session and what came of it; gives those that are still there at the deadline.

    Raises ValueError for a number that leads no session of ours, and what `run` raises.
    """
    if leader <= 1:
        message = f"{leader} is not the number of a process to kill"
        raise ValueError(message)
    ends_at = time.monotonic() + deadline_s
    pause_s = _FIRST_PAUSE_S
    seen: frozenset[int] = frozenset()
    while True:
        processes = parse_stats(run(_LIST))
        # A child in a session of its own is no longer known for one once its parent is gone.
        seen |= family(processes, leader)
        left = seen & {process.pid for process in processes if process.alive}
        if not left or time.monotonic() > ends_at:
            return left
        run((*_KILL, *map(str, sorted(left))))
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
