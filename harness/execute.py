"""Runs a plan: rounds over all cases, each invocation recorded before the next one starts."""

from __future__ import annotations

import datetime
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from android_runner.errors import DeviceError
from android_runner.tool import ToolInput, ToolOptions, build_flags
from harness.device import Device, Invocation
from harness.errors import StoreError
from harness.log import parse_log
from harness.log_errors import LogError
from harness.measurement import Measurement, ToolLog
from harness.plan import Case, Plan, Settings
from harness.prepare import ReadyModel, tool_inputs
from harness.session import Session
from harness.statistics import estimate
from harness.store import SCHEMA, Failure, Record

# A case that failed this often in a row is given up: a tool that hangs would cost its whole
# deadline in every round.
_GIVE_UP_AFTER = 2


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A place in the order of a run: one case in one round."""

    round: int
    case: Case


class Progress(Protocol):
    """Who watches a run. Called between invocations only, so that it cannot disturb one."""

    def starts(self, slot: Slot, number: int, total: int) -> None: ...
    def ended(self, slot: Slot, record: Record) -> None: ...


def schedule(plan: Plan) -> list[Slot]:
    """The order of all invocations: every case once per round, shuffled by the plan's seed.

    Every second round is the one before it backwards, so that over two rounds each case has the
    same mean position, and a machine that slowly warms up favours none.
    """
    shuffler = random.Random(plan.settings.seed)  # an order, not a secret
    slots: list[Slot] = []
    order: list[Case] = []
    for number in range(plan.settings.rounds):
        if number % 2 == 0:
            order = list(plan.cases)
            shuffler.shuffle(order)
        else:
            order.reverse()
        slots += [Slot(round=number, case=case) for case in order]
    return slots


def run_plan(session: Session, progress: Progress) -> list[Record]:
    """Runs what of the plan is not measured yet; gives all records that count.

    A failing case is recorded and the sweep goes on. Raises `StoreError` when nothing more can be
    recorded, and lets KeyboardInterrupt pass; what was recorded is on the disk then.
    """
    plan, device = session.info.plan, session.device
    # What failed in an earlier session is tried again: its cause may be gone.
    records = [record for record in session.done if record.valid]
    finished = {(record.round, record.case) for record in records}
    inputs = {name: tool_inputs(model, device) for name, model in session.ready.items()}
    slots = schedule(plan)
    for number, slot in enumerate(slots, start=1):
        first_of_round = number == 1 or slots[number - 2].round != slot.round
        if first_of_round and _precise_enough(plan, records):
            break
        if (slot.round, slot.case.id) in finished or _given_up(slot.case, records):
            continue
        progress.starts(slot, number, len(slots))
        name = slot.case.model_id
        if name in session.missing:
            record = _failed(slot, session.missing[name])
        else:
            model, logs = session.ready[name], session.folder.logs
            record = _invoke(slot, plan.settings, device, model, inputs[name], logs)
        session.folder.append(record)
        records.append(record)
        progress.ended(slot, record)
    return records


def _invoke(
    slot: Slot,
    settings: Settings,
    device: Device,
    model: ReadyModel,
    inputs: tuple[ToolInput, ...],
    logs: Path,
) -> Record:
    case = slot.case
    tool, stored = device.tool(), device.put(model.path)
    options = ToolOptions(
        graph=stored.path,
        num_threads=case.threads,
        num_runs=settings.num_runs,
        min_secs=settings.min_secs,
        max_secs=settings.max_secs,
        warmup_runs=settings.warmup_runs,
        warmup_min_secs=settings.warmup_min_secs,
        delegate=case.delegate,
        inputs=inputs,
    )
    started_at = _now()
    stdout, stderr = _log_files(logs, slot)
    before = device.observe()
    try:
        flags = build_flags(options, tool)
        invocation = Invocation(
            flags=flags,
            cpus=case.cpus,
            timeout_s=settings.timeout_s,
            stdout=stdout,
            stderr=stderr,
        )
        log = device.invoke(invocation)
    except DeviceError as error:  # the tool was never started
        return _failed(slot, Failure(kind="not-started", message=str(error)))
    except OSError as error:
        raise StoreError(stdout, error) from error
    measurement, failure = _parse(log, settings)
    return Record(
        schema=SCHEMA,
        case=case.id,
        round=slot.round,
        started_at=started_at,
        wall_s=log.wall_s,
        valid=measurement is not None,
        failure=failure,
        measurement=measurement,
        exit_code=log.exit_code,
        peak_memory_mb=log.peak_memory_mb,
        cpu_mask=log.cpu_mask,
        flags=flags,
        model_sha256=stored.sha256,
        tool_sha256=tool.sha256,
        stdout=stdout.name,
        stderr=stderr.name,
        before=before,
        after=device.observe(),
    )


def _parse(log: ToolLog, settings: Settings) -> tuple[Measurement | None, Failure | None]:
    try:
        return parse_log(log), None
    except LogError as error:
        message = str(error)
        if log.exit_code is None:
            message = f"The tool was still running after {settings.timeout_s:g} s. {message}"
        return None, Failure(kind=error.kind, message=message)


def _failed(slot: Slot, failure: Failure) -> Record:
    """The record of an invocation that never started."""
    return Record(
        schema=SCHEMA,
        case=slot.case.id,
        round=slot.round,
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


def _given_up(case: Case, records: Sequence[Record]) -> bool:
    mine = [record for record in records if record.case == case.id]
    if any(not record.valid and record.stdout is None for record in mine):
        return True  # it never started, and never will
    last = sorted(mine, key=lambda record: record.round)[-_GIVE_UP_AFTER:]
    return len(last) == _GIVE_UP_AFTER and not any(record.valid for record in last)


def _precise_enough(plan: Plan, records: Sequence[Record]) -> bool:
    """Whether every case that can be measured has the interval that was asked for."""
    target = plan.settings.target_ci_percent
    if target is None:
        return False
    widths = []
    for case in plan.cases:
        if _given_up(case, records):
            continue
        values = [r.measurement.latency_us for r in records if r.case == case.id and r.measurement]
        widths.append(estimate(values).half_width_percent if values else None)
    return bool(widths) and all(width is not None and width <= target for width in widths)


def _log_files(logs: Path, slot: Slot) -> tuple[Path, Path]:
    """Two new files. An attempt that was cut off has left its own, which stay as they are."""
    # Nothing that a file system or a shell could take amiss.
    kept = (c if c.isascii() and (c.isalnum() or c in "-_.@+") else "_" for c in slot.case.id)
    name = "".join(kept).lstrip(".")[:180]
    for attempt in itertools.count(1):
        again = "" if attempt == 1 else f"-attempt{attempt}"
        stem = f"{name}-round{slot.round:03d}{again}"
        stdout, stderr = logs / f"{stem}.stdout", logs / f"{stem}.stderr"
        if not stdout.exists() and not stderr.exists():
            return stdout, stderr
    raise AssertionError  # the count has no end


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
