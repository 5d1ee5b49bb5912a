from __future__ import annotations

from dataclasses import replace

import pytest

from harness.exact_cells import REFRESH, count_cell, size_cell
from harness.gate_result import Cell, GateVerdict, Metric
from harness.policy import CellLimits, Policy

PASS, FAIL, INFRA = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INFRASTRUCTURE

_SIZE = Policy().limits_for("case", Metric.SIZE)
assert _SIZE is not None
SIZE: CellLimits = _SIZE


@pytest.mark.parametrize(
    ("before", "after", "limits", "verdict"),
    [
        (1_000_000, 1_010_000, SIZE, PASS),
        (1_000_000, 1_010_001, SIZE, FAIL),
        (100_000, 104_095, SIZE, PASS),
        (100_000, 104_096, SIZE, FAIL),
        (999_999, 1_000_000, replace(SIZE, budget_bytes=1_000_000), PASS),
        (1_000_000, 1_000_001, replace(SIZE, budget_bytes=1_000_000), FAIL),
        (2_000_000, 1_500_000, replace(SIZE, budget_bytes=1_000_000), FAIL),
        (1_000_000, 1_010_001, replace(SIZE, tolerance_percent=2.0), PASS),
        (1_000_000, 500_000, SIZE, PASS),
        (0, 500_000, SIZE, INFRA),
        (500_000, 0, SIZE, INFRA),
    ],
)
def test_a_file_may_grow_a_little(
    before: int, after: int, limits: CellLimits, verdict: GateVerdict
) -> None:
    cell = size_cell("case", before, after, limits)

    assert cell.verdict == verdict
    assert cell.reason.endswith(REFRESH) == (verdict == PASS and after == 500_000)


@pytest.mark.parametrize(
    ("metric", "before", "after", "verdict"),
    [
        (Metric.OPERATORS, 100, 101, FAIL),
        (Metric.OPERATORS, 100, 99, PASS),
        (Metric.PARTITIONS, 1, 2, FAIL),
        (Metric.PARTITIONS, 2, 1, PASS),
        (Metric.UNDELEGATED, 3, 4, FAIL),
        (Metric.UNDELEGATED, 0, 0, PASS),
        (Metric.UNDELEGATED, 9, 3, PASS),
        (Metric.UNDELEGATED, 3, None, INFRA),
        (Metric.PARTITIONS, None, 1, INFRA),
    ],
)
def test_counts_have_no_tolerance(
    metric: Metric, before: int | None, after: int | None, verdict: GateVerdict
) -> None:
    assert count_cell("case", metric, before, after).verdict == verdict


def test_exact_cells_have_values_and_no_interval() -> None:
    assert size_cell("case", 2**20, 2**21, SIZE) == Cell(
        case="case",
        metric=Metric.SIZE,
        verdict=FAIL,
        reason="+1048576 bytes (+100.00 %); more than 1 % and at least 4096 bytes",
        estimate_percent=100.0,
        tolerance_percent=1.0,
        baseline=2**20,
        candidate=2**21,
    )
    assert count_cell("case", Metric.PARTITIONS, 1, 3) == Cell(
        case="case",
        metric=Metric.PARTITIONS,
        verdict=FAIL,
        reason="1 partitions before, 3 now",
        estimate_percent=200.0,
        tolerance_percent=0.0,
        baseline=1,
        candidate=3,
    )
