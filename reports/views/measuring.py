"""How a case was measured, as facts to print: rounds, heat, arithmetic, memory, energy, output."""

from __future__ import annotations

from collections.abc import Iterator

from harness.case_warnings import Heat
from harness.plan import Case
from harness.record import Purpose, Stop, StopReason
from harness.settings import Settings
from harness.store import StoredRun
from harness.summary import CaseResult
from reports.cells import many_lines, number, one_line
from reports.views.environment import Fact

_NOT_DECIDED = "The run ended before it was decided that these are enough."


def build_measuring(case: CaseResult, run: StoredRun) -> tuple[Fact, ...]:
    """What is known of how a case was measured; what does not apply is left out."""
    settings = run.info.plan.settings
    facts = {
        "rounds": describe_stop(case, settings),
        "heat": _heat(case.heat),
        "arithmetic": _arithmetic(case),
        "peak memory": _memory(case),
        "energy": _energy(case),
        "output": _output(case),
        **dict(_lost(case.case, run)),
    }
    return tuple(Fact(name=name, value=many_lines(text)) for name, text in facts.items() if text)


def describe_stop(case: CaseResult, settings: Settings) -> str:
    """How many rounds there are, why no more, and how narrow the interval became."""
    rounds = "1 round" if len(case.sample_ms) == 1 else f"{len(case.sample_ms)} rounds"
    if case.stop is None:
        return f"{rounds}. {_NOT_DECIDED}"
    return f"{rounds}. {_why_stopped(case.stop, settings)}{_reached(case.stop, settings)}"


def _why_stopped(stop: Stop, settings: Settings) -> str:
    target = f"±{settings.target_ci_percent:g} %"
    if stop.reason is StopReason.PRECISION:
        return f"Every interval of its group is within {target}"
    if stop.reason is StopReason.BUDGET:
        return "The budget went to the cases before it"
    if stop.reason is StopReason.GIVEN_UP:
        return "Given up, because it failed too often"
    if settings.target_ci_percent > 0:
        return f"The limit of {settings.rounds} was reached; {target} was asked for"
    return f"All {settings.rounds} were asked for"


def _reached(stop: Stop, settings: Settings) -> str:
    if stop.half_width_percent is None:
        return ". There is no interval."
    word = "reached" if settings.target_ci_percent > 0 else "the interval is"
    return f"; {word} ±{stop.half_width_percent:.2g} %."


def _heat(heat: Heat) -> str:
    if not heat.invocations:
        return ""
    parts = [f"slowed none of {heat.invocations} invocations, as far as the device tells"]
    if heat.throttled:
        parts = [f"slowed {heat.throttled} of {heat.invocations} invocations"]
        parts.append(f"{heat.redone} of them redone")
    if heat.late_cool:
        parts.append(f"{heat.late_cool} started warmer than the run's start")
    if heat.waited_s:
        parts.append(f"{heat.waited_s:,.0f} s of cooling in all")
    return "; ".join(parts)


def _arithmetic(case: CaseResult) -> str:
    roofline = case.roofline
    if roofline is None:
        return ""
    rate = f"{number(roofline.gflops)} GFLOP/s"
    if roofline.peak_gflops is None or roofline.share_percent is None:
        return f"{rate}; no peak to compare with: {one_line(roofline.peak_source)}"
    peak = f"{number(roofline.peak_gflops)} GFLOP/s ({one_line(roofline.peak_source)})"
    return f"{rate}, {number(roofline.share_percent)} % of the peak of {peak}"


def _memory(case: CaseResult) -> str:
    if case.peak_memory_mb is None:
        return "not told"
    return f"{number(case.peak_memory_mb)} MB at the peak, the median of the invocations"


def _energy(case: CaseResult) -> str:
    energy = case.energy
    if energy is None:
        return one_line(f"not known: {case.energy_problem}") if case.energy_problem else ""
    told = (
        f"{number(energy.joules_per_run)} J per run: {number(energy.joules)} J over "
        f"{energy.runs:,} runs, from {one_line(energy.source)}"
    )
    return f"{told}; {one_line(energy.note)}" if energy.note else told


def _output(case: CaseResult) -> str:
    output = case.output
    if output is None:
        return ""
    if output.error_percent is None:
        return one_line(f"not compared: {output.problem}")
    verdict = "right" if output.correct else "WRONG"
    return (
        f"{verdict}: off by {output.error_percent:.3g} % of the reference's spread, "
        f"{output.tolerance_percent:g} % are tolerated; compared with {one_line(output.reference)}"
    )


def _lost(case: Case, run: StoredRun) -> Iterator[tuple[str, str]]:
    """What was asked for beside the rounds and failed."""
    for purpose in (Purpose.OUTPUT, Purpose.OPERATORS, Purpose.SUSTAINED):
        failures = [r.failure for r in run.of_case(case, purpose) if r.failure is not None]
        if failures:
            failure = failures[0]
            yield f"{purpose} failed", one_line(f"{failure.kind}: {failure.message}")
