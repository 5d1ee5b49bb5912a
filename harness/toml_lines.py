"""Where a key stands in a TOML file: the parser of the standard library does not keep the lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence

Key = str | int

_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_NAMES})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_NAMES})\s*=")


def line_of(text: str, path: Sequence[Key]) -> int | None:
    """The line, from 1 on, of a key like `("case", 0, "pattern")`; the index counts `[[case]]`.

    A key inside an inline table has the line on which that starts, a missing key the line of its
    table. None where nothing of it is found. Text inside a string of several lines may mislead it.
    """
    best, best_line = 0, None
    for number, found in _keys(text):
        shared = _shared(found, path)
        if shared == len(found) and shared > best:
            best, best_line = shared, number
    return best_line


def _keys(text: str) -> Iterator[tuple[int, tuple[Key, ...]]]:
    """Each line that names a table or assigns a key, with the full path of it."""
    table: tuple[Key, ...] = ()
    seen: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header is not None:
            names = _names(header[2])
            if header[1] == "[[":
                seen[names] = seen.get(names, -1) + 1
            table = _indexed(names, seen)
            yield number, table
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment is not None:
            yield number, (*table, *_names(assignment[1]))


def _names(dotted: str) -> tuple[str, ...]:
    """The parts of a dotted key, unquoted by the parser itself."""
    names: list[str] = []
    try:
        value: object = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return (dotted,)
    while isinstance(value, dict):
        (name,) = value
        names.append(name)
        value = value[name]
    return tuple(names)


def _indexed(names: tuple[str, ...], seen: dict[tuple[str, ...], int]) -> tuple[Key, ...]:
    """The names with the index of the latest entry after each array of tables."""
    path: list[Key] = []
    for depth, name in enumerate(names, start=1):
        path.append(name)
        if names[:depth] in seen:
            path.append(seen[names[:depth]])
    return tuple(path)


def _shared(one: Sequence[Key], other: Sequence[Key]) -> int:
    """How many parts both begin with."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
