"""The lines of a journal: a change with the value before it, or that a change is undone.

Changes {"schema": 1, "seq", "at", "serial", "serialno", "boot_id", "kind", "target", "old", "new",
"restore"}: `old` null means that it was unset, `restore` is the command for the phone as argv.
Undone {"schema": 1, "restored": SEQ, "how", "at"}.
"""

from __future__ import annotations

import datetime
import errno
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from android_runner.errors import JournalError

SCHEMA = 1


class How(StrEnum):
    """How a change came to its end."""

    RESTORED = "restored"
    AS_BEFORE = "was as before"
    NEVER_APPLIED = "the phone did not take it"
    UNDONE_BY_REBOOT = "undone by a reboot"
    LEFT_ALONE = "left alone: somebody else has changed it since"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A change, written before it is made. `old` is None where there was no value."""

    schema: int
    seq: int
    at: str
    serial: str
    serialno: str
    boot_id: str
    kind: str
    target: str
    old: str | None
    new: str
    restore: tuple[str, ...]

    @property
    def title(self) -> str:
        """What is changed, for a person."""
        return f"{self.kind} {self.target}"


def change_line(entry: Entry) -> dict[str, object]:
    """An entry as a line."""
    return asdict(entry)


def undone_line(entry: Entry, how: How) -> dict[str, object]:
    """The line that says that an entry has come to its end."""
    return {"schema": SCHEMA, "restored": entry.seq, "how": str(how), "at": utc_now()}


def read_entries(path: Path) -> tuple[dict[int, Entry], set[int]]:
    """The changes of a file by their number, and the numbers of those that are undone.

    A line that was cut off is left out: a change is made only after its line is on the disk.
    Raises `JournalError` for lines of another version and files that cannot be read.
    """
    entries: dict[int, Entry] = {}
    undone: set[int] = set()
    for line_number, line in _lines(path):
        try:
            if _number(line, "schema", known=(SCHEMA,)) and "journal" in line:
                continue  # the first line of a copy
            if "restored" in line:
                undone.add(_number(line, "restored"))
            else:
                entry = _entry(line)
                entries[entry.seq] = entry
        except KeyError as error:
            remedy = "Was it written by another version? Undo by hand what it lists."
            why = f"has a line {line_number} with an unknown {error.args[0]!r}"
            raise JournalError(path, why, remedy) from error
    return entries, undone


def read_header(path: Path) -> Path | None:
    """The journal that a copy belongs to; None where its first line was cut off."""
    for _line_number, line in _lines(path):
        journal = line.get("journal")
        return Path(journal) if isinstance(journal, str) else None
    return None


def append_line(path: Path, line: Mapping[str, object]) -> None:
    """Adds a line, which is on the disk when this returns. Raises `JournalError`."""
    data = json.dumps(line).encode("ascii") + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with path.open("ab+", buffering=0) as file:
            data = line_break_after_crash(file) + data
            if file.write(data) != len(data):  # what was written is a line that is cut off
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        if is_new:
            _sync_folder(path.parent)
    except OSError as error:
        remedy = "Nothing is changed on a phone without it: make room, then start again."
        raise JournalError(path, f"cannot be written ({error.strerror})", remedy) from error


def utc_now() -> str:
    """The time in ISO 8601 with microseconds, which sorts as text."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")


def _lines(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise JournalError(path, f"cannot be read ({error.strerror})", "Look at it.") from error
    for number, line in enumerate(text.split(b"\n"), start=1):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield number, value


def _entry(line: Mapping[str, object]) -> Entry:
    return Entry(
        schema=SCHEMA,
        seq=_number(line, "seq"),
        at=_text(line, "at"),
        serial=_text(line, "serial"),
        serialno=_text(line, "serialno"),
        boot_id=_text(line, "boot_id"),
        kind=_text(line, "kind"),
        target=_text(line, "target"),
        old=None if line["old"] is None else _text(line, "old"),
        new=_text(line, "new"),
        restore=_words(line, "restore"),
    )


def _text(line: Mapping[str, object], key: str) -> str:
    value = line[key]
    if not isinstance(value, str):
        raise KeyError(key)
    return value


def _number(line: Mapping[str, object], key: str, known: Sequence[int] = ()) -> int:
    value = line[key]
    if not isinstance(value, int) or (known and value not in known):
        raise KeyError(key)
    return value


def _words(line: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = line[key]
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise KeyError(key)
    return tuple(value)


def line_break_after_crash(file: io.FileIO) -> bytes:
    """What goes before the next line: one that a crash has cut off stays on a line of its own."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        return b""
    file.seek(end - 1)
    return b"" if file.read(1) == b"\n" else b"\n"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
