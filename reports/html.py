"""The page of stored runs."""

from __future__ import annotations

from collections.abc import Sequence

from harness.claims import Judgement
from harness.summary import RunResult


def render_report(pages: Sequence[tuple[RunResult, Sequence[Judgement]]]) -> str:
    """Gives the page."""
    return str(len(pages))
