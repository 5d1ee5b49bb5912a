"""The sections that a rendered part of a page has, for its list of contents."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

# What the macro `section` of templates/parts.html writes; foreign text has no `<`, it is escaped.
_SECTION = re.compile(r'<section id="([^"]+)" aria-labelledby="[^"]+">\s*<h\d[^>]*>([^<]+)</h\d>')


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One section: the anchor that leads to it, and its title as markup."""

    anchor: str
    title: Markup


def list_sections(body: str) -> tuple[Entry, ...]:
    """The sections in the order in which they stand; a section that is not there has no entry."""
    return tuple(
        Entry(anchor=found[1], title=Markup(found[2]))  # as it stands there: escaped
        for found in _SECTION.finditer(body)
    )
