"""Tests of where a command's result is printed in colour."""

from __future__ import annotations

import io

import pytest

from harness.commands.printing import wants_colour


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "on_a_terminal", "elsewhere"),
    [
        ({}, True, False),
        ({"TERM": "xterm-256color"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": "0"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False, False),
    ],
    ids=str,
)
def test_colour_is_for_terminals_unless_a_variable_says_otherwise(
    environment: dict[str, str], on_a_terminal: bool, elsewhere: bool
) -> None:
    assert wants_colour(Terminal(), environment) is on_a_terminal
    assert wants_colour(io.StringIO(), environment) is elsewhere
