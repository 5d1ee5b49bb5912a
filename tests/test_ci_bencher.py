"""Bencher Metric Format, read by the rules of Bencher's JSON adapter."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from gate_samples import BIG, CONSUMERS, EMPTY, GPU, RESULT, RESULTS, hostile
from hypothesis import given, settings

from harness.ci.bencher import render_bencher
from harness.gate_result import Cell, GateResult, GateVerdict, Metric

RULES = CONSUMERS["bencher"]


def read(text: str) -> dict[str, dict[str, dict[str, float]]]:
    """The document, refused where Bencher refuses it or understands something else."""
    document: dict[str, Any] = json.loads(text, parse_constant=_refuse)
    for name, measures in document.items():
        assert 0 < len(name.encode("utf-8")) <= RULES["benchmark_name_bytes"]
        for measure, metric in measures.items():
            assert 0 < len(measure.encode("utf-8")) <= RULES["measure_name_bytes"]
            assert set(RULES["metric"]["required"]) <= metric.keys()
            assert metric.keys() <= {*RULES["metric"]["required"], *RULES["metric"]["optional"]}
            assert all(math.isfinite(number) for number in metric.values())
    return document


def _refuse(constant: str) -> None:
    raise AssertionError(constant)


def test_values_are_in_the_units_of_the_built_in_measures() -> None:
    assert RULES["built_in_units"] == {"latency": "nanoseconds", "file-size": "bytes"}
    assert read(render_bencher(RESULT)) == {
        BIG: {
            "latency": {"value": 17_000_000, "lower_value": 16_784_000, "upper_value": 17_200_000},
            "init-ms": {"value": 99.8, "lower_value": 99, "upper_value": 100.6},
            "file-size": {"value": 97_722_345},
            "partitions": {"value": 3},
            "undelegated-nodes": {"value": 3},
        },
        GPU: {"latency": {"value": 8_240_000, "lower_value": 7_920_000, "upper_value": 8_560_000}},
    }


def test_what_was_not_proven_enters_no_history() -> None:
    assert "peak-memory-mb" not in render_bencher(RESULT)
    assert read(render_bencher(EMPTY)) == {}


def test_names_are_no_slugs_and_ignored_by_nobody() -> None:
    slug = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

    for name in read(render_bencher(RESULT)):
        assert slug.fullmatch(name) is None
        assert not name.endswith(tuple(RULES["ignore_suffixes"]))


def test_long_and_hostile_names_are_cut() -> None:
    cell = Cell(
        case="é" * 3000, metric=Metric.SIZE, verdict=GateVerdict.PASS, reason="", candidate=1.0
    )
    long = GateResult(verdict=GateVerdict.PASS, exit_code=0, cells=(cell,))

    assert list(read(render_bencher(long))) == ["é" * 512]
    assert len(read(render_bencher(hostile()))) == 6


@settings(max_examples=100, deadline=None)
@given(RESULTS)
def test_the_document_is_read_whatever_is_in_the_result(result: GateResult) -> None:
    named = [cell for cell in result.cells if cell.case.strip()]
    read(render_bencher(GateResult(verdict=result.verdict, exit_code=0, cells=tuple(named))))
