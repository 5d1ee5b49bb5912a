"""The conditions of a claim beside those of a measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.checks import Verdict
from harness.claim_ledger import Claim, DeviceKind
from harness.record import RunInfo
from harness.statistics import Estimate
from harness.summary import CaseResult


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition as published and as measured; `differs` where they are not known the same."""

    name: str
    published: str
    measured: str
    differs: bool


def list_conditions(
    claim: Claim, result: CaseResult, info: RunInfo, *, timed: bool
) -> list[Condition]:
    """Stated conditions beside those of the case. A latency without device, threads or sequence
    length cannot be compared one to one, so leaving one out counts as a difference."""
    stated, case = claim.conditions, result.case
    rows = []
    if timed:
        rows.append(_device(claim, info))
        rows.append(_compare("threads", stated.threads, case.threads, essential=True))
    if timed and (stated.runtime is not None or info.tool.stand_in):
        runtime = "LiteRT for Python (stand-in tool)" if info.tool.stand_in else "TensorFlow Lite"
        rows.append(_compare("runtime", stated.runtime, runtime))
    length = result.sequence_length
    if timed or stated.sequence_length is not None:
        rows.append(_compare("sequence length", stated.sequence_length, length, essential=timed))
    # Where a source says nothing of precision, it speaks of the model as it was trained.
    published = stated.quantization or "not stated (fp32)"
    differs = case.quantization != (stated.quantization or "fp32")
    rows.append(_row("quantization", published, str(case.quantization), differs=differs))
    if stated.delegate is not None:
        rows.append(_compare("delegate", stated.delegate, case.delegate))
    if stated.task is not None:
        rows.append(_compare("task", stated.task, case.task))
    if stated.wiring is not None:
        wiring = "paper" if case.model.partition("@")[2].startswith("paper") else "released"
        rows.append(_compare("wiring", stated.wiring.value, wiring))
    return rows


def _device(claim: Claim, info: RunInfo) -> Condition:
    device = info.device
    measured = device.model or device.name
    if device.kind == "host":
        measured = f"this host ({measured})"
    published = claim.conditions.device or "not stated"
    same = device.kind == "phone" and published.casefold() == str(device.model).casefold()
    if claim.conditions.device_kind == DeviceKind.ANY:
        published, same = "any", True
    return _row("device", published, measured, differs=not same)


def _compare(
    name: str, published: object, measured: object, *, essential: bool = False
) -> Condition:
    if published is None:
        return _row(name, "not stated", str(measured), differs=essential)
    return _row(name, str(published), str(measured), differs=published != measured)


def _row(name: str, published: str, measured: str, *, differs: bool) -> Condition:
    return Condition(name=name, published=published, measured=measured, differs=differs)


def count_differing(conditions: Sequence[Condition]) -> int:
    """How many of them are not known to be the same."""
    return sum(condition.differs for condition in conditions)


def list_weaknesses(case: CaseResult, measured: Estimate) -> list[Condition]:
    """What makes a measurement too weak to judge with."""
    rows = []
    if measured.low is None:
        rows.append(_row("invocations", "enough for an interval", str(measured.n), differs=True))
    if case.evidence is None or case.evidence.verdict == Verdict.CONTRADICTED:
        rows.append(_row("evidence", "what was asked for ran", "contradicted", differs=True))
    return rows
