"""What the gate says: a verdict for each cell, which is one metric of one case, and one for all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class GateVerdict(StrEnum):
    """Of a cell and of the whole. Infrastructure: it was not measured, or not proven."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INFRASTRUCTURE = "infrastructure"


class Metric(StrEnum):
    """What is compared. Those in `MEASURED` have intervals, the others are exact."""

    LATENCY = "latency"
    INIT = "init"
    FIRST = "first"
    MEMORY = "memory"
    SIZE = "size"
    OPERATORS = "operators"
    PARTITIONS = "partitions"
    UNDELEGATED = "undelegated-nodes"


MEASURED = (Metric.LATENCY, Metric.INIT, Metric.FIRST, Metric.MEMORY)

UNITS = {
    Metric.LATENCY: "ms",
    Metric.INIT: "ms",
    Metric.FIRST: "ms",
    Metric.MEMORY: "MB",
    Metric.SIZE: "bytes",
    Metric.OPERATORS: "operators",
    Metric.PARTITIONS: "partitions",
    Metric.UNDELEGATED: "nodes",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One metric of one case. Changes are candidate over baseline, in percent: slower and larger
    is positive. `low_percent` and `high_percent` bound the 95 % interval, where there is one.

    `noise_floor_percent` and `tolerance_percent` are the limits that it was judged by; what is
    exact has no noise floor. `baseline` and `candidate` are the values themselves, in
    `UNITS[metric]`. `pairs` is 0 where the sides were not measured in pairs. `confirmed` says
    whether a second, fresh measurement agreed with the verdict; None where none was needed.
    """

    case: str
    metric: Metric
    verdict: GateVerdict
    reason: str
    estimate_percent: float | None = None
    low_percent: float | None = None
    high_percent: float | None = None
    noise_floor_percent: float | None = None
    tolerance_percent: float | None = None
    pairs: int = 0
    baseline: float | None = None
    candidate: float | None = None
    confirmed: bool | None = None


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """All cells, in the plan's order, and what they say together.

    `minimum_detectable_percent` is the smallest slowdown that this comparison would have found.
    `advisory` results come from two separate sessions, whose difference is in the numbers too.
    `notes` are for a person, for example that a case was throttled more often than its baseline.
    """

    verdict: GateVerdict
    exit_code: int
    cells: tuple[Cell, ...]
    minimum_detectable_percent: float | None = None
    advisory: bool = False
    title: str = ""
    device: str = ""
    notes: tuple[str, ...] = ()
