"""How long a plan takes, as far as that can be told before anything is measured."""

from __future__ import annotations

from pathlib import Path

from harness.plan import Case, Plan
from harness.precision import LEAST_ROUNDS
from harness.settings import Settings
from models.catalog import config_of
from models.inspect import inspect_model

# Process start, model load, and two looks at the device's state.
_START_S = 1.0
# What a thread does of fp32 arithmetic: a little less than a big core of a phone. Built-in kernels
# and accelerators without a table of their own are guessed from it; a run soon knows better.
_GFLOPS_PER_THREAD = 30.0
_BUILT_IN_SHARE = 0.2


def expected_invocation_s(case: Case, settings: Settings, latency_s: float | None) -> float:
    """The duration of one invocation, with the latency where it is known."""
    each_s = guess_latency_s(case) if latency_s is None else latency_s
    warmup_s = max(settings.warmup_min_secs, settings.warmup_runs * each_s)
    runs_s = max(settings.min_secs, settings.num_runs * each_s)
    longest_s = settings.max_secs
    return _START_S + min(warmup_s, longest_s) + min(runs_s, longest_s)


def guess_latency_s(case: Case) -> float:
    """The latency of one inference by the model's multiply-accumulates alone."""
    spec = case.spec
    if spec is not None:
        macs = config_of(spec).macs(spec.sequence_length)
    else:
        assert case.model_file is not None
        macs = inspect_model(Path(case.model_file)).model_macs
    gflops = _GFLOPS_PER_THREAD * case.threads
    if case.delegate == "cpu":
        gflops *= _BUILT_IN_SHARE
    return 2 * macs / (gflops * 1e9)


def expected_plan_s(plan: Plan) -> tuple[float, float]:
    """The duration of a plan: where each case is precise as soon as it can be, and at most."""
    settings = plan.settings
    once_s = sum(expected_invocation_s(case, settings, None) for case in plan.cases)
    least = settings.rounds
    if settings.target_ci_percent > 0:
        least = min(least, LEAST_ROUNDS)
    extra_s = extra_time_s(plan)
    return least * once_s + extra_s, settings.rounds * once_s + extra_s


def extra_time_s(plan: Plan) -> float:
    """The time that is needed after the rounds, for operators and sustained series."""
    settings, cases = plan.settings, plan.cases
    profile_s = 0.0
    if settings.op_profile:
        profile_s = sum(expected_invocation_s(case, settings, None) for case in cases)
    return profile_s + (settings.sustained_s or 0.0) * len(cases)
