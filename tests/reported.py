"""Parts of a result that only reports read: operator times, and a sustained series."""

from __future__ import annotations

from dataclasses import replace

from harness.measurement import OperatorTime
from harness.sustained import Sustained, SustainedPoint


def make_operators(
    graph: str = "primary", types: int = 3, name: str = "OPERATOR"
) -> tuple[OperatorTime, ...]:
    """Each type takes half as long as the one before it: 8 ms and 40 %, 4 ms and 20 %, …"""
    return tuple(
        OperatorTime(
            graph=graph,
            operator=f"{name}_{n}",
            nodes=n + 1,
            average_ms=8 / 2**n,
            share_percent=40 / 2**n,
        )
        for n in range(types)
    )


def make_series(*, temperature_c: float | None = 31.0, **changes: object) -> Sustained:
    """Ten minutes in steps of ten seconds: 60 ms, and from the third minute on 72 ms."""
    points = tuple(
        SustainedPoint(
            start_s=10.0 * n,
            latency_ms=60.0 if n < 18 else 72.0,
            temperature_c=None if temperature_c is None else temperature_c + n / 10,
        )
        for n in range(60)
    )
    series = Sustained(
        points=points,
        start_ms=60.0,
        steady_ms=72.0,
        ratio=1.2,
        knee_s=180.0,
        first_throttle_s=240.0,
        duration_s=600.0,
    )
    return replace(series, **changes)  # type: ignore[arg-type]  # fields of several types
