"""Several stored runs in one report: each folder once, and their cases beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from reports.page import RunPage


def drop_repeats(folders: Sequence[Path]) -> list[Path]:
    """Each folder once, in the order in which they were named; says which was named again."""
    kept: dict[Path, Path] = {}
    for folder in folders:
        place = folder.resolve()
        if place in kept:
            typer.echo(f"{folder} is named twice; it is shown once", err=True)
        kept.setdefault(place, folder)
    return list(kept.values())


def print_name(number: int, pages: Sequence[RunPage]) -> None:
    """Prints which of several runs the following is about; nothing where there is but one."""
    from harness.commands.printing import print_result
    from reports.cells import one_line

    if len(pages) > 1:
        folder = one_line(str(pages[number - 1].result.run.folder), 80)
        print_result(f"{'' if number == 1 else chr(10)}run {number}: {folder}\n")


def print_aligned(pages: Sequence[RunPage]) -> None:
    """Prints what several runs say beside each other; nothing for a single one."""
    from harness.commands.printing import print_result
    from reports.texts.aligned import render_aligned

    text = render_aligned(pages)
    if text:
        print_result(f"\n{text}")
