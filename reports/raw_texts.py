"""What devices and tools said, for a page that may have hundreds of cases: each long text once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reports.cells import many_lines

# In characters, of one text and of all of them; the whole texts are in the JSON document.
RAW_LIMIT = 1500
_TOTAL = 500_000
_LEAST = 200

_SHORT = 120  # a link to a shorter text would be longer than the text


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a text stands already: in words, and as the anchor of another case or of none."""

    words: str
    anchor: str = ""


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """Where a text stands: under a check of a case, or at a place that has words of its own."""

    check: str = ""
    case: str = ""
    anchor: str = ""
    place: Place | None = None


@dataclass(kw_only=True)
class RawTexts:
    """The texts of a page so far, and how long one may be."""

    limit: int = RAW_LIMIT
    _entries: dict[str, _Entry] = field(default_factory=dict)

    def add(self, text: str, place: Place) -> None:
        """Says that a text stands at a place from now on, and not elsewhere."""
        self._entries[text] = _Entry(place=place)

    def place_of(self, text: str, *, check: str, case: str, anchor: str) -> Place | None:
        """Where the text of a case's check stands already; None for a text that is new or short.

        A new one is taken to stand there from now on.
        """
        if len(text) <= _SHORT:
            return None
        mine = _Entry(check=check, case=case, anchor=anchor)
        earlier = self._entries.setdefault(text, mine)
        if earlier == mine:
            return None
        if earlier.place is not None:
            return earlier.place
        if earlier.anchor == anchor:
            return Place(words=f"as under {earlier.check}")
        return Place(words=f"as under {earlier.check} of {earlier.case}", anchor=earlier.anchor)

    def cut(self, text: str) -> str:
        """The text with its lines, cut to the page's limit."""
        return many_lines(text, self.limit)


def find_limit(texts: Iterable[str]) -> int:
    """How long one text may be so that all of them together are not too long for a page."""
    lengths = [len(text) for text in set(texts)]
    limit = RAW_LIMIT
    while limit > _LEAST and sum(min(length, limit) for length in lengths) > _TOTAL:
        limit //= 2
    return max(limit, _LEAST)
