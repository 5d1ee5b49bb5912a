"""Bencher Metric Format: what `bencher run --adapter json` reads, to keep a history.

`{benchmark: {measure: {value, lower_value, upper_value}}}`. Bencher has built-in measures for
latency, in nanoseconds, and file size, in bytes; the others say their unit in their name.
The device is Bencher's testbed, which `--testbed` names.
"""

from __future__ import annotations

import json
import math

from harness.ci import words
from harness.gate_result import Cell, GateResult, GateVerdict, Metric

_NAME_LIMIT_BYTES = 1024

# The measure, and how many of its units are in one of `UNITS[metric]`.
_MEASURES: dict[Metric, tuple[str, float]] = {
    Metric.LATENCY: ("latency", 1e6),
    Metric.INIT: ("init-ms", 1),
    Metric.FIRST: ("first-inference-ms", 1),
    Metric.MEMORY: ("peak-memory-mb", 1),
    Metric.SIZE: ("file-size", 1),
    Metric.OPERATORS: ("operators", 1),
    Metric.PARTITIONS: ("partitions", 1),
    Metric.UNDELEGATED: ("undelegated-nodes", 1),
}


def render_bencher(result: GateResult) -> str:
    """The candidate's values as JSON. What was not measured, or not proven, is left out."""
    document: dict[str, dict[str, dict[str, float]]] = {}
    for cell in result.cells:
        measure, factor = _MEASURES[cell.metric]
        metric = _metric(cell, factor)
        if metric is not None and cell.verdict is not GateVerdict.INFRASTRUCTURE:
            document.setdefault(_name(cell.case), {})[measure] = metric
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _metric(cell: Cell, factor: float) -> dict[str, float] | None:
    if cell.candidate is None:
        return None
    numbers = {"value": cell.candidate * factor}
    bounds = words.candidate_bounds(cell)
    if bounds is not None:
        numbers["lower_value"], numbers["upper_value"] = (bound * factor for bound in bounds)
    if not all(map(math.isfinite, numbers.values())):
        return None
    return {name: words.rounded(number) for name, number in numbers.items()}


def _name(case_id: str) -> str:
    """At most 1024 bytes. Ids have a `/`, so Bencher takes none for a slug of its own."""
    return words.name(case_id).encode("utf-8")[:_NAME_LIMIT_BYTES].decode("utf-8", "ignore")
