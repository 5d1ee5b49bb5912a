"""The journal of a phone: `journal.jsonl` in the run's folder, and a copy in the user's state.

The copy finds the run's journal again after the host has crashed, and stands in for it where the
run's folder is gone; it is taken away when everything is undone. Each line is in the copy first,
then in the journal, then the change is made: a line in either counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import platformdirs

from android_runner.errors import JournalError
from android_runner.identity import PhoneIdentity
from android_runner.journal_entries import (
    SCHEMA,
    Entry,
    How,
    append_line,
    change_line,
    read_entries,
    read_header,
    undone_line,
    utc_now,
)
from android_runner.lease import STATE_VARIABLE

FILE_NAME = "journal.jsonl"


def state_folder() -> Path:
    """Where copies of journals are: `MBERT_BENCH_STATE`, else the user's state folder."""
    folder = os.environ.get(STATE_VARIABLE)
    return Path(folder) if folder else platformdirs.user_state_path("mbert-bench")


class Journal:
    """The changes on one phone: written by `begin`, ended by `end`. Both raise `JournalError`."""

    def __init__(self, path: Path, copy: Path, phone: PhoneIdentity) -> None:
        self.path = path
        self.phone = phone
        self._copy = copy
        self._entries: dict[int, Entry] = {}
        self._undone: set[int] = set()
        for file in (path, copy):
            entries, undone = read_entries(file)
            self._entries.update(entries)
            self._undone |= undone
        if copy.exists() or not self.pending():
            return
        for entry in sorted(self.pending(), key=lambda entry: entry.seq):
            self._append_to_copy(change_line(entry))

    def pending(self) -> list[Entry]:
        """What is not undone on this phone, oldest first."""
        entries = (self._entries[seq] for seq in sorted(self._entries.keys() - self._undone))
        return [entry for entry in entries if entry.serialno == self.phone.serialno]

    def begin(
        self,
        *,
        boot_id: str,
        kind: str,
        target: str,
        old: str | None,
        new: str,
        restore: Sequence[str],
    ) -> Entry:
        """Writes down a change that is to be made. It is on the disk when this returns."""
        entry = Entry(
            schema=SCHEMA,
            seq=max(self._entries, default=0) + 1,
            at=utc_now(),
            serial=self.phone.serial,
            serialno=self.phone.serialno,
            boot_id=boot_id,
            kind=kind,
            target=target,
            old=old,
            new=new,
            restore=tuple(restore),
        )
        self._entries[entry.seq] = entry  # first: an interrupt below must not hide the line
        self._append_to_copy(change_line(entry))
        append_line(self.path, change_line(entry))
        return entry

    def end(self, entry: Entry, how: How) -> None:
        """Writes down that a change is no longer on the phone, or no longer ours."""
        line = undone_line(entry, how)
        try:
            if self.path.parent.is_dir():  # else the run was deleted; the copy has it all
                append_line(self.path, line)
        finally:
            self._append_to_copy(line)
        self._undone.add(entry.seq)

    def close(self) -> None:
        """Takes the copy away, if there is nothing left to undo."""
        if not self.pending():
            self._copy.unlink(missing_ok=True)

    def _append_to_copy(self, line: dict[str, object]) -> None:
        if not self._copy.exists():
            append_line(self._copy, {"schema": SCHEMA, "journal": str(self.path)})
        append_line(self._copy, line)


@contextlib.contextmanager
def open_journal(run_folder: Path, phone: PhoneIdentity, state: Path) -> Iterator[Journal]:
    """The journal of a run, for who holds the phone's lease and has called `restore_pending`.

    Raises `JournalError`.
    """
    path = (run_folder / FILE_NAME).absolute()
    journal = Journal(path, _copy_of(path, phone, state), phone)
    try:
        yield journal
    finally:
        journal.close()


def pending_journals(
    phone: PhoneIdentity, state: Path, journals: Iterable[Path] = ()
) -> tuple[list[Journal], list[JournalError]]:
    """Journals with something to undo on this phone, the latest first, and those not readable.

    `journals` are files beside the known ones: of a run that was made on another machine.
    """
    found: list[Journal] = []
    broken: list[JournalError] = []
    known = {path.absolute(): _copy_of(path.absolute(), phone, state) for path in journals}
    for copy in sorted(state.glob(f"journals/{_key(phone.serialno)}-*.jsonl")):
        known[read_header(copy) or copy] = copy
    for path, copy in known.items():
        try:
            journal = Journal(path, copy, phone)
        except JournalError as error:
            broken.append(error)
            continue
        if journal.pending():
            found.append(journal)
        else:
            journal.close()
    return sorted(found, key=lambda journal: journal.pending()[0].at, reverse=True), broken


def _copy_of(path: Path, phone: PhoneIdentity, state: Path) -> Path:
    return state / "journals" / f"{_key(phone.serialno)}-{_key(str(path))}.jsonl"


def _key(text: str) -> str:
    # A serial may hold any character; a file's name may not.
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
