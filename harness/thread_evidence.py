"""Whether as many threads ran as were asked for: by the tool's word, and by the time they used."""

from __future__ import annotations

from harness.checks import Check, Verdict
from harness.measurement import Measurement
from harness.plan import Case
from harness.record import Record

# Rounding of the times, and the clock ticks of the kernel.
_SLACK = 0.1
# Where the runs are less of the wall time, the start of the process hides what they used.
_LEAST_SHARE = 0.4
# What the start of a process may keep busy: libraries begin threads of their own. On x86-64 the
# stand-in's start was seen to use 1.6 CPUs.
_START_CPUS = 2
# So much of a CPU must have been idle throughout, for a thread to be missed on it.
_FREE_CPU = 0.5


def check_threads(case: Case, record: Record, measurement: Measurement) -> Check:
    """The tool repeats every flag that it takes, so a count that it does not repeat was ignored.

    Where the device tells the CPU time of the process, it must fit: the runs can use no more CPUs
    than there are threads, and with two threads or more they keep more than one busy. Where
    built-in kernels keep only one busy, it cannot be told whether the number was ignored.
    """
    seen = measurement.threads
    repeats = "runs_asked" in measurement.sources
    observed = "not told" if seen is None else str(seen)
    verdict = Verdict.UNPROVEN
    if seen is not None:
        verdict = Verdict.PROVEN if seen == case.threads else Verdict.CONTRADICTED
    elif repeats:
        observed = "not among the flags that the tool repeats"
        verdict = Verdict.CONTRADICTED
    used = _cpus_used(record, measurement)
    raw = measurement.sources.get("threads", "")
    if used is not None:
        low, high = used
        raw += f"\nthe runs kept {low:.2f} to {high:.2f} CPUs busy"
        too_many = low > case.threads + _SLACK
        one_busy = record.cpu_s is not None and record.cpu_s >= (1 - _SLACK) * record.wall_s
        only_one = case.threads > 1 and one_busy and high <= 1 + _SLACK
        if too_many or (only_one and _had_free_cpu(case, record)):
            observed += f", but the runs kept {low:.1f} to {high:.1f} CPUs busy"
            # LiteRT's built-in fp32 kernels were seen to leave all but one thread idle, so there
            # it need not be the tool that ignores the number.
            idle_kernels = only_one and case.delegate == "cpu"
            verdict = Verdict.UNPROVEN if idle_kernels else Verdict.CONTRADICTED
    return Check(
        name="threads",
        requested=str(case.threads),
        observed=observed,
        verdict=verdict,
        raw=raw.strip(),
    )


def _had_free_cpu(case: Case, record: Record) -> bool:
    """Whether a CPU stood idle meanwhile: where others take it, an honest thread is idle too."""
    if record.before is None or record.after is None or case.cpus not in ("auto", "all"):
        return False
    before, after = record.before.cpu_idle_s, record.after.cpu_idle_s
    return before is not None and after is not None and after - before >= _FREE_CPU * record.wall_s


def _cpus_used(record: Record, measurement: Measurement) -> tuple[float, float] | None:
    """The least and the most CPUs that the runs can have used on average.

    The process's CPU time is that of the runs and of all else (start, model load), for which
    at most `_START_CPUS` are taken over what is left of the wall time.
    """
    phases = (measurement.warmup, measurement.inference)
    if record.cpu_s is None or record.wall_s <= 0:
        return None
    averages = [(phase.count, phase.average_us or phase.last_us or 0) for phase in phases]
    runs_s = sum(count * average_us for count, average_us in averages) / 1e6
    if not _LEAST_SHARE * record.wall_s <= runs_s <= record.wall_s:
        return None
    rest_s = record.wall_s - runs_s
    return max(0.0, record.cpu_s - _START_CPUS * rest_s) / runs_s, record.cpu_s / runs_s
