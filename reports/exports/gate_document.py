"""The machine-readable result of a gate: the JSON document of `gate --json`."""

from __future__ import annotations

import math
from typing import Any

from harness.ci import words
from harness.gate_result import UNITS, Cell, GateResult

SCHEMA = 1

Json = dict[str, Any]


def gate_document(result: GateResult) -> Json:
    """Everything that the gate says; what does not apply is null, and so is what is no number.

    `baseline` and `candidate` are values in `unit`. Changes are in percent, candidate over
    baseline.
    """
    return {
        "schema": SCHEMA,
        "verdict": result.verdict.value,
        "exit_code": result.exit_code,
        "cells": [_cell(cell) for cell in result.cells],
        "minimum_detectable_percent": _rounded(result.minimum_detectable_percent),
        "advisory": result.advisory,
        "title": result.title,
        "device": result.device,
        "notes": list(result.notes),
    }


def _cell(cell: Cell) -> Json:
    return {
        "case": cell.case,
        "metric": cell.metric.value,
        "verdict": cell.verdict.value,
        "estimate_percent": _rounded(cell.estimate_percent),
        "low_percent": _rounded(cell.low_percent),
        "high_percent": _rounded(cell.high_percent),
        "pairs": cell.pairs,
        "reason": cell.reason,
        "noise_floor_percent": _rounded(cell.noise_floor_percent),
        "tolerance_percent": _rounded(cell.tolerance_percent),
        "baseline": _rounded(cell.baseline),
        "candidate": _rounded(cell.candidate),
        "unit": UNITS[cell.metric],
        "confirmed": cell.confirmed,
    }


def _rounded(value: float | None) -> float | None:
    """JSON has no infinity."""
    return None if value is None or not math.isfinite(value) else words.rounded(value)
