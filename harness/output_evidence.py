"""Whether the tool computes what the model means: a fast wrong answer is no result."""

from __future__ import annotations

from harness.checks import Check, Verdict
from harness.plan import Case
from harness.record import Record


def check_output(case: Case, record: Record | None) -> Check:
    """By the invocation whose output was compared with the host's fp32 reference."""
    comparison = record.output if record is not None else None
    if comparison is None:
        why = "not compared: the tool cannot write its output"
        if record is not None and record.failure is not None:
            why = f"not compared: {record.failure.kind}"
        requested = "the host's fp32 reference"
        return Check(name="output", requested=requested, observed=why, verdict=Verdict.UNPROVEN)
    verdicts = {True: Verdict.PROVEN, False: Verdict.CONTRADICTED, None: Verdict.UNPROVEN}
    observed = comparison.problem or f"off by {comparison.error_percent:.3g} %"
    return Check(
        name="output",
        requested=f"within {comparison.tolerance_percent:g} % of {comparison.reference}",
        observed=observed,
        verdict=verdicts[comparison.correct],
        raw=f"first values: {comparison.observed}\nreference:    {comparison.expected}",
    )
