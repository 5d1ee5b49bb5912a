"""The page of stored runs: one HTML file that asks for nothing from outside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

from reports.page import RunPage
from reports.view import build_view

_TEMPLATES = Path(__file__).with_name("templates")


def render_report(pages: Sequence[RunPage]) -> str:
    """Gives the page; several runs stand in it one after the other."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html").render(view=build_view(pages))
