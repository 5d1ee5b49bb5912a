"""Tests of the chart of all changes: which rows, what is said of each, how far the axis goes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import pytest
from compared import make_latency

from harness.gate_result import Cell, GateVerdict, Metric
from reports.charts.changes import MOST_ROWS, changes_chart, describe_changes

SLOW: Mapping[str, Any] = {"estimate_percent": 6.2, "low_percent": 4.9, "high_percent": 7.5}


def chart(cells: Sequence[Cell], labels: dict[str, str] | None = None) -> tuple[str, int]:
    drawn = changes_chart(cells, labels or {}, "a")
    assert drawn is not None
    return drawn


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("text")]


def ticks(svg: str) -> list[float]:
    found = [text.replace("−", "-") for text in texts(svg)]
    return [float(text) for text in found if re.fullmatch(r"-?\d+(\.\d+)?", text)]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (make_latency(), "~ · pass"),
        (make_latency(**SLOW, verdict=GateVerdict.FAIL), "+6.2 % · fail"),
        (make_latency(verdict=GateVerdict.INCONCLUSIVE, high_percent=7.0), "~ · inconclusive"),
        (
            make_latency(low_percent=None, high_percent=None, verdict=GateVerdict.INFRASTRUCTURE),
            "no interval · infrastructure",
        ),
        (make_latency(low_percent=float("nan"), high_percent=float("inf")), "no interval · pass"),
    ],
    ids=["noise", "slower", "unclear", "lost", "odd"],
)
def test_each_row_says_its_change_and_its_verdict(cell: Cell, told: str) -> None:
    svg, _ = chart([cell])

    assert told in texts(svg)


def test_rows_have_their_labels_in_the_given_order() -> None:
    cells = [make_latency("b"), make_latency("a")]

    svg, left = chart(cells, {"b": "second model", "a": "first model"})

    shown = [text for text in texts(svg) if "model" in text]
    assert (shown, left) == (["second model", "first model"], 0)


def test_other_metrics_are_left_out() -> None:
    svg, _ = chart([make_latency("a"), make_latency("b", metric=Metric.INIT)])

    assert "b" not in texts(svg)
    assert changes_chart([make_latency(metric=Metric.MEMORY)], {}, "a") is None


def test_of_too_many_those_that_did_not_pass_are_kept() -> None:
    cells = [make_latency(f"case-{n}") for n in range(MOST_ROWS + 20)]
    cells[-1] = make_latency("failed", verdict=GateVerdict.FAIL, **SLOW)
    cells[-2] = make_latency("lost", verdict=GateVerdict.INFRASTRUCTURE)
    cells[-3] = make_latency("larger", **SLOW)

    svg, left = chart(cells)

    assert left == 20
    assert {"failed", "lost", "larger"} <= set(texts(svg))


def test_one_case_far_away_does_not_flatten_the_others() -> None:
    far = make_latency("far", estimate_percent=400.0, low_percent=300.0, high_percent=500.0)
    cells = [make_latency(f"{n}") for n in range(12)]

    svg, _ = chart([*cells, far])

    assert max(ticks(svg)) <= 40
    assert "+400.0 % · pass" in texts(svg)


def test_a_tolerance_far_away_does_not_flatten_the_intervals() -> None:
    svg, _ = chart([make_latency(noise_floor_percent=2000.0, tolerance_percent=2004.0)])

    assert max(ticks(svg)) <= 20


def test_limits_that_are_alike_are_drawn_once() -> None:
    def lines(cells: Sequence[Cell]) -> int:
        return chart(cells)[0].count("stroke-dasharray")

    alike = [make_latency(f"{n}") for n in range(10)]
    turns = [make_latency(f"{n}", tolerance_percent=5.0 + n % 2) for n in range(10)]

    assert (lines(alike), lines(turns)) == (1, 10)


def test_the_finding_is_told_in_words() -> None:
    cells = [make_latency("a"), make_latency("b", verdict=GateVerdict.FAIL, **SLOW)]

    assert describe_changes(cells) == (
        "2 cells: 1 fail, 1 pass; 1 inside the noise. The largest slowdown is +6.2 %, of b."
    )
    assert describe_changes(cells[:1]) == "1 cell: 1 pass; 1 inside the noise."


def test_foreign_names_are_text() -> None:
    svg, _ = chart([make_latency("<script>alert(1)</script> $x^2$ " + "A" * 10_000)])

    assert "<script" not in svg
    assert len(svg) < 40_000
