"""The machine-readable result of a run: the JSON document of `run --json` and `report --json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.claims import Judgement
from harness.evidence import Evidence
from harness.record import SCHEMA, RunInfo
from harness.statistics import Estimate
from harness.summary import CaseResult, RunResult

Json = dict[str, Any]


def run_document(result: RunResult, judgements: Sequence[Judgement]) -> Json:
    """Everything about a run; a field that does not apply is null."""
    return {
        "schema": SCHEMA,
        "run": str(result.run.folder),
        "device": _device(result.run.info),
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


def _rounded(value: float | None) -> float | None:
    """Six significant digits: more than any of these values has."""
    return None if value is None else float(f"{value:.6g}")
