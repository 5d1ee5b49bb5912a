"""Tests of failures that no invocation had: the time, and what was not measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_case, make_run, make_stop

from harness.record import StopReason
from harness.summary import summarize
from reports.views.failures import FailureRow, build_failures

CASE = make_case()
NAME = "mobilebert-qa-seq128-fp32, xnnpack, 4 threads"


@pytest.mark.parametrize(
    ("sample", "measured", "times"),
    [
        ([], "not measured", "no invocation"),
        ([60.0] * 3, "measured in 3 rounds only", "3 invocations"),
    ],
)
def test_a_case_that_the_budget_ended_says_how_far_it_came(
    sample: list[float], measured: str, times: str
) -> None:
    stop = make_stop(CASE, rounds=len(sample), reason=StopReason.BUDGET, half_width_percent=None)
    run = replace(make_run({CASE: sample}), stops=(stop,))

    (row,) = build_failures(summarize(run))

    message = f"{measured}: the budget went to the cases before it; give more, or fewer cases"
    assert row == FailureRow(kind="budget", message=message, cases=(f"{NAME}: {times}",))
