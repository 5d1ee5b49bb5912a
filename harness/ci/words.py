"""What all outputs of the gate say of a cell and of the whole, in words without any markup."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

from harness.gate_result import MEASURED, UNITS, Cell, GateResult, GateVerdict, Metric

NOTHING = "-"
NOISE = "~"
SAME = "same"
LIMIT = 300
NAME_LIMIT = 1000  # of a name that programs tell cells apart by

_EXPLAINED = {
    GateVerdict.PASS: "no regression",
    GateVerdict.FAIL: "a regression is proven",
    GateVerdict.INCONCLUSIVE: "not decided",
    GateVerdict.INFRASTRUCTURE: "not measured, or not proven",
}
# The most important first.
VERDICTS = (
    GateVerdict.FAIL,
    GateVerdict.INFRASTRUCTURE,
    GateVerdict.INCONCLUSIVE,
    GateVerdict.PASS,
)
# Control, format (they can turn text around) and surrogate characters; unassigned ones, too, for
# among them are those that XML forbids.
_INVISIBLE = ("Cc", "Cf", "Cs", "Cn")


def clean(text: str, limit: int = LIMIT) -> str:
    """Foreign text on one line, cut to a length, with a mark for each character not to be seen."""
    line = " ".join(text[: 20 * limit].split())
    shown = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in _INVISIBLE else character
        for character in line
    )
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def name(case_id: str) -> str:
    """The id of a case for programs: the same, unless it is hostile."""
    return clean(case_id, NAME_LIMIT)


def change(cell: Cell) -> str:
    """How the candidate differs: `+6.2 %`, `~` inside the noise, `same`, `+2` of a count.

    A measured difference without an interval may be anything, so it is not told.
    """
    if cell.metric in MEASURED:
        if interval(cell) == NOTHING:
            return NOTHING
        return NOISE if is_noise(cell) else percent(cell.estimate_percent)
    if cell.baseline is None or cell.candidate is None:
        return percent(cell.estimate_percent)
    if cell.baseline == cell.candidate:
        return SAME
    if cell.metric is Metric.SIZE and is_number(cell.estimate_percent):
        return f"{cell.estimate_percent:+.3g} %"
    difference = cell.candidate - cell.baseline
    return f"{difference:+.6g}" if math.isfinite(difference) else NOTHING


def interval(cell: Cell) -> str:
    """The bounds of the change, for example `+4.9 to +7.5 %`."""
    if not is_number(cell.low_percent) or not is_number(cell.high_percent):
        return NOTHING
    return f"{percent(cell.low_percent).removesuffix(' %')} to {percent(cell.high_percent)}"


def values(cell: Cell) -> str:
    """Baseline and candidate with their unit, for example `14.1 -> 15 ms`."""
    baseline, candidate = (_value(value) for value in (cell.baseline, cell.candidate))
    if baseline == candidate == NOTHING:
        return NOTHING
    return f"{baseline} -> {candidate} {UNITS[cell.metric]}"


def pairs(cell: Cell) -> str:
    """How many pairs of invocations the change comes from; exact metrics need none."""
    return str(cell.pairs) if cell.pairs else NOTHING


def is_noise(cell: Cell) -> bool:
    """Whether a measured difference says nothing: its interval holds 0, or it is below the noise
    floor."""
    if cell.metric not in MEASURED or not is_number(cell.estimate_percent):
        return False
    numbers = (cell.estimate_percent, cell.low_percent, cell.high_percent, cell.noise_floor_percent)
    estimate, low, high, floor = (number or 0.0 for number in numbers)
    return low <= 0 <= high or abs(estimate) <= floor


def is_worth_showing(cell: Cell) -> bool:
    """All that did not pass, and what passed with a difference."""
    if cell.verdict is not GateVerdict.PASS:
        return True
    return change(cell) not in (NOISE, SAME, NOTHING)


def reason(cell: Cell) -> str:
    """Why the verdict is so, and whether a second measurement agreed."""
    text = clean(cell.reason) or _EXPLAINED[cell.verdict]
    if cell.confirmed is None:
        return text
    again = "agrees" if cell.confirmed else "does not agree"
    return f"{text.rstrip('.')}. A second, fresh measurement {again}."


def headline(result: GateResult) -> str:
    """The verdict in words, for example `fail: a regression is proven`."""
    text = f"{result.verdict}: {_EXPLAINED[result.verdict]}"
    return f"{text} (advice only)" if result.advisory else text


def counts(cells: Sequence[Cell]) -> str:
    """How many cells have which verdict, for example `24 cells: 1 fail, 23 pass`."""
    found = [(sum(cell.verdict is verdict for cell in cells), verdict) for verdict in VERDICTS]
    listed = ", ".join(f"{count} {verdict}" for count, verdict in found if count)
    noun = "cell" if len(cells) == 1 else "cells"
    return f"{len(cells)} {noun}: {listed}" if listed else "no cells"


def smallest_change(result: GateResult) -> str:
    """The smallest slowdown that this comparison would have found."""
    if not is_number(result.minimum_detectable_percent):
        return "How small a slowdown this comparison would have found is not known."
    least = percent(result.minimum_detectable_percent).removeprefix("+")
    return f"The smallest slowdown that this comparison would have found: {least}."


def remarks(result: GateResult) -> tuple[str, ...]:
    """The notes, each on one line."""
    return tuple(clean(note, 1000) for note in result.notes)


def candidate_bounds(cell: Cell) -> tuple[float, float] | None:
    """The interval of the change as one of the candidate, in `UNITS[metric]`.

    It says how well the candidate is known next to its baseline, not from one day to another.
    """
    numbers = (cell.candidate, cell.estimate_percent, cell.low_percent, cell.high_percent)
    if not all(map(is_number, numbers)) or cell.metric not in MEASURED:
        return None
    value, change_percent, low, high = (number or 0.0 for number in numbers)
    if change_percent <= -100:
        return None
    one_percent = value / (100 + change_percent)
    bounds = (one_percent * (100 + low), one_percent * (100 + high))
    return bounds if all(map(math.isfinite, bounds)) else None


def percent(value: float | None) -> str:
    """With sign and unit, for example `+6.2 %`."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if abs(value) >= 1000:
        return f"{value:+.3g} %"
    return "0.0 %" if round(value, 1) == 0 else f"{value:+.1f} %"


def rounded(value: float) -> float:
    """A finite number for JSON: whole ones exact, others with six significant digits."""
    return int(value) if value == int(value) else float(f"{value:.6g}")


def is_number(value: float | None) -> bool:
    """Whether there is a value, and it is finite."""
    return value is not None and math.isfinite(value)


def _value(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e12 else f"{value:.4g}"
