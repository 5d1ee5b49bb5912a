"""Tests of what becomes of matplotlib's SVG in a page: small, and drawn as before."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from reports.charts.drawing import add_axes, finish, new_figure
from reports.charts.svg import inline_svg


def picture() -> str:
    figure = new_figure(2.0)
    axes = add_axes(figure, left=1.0, right=1.0)
    axes.plot([0.123456789, 1.23456789], [1 / 3, 2 / 3], marker="o")
    axes.set_xlabel("a  b")
    finish(axes)
    return inline_svg(figure, "a", "title", "description")


def test_places_have_at_most_two_decimals() -> None:
    root = ElementTree.fromstring(picture())

    names = ("d", "x", "y", "transform")
    values = [e.get(name, "") for e in root.iter() for name in names if e.get(name)]
    assert values
    assert [value for value in values if re.search(r"\.\d{3}", value)] == []
    assert [value for value in values if "  " in value] == []


def test_nothing_but_text_stands_between_elements() -> None:
    root = ElementTree.fromstring(picture())

    assert {e.tail for e in root.iter()} == {None}
    assert [e.text for e in root.iter("g") if e.text] == []
    assert "a  b" in ["".join(e.itertext()) for e in root.iter("text")]


def test_what_does_not_turn_has_no_rotation() -> None:
    turns = [e.get("transform", "") for e in ElementTree.fromstring(picture()).iter("text")]

    assert turns
    assert [turn for turn in turns if turn.startswith(("rotate(0 ", "rotate(-0 "))] == []
