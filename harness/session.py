"""Puts a run together: the device, a new folder or one to continue, and the models."""

from __future__ import annotations

import datetime
import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from harness.device import Device
from harness.errors import RunFolderError, UnknownDeviceError, UsageError
from harness.host import Host
from harness.plan import Plan
from harness.prepare import OnModel, ReadyModel, check_models, model_facts, prepare_models
from harness.store import (
    LOCK,
    SCHEMA,
    Failure,
    Record,
    RunFolder,
    RunInfo,
    claim_folder,
    load_run,
)

# Where the environment names the phone, in this order (adb's own variable, then AWS Device Farm).
_SERIAL_VARIABLES = ("ANDROID_SERIAL", "DEVICEFARM_DEVICE_UDID")

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


def open_device(name: str | None, tool: Path | None) -> Device:
    """Gives the device. Raises `UnknownDeviceError`, and what `Host` raises for its tool."""
    for variable in _SERIAL_VARIABLES:
        name = name or os.environ.get(variable)
    if name is None:
        message = "No device is named. Use `--device host` to measure on this machine."
        raise UsageError(message)
    if name != "host":
        raise UnknownDeviceError(name)
    return Host(tool)


def default_folder(device: Device) -> Path:
    """A folder for a new run, `out/<utc>-<device>`; on AWS Device Farm where it keeps logs."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    parent = Path(os.environ.get("DEVICEFARM_LOG_DIR") or "out")
    return parent / f"{now}-{device.info().name}"


def stored_plan(folder: Path) -> Plan | None:
    """The plan of the run in a folder, None where one was made but no run has begun.

    Raises `RunFolderError` where there is no folder.
    """
    begun = (folder / "run.json").exists() or not (folder / LOCK).exists()
    return load_run(folder).info.plan if begun else None


def open_session(
    plan: Plan, device: Device, folder: Path, cache: Path, on_model: OnModel, *, resume: bool
) -> Session:
    """Claims the folder and prepares the models.

    Raises `RunFolderError` when the folder cannot be used, or holds a run of another plan,
    device, tool or model, and the errors of `check_models` and `prepare_models`.
    """
    check_models(plan)
    run = claim_folder(folder, resume=resume)
    try:
        ready, missing = prepare_models(plan, run.inputs, cache, on_model)
        info = RunInfo(
            schema=SCHEMA,
            created_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            plan=plan,
            device=device.info(),
            tool=device.tool(),
            models={name: model_facts(model, device) for name, model in ready.items()},
            missing=missing,
            versions={"python": platform.python_version(), **_versions()},
        )
        done: tuple[Record, ...] = ()
        if run.has_begun:
            stored = load_run(folder)
            _refuse_differences(folder, stored.info, info)
            info, done = stored.info, stored.records
        else:
            run.create(info)
    except BaseException:
        run.close()
        raise
    return Session(device=device, folder=run, info=info, ready=ready, missing=missing, done=done)


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
    return {name: _version(name) for name in _VERSIONED}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
