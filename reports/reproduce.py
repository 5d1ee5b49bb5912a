"""Command lines that repeat a case, measure a claim, or start the tool as a record did."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping

from harness.claim_ledger import Claim
from harness.plan import Case
from harness.record import Record, RunInfo
from harness.settings import Settings
from models.catalog import CATALOG
from reports.cells import visible

# These have an option of `mbert-bench run`; the others come from a plan's [settings].
_WITH_OPTION = (
    "rounds",
    "num_runs",
    "target_ci_percent",
    "budget_s",
    "sustained_s",
    "op_profile",
    "allow",
)


def case_command(case: Case, info: RunInfo) -> tuple[str, ...]:
    """The line that measures this case again, alone, as pieces that may stand on lines."""
    settings = info.plan.settings
    options = {
        "--device": info.device.name,
        "--model": case.model if case.model_file is None else None,
        "--model-file": case.model_file,
        "--task": case.task,
        "--seq-len": case.sequence_length,
        "--quantization": case.quantization,
        "--delegate": case.delegate,
        "--threads": case.threads,
        "--cpus": case.cpus,
        "--rounds": settings.rounds,
        "--num-runs": settings.num_runs,
        "--target-ci": settings.target_ci_percent,
        "--sustained": _duration(settings.sustained_s),
        "--allow": ",".join(settings.allow) or None,
        "--benchmark-model": info.tool.path if _has_own_tool(info) else None,
    }
    command = _command(options)
    return (*command, "--op-profile") if settings.op_profile else command


def _duration(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:g}s"


def other_settings(settings: Settings) -> tuple[str, ...]:
    """What the plan sets and no option does: `case_command` alone would not repeat it."""
    return tuple(
        f"{field.name} = {getattr(settings, field.name):g}"
        for field in dataclasses.fields(Settings)
        if field.name not in _WITH_OPTION and getattr(settings, field.name) != field.default
    )


def claim_command(claim: Claim, info: RunInfo) -> tuple[str, ...]:
    """The line that measures a claim on the run's device, empty for a model that is not built."""
    models = [*claim.baselines[:1], claim.models[0]]
    if any(model.partition("@")[0] not in CATALOG for model in models):
        return ()
    options = {
        "--device": info.device.name,
        "--model": ",".join(models),
        "--seq-len": claim.conditions.sequence_length,
        "--threads": claim.conditions.threads,
    }
    return _command(options)


def tool_command(record: Record, info: RunInfo) -> str | None:
    """What one invocation started, one flag to a line; None where none was."""
    if not record.flags:
        return None
    words = ["python", "-P", info.tool.path] if info.tool.stand_in else [info.tool.path]
    return " \\\n  ".join([_join(words), *(_join([flag]) for flag in record.flags)])


def _has_own_tool(info: RunInfo) -> bool:
    return info.device.kind == "host" and not info.tool.stand_in


def _command(options: Mapping[str, object]) -> tuple[str, ...]:
    given = [_join([name, _word(value)]) for name, value in options.items() if value is not None]
    return ("mbert-bench run", *given)


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _join(words: list[str]) -> str:
    return visible(shlex.join(words))
