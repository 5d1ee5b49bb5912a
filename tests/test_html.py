"""Tests of the page: what it asks for, what it holds, and that foreign text stays text."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest
from factories import PIXEL_4, make_case, make_claim, make_device, make_result
from hostile import ATTACKS, render_hostile_report

from harness.claim_ledger import ClaimKind, load_claims
from harness.claims import judge_claims
from harness.plan import Case
from harness.summary import RunResult
from reports.document import run_document
from reports.html import render_report
from reports.page import RunPage
from reports.table import render_csv
from reports.view_evidence import RAW_LIMIT

STEADY = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6]
# All that the templates and the charts have; also what HTML has no end tag for.
TAGS = frozenset(
    re.findall(
        r"\w+",
        "html head meta title link style body nav ol li article header p h1 h2 h3 section div "
        "span b small bdi a ul table thead tbody tr th td br details summary pre code figure "
        "figcaption dl dt dd svg desc defs g path use text rect clippath",
    )
)
VOID = frozenset({"meta", "link", "br"})
ADDRESSES = ("src", "href", "xlink:href", "action", "data", "srcset", "poster")


class Page(HTMLParser):
    """The page as a browser's parser sees it: tags, addresses, text, and whether tags match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.folded: list[str] = []  # the texts inside <details>
        self.unmatched: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unmatched.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if "details" in self._open:
            self.folded.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def downloads(self) -> dict[str, str]:
        """The files inside the page by their media type."""
        links = [value for name, value in self.attributes if name == "href" and "base64" in value]
        split = [link.removeprefix("data:").split(";base64,") for link in links]
        return {kind: base64.b64decode(content).decode() for kind, content in split}


def judged(result: RunResult) -> RunPage:
    return RunPage(result=result, judgements=judge_claims(load_claims(), result))


@pytest.fixture(scope="module")
def html() -> str:
    samples: dict[Case, Sequence[float | None]] = {
        make_case("bert-base"): [value * 4 for value in STEADY],
        make_case(): STEADY,
        make_case(threads=1): [None] * 7,
        make_case("mobilebert-tiny"): STEADY[:3],
    }
    return render_report([judged(make_result(samples))])


@pytest.fixture(scope="module")
def hostile() -> str:
    return render_hostile_report()


def test_the_page_is_well_formed(html: str) -> None:
    page = Page(html)

    assert page.unmatched == []
    assert page.tags <= TAGS
    assert len(page.ids) == len(set(page.ids))


def test_links_inside_the_page_lead_somewhere(html: str) -> None:
    page = Page(html)

    targets = {value[1:] for name, value in page.attributes if name == "href" and value[:1] == "#"}
    assert targets
    assert targets <= set(page.ids)


@pytest.mark.parametrize("kind", ["html", "hostile"])
def test_nothing_is_asked_for_from_outside(kind: str, request: pytest.FixtureRequest) -> None:
    text: str = request.getfixturevalue(kind)
    page = Page(text)

    addresses = [value for name, value in page.attributes if name in ADDRESSES]
    assert [value for value in addresses if not value.startswith(("#", "data:"))] == []
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    assert "script" not in page.tags


def test_the_policy_forbids_everything_but_styles_and_images_of_the_page(html: str) -> None:
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:;"

    head = html.partition("</head>")[0]
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}' in head
    assert head.index("Content-Security-Policy") < head.index("<style")


def test_the_first_screen_says_what_was_measured_and_where(html: str) -> None:
    text = Page(html).text

    words = [
        "Measured on this host, so no phone latency is confirmed or refuted.",
        "MobileBERT takes 62 ms on a Pixel 4.",
        "MobileBERT is 4.3 times smaller than BERT-Base.",
        "MobileBERT is 5.5 times faster than BERT-Base on a Pixel 4.",
        "Cases",
    ]
    positions = [text.index(word) for word in words]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("latency_ms", "chip"),
    [
        (60.0, '<span class="chip good">supported</span>'),
        (90.0, '<span class="chip bad">refuted</span>'),
    ],
)
def test_a_verdict_is_a_word_and_a_colour(latency_ms: float, chip: str) -> None:
    result = make_result({make_case(): [latency_ms] * 7}, device=PIXEL_4, stand_in=False)

    assert chip in render_report(
        [RunPage(result=result, judgements=judge_claims([make_claim()], result))]
    )


def test_a_ratio_inside_the_noise_shows_no_number() -> None:
    noisy = [19.0, 21.2, 19.5, 21.0, 20.4, 19.9, 20.6]
    result = make_result({make_case("bert-base"): noisy, make_case(): STEADY})
    judgements = judge_claims([make_claim(ClaimKind.LATENCY_RATIO)], result)

    assert '<span class="value">~</span>' in render_report(
        [RunPage(result=result, judgements=judgements)]
    )


def test_failures_and_missing_intervals_are_not_folded_away(html: str) -> None:
    page = Page(html)
    open_text = " ".join(set(page.texts) - set(page.folded))

    assert "signal" in open_text
    assert "No result: killed." in open_text
    assert "no interval" in open_text
    assert "this host (Test CPU)" in open_text


def test_accuracy_claims_are_folded(html: str) -> None:
    folded = " ".join(Page(html).folded)
    accuracy = [claim for claim in load_claims() if not claim.measurable]

    assert accuracy
    assert [claim.id for claim in accuracy if claim.statement not in folded] == []
    assert f"{len(accuracy)} claims of accuracy, not measured by this tool" in folded


def test_the_raw_data_is_in_the_page() -> None:
    page = judged(make_result({make_case(): STEADY}))

    files = Page(render_report([page])).downloads()

    assert json.loads(files["application/json"]) == run_document(page.result, page.judgements)
    assert files["text/csv"] == render_csv(page.result)


def test_several_runs_stand_one_after_the_other() -> None:
    phone = make_result({make_case(): STEADY}, device=PIXEL_4, stand_in=False)

    page = Page(render_report([judged(make_result({make_case(): STEADY})), judged(phone)]))

    assert page.unmatched == []
    assert {"run-1", "run-2"} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert page.text.index("Test CPU, 2026-03-01") < page.text.rindex("Pixel 4, 2026-03-01")


def test_no_run_gives_an_empty_page() -> None:
    assert Page(render_report([])).unmatched == []


def test_hostile_text_is_text(hostile: str) -> None:
    page = Page(hostile)

    assert page.unmatched == []
    assert page.tags <= TAGS
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    for attack in ATTACKS[:5]:
        assert attack in page.text


def test_long_text_is_cut(hostile: str) -> None:
    page = Page(hostile)

    longest = max(len(run) for run in re.findall("A+", page.text))
    assert longest > 10_000  # whole in a command, which would be another if it were cut
    raw = re.findall(r'<details class="raw"[^>]*>.*?</details>', hostile, re.DOTALL)
    assert 300 < max(len(run) for text in raw for run in re.findall("A+", text)) <= RAW_LIMIT
    shown = re.sub(r'<details class="raw"[^>]*>.*?</details>', "", hostile, flags=re.DOTALL)
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", shown, re.DOTALL)
    assert max(len(run) for cell in cells for run in re.findall("A+", cell)) <= 300


def test_a_page_can_always_be_written_as_utf8() -> None:
    result = make_result({make_case(): STEADY}, device=make_device(model="Pixel \udcff"))

    assert (
        "Pixel \N{REPLACEMENT CHARACTER}"
        in render_report([RunPage(result=result)]).encode().decode()
    )
