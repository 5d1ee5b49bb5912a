"""What is in a phone's store, and what of it may go."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# Glued between a file's name and a random word while it is on its way.
PART = ".part-"

# A push is over after minutes; what is older was left by one that never came to its end.
_PART_LIFE_S = 3600
_LINE = re.compile(r"^(\d+) (\d+) (/.*)/([0-9a-f]{64})/([A-Za-z0-9_+-][A-Za-z0-9._+-]*)$", re.M)
_DF = re.compile(r"\s\d+\s+\d+\s+(\d+)\s+\d+%")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file in the store. `used_s` is when it was last put there, by the phone's clock."""

    path: str
    size_bytes: int
    used_s: int

    @property
    def is_part(self) -> bool:
        """Whether it is on its way, or was left on it."""
        return PART in self.path


def store_name(name: str) -> str:
    """A file's name as it is in the store: nothing in it means anything to a shell."""
    plain = re.sub(r"[^A-Za-z0-9._+-]", "_", name).replace(PART, "_part-")[-100:]
    return re.sub(r"^\.", "_", plain) or "_"


def parse_entries(text: str, root: str) -> tuple[Entry, ...]:
    """The entries in lines of `stat -c '%Y %s %n'`; what is not ours is left out."""
    return tuple(
        Entry(path=f"{root}/{match[4]}/{match[5]}", size_bytes=int(match[2]), used_s=int(match[1]))
        for match in _LINE.finditer(text)
        if match[3] == root
    )


def parse_free_bytes(df: str) -> int | None:
    """What is free, by `df -k`; None where that cannot be read."""
    found = _DF.findall(df)
    return int(found[-1]) * 1024 if found else None


def choose_leftovers(entries: Sequence[Entry], now_s: float) -> tuple[Entry, ...]:
    """The parts that nobody is sending any more."""
    return tuple(
        entry for entry in entries if entry.is_part and now_s - entry.used_s > _PART_LIFE_S
    )


def choose_old(
    entries: Sequence[Entry],
    *,
    now_s: float,
    max_age_s: float,
    max_bytes: int,
    keep: Collection[str],
) -> tuple[Entry, ...]:
    """The entries to remove: those not used for `max_age_s`, then the longest unused until all
    that stays is at most `max_bytes`. Never those whose path is in `keep`, nor parts."""
    whole = sorted(
        (entry for entry in entries if not entry.is_part), key=lambda entry: entry.used_s
    )
    total_bytes = sum(entry.size_bytes for entry in whole)
    chosen = []
    for entry in whole:
        too_old = now_s - entry.used_s > max_age_s
        if entry.path not in keep and (too_old or total_bytes > max_bytes):
            chosen.append(entry)
            total_bytes -= entry.size_bytes
    return tuple(chosen)
