"""Whether the delegate that was asked for really took the model's nodes."""

from __future__ import annotations

from harness.checks import Check, Verdict
from harness.measurement import Delegation, Measurement
from harness.plan import Case


def check_delegate(case: Case, measurement: Measurement) -> Check:
    """By what the runtime itself says: a delegate that took no node is none."""
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
    return Check(
        name="delegate",
        requested=case.delegate,
        observed=observed,
        verdict=verdict,
        raw=measurement.sources.get("delegate", ""),
    )


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
