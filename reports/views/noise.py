"""What comparisons of a model with itself say of a device, as strings to print."""

from __future__ import annotations

from dataclasses import dataclass

from harness.ci import words
from harness.noise import CellNoise, Noise
from reports.cells import NOTHING, number, one_line
from reports.texts.noise import describe_alarms

_MOST_ROWS = 100
_LIMIT = 1000


@dataclass(frozen=True, kw_only=True)
class NoiseRow:
    """The latency of one cell over all comparisons."""

    name: str
    comparisons: str
    failed: str
    undecided: str
    pairs: str
    latency: str
    scatter: str
    sessions: str
    smallest: str


@dataclass(frozen=True, kw_only=True)
class NoiseView:
    """How often a model failed against itself, and what that asks for."""

    bound: str
    alarms: tuple[str, ...]
    problems: tuple[str, ...]
    rows: tuple[NoiseRow, ...]
    more: str
    advice: tuple[str, ...]


def build_noise(noise: Noise) -> NoiseView:
    """All that the comparisons say, except of cells beyond the first hundred."""
    left = len(noise.cells) - _MOST_ROWS
    return NoiseView(
        bound=describe_alarms(noise),
        alarms=_lines(noise.false_alarms),
        problems=_lines(noise.problems),
        rows=tuple(map(_row, noise.cells[:_MOST_ROWS])),
        more=f"and {left} other cells" if left > 0 else "",
        advice=_lines(noise.advice),
    )


def _lines(texts: tuple[str, ...]) -> tuple[str, ...]:
    shown = [one_line(text, _LIMIT) for text in texts[:_MOST_ROWS]]
    left = len(texts) - len(shown)
    return (*shown, f"and {left} more") if left else tuple(shown)


def _row(cell: CellNoise) -> NoiseRow:
    return NoiseRow(
        name=words.clean(cell.cell),
        comparisons=f"{cell.comparisons}",
        failed=f"{cell.failed}",
        undecided=f"{cell.inconclusive}",
        pairs=f"{cell.pairs:.1f}",
        latency=number(cell.latency_ms),
        scatter=f"{cell.scatter_percent:.2f} %",
        sessions=_percent(cell.sessions_percent),
        smallest=_percent(cell.detectable_percent),
    )


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{number(value)} %"
