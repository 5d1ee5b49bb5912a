"""Evidence that what was asked for is what ran: requested against observed, check by check.

A check is proven, unproven (the device or the tool cannot show it) or contradicted. A case is
contradicted if one of its checks is, and proven if all are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from android_runner.tool import Tool
from harness.checks import Check, Verdict
from harness.delegate_evidence import check_delegate
from harness.measurement import Measurement
from harness.output_evidence import check_output
from harness.phone_evidence import check_phone
from harness.plan import Case
from harness.record import Record, RunInfo
from harness.roofline import check_roofline, find_roofline, runs_on_cpus
from harness.thread_evidence import check_threads


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The checks of a case over all its valid invocations."""

    verdict: Verdict
    checks: tuple[Check, ...]


def gather_evidence(
    case: Case, info: RunInfo, records: Sequence[Record], output: Record | None
) -> Evidence | None:
    """The evidence of a case, None without a valid invocation.

    `output` is the invocation whose output was compared, if there was one. Of each check the worst
    invocation counts: one that ran something else spoils the sample.
    """
    checks = [
        check_invocation(case, info, record, record.measurement)
        for record in records
        if record.valid and record.measurement is not None
    ]
    if not checks:
        return None
    worst = [
        max(same, key=lambda check: _gravity(check.verdict)) for same in zip(*checks, strict=True)
    ]
    worst.append(check_output(case, output))
    verdict = max((check.verdict for check in worst), key=_gravity)
    return Evidence(verdict=verdict, checks=tuple(worst))


def check_invocation(
    case: Case, info: RunInfo, record: Record, measurement: Measurement
) -> tuple[Check, ...]:
    """All checks of one invocation, always in the same order."""
    model = info.models[case.model_id]
    latency_ms = measurement.latency_us / 1000
    checks: tuple[Check, ...] = (
        _check_hash("model", model.sha256, record.model_sha256),
        _check_size(model.size_bytes, measurement),
        _check_hash("tool", info.tool_of(case).sha256, record.tool_sha256),
        _check_flags(info.tool_of(case), record),
        check_threads(case, record, measurement),
        _check_cpus(case, record),
        check_delegate(case, measurement),
        _check_runs(info, measurement),
    )
    if runs_on_cpus(case):
        roofline = find_roofline(case, latency_ms, model, info, record)
        checks = (*checks, check_roofline(roofline))
    if info.device.kind != "phone":
        return checks
    return (*checks, *check_phone(record, fixed_clocks=info.device.tier == "T2"))


def _check_hash(name: str, expected: str, seen: str | None) -> Check:
    verdict = Verdict.UNPROVEN
    if seen is not None:
        verdict = Verdict.PROVEN if seen == expected else Verdict.CONTRADICTED
    return Check(
        name=name,
        requested=expected[:16],
        observed="not told" if seen is None else seen[:16],
        verdict=verdict,
        raw="" if seen is None else f"sha256 {seen}",
    )


def _check_size(size_bytes: int, measurement: Measurement) -> Check:
    """The tool says how large the model is that it has loaded, with six digits."""
    loaded_mb, size_mb = measurement.model_mb, size_bytes / 1e6
    verdict = Verdict.UNPROVEN
    if loaded_mb is not None:
        same = abs(loaded_mb - size_mb) <= max(1e-5 * size_mb, 1e-6)
        verdict = Verdict.PROVEN if same else Verdict.CONTRADICTED
    return Check(
        name="loaded model",
        requested=f"{size_mb:.6g} MB",
        observed="not told" if loaded_mb is None else f"{loaded_mb:.6g} MB",
        verdict=verdict,
        raw=measurement.sources.get("model", ""),
    )


def _check_flags(tool: Tool, record: Record) -> Check:
    # A log that names unconsumed flags is no measurement, so there are none in this one. Builds
    # before 2.3 say nothing of unknown flags; the usage text tells which a build knows.
    known = tool.flags is not None
    return Check(
        name="flags",
        requested=f"{len(record.flags)} flags",
        observed="all known to the tool, none left over" if known else "none reported left over",
        verdict=Verdict.PROVEN if known else Verdict.UNPROVEN,
        raw=" ".join(record.flags),
    )


def _check_cpus(case: Case, record: Record) -> Check:
    requested, seen = record.requested_mask, record.cpu_mask
    verdict = Verdict.UNPROVEN
    if requested is not None and seen is not None:
        verdict = Verdict.PROVEN if seen == requested else Verdict.CONTRADICTED
    return Check(
        name="cpus",
        requested=case.cpus if requested is None else requested,  # the device did not say
        observed="not told" if seen is None else seen,
        verdict=verdict,
        raw=record.sources.get("cpus", ""),
    )


def _check_runs(info: RunInfo, measurement: Measurement) -> Check:
    wanted, count = info.plan.settings.num_runs, measurement.inference.count
    exact = info.plan.settings.min_secs == 0
    fits = count == wanted if exact else count >= wanted
    return Check(
        name="runs",
        requested=str(wanted) if exact else f"at least {wanted}",
        observed=str(count),
        verdict=Verdict.PROVEN if fits else Verdict.CONTRADICTED,
        raw=measurement.sources.get("runs", ""),
    )


def _gravity(verdict: Verdict) -> int:
    return list(Verdict).index(verdict)
