"""Tests of the ledger in the page: the setting that was judged, and the others."""

from __future__ import annotations

import pytest
from factories import PIXEL_4, make_case, make_claim, make_result

from harness.claim_ledger import ClaimKind
from harness.claims import judge_claims
from harness.plan import Case
from reports.html import render_report
from reports.page import RunPage
from reports.views.claims import LedgerRow, Measured, OtherRow, build_cards, build_ledger

STEADY = [60.0, 61.0, 62.0, 63.0, 64.0, 65.0]


def row_of(*cases: Case) -> LedgerRow:
    result = make_result(dict.fromkeys(cases, STEADY), stand_in=False)
    (row,) = build_ledger(judge_claims([make_claim()], result)).judged
    return row


NEITHER = "under other conditions, so neither supported nor refuted"
AS_PUBLISHED = "under the published conditions"


@pytest.mark.parametrize(
    ("kind", "phone", "device", "meaning"),
    [
        (ClaimKind.LATENCY, True, "on Pixel 4", AS_PUBLISHED),
        (ClaimKind.LATENCY, False, "on this host (Test CPU)", NEITHER),
        (ClaimKind.PARAMETERS, False, "the same on every device", AS_PUBLISHED),
        (ClaimKind.LATENCY_RATIO, True, "", ""),
    ],
)
def test_a_card_says_where_it_was_measured_and_what_its_verdict_means(
    kind: ClaimKind, phone: bool, device: str, meaning: str
) -> None:
    changes = {"device": PIXEL_4} if phone else {}
    result = make_result({make_case(): STEADY}, stand_in=False, **changes)

    (card,) = build_cards(result, judge_claims([make_claim(kind)], result))

    assert (card.device, card.meaning) == (device, meaning)


def test_other_settings_stand_under_the_one_that_was_judged() -> None:
    row = row_of(make_case(), make_case(threads=1))

    assert row.setting == "fp32, xnnpack, 4 threads"
    interval = "60.0 to 65.0\N{NO-BREAK SPACE}ms (n = 6)"
    assert row.others == (
        OtherRow(
            setting="fp32, xnnpack, 1 thread",
            measured=Measured(value="62.5\N{NO-BREAK SPACE}ms", interval=interval),
        ),
    )
    assert row.more == ""


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (9, ""),
        (10, "and 1 other setting, in the JSON document"),
        (12, "and 3 other settings, in the JSON document"),
    ],
)
def test_many_settings_are_cut_off_with_their_number(settings: int, more: str) -> None:
    row = row_of(*(make_case(threads=n + 1) for n in range(settings)))

    assert (len(row.others), row.more) == (8, more)


def test_a_count_is_the_same_in_every_setting() -> None:
    result = make_result(dict.fromkeys((make_case(), make_case(threads=1)), STEADY))
    claim = make_claim(ClaimKind.PARAMETERS, published=24.6)

    (row,) = build_ledger(judge_claims([claim], result)).judged

    assert (row.setting, row.others) == ("", ())


def test_the_page_names_both() -> None:
    result = make_result(dict.fromkeys((make_case(), make_case(threads=1)), STEADY))

    page = render_report([RunPage(result=result, judgements=judge_claims([make_claim()], result))])

    assert "judged on <bdi>fp32, xnnpack, 4 threads</bdi>" in page
    assert "on <bdi>fp32, xnnpack, 1 thread</bdi>" in page
