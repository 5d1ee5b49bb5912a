"""Puts a run together: the device, a new folder or one to continue, and the models."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from android_runner.tool import Tool
from harness.checks import PreflightCheck
from harness.device import Device
from harness.errors import RunFolderError
from harness.open_device import busy_percent, held_steady, peak_gflops
from harness.plan import Arm, Case, Plan
from harness.preflight import check_allowed_ids, check_preflight, refuse_unfit
from harness.prepare import OnModel, ReadyModel, check_models, model_facts, prepare_models
from harness.record import SCHEMA, Failure, Record, RunInfo, Stop
from harness.reference_output import ReferenceOutput, make_reference
from harness.store import LOCK, RunFolder, StoredRun, claim_folder, load_run
from models.build import installed_version

_VERSIONED = ("mbert-bench", "ai-edge-litert", "numpy", "tensorflow", "tensorflow-cpu")


@dataclass(frozen=True, kw_only=True)
class Session:
    """All that `run_plan` takes. `done` and `stops` are those of the run that is continued.
    `candidate_device` is the same device with another tool, for the candidates of a comparison.

    `reference` gives the output that a case's model should have, or why there is none.
    """

    device: Device
    candidate_device: Device | None
    folder: RunFolder
    info: RunInfo
    ready: dict[str, ReadyModel]
    missing: dict[str, Failure]
    done: tuple[Record, ...]
    stops: dict[str, Stop]
    reference: Callable[[Case], ReferenceOutput | str]

    def device_of(self, case: Case) -> Device:
        """The device with the tool that is started for a case."""
        other = self.candidate_device if case.arm == Arm.CANDIDATE else None
        return other or self.device


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
    plan: Plan,
    device: Device,
    folder: Path,
    cache: Path,
    on_model: OnModel,
    *,
    resume: bool,
    candidate_device: Device | None = None,
) -> Iterator[Session]:
    """Claims the folder, prepares the models, looks whether the device is fit to measure, and
    holds it steady while the block lasts.

    Raises `RunFolderError` when the folder cannot be used, or holds a run of another plan,
    device, tool or model, `PreflightError`, the errors of `check_models` and `prepare_models`,
    and a phone's.
    """
    check_models(plan)
    check_allowed_ids(plan.settings.allow)
    run = claim_folder(folder, resume=resume)
    try:
        ready, missing = prepare_models(plan, run.inputs, cache, on_model)
        preflight = _preflight(plan, device, ready)
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
                preflight=preflight,
                candidate_tool=candidate_device.tool() if candidate_device else None,
            )
            stored: StoredRun | None = None
            if run.has_begun:
                stored = load_run(folder)
                _refuse_differences(folder, stored.info, info)
                info = stored.info
            else:
                info = replace(
                    info,
                    peak_gflops=_peak_gflops(plan, device, int8=False),
                    peak_int8_gops=_peak_gflops(plan, device, int8=True)
                    if any("int8" in facts.weight_types for facts in models.values())
                    else {},
                )
                run.create(info)
            yield Session(
                device=device,
                candidate_device=candidate_device,
                folder=run,
                info=info,
                ready=ready,
                missing=missing,
                done=stored.records if stored else (),
                stops={stop.case: stop for stop in stored.stops} if stored else {},
                reference=_references(ready, cache, run.inputs, plan.settings.seed, on_model),
            )
    finally:
        run.close()


def _preflight(
    plan: Plan, device: Device, ready: Mapping[str, ReadyModel]
) -> tuple[PreflightCheck, ...]:
    """Looks whether the device is fit to measure. Raises `PreflightError` if it is not."""
    return refuse_unfit(
        check_preflight(
            device.info(),
            device.observe(),
            busy_percent=busy_percent(device),
            needed_mb=sum(model.info.size_bytes for model in ready.values()) / 1e6,
            allow=plan.settings.allow,
        )
    )


def _peak_gflops(plan: Plan, device: Device, *, int8: bool) -> dict[int, float]:
    """What this host can do at most, for the thread counts of the plan; a phone's is known."""
    counts = {min(case.threads, device.info().cpu_count) for case in plan.cases}
    peaks = {count: peak_gflops(device, count, int8=int8) for count in sorted(counts)}
    return {count: peak for count, peak in peaks.items() if peak is not None}


def _references(
    ready: Mapping[str, ReadyModel], cache: Path, inputs: Path, seed: int, on_model: OnModel
) -> Callable[[Case], ReferenceOutput | str]:
    """Makes each model's reference when it is asked for, once."""
    made: dict[str, ReferenceOutput | str] = {}

    def reference(case: Case) -> ReferenceOutput | str:
        name = case.model_id
        if name not in made:
            made[name] = make_reference(case, ready[name], cache, inputs, seed, on_model)
        return made[name]

    return reference


def _refuse_differences(folder: Path, stored: RunInfo, current: RunInfo) -> None:
    """A run continues only as what it was; otherwise its records would not be one sample."""
    models = {name: facts.sha256 for name, facts in stored.models.items()}
    pairs = {
        "plan": (stored.plan, current.plan),
        "device": (stored.device, current.device),
        "benchmark tool": (stored.tool.sha256, current.tool.sha256),
        "candidate's tool": (_sha256(stored.candidate_tool), _sha256(current.candidate_tool)),
        "set of models": (models, {n: facts.sha256 for n, facts in current.models.items()}),
    }
    for what, (before, now) in pairs.items():
        if before != now:
            remedy = "Start a new run with another --out."
            raise RunFolderError(folder, f"holds a run of another {what}", remedy)


def _sha256(tool: Tool | None) -> str | None:
    return tool.sha256 if tool is not None else None


def _versions() -> dict[str, str | None]:
    return {name: installed_version(name) for name in _VERSIONED}
