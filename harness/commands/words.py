"""Comma-separated words of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

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
    return tuple("all" if word == "all" else _number(word, "--threads") for word in words)


def _number(word: str, option: str) -> int:
    try:
        return int(word)
    except ValueError:
        message = f"{word!r} is no whole number"
        raise typer.BadParameter(message, param_hint=option) from None
