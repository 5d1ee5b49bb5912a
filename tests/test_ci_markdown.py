"""The comment, as a Markdown parser with tables renders it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from gate_samples import (
    BIG,
    CONSUMERS,
    EMPTY,
    GPU,
    HOSTILE_TEXT,
    RESULT,
    RESULTS,
    hostile,
    many,
)
from hypothesis import given, settings
from markdown_it import MarkdownIt

from harness.ci import words
from harness.ci.markdown import MARKER, code, render_comment
from harness.gate_result import GateResult

OWN_TAGS = {"h3", "p", "code", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}


class Page(HTMLParser):
    """The rendered page: its tags, its rows, and its text inside and outside of `code`."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows: list[list[str]] = []
        self.codes: list[str] = []
        self.outside = ""
        self._in_code = self._in_cell = False
        renderer = MarkdownIt("commonmark", {"html": True, "linkify": False})
        self.feed(renderer.enable(["table", "strikethrough"]).render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell = True
        if tag == "code":
            self.codes.append("")
            self._in_code = True

    def handle_endtag(self, tag: str) -> None:
        self._in_code = self._in_code and tag != "code"
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.codes[-1] += data
        else:
            self.outside += data
        if self._in_cell:
            self.rows[-1][-1] += data


def test_the_comment_shows_what_changed_or_did_not_pass() -> None:
    page = Page(render_comment(RESULT))
    why = "the slowdown is above the noise floor of 1 %. A second, fresh measurement agrees."

    assert page.rows == [
        ["case", "metric", "change", "95 % interval", "pairs", "verdict", "why"],
        [BIG, "latency", "+6.2 %", "+4.9 to +7.5 %", "12", "❌ fail", why],
        [BIG, "size", "+0.0102 %", "-", "-", "✅ pass", ""],
        [BIG, "partitions", "+2", "-", "-", "❌ fail", "two partitions more"],
        [
            GPU,
            "latency",
            "~",
            "-1.0 to +7.0 %",
            "24",
            "❔ inconclusive",
            "24 pairs do not decide it",
        ],
        [GPU, "memory", "-", "-", "-", "⚠️ infrastructure", "the phone is gone"],
    ]
    assert page.outside.split("\n")[1] == "❌ mbert-bench gate: fail: a regression is proven"
    assert (
        "7 cells: 2 fail, 1 infrastructure, 1 inconclusive, 3 pass. "
        "The smallest slowdown that this comparison would have found: 2.1 %."
    ) in page.outside
    assert page.codes[:2] == ["main.tflite against pr.tflite", "Pixel 4"]
    assert page.codes[-1] == "The candidate was throttled more often."


def test_the_first_line_marks_the_comment_as_ours() -> None:
    assert render_comment(RESULT).split("\n")[0] == MARKER


def test_a_comparison_without_changes_has_no_table() -> None:
    page = Page(render_comment(EMPTY))

    assert page.rows == []
    assert "Nothing changed." in page.outside


def test_hostile_text_is_shown_as_it_is_and_does_nothing() -> None:
    page = Page(render_comment(hostile()))

    shown = words.clean(HOSTILE_TEXT)
    assert page.codes[:2] == [shown, shown]
    assert {len(row) for row in page.rows} == {7}
    assert page.tags <= OWN_TAGS
    assert not set("@#`[") & set(page.outside.replace("### ", ""))


@pytest.mark.parametrize(
    "text",
    [
        "a|b",
        "`",
        "``",
        "</code>",
        "&lt;",
        "*a*",
        "_a_",
        "[a](b)",
        "http://a.b",
        "\\",
        "~~a~~",
        "@a",
    ],
)
def test_every_mark_of_markdown_is_plain_text_inside_code(text: str) -> None:
    page = Page(f"| a |\n|---|\n| {code(text)} |\n")

    assert page.rows == [["a"], [text]]
    assert page.tags <= OWN_TAGS


@settings(max_examples=100, deadline=None)
@given(RESULTS)
def test_the_page_is_made_of_our_tags_whatever_is_in_the_result(result: GateResult) -> None:
    page = Page(render_comment(result))

    assert page.tags <= OWN_TAGS
    assert {len(row) for row in page.rows} <= {7}


def test_a_comment_is_cut_to_what_github_takes() -> None:
    text = render_comment(many(500))

    assert len(text) <= CONSUMERS["github"]["comment_characters"]
    page = Page(text)
    shown = len(page.rows) - 1
    assert shown > 5
    assert f"and {500 - shown} more, which are in the artifacts." in page.outside
    assert "500 cells: 500 fail" in page.outside
