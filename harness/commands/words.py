"""Comma-separated words of the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import typer

_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}

if TYPE_CHECKING:
    from harness.plan import Threads


def split_words(text: str | None) -> tuple[str, ...] | None:
    """`a,b` -> (a, b); None stays None."""
    if text is None:
        return None
    return tuple(word.strip() for word in text.split(",") if word.strip())


def split_numbers(text: str | None, option: str) -> tuple[int, ...] | None:
    """`1,2` -> (1, 2). Raises `typer.BadParameter` for a word that is no number."""
    words = split_words(text)
    return None if words is None else tuple(_number(word, option) for word in words)


def split_threads(text: str | None) -> tuple[Threads, ...] | None:
    """`1,all` -> (1, "all")."""
    words = split_words(text)
    if words is None:
        return None
    return tuple(word if "all" in word else _number(word, "--threads") for word in words)


def read_duration(text: str | None, option: str) -> float | None:
    """`90s`, `40m` or `1.5h` in seconds. Raises `typer.BadParameter` for anything else."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if seconds < 1:
        message = f"{text!r} is no duration of a second or more, such as 90s, 40m or 1.5h"
        raise typer.BadParameter(message, param_hint=option)
    return seconds


def _number(word: str, option: str) -> int:
    try:
        return int(word)
    except ValueError:
        message = f"{word!r} is no whole number"
        raise typer.BadParameter(message, param_hint=option) from None
