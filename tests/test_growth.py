"""Tests of the growth of latency with length, against curves whose power is known."""

from __future__ import annotations

import math

import pytest

from reports.findings.growth import fit_power, local_exponent

LENGTHS = (32, 64, 128, 384)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.23, 2.0, -1.0])
@pytest.mark.parametrize("factor", [1e-6, 0.1, 40.0])
def test_a_power_is_found_again(exponent: float, factor: float) -> None:
    fit = fit_power([(length, factor * length**exponent) for length in LENGTHS])

    assert fit is not None
    assert (fit.exponent, fit.factor) == pytest.approx((exponent, factor))
    assert fit.points == 4
    assert fit.largest_miss_percent == pytest.approx(0, abs=1e-9)
    assert fit.at(1000) == pytest.approx(factor * 1000**exponent)


def test_a_cost_of_two_powers_lies_between_them() -> None:
    fit = fit_power([(length, length + 0.01 * length**2) for length in LENGTHS])

    assert fit is not None
    assert 1 < fit.exponent < 2
    assert 5 < fit.largest_miss_percent < 30


def test_the_fit_is_of_the_logarithms() -> None:
    """Over log2 the points are (0, 0), (1, 1), (2, 0): a level line at a third."""
    fit = fit_power([(1, 1.0), (2, 2.0), (4, 1.0)])

    assert fit is not None
    found = [fit.exponent, fit.factor, fit.largest_miss_percent]
    assert found == pytest.approx([0, 2 ** (1 / 3), (2 ** (2 / 3) - 1) * 100], abs=1e-12)


@pytest.mark.parametrize(
    "points", [[], [(64, 1.0)], [(64, 1.0), (128, 2.0)], [(64, 1.0), (64, 2.0), (128, 2.0)]]
)
def test_two_lengths_give_no_fit(points: list[tuple[float, float]]) -> None:
    assert fit_power(points) is None


@pytest.mark.parametrize("bad", [(0, 1.0), (-1, 1.0), (5, 0.0), (5, -1.0)])
def test_what_has_no_logarithm_is_refused(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        fit_power([(64, 1.0), (128, 2.0), bad])


@pytest.mark.parametrize(
    ("value_ratio", "length_ratio", "exponent"),
    [(2.0, 2.0, 1.0), (4.0, 2.0, 2.0), (1.0, 3.0, 0.0), (math.sqrt(6), 6.0, 0.5), (0.5, 2.0, -1.0)],
)
def test_a_local_exponent_is_the_power_between_two_lengths(
    value_ratio: float, length_ratio: float, exponent: float
) -> None:
    assert local_exponent(value_ratio, length_ratio) == pytest.approx(exponent)


@pytest.mark.parametrize("ratios", [(2.0, 1.0), (0.0, 2.0), (2.0, -2.0)])
def test_a_power_that_there_is_not_is_refused(ratios: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="no power of"):
        local_exponent(*ratios)
