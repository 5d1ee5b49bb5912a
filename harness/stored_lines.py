"""Files that hold one entry of JSON in each line, and at a crash a part of one."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

_Entry = TypeVar("_Entry")


def read_lines(path: Path, adapter: TypeAdapter[_Entry]) -> tuple[list[_Entry], int]:
    """The entries of a file, none where there is no file, and how many lines are no entry.

    Raises OSError where the file cannot be read.
    """
    entries: list[_Entry] = []
    broken = 0
    if not path.exists():
        return entries, broken
    # Line by line, as a whole file may be hundreds of megabytes.
    with path.open("rb") as file, _no_collection():
        for line in file:
            try:
                entries.append(adapter.validate_json(line))
            except ValidationError:
                broken += bool(line.strip())
    return entries, broken


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Entries hold each other in no circle, so the collector would look through all of them in
    vain, again and again: half of the time that reading takes."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
