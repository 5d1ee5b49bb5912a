"""What a reader should know of a case beside its numbers and its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.precision import rounds_needed
from harness.record import Record, RunInfo, Stop, StopReason
from harness.statistics import LEAST_FOR_INTERVAL, Estimate
from harness.steadiness import list_findings

# No run takes so many rounds; what would need more is told as "more".
_MOST_ROUNDS = 1000


@dataclass(frozen=True, kw_only=True)
class Heat:
    """How often heat slowed a case: `throttled` of all its `invocations`, of which `redone` ones
    count no more. `late_cool` ones started too warm after `waited_s` seconds of cooling in all."""

    invocations: int = 0
    throttled: int = 0
    redone: int = 0
    late_cool: int = 0
    waited_s: float = 0.0


def list_warnings(
    info: RunInfo,
    records: Sequence[Record],
    latency: Estimate | None,
    heat: Heat,
    stop: Stop | None,
) -> tuple[str, ...]:
    """Each of them once. `records` are those of the case, one for each round."""
    found = [
        *_tool_warnings(records),
        *_sample_warnings(info, records, latency, stop),
        *_heat_warnings(heat),
    ]
    found += [
        f"the preflight check {check.id} was allowed to fail: {check.observed}"
        for check in info.preflight
        if check.allowed
    ]
    if info.tool.stand_in:
        found.append("measured with the stand-in tool on the LiteRT runtime for Python")
    return tuple(dict.fromkeys(found))


def _tool_warnings(records: Sequence[Record]) -> Iterator[str]:
    for record in records:
        if record.measurement is not None:
            yield from record.measurement.warnings


def _sample_warnings(
    info: RunInfo, records: Sequence[Record], latency: Estimate | None, stop: Stop | None
) -> Iterator[str]:
    if latency is None:
        return
    failed = sum(not record.valid for record in records)
    if failed:
        yield f"{failed} of {len(records)} invocations failed and are left out"
    if latency.low is None:
        yield f"{latency.n} invocations are too few for an interval: it takes {LEAST_FOR_INTERVAL}"
    measured = [r.measurement for r in records if r.valid and r.measurement is not None]
    target = info.plan.settings.target_ci_percent
    reached = latency.half_width_percent
    short = stop is not None and stop.reason in (StopReason.ROUNDS, StopReason.BUDGET)
    if short and target > 0 and reached is not None and reached > target:
        sample = [measurement.latency_us for measurement in measured]
        needed = rounds_needed(sample, target, _MOST_ROUNDS)
        rounds = f"about {needed}" if needed < _MOST_ROUNDS else f"more than {_MOST_ROUNDS}"
        yield (
            f"the interval is ±{reached:.2g} % after {latency.n} rounds; ±{target:g} % would take "
            f"{rounds}"
        )
    yield from list_findings(measured)


def _heat_warnings(heat: Heat) -> Iterator[str]:
    if heat.throttled:
        kept = heat.throttled - heat.redone
        yield (
            f"heat slowed {heat.throttled} of {heat.invocations} invocations: {heat.redone} were "
            f"redone, {kept} are in the sample"
        )
    if heat.late_cool:
        yield (
            f"{heat.late_cool} of {heat.invocations} invocations started warmer than the run's "
            f"start, after {heat.waited_s:.0f} s of cooling in all"
        )
