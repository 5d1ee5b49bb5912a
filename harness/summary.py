"""What a run says: a result per case, and the comparisons that stored records allow."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.checks import Verdict
from harness.evidence import Evidence, gather_evidence
from harness.plan import Case
from harness.record import Failure, ModelFacts, Record
from harness.statistics import LEAST_FOR_INTERVAL, Estimate, estimate, paired_ratio
from harness.store import StoredRun


class Status(StrEnum):
    """Whether every round of a case gave a measurement, none did, or some."""

    OK = "ok"
    FAILED = "failed"
    PARTIAL = "partial"


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """One case: its sample and what follows from it. Times in milliseconds, memory in 10^6 bytes.

    `sample_ms` holds the value of each valid invocation by its round. `init_ms`, `first_ms` and
    `peak_memory_mb` are medians over them.
    """

    case: Case
    status: Status
    failure: Failure | None
    sample_ms: dict[int, float]
    latency_ms: Estimate | None
    init_ms: float | None
    first_ms: float | None
    peak_memory_mb: float | None
    model: ModelFacts | None
    evidence: Evidence | None
    warnings: tuple[str, ...]

    @property
    def sequence_length(self) -> int | None:
        """The case's own, or the one of its file's inputs."""
        if self.case.sequence_length is not None:
            return self.case.sequence_length
        return self.model.sequence_length if self.model else None


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """All cases of a run, in the plan's order. `complete` is false for a run that was cut off."""

    run: StoredRun
    cases: tuple[CaseResult, ...]
    complete: bool

    @property
    def failed(self) -> bool:
        """Whether a case did not give all of its measurements."""
        return any(case.status != Status.OK for case in self.cases)


def summarize(run: StoredRun) -> RunResult:
    """Reads the results off a stored run."""
    cases = tuple(_case_result(case, run) for case in run.info.plan.cases)
    rounds = _rounds_begun(run)
    complete = all(case.status == Status.FAILED or _ran(case, run) == rounds for case in cases)
    return RunResult(run=run, cases=cases, complete=complete)


def _ran(case: CaseResult, run: StoredRun) -> int:
    return len(run.of_case(case.case))


def _rounds_begun(run: StoredRun) -> int:
    """How many rounds a whole run has: the plan's, or with a precision target those begun."""
    settings = run.info.plan.settings
    if settings.target_ci_percent is None or not run.records:
        return settings.rounds
    return max(record.round for record in run.records) + 1


def latency_ratio(numerator: CaseResult, denominator: CaseResult) -> Estimate | None:
    """How many times slower the numerator is, from the rounds that both were measured in."""
    if not numerator.sample_ms.keys() & denominator.sample_ms.keys():
        return None
    return paired_ratio(numerator.sample_ms, denominator.sample_ms)


def _case_result(case: Case, run: StoredRun) -> CaseResult:
    records = run.of_case(case)
    measured = [(r, r.measurement) for r in records if r.measurement is not None]
    sample_ms = {record.round: m.latency_us / 1000 for record, m in measured}
    latency = estimate(list(sample_ms.values())) if sample_ms else None
    evidence = gather_evidence(case, run.info, records)
    failures = [record.failure for record in records if record.failure is not None]
    missing = run.info.missing.get(case.model_id)
    not_run = Failure(kind="not-run", message="the run ended before this case was measured")
    failure = failures[0] if failures else None
    if not measured:
        failure = failure or missing or not_run
        status = Status.FAILED
    else:
        status = Status.PARTIAL if len(measured) < _rounds_begun(run) else Status.OK
    return CaseResult(
        case=case,
        status=status,
        failure=failure,
        sample_ms=sample_ms,
        latency_ms=latency,
        init_ms=_median([m.init_us / 1000 for _, m in measured]),
        first_ms=_median([m.first_us / 1000 for _, m in measured if m.first_us is not None]),
        peak_memory_mb=_median(
            [r.peak_memory_mb for r, _ in measured if r.peak_memory_mb is not None]
        ),
        model=run.info.models.get(case.model_id),
        evidence=evidence,
        warnings=_warnings(run, records, latency, evidence),
    )


def _warnings(
    run: StoredRun,
    records: Sequence[Record],
    latency: Estimate | None,
    evidence: Evidence | None,
) -> tuple[str, ...]:
    found = [w for record in records if record.measurement for w in record.measurement.warnings]
    failed = sum(not record.valid for record in records)
    if latency is not None and failed:
        found.append(f"{failed} of {len(records)} invocations failed and are left out")
    if latency is not None and latency.low is None:
        found.append(
            f"{latency.n} invocations are too few for an interval: it takes {LEAST_FOR_INTERVAL}"
        )
    if evidence is not None and evidence.verdict == Verdict.CONTRADICTED:
        names = [c.name for c in evidence.checks if c.verdict == Verdict.CONTRADICTED]
        found.append(f"what ran is not what was asked for: {', '.join(names)}")
    if run.info.tool.stand_in:
        found.append("measured with the stand-in tool on the LiteRT runtime for Python")
    return tuple(dict.fromkeys(found))


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
