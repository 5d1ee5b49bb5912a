"""The machine-readable result of a run: the JSON document of `run --json` and `report --json`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from harness.checks import PreflightCheck
from harness.claims import Judgement
from harness.evidence import Evidence
from harness.measurement import OutputComparison
from harness.record import SCHEMA, RunInfo, Stop
from harness.roofline import Roofline
from harness.statistics import Estimate
from harness.summary import CaseResult, RunResult

Json = dict[str, Any]


def run_document(result: RunResult, judgements: Sequence[Judgement]) -> Json:
    """Everything about a run; a field that does not apply is null."""
    return {
        "schema": SCHEMA,
        "run": str(result.run.folder),
        "device": _device(result.run.info),
        "preflight": [_preflight(check) for check in result.run.info.preflight],
        "cases": [_case(case) for case in result.cases],
        "claims": claims_document(judgements),
    }


def claims_document(judgements: Sequence[Judgement]) -> list[Json]:
    """The ledger, in its own order."""
    return [_claim(judgement) for judgement in judgements]


def _device(info: RunInfo) -> Json:
    device = info.device
    return {
        "kind": device.kind,
        "name": device.name,
        "serial": device.serial,
        "model": device.model,
        "soc": device.soc,
        "fingerprint": device.fingerprint,
        "tier": device.tier,
    }


def _case(result: CaseResult) -> Json:
    case, model = result.case, result.model
    failure = result.failure
    return {
        "id": case.id,
        "model": case.model,
        "task": case.task,
        "sequence_length": result.sequence_length,
        "quantization": case.quantization,
        "delegate": case.delegate,
        "threads": case.threads,
        "cpus": case.cpus,
        "status": result.status.value,
        "failure": {"kind": failure.kind, "message": failure.message} if failure else None,
        "n": len(result.sample_ms),
        "latency_ms": _estimate(result.latency_ms, "median"),
        "init_ms": _rounded(result.init_ms),
        "first_ms": _rounded(result.first_ms),
        "peak_memory_mb": _rounded(result.peak_memory_mb),
        "model_bytes": model.size_bytes if model else None,
        "parameters": model.parameters if model else None,
        "macs": model.macs if model else None,
        "evidence": _evidence(result.evidence),
        "warnings": list(result.warnings),
        "stop": _stop(result.stop),
        "heat": _plain(result.heat),
        "output": _output(result.output),
        "roofline": _roofline(result.roofline),
        "energy": _plain(result.energy),
        "energy_problem": result.energy_problem,
        "operators": _plain(result.operators) or None,
        "sustained": _plain(result.sustained),
    }


def _preflight(check: PreflightCheck) -> Json:
    return {
        "id": check.id,
        "required": check.required,
        "observed": check.observed,
        "verdict": check.verdict.value,
        "allowed": check.allowed,
    }


def _stop(stop: Stop | None) -> Json | None:
    """Why the case was measured no further, and the half-width of its interval then."""
    if stop is None:
        return None
    return {
        "reason": stop.reason.value,
        "rounds": stop.rounds,
        "half_width_percent": _rounded(stop.half_width_percent),
    }


def _output(output: OutputComparison | None) -> Json | None:
    """How far the output of the case's model and delegate is from the reference."""
    if output is None:
        return None
    return {
        "reference": output.reference,
        "correct": output.correct,
        "error_percent": _rounded(output.error_percent),
        "tolerance_percent": output.tolerance_percent,
        "problem": output.problem,
    }


def _roofline(roofline: Roofline | None) -> Json | None:
    if roofline is None:
        return None
    return {
        "gflops": _rounded(roofline.gflops),
        "peak_gflops": _rounded(roofline.peak_gflops),
        "peak_source": roofline.peak_source,
        "share_percent": _rounded(roofline.share_percent),
    }


def _evidence(evidence: Evidence | None) -> Json | None:
    if evidence is None:
        return None
    checks = [
        {
            "name": check.name,
            "requested": check.requested,
            "observed": check.observed,
            "verdict": check.verdict.value,
            "raw": check.raw,
        }
        for check in evidence.checks
    ]
    return {"verdict": evidence.verdict.value, "checks": checks}


def _claim(judgement: Judgement) -> Json:
    claim = judgement.claim
    conditions = [
        {"name": row.name, "published": row.published, "measured": row.measured}
        for row in judgement.conditions
    ]
    return {
        "id": claim.id,
        "statement": claim.statement,
        "source": claim.source,
        "published": claim.published,
        "unit": claim.unit.value,
        "measured": _estimate(judgement.measured, "value"),
        "setting": judgement.setting or None,
        "others": [
            {"setting": other.setting, "measured": _estimate(other.measured, "value")}
            for other in judgement.others
        ],
        "verdict": judgement.verdict.value,
        "conditions": conditions,
    }


def _estimate(estimate: Estimate | None, name: str) -> Json | None:
    if estimate is None:
        return None
    return {
        name: _rounded(estimate.value),
        "low": _rounded(estimate.low),
        "high": _rounded(estimate.high),
    }


def _plain(value: object) -> object:
    """Values as JSON has them: fields of a dataclass by name, numbers rounded."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _rounded(value) if isinstance(value, float) else value


def _rounded(value: float | None) -> float | None:
    """Six significant digits: more than any of these values has. JSON has no NaN or infinity."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")
