"""Tests of what devices and tools said on a page of many cases: once, and not too long."""

from __future__ import annotations

from reports.raw_texts import RAW_LIMIT, Place, RawTexts, find_limit

LONG = "Thermal Status: 0\n" * 10


def test_a_long_text_stands_once() -> None:
    texts = RawTexts()

    found = [
        texts.place_of(LONG, check=check, case=case, anchor=anchor)
        for check, case, anchor in (
            ("battery", "first", "run-1-case-1"),
            ("power source", "first", "run-1-case-1"),
            ("battery", "second", "run-1-case-2"),
            ("battery", "third", "run-1-case-3"),
        )
    ]

    assert found == [
        None,
        Place(words="as under battery"),
        Place(words="as under battery of first", anchor="run-1-case-1"),
        Place(words="as under battery of first", anchor="run-1-case-1"),
    ]


def test_a_short_text_stands_wherever_it_belongs() -> None:
    texts = RawTexts()

    places = [texts.place_of("0", check="a", case=c, anchor=c) for c in ("first", "second")]

    assert places == [None, None]


def test_a_text_may_stand_at_a_place_of_its_own() -> None:
    texts, place = RawTexts(), Place(words="below")
    texts.add(LONG, place)

    assert texts.place_of(LONG, check="flags", case="first", anchor="a") == place


def test_a_text_is_cut_to_the_limit() -> None:
    assert RawTexts(limit=200).cut("x" * 1000) == "x" * 199 + "…"


def test_the_limit_falls_where_there_are_too_many_long_texts() -> None:
    few = [f"{number}" * 1000 for number in range(10)]
    many = [f"{number:04}" * 400 for number in range(1000)]

    assert find_limit([]) == RAW_LIMIT
    assert find_limit(few * 1000) == RAW_LIMIT  # the same ten
    limit = find_limit(many)
    assert 200 <= limit < RAW_LIMIT
    assert sum(min(limit, len(text)) for text in many) <= 500_000
    assert find_limit(many * 2 + [f"{number:05}" * 400 for number in range(10_000)]) == 200
