"""What the gate tolerates: `Policy` and its defaults. `policy_file` reads one from TOML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType

from harness.gate_result import Metric


class Inconclusive(StrEnum):
    """When a case that stays undecided gives exit code 4: never, if asked to be strict, always."""

    PASS = "pass"
    WARN = "warn"
    STRICT = "strict"


class Missing(StrEnum):
    """What the gate makes of a case that was not measured, or not proven: exit code 3, or 1."""

    INFRASTRUCTURE = "infrastructure"
    FAIL = "fail"


# The first inference has none: it comes once per process and scatters most, so only a policy that
# names it gates it. Exact counts have 0: a node that fell off a delegate is no noise.
DEFAULT_TOLERANCE_PERCENT: Mapping[Metric, float] = MappingProxyType(
    {
        Metric.LATENCY: 5.0,
        Metric.INIT: 10.0,
        Metric.MEMORY: 5.0,
        Metric.SIZE: 1.0,
        Metric.OPERATORS: 0.0,
        Metric.PARTITIONS: 0.0,
        Metric.UNDELEGATED: 0.0,
    }
)
# In `UNITS[metric]`. 20 us is the scale of timers and schedulers; 1 MiB and 4 KiB are a few pages.
DEFAULT_ABSOLUTE_FLOOR: Mapping[Metric, float] = MappingProxyType(
    {
        Metric.LATENCY: 0.02,
        Metric.INIT: 0.02,
        Metric.FIRST: 0.02,
        Metric.MEMORY: 2**20 / 10**6,
        Metric.SIZE: 4096.0,
    }
)
# In the policy's noise floors. What happens once per process scatters more than a median of runs.
_NOISE_FLOORS: Mapping[Metric, int] = MappingProxyType(
    {Metric.LATENCY: 1, Metric.INIT: 2, Metric.FIRST: 2, Metric.MEMORY: 1}
)


@dataclass(frozen=True, kw_only=True)
class CellLimits:
    """What one metric of one case may do. A change fails above the noise floor and passes below
    the tolerance. The absolute floor is in `UNITS[metric]`; no budget is None."""

    tolerance_percent: float
    noise_floor_percent: float
    absolute_floor: float
    budget_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class CaseRule:
    """Limits for the cases whose id fits the pattern; what it does not name stays as it was."""

    pattern: str
    tolerance_percent: Mapping[Metric, float] = field(default_factory=dict)
    absolute_floor: Mapping[Metric, float] = field(default_factory=dict)
    size_budget_bytes: int | None = None


DEFAULT_RULE = CaseRule(
    pattern="*",
    tolerance_percent=DEFAULT_TOLERANCE_PERCENT,
    absolute_floor=DEFAULT_ABSOLUTE_FLOOR,
)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How strict the gate is; without arguments, the default. Of the rules that fit, the later
    ones win. With `advisory`, a comparison of two stored runs gives no exit code but 0 and 3."""

    noise_floor_percent: float = 1.0
    inconclusive: Inconclusive = Inconclusive.WARN
    missing: Missing = Missing.INFRASTRUCTURE
    advisory: bool = True
    rules: tuple[CaseRule, ...] = (DEFAULT_RULE,)

    def limits_for(self, case_id: str, metric: Metric) -> CellLimits | None:
        """The limits of one cell; None where no rule has a tolerance for it: it is not gated.

        Upper and lower case differ in patterns, and `*` crosses `/`.
        """
        tolerance: float | None = None
        floor, budget = 0.0, None
        for rule in self.rules:
            if not fnmatchcase(case_id, rule.pattern):
                continue
            tolerance = rule.tolerance_percent.get(metric, tolerance)
            floor = rule.absolute_floor.get(metric, floor)
            if metric is Metric.SIZE and rule.size_budget_bytes is not None:
                budget = rule.size_budget_bytes
        if tolerance is None:
            return None
        return CellLimits(
            tolerance_percent=tolerance,
            noise_floor_percent=self.noise_floor_of(metric),
            absolute_floor=floor,
            budget_bytes=budget,
        )

    def noise_floor_of(self, metric: Metric) -> float:
        """In percent: twice the policy's for what happens once per process, none for exact ones."""
        return self.noise_floor_percent * _NOISE_FLOORS.get(metric, 0)

    def unused_patterns(self, case_ids: Iterable[str]) -> tuple[str, ...]:
        """The patterns that fit none of these cases: often a typing error, worth a note."""
        ids = tuple(case_ids)
        return tuple(
            rule.pattern
            for rule in self.rules
            if rule.pattern != "*" and not any(fnmatchcase(name, rule.pattern) for name in ids)
        )
