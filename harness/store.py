"""The run directory: `run.json`, `records.jsonl`, `stops.jsonl` and `logs/`.

It is written so that nothing is lost. A record is one line, flushed and synced before the next
invocation starts, so killing us at any moment loses the invocation in flight and no other.
Nothing is rewritten or deleted.
"""

from __future__ import annotations

import errno
import io
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
from pydantic import TypeAdapter, ValidationError

from android_runner.journal_entries import line_break_after_crash
from harness.errors import RunFolderError, StoreError
from harness.plan import Case
from harness.record import Purpose, Record, RunInfo, Stop
from harness.stored_lines import read_lines

if TYPE_CHECKING:
    import pandas as pd

LOCK = "run.lock"

_RUN = TypeAdapter(RunInfo)
_RECORD = TypeAdapter(Record)
_STOP = TypeAdapter(Stop)
_RECORDS = "records.jsonl"
_STOPS = "stops.jsonl"


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A run as it is on disk. `broken_lines` counts records that were cut off by a crash.

    `stops` holds why cases were measured no further, in the order in which that was found.
    """

    folder: Path
    info: RunInfo
    records: tuple[Record, ...]
    broken_lines: int = 0
    stops: tuple[Stop, ...] = ()

    def of_case(self, case: Case, purpose: Purpose = Purpose.LATENCY) -> list[Record]:
        """The case's record of each round, in their order: the last valid one, else the last.

        A round that is measured once more counts as it was then.
        """
        rounds: dict[int, Record] = {}
        for record in self.invocations(case, purpose):
            earlier = rounds.get(record.round)
            if record.valid or earlier is None or not earlier.valid:
                rounds[record.round] = record
        return [rounds[number] for number in sorted(rounds)]

    def invocations(self, case: Case, *purposes: Purpose) -> list[Record]:
        """All records of a case for these purposes, in the order in which they were made, also
        those that were redone."""
        mine = self._records.get(case.id, ())
        return [record for record in mine if record.purpose in purposes]

    def output_check(self, case: Case) -> Record | None:
        """The invocation that compared the output of the case's model file and delegate."""
        checks = self._output_checks.get((case.model_id, case.delegate), [])
        return next((record for record in checks if record.valid), checks[0] if checks else None)

    def stop_of(self, case: Case) -> Stop | None:
        """Why the case was measured no further; None while it was not decided."""
        return self._stops.get(case.id)

    # Made once: a search through all records for each case would take longer with every case.
    @cached_property
    def _records(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for record in self.records:
            found.setdefault(record.case, []).append(record)
        return found

    @cached_property
    def _output_checks(self) -> dict[tuple[str, str], list[Record]]:
        found: dict[tuple[str, str], list[Record]] = {}
        for case in self.info.plan.cases:
            checks = found.setdefault((case.model_id, case.delegate), [])
            checks += self.of_case(case, Purpose.OUTPUT)
        return found

    @cached_property
    def _stops(self) -> dict[str, Stop]:
        return {stop.case: stop for stop in self.stops}

    def to_frame(self) -> pd.DataFrame:
        """One row per record, nested fields joined by dots, for pandas."""
        import pandas as pd

        cases = {case.id: vars(case) for case in self.info.plan.cases}
        rows = [_RECORD.dump_python(record) for record in self.records]
        rows = [{**row, "case": {"id": row["case"], **cases[row["case"]]}} for row in rows]
        return pd.json_normalize(rows)


class RunFolder:
    """A run that is being written. Records go to its end, and are on the disk when `append` ends.

    All methods raise `StoreError` when the disk is full or gone.
    """

    def __init__(self, folder: Path, lock: filelock.BaseFileLock) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.inputs = folder / "inputs"
        self._lock = lock
        self._files: dict[str, io.FileIO] = {}

    def create(self, info: RunInfo) -> None:
        """Writes `run.json`, which stands for a run that has begun."""
        path = self.folder / "run.json"
        try:
            self.logs.mkdir(exist_ok=True)
            unfinished = path.with_suffix(".part")
            with unfinished.open("wb") as file:
                file.write(_RUN.dump_json(info, indent=1))
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            raise StoreError(path, error) from error

    def append(self, record: Record) -> None:
        """Adds a record for good."""
        self._append(_RECORDS, _RECORD.dump_json(record))

    def append_stop(self, stop: Stop) -> None:
        """Adds why a case was measured no further."""
        self._append(_STOPS, _STOP.dump_json(stop))

    def _append(self, name: str, line: bytes) -> None:
        path, line = self.folder / name, line + b"\n"
        try:
            if name not in self._files:
                self._files[name] = path.open("ab+", buffering=0)
                line = line_break_after_crash(self._files[name]) + line
            written = self._files[name].write(line)
            if written != len(line):  # the disk is full; the next line starts anew
                self._files.pop(name).close()
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._files[name].fileno())
        except OSError as error:
            raise StoreError(path, error) from error

    def close(self) -> None:
        """Closes the files and gives the folder free."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._lock.release()

    @property
    def has_begun(self) -> bool:
        """Whether there is a run to continue."""
        return (self.folder / "run.json").exists()


def write_text(path: Path, text: str) -> Path:
    """Writes a file that can be made again from the records. Raises `StoreError`."""
    try:
        unfinished = path.with_name(f"{path.name}.part")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise StoreError(path, error) from error
    return path


def claim_folder(folder: Path, *, resume: bool) -> RunFolder:
    """Makes or takes over a run's folder, for this process alone.

    Raises `RunFolderError` when it cannot be written, is in use, or is not empty where a new run
    is to begin. A run that was killed before it began leaves nothing that counts.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = {entry.name for entry in folder.iterdir()} - {LOCK, "inputs", "logs"}
        if taken and not resume:
            remedy = "Choose another --out, or continue that run with --resume."
            raise RunFolderError(folder, f"is not empty ({min(taken)!r})", remedy)
        lock = filelock.FileLock(folder / LOCK, blocking=False)
        lock.acquire()
    except filelock.Timeout as error:
        why = "is being written by another mbert-bench"
        raise RunFolderError(folder, why, "Wait for it, or choose another --out.") from error
    except OSError as error:
        why = f"cannot be written ({error.strerror})"
        raise RunFolderError(folder, why, "Choose another --out.") from error
    return RunFolder(folder, lock)


def load_run(folder: Path) -> StoredRun:
    """Reads a run. Raises `RunFolderError` when there is none, or one that cannot be read."""
    try:
        info = _RUN.validate_json((folder / "run.json").read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        remedy = "Give the folder that `mbert-bench run` has written."
        raise RunFolderError(folder, "holds no run (no run.json)", remedy) from error
    except (OSError, ValidationError) as error:
        why = f"holds a run.json that cannot be read ({_first_line(error)})"
        raise RunFolderError(folder, why, "Was it written by another version?") from error
    records, broken = read_lines(folder / _RECORDS, _RECORD)
    stops, _ = read_lines(folder / _STOPS, _STOP)
    return StoredRun(
        folder=folder,
        info=info,
        records=tuple(records),
        broken_lines=broken,
        stops=tuple(stops),
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
