"""The Pareto front of points of which less is better in both coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, float]


def dominates(one: Point, other: Point) -> bool:
    """Whether the first point is at least as good in both coordinates, and better in one.

    >>> dominates((1.0, 5.0), (1.0, 6.0)), dominates((1.0, 5.0), (1.0, 5.0))
    (True, False)
    """
    return one[0] <= other[0] and one[1] <= other[1] and one != other


def pareto_front(points: Sequence[Point]) -> list[int]:
    """The positions of the points that no other one dominates, by their first coordinate.

    Along the front the first coordinate never falls and the second never rises. Points that are
    equal in both stand on it together. One sort, so that many points are no trouble. The
    coordinates must be numbers that can be ordered: raises ValueError for NaN.
    """
    if any(math.isnan(coordinate) for point in points for coordinate in point):
        message = "a point of the front has a coordinate that is not a number"
        raise ValueError(message)
    front: list[int] = []
    lowest = math.inf
    for position in sorted(range(len(points)), key=points.__getitem__):
        second = points[position][1]
        is_twin = bool(front) and points[position] == points[front[-1]]
        # All points before this one are at most as large, so only a lower one is not dominated.
        if second < lowest or is_twin:
            front.append(position)
            lowest = second
    return front


def steps(points: Sequence[Point]) -> list[Point]:
    """The corners of the line that bounds what the points of a front dominate.

    From each point straight on to the first coordinate of the next one, then down to it.
    """
    corners: list[Point] = []
    for x, y in points:
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return corners
