"""Input of github-action-benchmark with `tool: customSmallerIsBetter`, to keep a history."""

from __future__ import annotations

import json

from harness.ci import words
from harness.gate_result import UNITS, Cell, GateResult, GateVerdict


def render_benchmark_action(result: GateResult) -> str:
    """The candidate's values as a JSON list of `{name, unit, value, range, extra}`.

    What was not measured or not proven is left out. The action stops with an error where the list
    is empty.
    """
    entries = [
        _entry(cell, result.device)
        for cell in result.cells
        if cell.verdict is not GateVerdict.INFRASTRUCTURE and words.is_number(cell.candidate)
    ]
    return json.dumps(entries, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _entry(cell: Cell, device: str) -> dict[str, str | float]:
    assert cell.candidate is not None
    told = [words.clean(device) or "device", f"verdict: {cell.verdict}"]
    entry: dict[str, str | float] = {
        "name": f"{words.name(cell.case)}/{cell.metric}",
        "unit": UNITS[cell.metric],
        "value": words.rounded(cell.candidate),
        "extra": "\n".join([*told, f"pairs: {words.pairs(cell)}"]),
    }
    bounds = words.candidate_bounds(cell)
    if bounds is not None:
        # A bare number: the action converts it together with the value when the unit changes.
        entry["range"] = f"± {words.rounded((bounds[1] - bounds[0]) / 2)}"
    return entry
