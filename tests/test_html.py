"""Tests of the page: what it asks for, what it holds, and that foreign text stays text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from factories import PIXEL_4, make_case, make_claim, make_device, make_result
from hostile import ATTACKS, render_hostile_report

from harness.claim_ledger import ClaimKind, load_claims
from harness.claims import judge_claims
from harness.plan import Case
from harness.summary import RunResult
from reports.exports.document import run_document
from reports.exports.table import render_csv
from reports.html import TEMPLATES, content_policy, render_report
from reports.page import RunPage
from reports.raw_texts import RAW_LIMIT

STEADY = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6]
# All that the templates and the charts have; also what HTML has no end tag for.
TAGS = frozenset(
    re.findall(
        r"\w+",
        "html head meta title link style script body main nav ol li article header p h1 h2 h3 h4 "
        "section div span b small bdi a ul table thead tbody tr th td br details summary pre code "
        "figure figcaption dl dt dd svg desc defs g path use text rect clippath",
    )
)
VOID = frozenset({"meta", "link", "br"})
HEADINGS = ("h1", "h2", "h3", "h4")
ADDRESSES = ("src", "href", "xlink:href", "action", "data", "srcset", "poster")


class Page(HTMLParser):
    """The page as a browser's parser sees it: tags, addresses, text, and whether tags match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.elements: list[tuple[str, dict[str, str]]] = []
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
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
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
        if self._open and self._open[-1] in ("script", "style"):
            return
        self.texts.append(data)
        if "details" in self._open:
            self.folded.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, *tags: str) -> list[dict[str, str]]:
        """The attributes of each element of these tags."""
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def levels(self) -> list[int]:
        """The level of each heading, in the page's order."""
        return [int(tag[1]) for tag, _ in self.elements if tag in HEADINGS]

    def downloads(self) -> dict[str, str]:
        """The files inside the page by the names that they are saved under."""
        links = [link for link in self.all("a") if "download" in link]
        return {
            link["download"]: base64.b64decode(link["href"].partition(";base64,")[2]).decode()
            for link in links
        }


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
    assert page.all("script") == [{}]


def policy_of(text: str) -> str:
    """The content security policy of a page."""
    metas = Page(text).all("meta")
    (policy,) = [
        meta["content"] for meta in metas if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    return policy


@pytest.mark.parametrize("kind", ["html", "hostile"])
def test_the_policy_lets_the_script_of_the_page_run_and_nothing_else(
    kind: str, request: pytest.FixtureRequest
) -> None:
    text: str = request.getfixturevalue(kind)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert policy_of(text) == (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert text.index("Content-Security-Policy") < min(text.index("<style"), text.index("<script"))


def test_another_script_has_another_policy() -> None:
    assert content_policy("let a = 1;") != content_policy("let a = 2;")


def test_the_script_is_the_one_of_the_repository(html: str) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)

    assert script == (TEMPLATES / "page.js").read_text(encoding="utf-8")
    # What a page must not do with text of a device or a model.
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert word not in script


def test_a_page_has_one_main_heading_and_skips_no_level(html: str) -> None:
    levels = Page(html).levels

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert [b for a, b in pairwise(levels) if b > a + 1] == []


def test_each_run_of_several_has_a_heading_below_that_of_the_page() -> None:
    runs = [judged(make_result({make_case(): STEADY})), judged(make_result({make_case(): STEADY}))]
    page = Page(render_report(runs))
    alone = Page(render_report(runs[:1]))

    titles = [e for e in page.all("h2") if e.get("class") == "title"]
    assert [e["id"] for e in titles] == ["side-by-side-title", "run-1-title", "run-2-title"]
    assert page.levels.count(1) == 1
    assert page.levels.count(2) == len(titles)
    assert [b for a, b in pairwise(page.levels) if b > a + 1] == []
    sections = {e["id"] for e in page.all("section") if e["id"].startswith("run-1-")}
    assert sections == {e["id"] for e in alone.all("section")}


def test_each_section_table_head_and_wide_part_has_a_name(html: str) -> None:
    page = Page(html)

    labels = [section["aria-labelledby"].split() for section in page.all("section")]
    assert {identifier for label in labels for identifier in label} <= set(page.ids)
    assert {head.get("scope") for head in page.all("th")} <= {"col", "row", "rowgroup"}
    regions = [e for e in page.all("div") if "scroll" in e.get("class", "").split()]
    assert regions
    assert [r for r in regions if (r.get("role"), r.get("tabindex")) != ("group", "0")] == []
    assert [r for r in regions if not r["aria-label"]] == []


def test_the_contents_lead_to_the_sections_that_are_there(html: str) -> None:
    sections = [s["id"] for s in Page(html).all("section") if s["id"] != "run-1-headline"]
    (contents,) = re.findall(r'<nav class="contents".*?</nav>', html, re.DOTALL)

    links = [link["href"] for link in Page(contents).all("a")]
    assert links == ["#run-1", *(f"#{section}" for section in sections)]
    assert "run-1-failures" in sections
    assert "run-1-sustained" not in sections


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


def test_the_rows_with_a_problem_are_marked(html: str) -> None:
    rows = Page(html).all("tr")

    assert [row for row in rows if "data-problem" in row] == [{"data-problem": ""}]


def test_accuracy_claims_are_folded(html: str) -> None:
    folded = " ".join(Page(html).folded)
    accuracy = [claim for claim in load_claims() if not claim.measurable]

    assert accuracy
    assert [claim.id for claim in accuracy if claim.statement not in folded] == []
    assert f"Claims of accuracy, not measured by this tool ({len(accuracy)})" in folded


def test_the_raw_data_is_in_the_page() -> None:
    page = judged(make_result({make_case(): STEADY}))

    files = Page(render_report([page])).downloads()

    document = json.loads(files["mbert-bench-run-1.json"])
    assert document == run_document(page.result, page.judgements)
    assert files["mbert-bench-run-1.csv"] == render_csv(page.result)


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
