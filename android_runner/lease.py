"""One process per phone: two that measure at once measure each other.

A lease is a locked file that the system unlocks when its holder dies, however it dies. A file
beside it says who the holder is, for the message to others. Leases are kept per user and machine:
another user, or another machine on the same phone over Wi-Fi, is not seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from android_runner.errors import LeaseHeldError, LeaseStoreError

STATE_VARIABLE = "MBERT_BENCH_STATE"

# Somebody who only asks whether a phone is in use holds its lock for a moment.
_PATIENCE_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who has a phone: process, command line, and since when (UTC, ISO 8601)."""

    process_id: int
    command: str
    since: str


def lease_folder() -> Path:
    """Where leases are kept: MBERT_BENCH_STATE, else the user's own state folder."""
    chosen = os.environ.get(STATE_VARIABLE)
    return (Path(chosen) if chosen else user_state_path("mbert-bench")) / "leases"


@contextlib.contextmanager
def lease(serialno: str, folder: Path | None = None) -> Iterator[None]:
    """Holds the phone with this ro.serialno, which is the same over USB and Wi-Fi.

    Raises `LeaseHeldError` if somebody has it, `LeaseStoreError` if the folder cannot be written.
    """
    path = _path(serialno, folder)
    lock = _lock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_PATIENCE_S)
    except Timeout:
        raise LeaseHeldError(serialno, _describe(_read_holder(path))) from None
    except OSError as error:
        raise LeaseStoreError(path, error) from error
    try:
        _write_holder(path)
        yield
    finally:
        # Before the lock is given back: after it, the file may be the next holder's.
        with contextlib.suppress(OSError):
            _holder_path(path).unlink(missing_ok=True)
        lock.release()


def lease_holder(serialno: str, folder: Path | None = None) -> Holder | None:
    """Who has the phone now; None if nobody has. A holder that left no name has process 0."""
    path = _path(serialno, folder)
    if not path.exists():
        return None
    lock = _lock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _read_holder(path) or Holder(process_id=0, command="", since="")
    except OSError as error:
        raise LeaseStoreError(path, error) from error
    lock.release()
    return None


def _lock(path: Path) -> FileLock:
    # thread_local=False: a lease may be given back by another thread than took it.
    return FileLock(path, thread_local=False)


def _path(serialno: str, folder: Path | None) -> Path:
    """A file name that is safe, and another one for each phone."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", serialno)[:80]
    if safe != serialno:
        safe = f"{safe}-{hashlib.sha256(serialno.encode()).hexdigest()[:12]}"
    return (folder or lease_folder()) / f"phone-{safe}.lock"


def _holder_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _write_holder(path: Path) -> None:
    holder = Holder(
        process_id=os.getpid(),
        command=shlex.join(sys.argv)[:500],
        since=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    # A lease without a name is a lease all the same.
    with contextlib.suppress(OSError):
        unfinished.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        unfinished.replace(_holder_path(path))


def _read_holder(path: Path) -> Holder | None:
    """The holder by its own file; None if there is none, or it is of a process that has died."""
    try:
        fields = json.loads(_holder_path(path).read_text(encoding="utf-8"))
        holder = Holder(
            process_id=int(fields["process_id"]),
            command=str(fields["command"]),
            since=str(fields["since"]),
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return None
    return holder if _is_alive(holder.process_id) else None


def _is_alive(process_id: int) -> bool:
    if process_id <= 0 or process_id >= 1 << 31:
        return False
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def _describe(holder: Holder | None) -> str:
    if holder is None:
        return "a process that left no name"
    return f"process {holder.process_id} (`{holder.command}`, since {holder.since})"
