"""How the page stands on a laptop, on a phone, in the dark and on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from browser_tab import NARROW, WIDE, OpenReport

pytestmark = pytest.mark.browser

Report = Callable[[str], Path]

KINDS = ("quick", "paper", "comparison", "several", "hostile")
# What is wider than the screen and in no region that scrolls.
_TOO_WIDE = """() => [...document.querySelectorAll("main *")].filter((element) =>
  element.getBoundingClientRect().right > innerWidth + 1
  && !element.closest(".scroll, pre, .unseen")
).map((element) => element.outerHTML.slice(0, 80))"""
_FITS = "document.scrollingElement.scrollWidth <= innerWidth"


@pytest.mark.parametrize("size", [WIDE, NARROW, (320, 640)], ids=["wide", "narrow", "tiny"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wider_than_the_screen(
    kind: str, size: tuple[int, int], open_report: OpenReport, report: Report
) -> None:
    page = open_report(report(kind), size=size).page
    for name in ("Open all", "Contents"):
        for control in page.get_by_text(name, exact=True).all():
            if control.is_visible():
                control.click()

    assert page.evaluate(_FITS)
    assert page.evaluate(_TOO_WIDE) == []


def test_the_page_is_dark_where_the_reader_wants_it(
    open_report: OpenReport, report: Report
) -> None:
    page = open_report(report("paper")).page
    colours = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colours.append(
            page.evaluate("""() => {
              const light = (element, name) => {
                const [red, green, blue] = getComputedStyle(element)[name].match(/[\\d.]+/g);
                return Math.round((+red + +green + +blue) / 3);
              };
              const text = document.querySelector("svg text");
              return [light(document.body, "backgroundColor"), light(text, "fill")];
            }""")
        )

    (light_paper, light_ink), (dark_paper, dark_ink) = colours
    assert light_paper > 200 > 80 > light_ink
    assert dark_paper < 80 < 200 < dark_ink


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_paper_is_white_without_controls_and_with_every_fold_open(
    dark: bool, open_report: OpenReport, report: Report
) -> None:
    page = open_report(report("mixed"), dark=dark).page
    page.locator("#run-1-cases").get_by_role("searchbox").fill("cpu")
    page.emulate_media(media="print")

    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    for control in (".tools", ".contents", ".skip", "input", ".tools button"):
        assert page.locator(f"{control}:visible").count() == 0
    assert page.locator("#run-1-cases tbody tr:visible").count() == 8  # paper tells of no filter
    closed = page.locator("section details:not([open])")
    assert closed.count() > 8
    heights = closed.evaluate_all(
        "folds => folds.map(fold => fold.getBoundingClientRect().height"
        " - fold.querySelector('summary').getBoundingClientRect().height)"
    )
    assert min(heights) > 10


def test_charts_and_tables_fit_on_a_sheet(open_report: OpenReport, report: Report) -> None:
    # What a sheet of A4 across holds between its margins of 12 mm, at 96 dots per inch.
    width, height = round((297 - 24) / 25.4 * 96), round((210 - 24) / 25.4 * 96)
    page = open_report(report("mixed"), size=(width, height)).page
    page.emulate_media(media="print")

    assert page.evaluate(_FITS)
    sizes = page.locator(".chart svg:visible").evaluate_all(
        "charts => charts.map(chart => [chart.getBoundingClientRect().width,"
        " chart.getBoundingClientRect().height])"
    )
    assert len(sizes) > 3
    assert max(size[0] for size in sizes) <= width
    assert max(size[1] for size in sizes) <= height
    assert len(page.pdf(prefer_css_page_size=True)) > 10_000


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        (WIDE, (".card .value", ".card .finding .chip", ".card small")),
        (NARROW, (".glance .chip", ".card:first-child .value", ".card:first-child small")),
    ],
    ids=["wide", "narrow"],
)
@pytest.mark.parametrize("kind", ["quick", "paper"])
def test_the_first_screen_answers(
    kind: str,
    size: tuple[int, int],
    seen: tuple[str, ...],
    open_report: OpenReport,
    report: Report,
) -> None:
    page = open_report(report(kind), size=size).page

    for selector in seen:
        parts = page.locator(f"#run-1-headline {selector}:visible")
        boxes = [part.bounding_box() for part in parts.all()]
        assert len(boxes) >= 2
        assert [b for b in boxes if b is None or b["y"] + b["height"] > size[1]] == []
    if size == NARROW:
        glance = page.locator("#run-1-headline .glance").inner_text().split()
        words = ["supported"] * 3 if kind == "paper" else ["differs", "supported", "differs"]
        assert [word for word in glance if word in ("supported", "differs")] == words
