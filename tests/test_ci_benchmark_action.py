"""The list for github-action-benchmark, read by the rules of its `extract.ts`."""

from __future__ import annotations

import json
import re
from typing import Any

from gate_samples import BIG, CONSUMERS, GPU, RESULT, RESULTS, hostile
from hypothesis import given, settings

from harness.ci.benchmark_action import render_benchmark_action
from harness.gate_result import GateResult

RULES = CONSUMERS["benchmark_action"]
TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "number": (int, float)}


def read(text: str) -> list[dict[str, Any]]:
    """The entries, each with the keys and types of the action's interface."""
    entries: list[dict[str, Any]] = json.loads(text, parse_constant=_refuse)
    for entry in entries:
        assert RULES["required"].keys() <= entry.keys()
        assert entry.keys() <= {**RULES["required"], **RULES["optional"]}.keys()
        for key, value in entry.items():
            kind = {**RULES["required"], **RULES["optional"]}[key]
            assert isinstance(value, TYPES[kind])
    return entries


def _refuse(constant: str) -> None:
    raise AssertionError(constant)


def test_values_ranges_and_units() -> None:
    extra = "Pixel 4\nverdict: {}\npairs: {}"

    assert read(render_benchmark_action(RESULT)) == [
        {
            "name": f"{BIG}/latency",
            "unit": "ms",
            "value": 17,
            "range": "± 0.208",
            "extra": extra.format("fail", 12),
        },
        {
            "name": f"{BIG}/init",
            "unit": "ms",
            "value": 99.8,
            "range": "± 0.8",
            "extra": extra.format("pass", 12),
        },
        {
            "name": f"{BIG}/size",
            "unit": "bytes",
            "value": 97722345,
            "extra": extra.format("pass", "-"),
        },
        {
            "name": f"{BIG}/partitions",
            "unit": "partitions",
            "value": 3,
            "extra": extra.format("fail", "-"),
        },
        {
            "name": f"{BIG}/undelegated-nodes",
            "unit": "nodes",
            "value": 3,
            "extra": extra.format("pass", "-"),
        },
        {
            "name": f"{GPU}/latency",
            "unit": "ms",
            "value": 8.24,
            "range": "± 0.32",
            "extra": extra.format("inconclusive", 24),
        },
    ]


def test_the_range_is_a_number_that_the_action_can_convert() -> None:
    """It converts value and range together between units of time, if the range is a number."""
    for entry in read(render_benchmark_action(RESULT)):
        if "range" in entry:
            assert entry["unit"] in RULES["time_units"]
            found = re.search(r"(?P<prefix>(\+-|±)\s*)(?P<value>\d.+)", entry["range"])
            assert found is not None
            assert float(found["value"]) > 0


@settings(max_examples=100, deadline=None)
@given(RESULTS)
def test_the_list_is_read_whatever_is_in_the_result(result: GateResult) -> None:
    read(render_benchmark_action(result))


def test_hostile_names_stay_apart() -> None:
    names = [entry["name"] for entry in read(render_benchmark_action(hostile()))]

    assert len(names) == len(set(names)) == 6
