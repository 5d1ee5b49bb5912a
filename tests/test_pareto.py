"""Tests of the Pareto front: what is on it, what is not, and the line along it."""

from __future__ import annotations

import math
import random

import pytest

from reports.findings.pareto import dominates, pareto_front, steps

Points = list[tuple[float, float]]


def cloud(seed: int, count: int) -> Points:
    """Points on a coarse grid, so that many share a coordinate or both."""
    dice = random.Random(seed)
    return [(float(dice.randint(1, 12)), float(dice.randint(1, 12))) for _ in range(count)]


@pytest.mark.parametrize("seed", range(40))
def test_no_point_of_the_front_is_dominated_and_every_other_one_is(seed: int) -> None:
    points = cloud(seed, 1 + seed)

    front = pareto_front(points)

    undominated = [
        n for n, point in enumerate(points) if not any(dominates(other, point) for other in points)
    ]
    assert sorted(front) == undominated


@pytest.mark.parametrize("seed", range(10))
def test_along_the_front_one_coordinate_rises_and_the_other_falls(seed: int) -> None:
    points = cloud(seed, 50)

    front = [points[n] for n in pareto_front(points)]

    assert front == sorted(front, key=lambda point: (point[0], -point[1]))
    assert [y for _, y in front] == sorted((y for _, y in front), reverse=True)


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([], []),
        ([(1.0, 1.0)], [0]),
        ([(2.0, 2.0), (1.0, 1.0)], [1]),
        ([(1.0, 2.0), (2.0, 1.0)], [0, 1]),
        ([(1.0, 2.0), (1.0, 1.0)], [1]),  # as small, and faster
        ([(1.0, 1.0), (2.0, 1.0)], [0]),  # as fast, and smaller
        ([(1.0, 1.0), (1.0, 1.0)], [0, 1]),  # neither is better
        ([(1.0, math.inf), (2.0, 1.0)], [1]),
    ],
)
def test_small_fronts(points: Points, front: list[int]) -> None:
    assert pareto_front(points) == front


def test_a_point_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        pareto_front([(1.0, math.nan)])


def test_the_line_goes_on_before_it_goes_down() -> None:
    assert steps([]) == []
    assert steps([(1.0, 5.0), (3.0, 2.0)]) == [(1.0, 5.0), (3.0, 5.0), (3.0, 2.0)]
