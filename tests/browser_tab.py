"""A report in a tab of a browser, and all that it said, asked for or popped up there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Width and height in CSS pixels: a laptop, and a phone.
WIDE = (1280, 800)
NARROW = (400, 800)


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One page, with what happened since it was opened: lines of the console (also errors of
    scripts and what the policy refused), addresses asked for, texts of dialogs."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


class OpenReport(Protocol):
    """Opens a report in a tab of its own. `anchor` is the part of the address after `#`."""

    def __call__(
        self,
        path: Path,
        *,
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        script: bool = True,
        anchor: str = "",
    ) -> Tab: ...
