"""What a run says: a result per case, and the comparisons that stored records allow."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from harness.case_warnings import Heat, list_warnings
from harness.energy import Energy, find_energy
from harness.evidence import Evidence, gather_evidence
from harness.measurement import OperatorTime, OutputComparison
from harness.plan import Case
from harness.record import (
    THROTTLED,
    Failure,
    ModelFacts,
    Purpose,
    Record,
    Stop,
    StopReason,
)
from harness.roofline import Roofline, find_roofline
from harness.statistics import Estimate, estimate, paired_ratio
from harness.store import StoredRun
from harness.sustained import Sustained, summarize_sustained

_WHOLE = (StopReason.PRECISION, StopReason.ROUNDS, StopReason.DECIDED)


class Status(StrEnum):
    """Whether every round of a case gave a measurement, none did, or some."""

    OK = "ok"
    FAILED = "failed"
    PARTIAL = "partial"


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """One case: its sample and what follows from it. Times in milliseconds, memory in 10^6 bytes.

    `sample_ms` holds the value of each valid invocation by its round. `init_ms`, `first_ms` and
    `peak_memory_mb` are medians over them; where the device does not tell the peak, it is what the
    tool itself saw in the output check. `energy` is None where it cannot be told, and then
    `energy_problem` says why. `operators` and `sustained` are there where they were asked for.
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
    heat: Heat = field(default_factory=Heat)
    stop: Stop | None = None
    output: OutputComparison | None = None
    roofline: Roofline | None = None
    energy: Energy | None = None
    energy_problem: str | None = None
    operators: tuple[OperatorTime, ...] = ()
    sustained: Sustained | None = None

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
    return RunResult(run=run, cases=cases, complete=all(_is_complete(case, run) for case in cases))


def latency_ratio(numerator: CaseResult, denominator: CaseResult) -> Estimate | None:
    """How many times slower the numerator is, from the rounds that both were measured in."""
    if not numerator.sample_ms.keys() & denominator.sample_ms.keys():
        return None
    return paired_ratio(numerator.sample_ms, denominator.sample_ms)


def _is_complete(result: CaseResult, run: StoredRun) -> bool:
    if result.stop is None:
        return False
    if result.stop.reason in (StopReason.BUDGET, StopReason.GIVEN_UP):
        return True
    settings = run.info.plan.settings
    wanted = {
        Purpose.OPERATORS: settings.op_profile,
        Purpose.SUSTAINED: settings.sustained_s is not None,
    }
    return all(run.of_case(result.case, purpose) for purpose, asked in wanted.items() if asked)


def _case_result(case: Case, run: StoredRun) -> CaseResult:
    info, model = run.info, run.info.models.get(case.model_id)
    records = run.of_case(case)
    measured = [(r, r.measurement) for r in records if r.valid and r.measurement is not None]
    sample_ms = {record.round: m.latency_us / 1000 for record, m in measured}
    latency = estimate(list(sample_ms.values())) if sample_ms else None
    stop, check, heat = run.stop_of(case), run.output_check(case), _heat(case, run)
    evidence = gather_evidence(case, info, records, check)
    energy = find_energy(records)
    roofline = None
    if latency is not None and model is not None:
        roofline = find_roofline(case, latency.value, model, info, measured[0][0])
    peaks = [r.peak_memory_mb for r, _ in measured]
    if check is not None and check.measurement is not None and not any(peaks):
        peaks = [check.measurement.peak_memory_mb]
    return CaseResult(
        case=case,
        status=_status(records, stop),
        failure=_failure(case, run, records, stop),
        sample_ms=sample_ms,
        latency_ms=latency,
        init_ms=_median(m.init_us / 1000 for _, m in measured),
        first_ms=_median(m.first_us / 1000 for _, m in measured if m.first_us is not None),
        peak_memory_mb=_median(peak for peak in peaks if peak is not None),
        model=model,
        evidence=evidence,
        warnings=list_warnings(info, records, latency, heat, stop),
        heat=heat,
        stop=stop,
        output=check.output if check is not None else None,
        roofline=roofline,
        energy=energy if isinstance(energy, Energy) else None,
        energy_problem=energy if isinstance(energy, str) else None,
        operators=_operators(case, run),
        sustained=summarize_sustained(run.of_case(case, Purpose.SUSTAINED)),
    )


def _status(records: Sequence[Record], stop: Stop | None) -> Status:
    if not any(record.valid for record in records):
        return Status.FAILED
    whole = stop is not None and stop.reason in _WHOLE
    return Status.OK if whole and all(record.valid for record in records) else Status.PARTIAL


def _failure(
    case: Case, run: StoredRun, records: Sequence[Record], stop: Stop | None
) -> Failure | None:
    """The first failure of an invocation, else why there is none."""
    failures = [record.failure for record in records if record.failure is not None]
    if failures:
        return failures[0]
    if stop is not None and stop.reason == StopReason.BUDGET:
        rounds = "not measured" if not records else f"measured in {len(records)} rounds only"
        message = f"{rounds}: the budget went to the cases before it; give more, or fewer cases"
        return Failure(kind=StopReason.BUDGET.value, message=message)
    if records:
        return None
    missing = run.info.missing.get(case.model_id)
    return missing or Failure(kind="not-run", message="the run ended before this case was measured")


def _heat(case: Case, run: StoredRun) -> Heat:
    mine = run.invocations(case, Purpose.LATENCY)
    redone = [r for r in mine if r.failure is not None and r.failure.kind == THROTTLED]
    return Heat(
        invocations=len(mine),
        throttled=sum(record.throttled is not None for record in mine),
        redone=len(redone),
        late_cool=sum(record.late_cool for record in mine),
        waited_s=sum(record.waited_s for record in mine),
    )


def _operators(case: Case, run: StoredRun) -> tuple[OperatorTime, ...]:
    return next(
        (r.operators for r in run.of_case(case, Purpose.OPERATORS) if r.valid and r.operators), ()
    )


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return statistics.median(known) if known else None
