"""Texts as a broken link, a strange vendor or a hostile phone would give them."""

from __future__ import annotations

from hypothesis import strategies as st

_ODD = [
    "",
    "\n",
    "\t",
    ",",
    "}",
    "]",
    "nan",
    "-inf",
    "1e999",
    "9" * 400,
    "-1",
    "٣",
    "\x00",
    "\ud800",
]


@st.composite
def mutations_of(draw: st.DrawFn, *texts: str) -> str:
    """One of the texts, with up to five places cut out, doubled or overwritten."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 80)))
        middle = draw(st.sampled_from([*_ODD, text[start:end] * 2]))
        text = text[:start] + middle + text[end:]
    return text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text


def numbers_in(value: object) -> list[float]:
    """Every number in a tree of dataclasses and tuples."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, (int, float)):
        return [float(value)]
    if isinstance(value, tuple):
        return [number for each in value for number in numbers_in(each)]
    fields = vars(value).values() if hasattr(value, "__dataclass_fields__") else ()
    return [number for each in fields for number in numbers_in(each)]
