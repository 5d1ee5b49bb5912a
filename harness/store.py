"""The run directory: `run.json`, `records.jsonl` and `logs/`, written so that nothing is lost.

A record is one line, flushed and synced before the next invocation starts, so killing us at any
moment loses the invocation in flight and no other. Nothing is rewritten or deleted.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
from pydantic import TypeAdapter, ValidationError

from android_runner.journal_entries import line_break_after_crash
from android_runner.tool import Tool
from harness.device import DeviceInfo, Observation
from harness.errors import RunFolderError, StoreError
from harness.measurement import Measurement
from harness.plan import Case, Plan

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
LOCK = "run.lock"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why there is no measurement: a kind (see `FailureKind`) and a message for a person."""

    kind: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """One model file of a run. Counts are the encoder's where the builder wrote them."""

    file: str
    sha256: str
    size_bytes: int
    parameters: int
    macs: int
    operators: int
    sequence_length: int | None = None


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What a run is: its plan, device, tool, models and versions. Written once, at its start.

    `models` holds the facts by `Case.model_id`; a model that could not be had is in `missing`.
    `notes` say what could not be done to hold the device steady.
    """

    schema: int
    created_at: str
    plan: Plan
    device: DeviceInfo
    tool: Tool
    models: dict[str, ModelFacts]
    missing: dict[str, Failure]
    versions: dict[str, str | None]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Record:
    """One invocation. `valid` says whether it has a measurement; a bad one keeps its reason.

    `round` counts from 0. Times are UTC; `stdout` and `stderr` are names within `logs/`.
    """

    schema: int
    case: str
    round: int
    started_at: str
    wall_s: float
    valid: bool
    failure: Failure | None
    measurement: Measurement | None
    exit_code: int | None
    peak_memory_mb: float | None
    cpu_mask: str | None
    flags: tuple[str, ...]
    model_sha256: str | None
    tool_sha256: str | None
    stdout: str | None
    stderr: str | None
    before: Observation | None
    after: Observation | None
    requested_mask: str | None = None


_RUN = TypeAdapter(RunInfo)
_RECORD = TypeAdapter(Record)


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A run as it is on disk. `broken_lines` counts records that were cut off by a crash."""

    folder: Path
    info: RunInfo
    records: tuple[Record, ...]
    broken_lines: int = 0

    def of_case(self, case: Case) -> list[Record]:
        """The case's record of each round, in their order: the valid one, else the last attempt."""
        rounds: dict[int, Record] = {}
        for record in self.records:
            earlier = rounds.get(record.round)
            if record.case == case.id and (earlier is None or not earlier.valid):
                rounds[record.round] = record
        return [rounds[number] for number in sorted(rounds)]

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
        self._records: io.FileIO | None = None

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
        path = self.folder / "records.jsonl"
        line = _RECORD.dump_json(record) + b"\n"
        try:
            if self._records is None:
                self._records = path.open("ab+", buffering=0)
                line = line_break_after_crash(self._records) + line
            written = self._records.write(line)
            if written != len(line):  # the disk is full; the next line starts anew
                self._records.close()
                self._records = None
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._records.fileno())
        except OSError as error:
            raise StoreError(path, error) from error

    def close(self) -> None:
        """Closes the records and gives the folder free."""
        if self._records is not None:
            self._records.close()
            self._records = None
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
    path = folder / "records.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    records, broken = _parse(lines)
    return StoredRun(folder=folder, info=info, records=tuple(records), broken_lines=broken)


def _parse(lines: Iterable[bytes]) -> tuple[list[Record], int]:
    records, broken = [], 0
    for line in lines:
        try:
            records.append(_RECORD.validate_json(line))
        except ValidationError:
            broken += bool(line.strip())
    return records, broken


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
