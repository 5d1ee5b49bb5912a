"""The page of stored runs: one HTML file that asks for nothing from outside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from reports.contents import list_sections
from reports.page import RunPage
from reports.view import build_view

TEMPLATES = Path(__file__).with_name("templates")


def render_report(pages: Sequence[RunPage]) -> str:
    """Gives the page; several runs stand in it one after the other."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["sections"] = list_sections
    view = build_view(pages)
    script = TEMPLATES.joinpath("page.js").read_text(encoding="utf-8")
    return environment.get_template("report.html").render(
        view=view,
        level=3 if view.contents else 2,  # of a section's heading: a page has one <h1>
        script=Markup(script),  # our own, and the browser hashes what stands in the page
        policy=content_policy(script),
    )


def content_policy(script: str) -> str:
    """The policy under which a browser shows the page: it runs this script and no other, and
    fetches nothing. Charts have style attributes, so styles stay allowed."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
