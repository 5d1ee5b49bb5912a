"""Puts a run together: the device, a new folder or one to continue, and the models."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.device import Device
from harness.errors import RunFolderError
from harness.open_device import held_steady
from harness.plan import Plan
from harness.prepare import OnModel, ReadyModel, check_models, model_facts, prepare_models
from harness.record import SCHEMA, Failure, Record, RunInfo
from harness.store import LOCK, RunFolder, claim_folder, load_run
from models.build import installed_version

_VERSIONED = ("mbert-bench", "ai-edge-litert", "numpy", "tensorflow", "tensorflow-cpu")


@dataclass(frozen=True, kw_only=True)
class Session:
    """All that `run_plan` takes. `done` holds the records of the run that is continued."""

    device: Device
    folder: RunFolder
    info: RunInfo
    ready: dict[str, ReadyModel]
    missing: dict[str, Failure]
    done: tuple[Record, ...]


def default_folder(device: Device) -> Path:
    """A folder for a new run, `out/<utc>-<device>`; on AWS Device Farm where it keeps logs."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    parent = Path(os.environ.get("DEVICEFARM_LOG_DIR") or "out")
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in device.info().name)
    return parent / f"{now}-{name}"


def stored_plan(folder: Path) -> Plan | None:
    """The plan of the run in a folder, None where one was made but no run has begun.

    Raises `RunFolderError` where there is no folder.
    """
    begun = (folder / "run.json").exists() or not (folder / LOCK).exists()
    return load_run(folder).info.plan if begun else None


@contextlib.contextmanager
def open_session(
    plan: Plan, device: Device, folder: Path, cache: Path, on_model: OnModel, *, resume: bool
) -> Iterator[Session]:
    """Claims the folder, prepares the models, and holds the device steady while the block lasts.

    Raises `RunFolderError` when the folder cannot be used, or holds a run of another plan,
    device, tool or model, the errors of `check_models` and `prepare_models`, and a phone's.
    """
    check_models(plan)
    run = claim_folder(folder, resume=resume)
    try:
        ready, missing = prepare_models(plan, run.inputs, cache, on_model)
        models = {name: model_facts(model, device) for name, model in ready.items()}
        with held_steady(device, folder, plan.settings.patience_s) as notes:
            info = RunInfo(
                schema=SCHEMA,
                created_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                plan=plan,
                device=device.info(),
                tool=device.tool(),
                models=models,
                missing=missing,
                versions={"python": platform.python_version(), **_versions()},
                notes=notes,
            )
            done: tuple[Record, ...] = ()
            if run.has_begun:
                stored = load_run(folder)
                _refuse_differences(folder, stored.info, info)
                info, done = stored.info, stored.records
            else:
                run.create(info)
            yield Session(
                device=device, folder=run, info=info, ready=ready, missing=missing, done=done
            )
    finally:
        run.close()


def _refuse_differences(folder: Path, stored: RunInfo, current: RunInfo) -> None:
    """A run continues only as what it was; otherwise its records would not be one sample."""
    models = {name: facts.sha256 for name, facts in stored.models.items()}
    pairs = {
        "plan": (stored.plan, current.plan),
        "device": (stored.device, current.device),
        "benchmark tool": (stored.tool.sha256, current.tool.sha256),
        "set of models": (models, {n: facts.sha256 for n, facts in current.models.items()}),
    }
    for what, (before, now) in pairs.items():
        if before != now:
            remedy = "Start a new run with another --out."
            raise RunFolderError(folder, f"holds a run of another {what}", remedy)


def _versions() -> dict[str, str | None]:
    return {name: installed_version(name) for name in _VERSIONED}
