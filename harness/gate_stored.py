"""The gate over two stored runs: advisory, since what differs between two sessions is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.checks import Verdict
from harness.gate_notes import evidence_notes, policy_notes, tool_notes
from harness.gate_result import Cell, GateResult, GateVerdict, Metric
from harness.gate_rules import (
    combine,
    count_cell,
    missing_cell,
    size_cell,
    unpaired_cell,
    with_evidence,
)
from harness.policy import CellLimits, Policy
from harness.record import RunInfo
from harness.store import StoredRun
from harness.summary import CaseResult, Status, summarize

# Two sessions with the same model differ by this much at most, in 95 of 100 cases: 1.96 times the
# square root of two times the standard deviation between sessions, which is some 1 % with fixed
# clocks, 3 % pinned and 5 % without control.
SESSION_NOISE_PERCENT = {"T2": 2.8, "T1": 8.3, "T0": 13.9}
_MOST_NOISE_PERCENT = max(SESSION_NOISE_PERCENT.values())


def judge_runs(
    baseline: StoredRun, candidate: StoredRun, policy: Policy, *, strict: bool
) -> GateResult:
    """Compares the cases that both have. Where device, tier or kind of tool differ, nothing is.

    A case that the candidate lacks is a cell that was not measured; a new one is only named.
    """
    problem = _why_not_comparable(baseline.info, candidate.info)
    before = {case.case.id: case for case in summarize(baseline).cases}
    after = {case.case.id: case for case in summarize(candidate).cases}
    tier = candidate.info.device.tier
    noise = SESSION_NOISE_PERCENT.get(tier, _MOST_NOISE_PERCENT)
    cells: list[Cell] = []
    notes = [*_run_notes(baseline.info, candidate.info, noise)]
    for name, old in before.items():
        new = after.get(name)
        if problem is not None or new is None:
            why = problem or "the candidate's run has no such case"
            cells.append(missing_cell(name, Metric.LATENCY, why))
            continue
        cells += _judge_case(old, new, policy, noise)
        notes += evidence_notes(name, "baseline", old.evidence)
        notes += evidence_notes(name, "candidate", new.evidence)
    added = [name for name in after if name not in before]
    if added:
        notes.append(f"new, not gated: {', '.join(added)}")
    notes += policy_notes(policy, list(before))
    verdict, exit_code = combine(cells, policy, strict=strict, advisory=policy.advisory)
    return GateResult(
        verdict=verdict,
        exit_code=exit_code,
        cells=tuple(cells),
        advisory=policy.advisory,
        title=f"{candidate.folder.name} against {baseline.folder.name}",
        device=candidate.info.device.name,
        notes=tuple(notes),
    )


def _judge_case(
    old: CaseResult, new: CaseResult, policy: Policy, noise_percent: float
) -> Iterator[Cell]:
    name, sides = old.case.id, (_verdict(old), _verdict(new))
    limits = policy.limits_for(name, Metric.LATENCY)
    if limits is not None:
        yield with_evidence(_latency_cell(old, new, limits, noise_percent), *sides)
    if old.model is None or new.model is None:
        return
    limits = policy.limits_for(name, Metric.SIZE)
    if limits is not None:
        cell = size_cell(name, old.model.size_bytes, new.model.size_bytes, limits)
        yield with_evidence(cell, *sides)
    if policy.limits_for(name, Metric.OPERATORS) is not None:
        cell = count_cell(name, Metric.OPERATORS, old.model.operators, new.model.operators)
        yield with_evidence(cell, *sides)


def _latency_cell(
    old: CaseResult, new: CaseResult, limits: CellLimits, noise_percent: float
) -> Cell:
    """What stays undecided because a run lacks invocations was not measured."""
    name = old.case.id
    problem = _problem("baseline", old) or _problem("candidate", new)
    before, after = list(old.sample_ms.values()), list(new.sample_ms.values())
    if problem is not None and not (before and after):
        return missing_cell(name, Metric.LATENCY, problem)
    cell = unpaired_cell(name, Metric.LATENCY, before, after, limits, noise_percent)
    if problem is None or cell.verdict != GateVerdict.INCONCLUSIVE:
        return cell
    reason = f"{problem}; so far {cell.reason}"
    return replace(cell, verdict=GateVerdict.INFRASTRUCTURE, reason=reason)


def _problem(side: str, result: CaseResult) -> str | None:
    """Why a run has not measured all of a case."""
    if result.status == Status.OK:
        return None
    if result.failure is None:
        return f"the {side}'s run was cut off"
    word = "failed" if result.status == Status.FAILED else "is not whole"
    return f"the {side}'s run {word} ({result.failure.kind}): {result.failure.message}"


def _verdict(result: CaseResult) -> Verdict | None:
    return result.evidence.verdict if result.evidence is not None else None


def _why_not_comparable(old: RunInfo, new: RunInfo) -> str | None:
    kinds = {False: "the official one", True: "the stand-in"}
    for what, before, after in (
        ("kind of device", old.device.kind, new.device.kind),
        ("device", old.device.model, new.device.model),
        ("tier", old.device.tier, new.device.tier),
        ("tool", kinds[old.tool.stand_in], kinds[new.tool.stand_in]),
    ):
        if before != after:
            return f"the runs differ in their {what}: {before} and {after}"
    return None


def _run_notes(old: RunInfo, new: RunInfo, noise_percent: float) -> Iterator[str]:
    yield (
        "two sessions are compared, which differ by themselves: changes within "
        f"±{noise_percent:g} % say nothing (tier {new.device.tier}); "
        "`mbert-bench ab` compares in one session"
    )
    if old.tool.sha256 != new.tool.sha256:
        yield f"the tools differ: {old.tool.sha256[:12]} and {new.tool.sha256[:12]}"
    yield from tool_notes(new)
    if old.device.serial != new.device.serial:
        yield "the runs are of two phones of one kind"
    if old.device.fingerprint != new.device.fingerprint:
        yield f"the systems differ: {old.device.fingerprint} and {new.device.fingerprint}"
    if _settings_that_count(old) != _settings_that_count(new):
        yield "the runs differ in their settings: how many runs an invocation has, or its warm-up"


def _settings_that_count(info: RunInfo) -> tuple[float, ...]:
    used = info.plan.settings
    return (
        used.num_runs,
        used.min_secs,
        used.max_secs,
        used.warmup_runs,
        used.warmup_min_secs,
    )
