"""Ratios of two cases' latencies as cells: from paired rounds, and `~` inside the noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.statistics import Estimate
from harness.summary import CaseResult, latency_ratio
from reports.cells import NO_INTERVAL, NOTHING, interval, number

IN_THE_NOISE = "~"


@dataclass(frozen=True, kw_only=True)
class RatioCell:
    """A value that follows from a ratio, and below it its interval or why there is none."""

    value: str
    note: str


def common_ratio(numerator: CaseResult, denominator: CaseResult) -> Estimate | None:
    """How many times slower the numerator is; None without a common round of positive latencies."""
    common = numerator.sample_ms.keys() & denominator.sample_ms.keys()
    if not any(numerator.sample_ms[r] > 0 and denominator.sample_ms[r] > 0 for r in common):
        return None
    return latency_ratio(numerator, denominator)


def is_in_noise(ratio: Estimate) -> bool:
    """Whether the ratio's interval holds 1."""
    return ratio.low is not None and ratio.high is not None and ratio.low <= 1 <= ratio.high


def ratio_cell(ratio: Estimate | None) -> RatioCell:
    """`1.93×` with its interval and the number of common rounds."""
    if ratio is None:
        return RatioCell(value=NOTHING, note="no round in common")
    if ratio.low is None or ratio.high is None:
        return RatioCell(value=f"{number(ratio.value)}×", note=f"{NO_INTERVAL} (n = {ratio.n})")
    bounds = f"{interval(ratio)} (n = {ratio.n})"
    if is_in_noise(ratio):
        return RatioCell(value=IN_THE_NOISE, note=f"{bounds} holds 1")
    return RatioCell(value=f"{number(ratio.value)}×", note=bounds)


def derived_cell(ratio: Estimate | None, change: Callable[[float], float]) -> RatioCell:
    """What follows from a ratio by a rising function; nothing where the ratio shows nothing."""
    if ratio is None:
        return RatioCell(value=NOTHING, note="")
    if is_in_noise(ratio):
        return RatioCell(value=IN_THE_NOISE, note="")
    if ratio.low is None or ratio.high is None:
        return RatioCell(value=number(change(ratio.value)), note=NO_INTERVAL)
    changed = Estimate(
        value=change(ratio.value), low=change(ratio.low), high=change(ratio.high), n=ratio.n
    )
    return RatioCell(value=number(changed.value), note=interval(changed))
