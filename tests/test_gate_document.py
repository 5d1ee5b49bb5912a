from __future__ import annotations

import json

from gate_samples import RESULT, RESULTS, SLOWER, UNDECIDED
from hypothesis import given, settings

from harness.gate_result import Cell, GateResult, GateVerdict, Metric
from reports.exports.gate_document import gate_document


def test_the_document_says_all_that_the_gate_says() -> None:
    result = GateResult(
        verdict=GateVerdict.FAIL,
        exit_code=1,
        cells=(SLOWER,),
        minimum_detectable_percent=2.13,
        title="a against b",
        device="Pixel 4",
        notes=("hot",),
    )

    assert gate_document(result) == {
        "schema": 1,
        "verdict": "fail",
        "exit_code": 1,
        "cells": [
            {
                "case": SLOWER.case,
                "metric": "latency",
                "verdict": "fail",
                "estimate_percent": 6.25,
                "low_percent": 4.9,
                "high_percent": 7.5,
                "pairs": 12,
                "reason": "the slowdown is above the noise floor of 1 %",
                "noise_floor_percent": 1,
                "tolerance_percent": 5,
                "baseline": 16,
                "candidate": 17,
                "unit": "ms",
                "confirmed": True,
            }
        ],
        "minimum_detectable_percent": 2.13,
        "advisory": False,
        "title": "a against b",
        "device": "Pixel 4",
        "notes": ["hot"],
    }


def test_what_does_not_apply_is_null_and_not_left_out() -> None:
    cell = Cell(case="a/b/threads1", metric=Metric.SIZE, verdict=GateVerdict.PASS, reason="")
    (document,) = gate_document(GateResult(verdict=GateVerdict.PASS, exit_code=0, cells=(cell,)))[
        "cells"
    ]

    assert document == {
        "case": "a/b/threads1",
        "metric": "size",
        "verdict": "pass",
        "estimate_percent": None,
        "low_percent": None,
        "high_percent": None,
        "pairs": 0,
        "reason": "",
        "noise_floor_percent": None,
        "tolerance_percent": None,
        "baseline": None,
        "candidate": None,
        "unit": "bytes",
        "confirmed": None,
    }


def test_the_cells_stand_in_the_order_of_the_plan() -> None:
    cells = gate_document(RESULT)["cells"]

    assert [(cell["case"], cell["metric"]) for cell in cells] == [
        (cell.case, cell.metric.value) for cell in RESULT.cells
    ]
    assert cells[5]["verdict"] == UNDECIDED.verdict


@settings(max_examples=50, deadline=None)
@given(RESULTS)
def test_the_document_is_json_whatever_was_measured(result: GateResult) -> None:
    text = json.dumps(gate_document(result), allow_nan=False)

    assert json.loads(text) == gate_document(result)
