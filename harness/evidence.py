"""Evidence that what was asked for is what ran: requested against observed, check by check.

A check is proven, unproven (the device or the tool cannot show it) or contradicted. A case is
contradicted if one of its checks is, and proven if all are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.checks import Check, Verdict
from harness.measurement import Delegation, Measurement
from harness.phone_evidence import check_phone
from harness.plan import Case
from harness.record import Record, RunInfo


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The checks of a case over all its valid invocations."""

    verdict: Verdict
    checks: tuple[Check, ...]


def gather_evidence(case: Case, info: RunInfo, records: Sequence[Record]) -> Evidence | None:
    """The evidence of a case, None without a valid invocation.

    Of each check the worst invocation counts: one that ran something else spoils the sample.
    """
    checks = [
        check_invocation(case, info, record, record.measurement)
        for record in records
        if record.measurement is not None
    ]
    if not checks:
        return None
    worst = tuple(
        max(same, key=lambda check: _gravity(check.verdict)) for same in zip(*checks, strict=True)
    )
    verdict = max((check.verdict for check in worst), key=_gravity)
    return Evidence(verdict=verdict, checks=worst)


def check_invocation(
    case: Case, info: RunInfo, record: Record, measurement: Measurement
) -> tuple[Check, ...]:
    """All checks of one invocation, always in the same order."""
    model = info.models[case.model_id]
    checks = (
        _same("model", model.sha256[:16], _short(record.model_sha256)),
        _same("tool", info.tool.sha256[:16], _short(record.tool_sha256)),
        _check_flags(info, record),
        _same("threads", str(case.threads), _text(measurement.threads)),
        _check_cpus(case, record),
        _check_delegate(case, measurement),
        _check_runs(info, measurement),
    )
    return (*checks, *check_phone(record)) if info.device.kind == "phone" else checks


def _check_flags(info: RunInfo, record: Record) -> Check:
    # A log that names unconsumed flags is no measurement, so there are none in this one. Builds
    # before 2.3 say nothing of unknown flags; the usage text tells which a build knows.
    known = info.tool.flags is not None
    return Check(
        name="flags",
        requested=f"{len(record.flags)} flags",
        observed="all known to the tool, none left over" if known else "none reported left over",
        verdict=Verdict.PROVEN if known else Verdict.UNPROVEN,
    )


def _check_cpus(case: Case, record: Record) -> Check:
    if record.requested_mask is None:  # the device did not say what the word means on it
        observed = "not told" if record.cpu_mask is None else f"mask {record.cpu_mask}"
        return Check(name="cpus", requested=case.cpus, observed=observed, verdict=Verdict.UNPROVEN)
    return _same("cpus", record.requested_mask, record.cpu_mask)


def _check_delegate(case: Case, measurement: Measurement) -> Check:
    kind = case.delegate.partition(":")[0]
    seen = measurement.delegations
    observed = "; ".join(_describe(delegation) for delegation in seen) or "no delegate"
    verdict = Verdict.UNPROVEN
    if kind == "default":
        verdict = Verdict.PROVEN  # whatever the tool does by itself is what was asked for
    elif kind == "cpu":
        verdict = Verdict.CONTRADICTED if any(map(_took_nodes, seen)) else Verdict.PROVEN
    else:
        mine = [delegation for delegation in seen if delegation.delegate.lower() == kind]
        others = [delegation for delegation in seen if delegation not in mine]
        if any(_took_nodes(delegation) for delegation in mine):
            verdict = Verdict.PROVEN
        elif any(_took_nothing(d) for d in mine) or any(map(_took_nodes, others)):
            verdict = Verdict.CONTRADICTED
    return Check(name="delegate", requested=case.delegate, observed=observed, verdict=verdict)


def _check_runs(info: RunInfo, measurement: Measurement) -> Check:
    wanted, count = info.plan.settings.num_runs, measurement.inference.count
    exact = info.plan.settings.min_secs == 0
    fits = count == wanted if exact else count >= wanted
    return Check(
        name="runs",
        requested=str(wanted) if exact else f"at least {wanted}",
        observed=str(count),
        verdict=Verdict.PROVEN if fits else Verdict.CONTRADICTED,
    )


def _same(name: str, requested: str, observed: str | None) -> Check:
    if observed is None:
        verdict = Verdict.UNPROVEN
    else:
        verdict = Verdict.PROVEN if observed == requested else Verdict.CONTRADICTED
    return Check(name=name, requested=requested, observed=observed or "not told", verdict=verdict)


def _describe(delegation: Delegation) -> str:
    parts = [delegation.delegate]
    if delegation.nodes is not None:
        total = "" if delegation.nodes_total is None else f" of {delegation.nodes_total}"
        parts.append(f"{delegation.nodes}{total} nodes")
    elif delegation.applied is not None:
        parts.append(delegation.applied)
    if delegation.partitions is not None:
        plural = "" if delegation.partitions == 1 else "s"
        parts.append(f"{delegation.partitions} partition{plural}")
    return ", ".join(parts)


def _took_nodes(delegation: Delegation) -> bool:
    if delegation.nodes is not None:
        return delegation.nodes > 0
    if delegation.partitions is not None:
        return delegation.partitions > 0
    return delegation.applied == "completely"


def _took_nothing(delegation: Delegation) -> bool:
    if delegation.nodes is not None:
        return delegation.nodes == 0
    return delegation.applied == "not at all" or delegation.partitions == 0


def _gravity(verdict: Verdict) -> int:
    return list(Verdict).index(verdict)


def _short(sha256: str | None) -> str | None:
    return None if sha256 is None else sha256[:16]


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
