"""OpenMetrics text, which GitLab compares between branches and Prometheus reads.

Units are the base units that the specification asks for. GitLab compares values as strings, so
measured ones have three significant digits; and it cuts each line at `#`, which therefore never
stands in a label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.ci import words
from harness.gate_result import MEASURED, Cell, GateResult, GateVerdict, Metric

_PREFIX = "mbert_bench"


@dataclass(frozen=True, kw_only=True)
class _Family:
    """One metric; `factor` is how many of its units are in one of `UNITS[metric]`."""

    name: str
    unit: str
    help: str
    factor: float = 1.0


_FAMILIES = {
    Metric.LATENCY: _Family(
        name="latency_seconds", unit="seconds", help="Latency of one inference.", factor=1e-3
    ),
    Metric.INIT: _Family(
        name="init_seconds", unit="seconds", help="Time to load the model.", factor=1e-3
    ),
    Metric.FIRST: _Family(
        name="first_inference_seconds", unit="seconds", help="First inference.", factor=1e-3
    ),
    Metric.MEMORY: _Family(
        name="peak_memory_bytes", unit="bytes", help="Largest resident set.", factor=1e6
    ),
    Metric.SIZE: _Family(name="model_size_bytes", unit="bytes", help="Size of the model file."),
    Metric.OPERATORS: _Family(name="operators", unit="", help="Operators of the model."),
    Metric.PARTITIONS: _Family(name="partitions", unit="", help="Partitions of the delegate."),
    Metric.UNDELEGATED: _Family(
        name="undelegated_nodes", unit="", help="Nodes that no delegate took."
    ),
}


def render_openmetrics(result: GateResult) -> str:
    """The candidate's values, candidate over baseline, and the verdict, up to `# EOF`.

    What was not measured, or not proven, is left out.
    """
    cells = [cell for cell in result.cells if cell.verdict is not GateVerdict.INFRASTRUCTURE]
    lines: list[str] = []
    for metric, family in _FAMILIES.items():
        chosen = [cell for cell in cells if cell.metric is metric]
        samples = {_labels(case=cell.case, device=result.device): cell for cell in chosen}
        numbers = {labels: _value(cell, family.factor) for labels, cell in samples.items()}
        lines += _family(family, "gauge", numbers)
    ratios = {
        _labels(case=cell.case, device=result.device, metric=cell.metric.value): _ratio(cell)
        for cell in cells
    }
    ratio = _Family(name="change_ratio", unit="ratio", help="Candidate over baseline.")
    lines += _family(ratio, "gauge", ratios)
    states = {
        _labels(device=result.device, mbert_bench_gate=verdict.value): str(
            int(verdict is result.verdict)
        )
        for verdict in GateVerdict
    }
    gate = _Family(name="gate", unit="", help="The verdict of the gate.")
    lines += _family(gate, "stateset", states)
    return "".join(f"{line}\n" for line in [*lines, "# EOF"])


def _family(family: _Family, kind: str, samples: Mapping[str, str | None]) -> list[str]:
    """Its descriptors and samples; nothing without samples."""
    name = f"{_PREFIX}_{family.name}"
    numbers = [f"{name}{labels} {value}" for labels, value in samples.items() if value is not None]
    if not numbers:
        return []
    unit = [f"# UNIT {name} {family.unit}"] if family.unit else []
    return [f"# TYPE {name} {kind}", *unit, f"# HELP {name} {family.help}", *numbers]


def _value(cell: Cell, factor: float) -> str | None:
    if cell.candidate is None:
        return None
    value = cell.candidate * factor
    if not math.isfinite(value):
        return None
    if cell.metric in MEASURED or value != int(value):
        return f"{value:.6g}"
    return str(int(value))


def _ratio(cell: Cell) -> str | None:
    if cell.estimate_percent is None or not math.isfinite(cell.estimate_percent):
        return None
    return f"{1 + cell.estimate_percent / 100:.6g}"


def _labels(**labels: str) -> str:
    """`{case="...",device="..."}`; an empty value is the same as no label."""
    told = {name: _escape(words.name(value)) for name, value in labels.items()}
    pairs = ",".join(f'{name}="{value}"' for name, value in told.items() if value)
    return f"{{{pairs}}}" if pairs else ""


def _escape(text: str) -> str:
    return text.replace("#", "%23").replace("\\", "\\\\").replace('"', '\\"')
