"""Tests of ratios as cells: outside the noise, inside it, and without an interval."""

from __future__ import annotations

import pytest
from factories import make_case, make_result

from harness.statistics import Estimate
from reports.findings.ratios import RatioCell, common_ratio, derived_cell, ratio_cell


def ratio(value: float, low: float | None, high: float | None, n: int = 10) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=n)


@pytest.mark.parametrize(
    ("given", "cell", "derived"),
    [
        (
            ratio(1.9, 1.8, 2.0),
            RatioCell(value="1.90×", note="1.80 to 2.00 (n = 10)"),
            RatioCell(value="95.0", note="90.0 to 100.0"),
        ),
        (
            ratio(0.5, 0.4, 0.9),
            RatioCell(value="0.500×", note="0.400 to 0.900 (n = 10)"),
            RatioCell(value="25.0", note="20.0 to 45.0"),
        ),
        (
            ratio(1.1, 0.9, 1.3),
            RatioCell(value="~", note="0.90 to 1.30 (n = 10) holds 1"),
            RatioCell(value="~", note=""),
        ),
        (
            ratio(1.1, 1.0, 1.3),
            RatioCell(value="~", note="1.00 to 1.30 (n = 10) holds 1"),
            RatioCell(value="~", note=""),
        ),
        (
            ratio(1.9, None, None, 5),
            RatioCell(value="1.90×", note="no interval (n = 5)"),
            RatioCell(value="95.0", note="no interval"),
        ),
        (
            None,
            RatioCell(value="–", note="no round in common"),
            RatioCell(value="–", note=""),
        ),
    ],
)
def test_a_ratio_is_told_only_outside_the_noise(
    given: Estimate | None, cell: RatioCell, derived: RatioCell
) -> None:
    assert ratio_cell(given) == cell
    assert derived_cell(given, lambda value: value * 50) == derived


@pytest.mark.parametrize(
    ("one", "other", "n"),
    [
        ([20.0] * 3, [10.0] * 2, 2),
        ([20.0, None], [None, 10.0], None),
        ([0.0, 20.0], [10.0, 0.0], None),
        ([0.0, 20.0], [10.0, 10.0], 1),
    ],
)
def test_only_common_rounds_of_positive_latencies_count(
    one: list[float | None], other: list[float | None], n: int | None
) -> None:
    slow, fast = make_result({make_case(): one, make_case(threads=1): other}).cases

    found = common_ratio(slow, fast)

    assert (found.n if found else None) == n
    assert found is None or found.value == pytest.approx(2.0)
