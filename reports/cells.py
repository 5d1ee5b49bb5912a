"""Values as text for the cells of a page: numbers with three digits, foreign text made harmless."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from harness.checks import Verdict
from harness.claim_ledger import Unit
from harness.statistics import Estimate

CELL_LIMIT = 300
TEXT_LIMIT = 2000
NOTHING = "–"
NO_INTERVAL = "no interval"

_TONES = ("bad", "mixed", "none", "good")
_VERDICT_TONES = {Verdict.PROVEN: "good", Verdict.UNPROVEN: "mixed", Verdict.CONTRADICTED: "bad"}
_NO_BREAK = "\N{NO-BREAK SPACE}"
_MOST_DECIMALS = 6
# Control, format (they can turn text around) and surrogate (no UTF-8 holds them) characters.
_INVISIBLE = ("Cc", "Cf", "Cs")


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number in a column; `pad` is what it lacks on its right to stand at the decimal point."""

    text: str
    pad: str = ""


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A verdict or status: the word, and how it is coloured (good, bad, mixed, none)."""

    word: str
    tone: str

    @property
    def rank(self) -> int:
        """Where a sorted table puts it: what is bad first."""
        return _TONES.index(self.tone)


def verdict_chip(verdict: Verdict | None) -> Chip:
    """The verdict of a check, or of all checks of a case; a dash without one."""
    if verdict is None:
        return Chip(word=NOTHING, tone="none")
    return Chip(word=verdict.value, tone=_VERDICT_TONES[verdict])


def visible(text: str) -> str:
    """The text with a mark in the place of each character that cannot be seen; lines stay."""
    return "".join(_mark(character) for character in text.replace("\r\n", "\n"))


def one_line(text: str, limit: int = CELL_LIMIT) -> str:
    """The text on one line, cut to a length."""
    return _cut(visible(" ".join(text[: 20 * limit].split())), limit)


def many_lines(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text with its lines, cut to a length."""
    return _cut(visible(text[: 20 * limit].strip()), limit)


def number(value: float) -> str:
    """At least three significant digits, never an exponent: 0.123, 14.6, 1,700."""
    return f"{value:,.{_decimals(value)}f}"


def interval(estimate: Estimate) -> str:
    """The bounds with as many decimals as the value, or that there is none."""
    if estimate.low is None or estimate.high is None:
        return NO_INTERVAL
    decimals = _decimals(estimate.value)
    return f"{estimate.low:,.{decimals}f} to {estimate.high:,.{decimals}f}"


def with_unit(text: str, unit: Unit) -> str:
    """The number with its unit, not to be broken apart: `62 ms`, `4.3×`."""
    if unit is Unit.RATIO:
        return f"{text}×"
    return f"{text}{_NO_BREAK}{unit}"


def aligned(values: Sequence[float | None]) -> list[Number]:
    """A column of numbers that stand at their decimal points; None is a dash."""
    texts = [None if value is None else number(value) for value in values]
    widest = max((_tail(text) for text in texts if text is not None), default=0)
    return [
        Number(text=NOTHING) if text is None else Number(text=text, pad=_pad(text, widest))
        for text in texts
    ]


def _tail(text: str) -> int:
    """How many characters stand from the decimal point on."""
    return len(text) - text.index(".") if "." in text else 0


def _pad(text: str, widest: int) -> str:
    return ".000000"[_tail(text) : widest]


def _decimals(value: float) -> int:
    if value == 0 or not math.isfinite(value):
        return 0
    exponent = math.floor(math.log10(abs(value)))
    decimals = min(max(0, 2 - exponent), _MOST_DECIMALS)
    if round(abs(value), decimals) >= 10 ** (exponent + 1):  # 9.999 becomes 10.0, not 10.00
        decimals = max(0, decimals - 1)
    return decimals


def _mark(character: str) -> str:
    if character in "\n\t":
        return character
    return (
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in _INVISIBLE else character
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
