"""Values for the cells of a CSV file that a spreadsheet may open."""

from __future__ import annotations

import math

# A text that begins with one of these is a formula to some spreadsheet (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\n")


def plain(value: object) -> object:
    """The value, a text with an apostrophe before it where it would be taken for a formula.

    Every line break becomes `\\n`: the csv module puts no quotes around a carriage return alone,
    and what stands behind it would be a row of its own.
    """
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA) else text


def six_digits(value: float | None) -> float | None:
    """The number with six significant digits; None for what is none."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")
