"""How often and how carefully a plan is measured."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import PlanError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How often and how carefully. Times in seconds; the runs are those inside an invocation.

    Rounds end for a group of cases once each of its intervals is within `target_ci_percent`
    (half-width over estimate), at the latest after `rounds`; 0 percent means all rounds. With
    `budget_s`, the last cases are left out where the time does not suffice. Before each
    invocation the device may cool for up to `cool_s`, to the start's temperature + `band_c`.
    `sustained_s` adds a series without pauses to each case, `op_profile` one invocation with the
    tool's profiler. `allow` names the preflight checks that may fail. A phone whose link is lost
    is waited for up to `patience_s`.
    """

    rounds: int = 20
    num_runs: int = 30
    min_secs: float = 0.0
    max_secs: float = 60.0
    warmup_runs: int = 2
    warmup_min_secs: float = 0.5
    timeout_s: float = 180.0
    patience_s: float = 180.0
    seed: int = 0
    target_ci_percent: float = 2.0
    budget_s: float | None = None
    cool_s: float = 180.0
    band_c: float = 3.0
    sustained_s: float | None = None
    op_profile: bool = False
    allow: tuple[str, ...] = ()


_LOWEST = {
    "rounds": 1,
    "num_runs": 1,
    "min_secs": 0,
    "max_secs": 0.001,
    "warmup_runs": 0,
    "warmup_min_secs": 0,
    "timeout_s": 0.001,
    "patience_s": 0,
    "seed": 0,
    "target_ci_percent": 0,
    "budget_s": 1,
    "cool_s": 0,
    "band_c": 0.1,
    "sustained_s": 1,
}


def check_settings(settings: Settings, where: str) -> None:
    """Raises `PlanError` for a number that makes no sense."""
    for name, lowest in _LOWEST.items():
        value = getattr(settings, name)
        if value is not None and not lowest <= value < 1e9:  # also refuses nan
            raise PlanError(where, f"{name} is {value!r}, which must be at least {lowest}")
