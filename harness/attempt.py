"""One invocation from its flags to its record, whatever becomes of it."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from android_runner.errors import DeviceError, PhoneError
from android_runner.tool import ToolInput, ToolOptions, build_flags
from harness.cooling import Cooled
from harness.device import Capture, Device, Invocation
from harness.errors import StoreError
from harness.log import parse_log
from harness.log_errors import LogError
from harness.measurement import Measurement, ToolLog
from harness.prepare import ReadyModel
from harness.record import SCHEMA, Failure, Purpose, Record
from harness.schedule import Slot
from harness.settings import Settings

# The failure of a case that this device, tool or build cannot measure, whenever it is tried.
NOT_STARTED = "not-started"

# Told the record before it is kept, with the log and the file that was captured, if there is one.
Finish = Callable[[Record, ToolLog, Path | None], Record]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What an invocation is for, and what it asks of the tool.

    `more` are flags as `name=value`; `captured` is a flag that takes a path, whose file is kept
    beside the log. `finish` reads what the purpose is about into the record.
    """

    purpose: Purpose
    settings: Settings
    more: tuple[str, ...] = ()
    captured: str | None = None
    finish: Finish | None = None


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is measured: a model on a device, with inputs that are there, and a place for logs."""

    device: Device
    model: ReadyModel
    inputs: tuple[ToolInput, ...]
    logs: Path


def attempt(slot: Slot, ask: Ask, subject: Subject, cooled: Cooled) -> Record:
    """Starts the tool once and gives the record of what came out.

    Raises `InvocationLostError` when the phone has lost it, other `PhoneError`s when the phone is
    lost itself, and `StoreError` when the log cannot be saved.
    """
    case, device, settings = slot.case, subject.device, ask.settings
    tool, stored = device.tool(), device.put(subject.model.path)
    options = ToolOptions(
        graph=stored.path,
        num_threads=case.threads,
        num_runs=settings.num_runs,
        min_secs=settings.min_secs,
        max_secs=settings.max_secs,
        warmup_runs=settings.warmup_runs,
        warmup_min_secs=settings.warmup_min_secs,
        delegate=_on_device(case.delegate, device),
        inputs=subject.inputs,
        more=ask.more,
    )
    started_at = _now()
    stdout, stderr, captured = _log_files(subject.logs, slot, ask)
    try:
        flags = build_flags(options, tool)
        invocation = Invocation(
            flags=flags,
            cpus=case.cpus,
            threads=case.threads,
            timeout_s=settings.timeout_s,
            patience_s=settings.patience_s,
            stdout=stdout,
            stderr=stderr,
            captures=(Capture(flag=ask.captured, file=captured),) if ask.captured else (),
        )
        log = device.invoke(invocation)
    except PhoneError:  # not the case's fault
        raise
    except DeviceError as error:  # the tool was never started
        return failed_record(slot, ask.purpose, Failure(kind=NOT_STARTED, message=str(error)))
    except OSError as error:
        raise StoreError(stdout, error) from error
    measurement, failure = _parse(log, settings)
    record = Record(
        schema=SCHEMA,
        case=case.id,
        round=slot.round,
        attempt=slot.attempt,
        purpose=ask.purpose,
        started_at=started_at,
        wall_s=log.wall_s,
        cpu_s=log.cpu_s,
        valid=measurement is not None,
        failure=failure,
        measurement=measurement,
        exit_code=log.exit_code,
        peak_memory_mb=log.peak_memory_mb,
        cpu_mask=log.cpu_mask,
        requested_mask=log.requested_mask,
        sources=log.sources,
        flags=flags,
        model_sha256=stored.sha256,
        tool_sha256=tool.sha256,
        stdout=stdout.name,
        stderr=stderr.name,
        before=cooled.seen,
        waited_s=cooled.waited_s,
        late_cool=cooled.late,
        after=device.observe(),
    )
    if ask.finish is None:
        return record
    return ask.finish(record, log, captured if captured.exists() else None)


def failed_record(slot: Slot, purpose: Purpose, failure: Failure) -> Record:
    """The record of an invocation that never started."""
    return Record(
        schema=SCHEMA,
        case=slot.case.id,
        round=slot.round,
        attempt=slot.attempt,
        purpose=purpose,
        started_at=_now(),
        wall_s=0.0,
        valid=False,
        failure=failure,
        measurement=None,
        exit_code=None,
        peak_memory_mb=None,
        cpu_mask=None,
        flags=(),
        model_sha256=None,
        tool_sha256=None,
        stdout=None,
        stderr=None,
        before=None,
        after=None,
    )


def _on_device(delegate: str, device: Device) -> str:
    """The delegate with its library brought to the device; one that is there already stays."""
    kind, _, library = delegate.partition(":")
    if kind != "external" or not Path(library).is_file():
        return delegate
    return f"{kind}:{device.put(Path(library)).path}"


def _parse(log: ToolLog, settings: Settings) -> tuple[Measurement | None, Failure | None]:
    try:
        return parse_log(log), None
    except LogError as error:
        message = str(error)
        if log.exit_code is None:
            message = f"The tool was still running after {settings.timeout_s:g} s. {message}"
        return None, Failure(kind=error.kind, message=message)


def _log_files(logs: Path, slot: Slot, ask: Ask) -> tuple[Path, Path, Path]:
    """Three new files. An attempt that was cut off has left its own, which stay as they are."""
    # Nothing that a file system or a shell could take amiss.
    kept = (c if c.isascii() and (c.isalnum() or c in "-_.@+") else "_" for c in slot.case.id)
    name = "".join(kept).lstrip(".")[:180]
    what = "round" if ask.purpose == Purpose.LATENCY else f"{ask.purpose}"
    for number in itertools.count(1):
        again = "" if number == 1 else f"-attempt{number}"
        stem = f"{name}-{what}{slot.round:03d}{again}"
        endings = ("stdout", "stderr", ask.captured or "captured")
        stdout, stderr, captured = (logs / f"{stem}.{ending}" for ending in endings)
        if not stdout.exists() and not stderr.exists() and not captured.exists():
            return stdout, stderr, captured
    raise AssertionError  # the count has no end


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
