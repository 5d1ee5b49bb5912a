"""Files on a phone, kept by their content: `STORE/<sha256>/<name>`.

A file is sent under another name, hashed by the phone, and only then given its own: whatever
breaks meanwhile, nothing is left that could be taken for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from io import BufferedReader
from pathlib import Path

from android_runner.errors import NoRoomError, PhoneError, PushFailedError
from android_runner.link import Link
from android_runner.store_entries import (
    PART,
    Entry,
    choose_leftovers,
    choose_old,
    parse_entries,
    parse_free_bytes,
    store_name,
)
from android_runner.sync import NotTakenError, send_file

# Bytes sent, bytes in all.
OnProgress = Callable[[int, int], object]

# Programs may run here, unlike on /sdcard.
ROOT = "/data/local/tmp/mbert-bench/store"

_STALL_S = 20
# What a slow phone hashes in a second at least.
_HASH_BYTES_PER_S = 20_000_000
# The file system needs some for itself.
_RESERVE_BYTES = 4 << 20
_PATHS_AT_ONCE = 100

# Exits with 0 if the file $1 is there with size $2 and hash $3, and notes that it is in use.
_LOOK = """
[ -f "$1" ] && [ "$(stat -c %s "$1")" = "$2" ] || exit 1
s=$(sha256sum <"$1") && [ "${s%% *}" = "$3" ] && chmod "$4" "$1" && touch "$1"
"""
# Gives the part $1 the name $2 if its hash is $3.
_PUBLISH = """
s=$(sha256sum <"$1") || exit
[ "${s%% *}" = "$3" ] || { echo "its sha256 on the phone is ${s%% *}, not $3"; exit 1; }
chmod "$4" "$1" && touch "$1" && mv -f "$1" "$2"
"""
_MAKE_ROOM = 'mkdir -p "$1" && df -k "$1"'
_LIST = 'date +%s; for p in "$1"/*/*; do stat -c "%Y %s %n" "$p"; done 2>/dev/null; true'
_REMOVE = 'for p in "$@"; do rm -f "$p"; rmdir "${p%/*}" 2>/dev/null; done; true'


class Store:
    """The files that we keep on one phone.

    `root` is an absolute path without odd characters; a push that does not move for `stall_s` is
    given up.
    """

    def __init__(self, link: Link, root: str = ROOT, *, stall_s: float = _STALL_S) -> None:
        self._link = link
        self._root = root
        self._stall_s = stall_s
        self._hashes: dict[tuple[object, ...], str] = {}
        self._verified: set[tuple[str, int]] = set()  # path and mode
        self._swept = False

    def put(
        self, path: Path, *, on_progress: OnProgress | None = None, executable: bool = False
    ) -> str:
        """Brings a file to the phone, if it is not there, and gives its path there.

        What is there is hashed once per session. Raises `NoRoomError`, `PushFailedError`, the
        errors of `Link`, and OSError for a file that cannot be read here.
        """
        with path.open("rb") as source:
            sha256, size_bytes = self._hash(source), path.stat().st_size
            target = f"{self._root}/{sha256}/{store_name(path.name)}"
            mode = 0o755 if executable else 0o644
            if (target, mode) in self._verified:
                return target
            if not self._has(target, size_bytes, sha256, mode):
                self._push(source, target, size_bytes, sha256, mode, on_progress)
        self._verified.add((target, mode))
        return target

    def clean(
        self, max_age_days: float, max_bytes: int, *, keep: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Removes what was not used for so long, then what is the longest unused, down to a size.

        `keep` are paths that stay, as those of this session do. Gives what was removed. Raises
        the errors of `Link`.
        """
        now_s, entries = self._entries()
        chosen = choose_old(
            entries,
            now_s=now_s,
            max_age_s=max_age_days * 86_400,
            max_bytes=max_bytes,
            keep={*keep, *(path for path, _ in self._verified)},
        )
        self._remove([*chosen, *choose_leftovers(entries, now_s)])
        return tuple(entry.path for entry in chosen)

    def _hash(self, source: BufferedReader) -> str:
        """The file's sha256; computed again only when the file has changed."""
        status = Path(source.name).stat()
        key = (source.name, status.st_size, status.st_mtime_ns, status.st_ino)
        if key not in self._hashes:
            self._hashes[key] = hashlib.file_digest(source, "sha256").hexdigest()
            source.seek(0)
        return self._hashes[key]

    def _has(self, target: str, size_bytes: int, sha256: str, mode: int) -> bool:
        done = self._link.run(
            _script(_LOOK, target, str(size_bytes), sha256, f"{mode:o}"),
            deadline_s=_hash_deadline_s(size_bytes),
        )
        return done.exit_code == 0

    def _push(
        self,
        source: BufferedReader,
        target: str,
        size_bytes: int,
        sha256: str,
        mode: int,
        on_progress: OnProgress | None,
    ) -> None:
        self._sweep()
        self._make_room(size_bytes)
        part = f"{target}{PART}{secrets.token_hex(8)}"
        try:
            self._send(source, part, size_bytes, mode, on_progress)
            published = self._link.run(
                _script(_PUBLISH, part, target, sha256, f"{mode:o}"),
                deadline_s=_hash_deadline_s(size_bytes),
            )
            if published.exit_code != 0:
                said = (published.stdout + published.stderr).strip()
                raise self._failed(source, said or f"exit code {published.exit_code}", size_bytes)
        except BaseException:
            # If the link is gone the part stays, under a name that is never read.
            with contextlib.suppress(PhoneError):
                self._link.run(_script(_REMOVE, part), deadline_s=5)
            raise

    def _send(
        self,
        source: BufferedReader,
        part: str,
        size_bytes: int,
        mode: int,
        on_progress: OnProgress | None,
    ) -> None:
        with self._link.service("sync:", f"the push of {source.name}") as connection:
            try:
                send_file(
                    connection,
                    source,
                    part,
                    mode=mode,
                    stall_s=self._stall_s,
                    on_bytes=on_progress and (lambda sent: on_progress(sent, size_bytes)),
                )
            except NotTakenError as error:
                raise self._failed(source, str(error), size_bytes) from error

    def _failed(self, source: BufferedReader, why: str, size_bytes: int) -> PhoneError:
        if "No space left" in why:
            return NoRoomError(self._link.serial, size_bytes, None)
        return PushFailedError(self._link.serial, source.name, why)

    def _make_room(self, size_bytes: int) -> None:
        done = self._link.check(_script(_MAKE_ROOM, self._root))
        free_bytes = parse_free_bytes(done)
        if free_bytes is not None and free_bytes < size_bytes + _RESERVE_BYTES:
            raise NoRoomError(self._link.serial, size_bytes, free_bytes)

    def _sweep(self) -> None:
        """Removes what pushes have left that never came to their end; once per session."""
        if not self._swept:
            now_s, entries = self._entries()
            self._remove(choose_leftovers(entries, now_s))
            self._swept = True

    def _entries(self) -> tuple[float, tuple[Entry, ...]]:
        """The time on the phone, and what is in the store."""
        now, _, lines = self._link.check(_script(_LIST, self._root)).partition("\n")
        now_s = float(now) if now.isdigit() else 0.0  # then nothing is old
        return now_s, parse_entries(lines, self._root)

    def _remove(self, entries: Sequence[Entry]) -> None:
        for start in range(0, len(entries), _PATHS_AT_ONCE):
            paths = [entry.path for entry in entries[start : start + _PATHS_AT_ONCE]]
            self._link.check(_script(_REMOVE, *paths))


def _script(text: str, *arguments: str) -> list[str]:
    return ["sh", "-c", text, "mbert-bench", *arguments]


def _hash_deadline_s(size_bytes: int) -> float:
    return 30 + size_bytes / _HASH_BYTES_PER_S
