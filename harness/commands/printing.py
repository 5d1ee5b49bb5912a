"""Prints a command's result: in colour on a terminal, and elsewhere to the byte what it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

import typer


def print_result(text: str) -> None:
    """Prints what a renderer of `reports` made, with its verdicts in colour on a terminal."""
    from reports.texts.colours import colour

    coloured = wants_colour(sys.stdout, os.environ)
    typer.echo(colour(text) if coloured else text, color=coloured)


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether escape sequences are welcome there. An empty variable counts as unset.

    https://no-color.org and https://force-color.org; a dumb terminal (`TERM`) has no colours, and
    the one who asks for none is believed first.
    """
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return bool(environment.get("FORCE_COLOR")) or stream.isatty()
