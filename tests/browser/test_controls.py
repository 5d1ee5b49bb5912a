"""The controls of the page: sorting and filtering tables, opening folds, the list of contents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser_tab import NARROW, OpenReport
from report_pages import MANY

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

Report = Callable[[str], Path]

# The cases of the report `mixed`, as its plan has them.
BERT, MOBILE, PAPER, FAILED, BERT_CPU, MOBILE_CPU, TINY, TINY_CPU = PLANNED = (
    "bert-base-qa-seq128-fp32 xnnpack, 4 threads",
    "mobilebert-qa-seq128-fp32 xnnpack, 4 threads",
    "mobilebert@paper-qa-seq128-fp32 xnnpack, 4 threads",
    "mobilebert-qa-seq128-fp32 xnnpack, 1 thread",
    "bert-base-qa-seq128-fp32 cpu, 4 threads",
    "mobilebert-qa-seq128-fp32 cpu, 4 threads",
    "mobilebert-tiny-qa-seq128-fp32 xnnpack, 4 threads",
    "mobilebert-tiny-qa-seq128-fp32 cpu, 4 threads",
)
BY_LATENCY = (TINY, MOBILE, PAPER, TINY_CPU, MOBILE_CPU, BERT, BERT_CPU)  # 20.1 to 1,218 ms


@pytest.fixture
def page(open_report: OpenReport, report: Report) -> Page:
    return open_report(report("mixed")).page


def cases_of(page: Page) -> Locator:
    return page.locator("#run-1-cases")


def head_of(table: Locator, name: str) -> Locator:
    return table.get_by_role("columnheader", name=name)


def shown(page: Page) -> tuple[str, ...]:
    """The visible cases from top to bottom: model and setting."""
    cells = cases_of(page).locator("tbody tr:visible > td:first-child").all()
    return tuple(" ".join(cell.inner_text().split()[:4]) for cell in cells)


def count_of(page: Page) -> str:
    return cases_of(page).get_by_role("status").inner_text()


# ---- sorting ------------------------------------------------------------------------------------


def test_a_click_sorts_up_then_down_then_as_it_was(page: Page) -> None:
    head = head_of(cases_of(page), "Latency")
    seen = [(head.get_attribute("aria-sort"), shown(page))]
    for _ in range(3):
        head.get_by_role("button").click()
        seen.append((head.get_attribute("aria-sort"), shown(page)))

    assert seen == [
        ("none", PLANNED),
        ("ascending", (*BY_LATENCY, FAILED)),
        ("descending", (*reversed(BY_LATENCY), FAILED)),
        ("none", PLANNED),
    ]


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_keyboard_sorts_and_stays_where_it_is(key: str, page: Page) -> None:
    button = head_of(cases_of(page), "Latency").get_by_role("button")
    cases_of(page).get_by_role("searchbox").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            break

    page.keyboard.press(key)
    page.keyboard.press(key)

    assert shown(page) == (*reversed(BY_LATENCY), FAILED)
    assert button.evaluate("element => element === document.activeElement")
    assert button.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"


def test_only_the_column_that_sorts_says_so(page: Page) -> None:
    table = cases_of(page)
    head_of(table, "Latency").get_by_role("button").click()
    head_of(table, "Case").get_by_role("button").click()

    heads = table.get_by_role("columnheader").all()
    states = [head.get_attribute("aria-sort") for head in heads]
    assert states == ["ascending", *["none"] * (len(states) - 1)]


def test_equal_rows_keep_the_order_of_the_plan(page: Page) -> None:
    status = head_of(cases_of(page), "Status").get_by_role("button")
    status.click()
    up = shown(page)
    status.click()

    rest = tuple(case for case in PLANNED if case not in (FAILED, MOBILE_CPU))
    assert up == (FAILED, MOBILE_CPU, *rest)
    assert shown(page) == (*rest, MOBILE_CPU, FAILED)


def test_what_is_not_proven_comes_first(page: Page) -> None:
    head_of(cases_of(page), "Evidence").get_by_role("button").click()

    chips = cases_of(page).locator("tbody tr > td:last-child").all_inner_texts()
    assert chips == ["contradicted", "–", *["proven"] * 6]


def test_rows_that_belong_together_stay_together(page: Page) -> None:
    page.goto(page.url + "#run-1-case-1")
    table = page.locator("#run-1-case-1 table")
    before = [body.inner_text().split() for body in table.locator("tbody").all()]
    head_of(table, "Check").get_by_role("button").click()
    after = [body.inner_text().split() for body in table.locator("tbody").all()]

    assert len(before) > 4
    assert after != before
    assert sorted(after) == sorted(before)
    names = [words[0] for words in after]
    assert names == sorted(names)


def test_a_claim_takes_its_other_settings_along(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    table = page.locator("#run-1-claims table:has(tr.other)").first
    rows = "tables => [...tables.rows].slice(1).map(row => row.className.includes('other'))"
    before = table.evaluate(rows)
    head_of(table, "Published").get_by_role("button").click()

    assert table.evaluate(rows) != before
    for body in table.locator("tbody").all():
        first, *others = body.locator("tr").all()
        assert "other" not in (first.get_attribute("class") or "").split()
        assert all("other" in (row.get_attribute("class") or "").split() for row in others)


# ---- filtering ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected", "count"),
    [
        ("", PLANNED, "8 cases"),
        ("cpu", (BERT_CPU, MOBILE_CPU, TINY_CPU), "3 of 8 cases"),
        ("CPU  Mobile", (MOBILE_CPU, TINY_CPU), "2 of 8 cases"),
        ("tiny bert-base", (), "0 of 8 cases"),
        ("failed", (FAILED,), "1 of 8 cases"),
    ],
)
def test_the_rows_with_all_the_words_stay(
    words: str, expected: tuple[str, ...], count: str, page: Page
) -> None:
    cases_of(page).get_by_label("Filter cases").press_sequentially(words)

    assert (shown(page), count_of(page)) == (expected, count)
    assert cases_of(page).get_by_role("status").get_attribute("aria-live") == "polite"


def test_only_the_cases_with_problems_stay(page: Page) -> None:
    cases_of(page).get_by_label("only with problems (3)").check()

    assert (shown(page), count_of(page)) == ((FAILED, MOBILE_CPU, TINY), "3 of 8 cases")


def test_nothing_is_offered_where_no_case_has_a_problem(
    open_report: OpenReport, report: Report
) -> None:
    page = open_report(report("quick")).page

    assert cases_of(page).get_by_role("searchbox").count() == 1
    assert cases_of(page).get_by_role("checkbox").count() == 0


@pytest.mark.parametrize("name", ["searchbox", "checkbox"])
def test_escape_clears_the_filter(name: str, page: Page) -> None:
    search = cases_of(page).get_by_role("searchbox")
    search.fill("cpu")
    cases_of(page).get_by_role("checkbox").check()
    assert shown(page) == (MOBILE_CPU,)

    cases_of(page).get_by_role(name).press("Escape")  # type: ignore[arg-type]  # a role

    assert (shown(page), count_of(page), search.input_value()) == (PLANNED, "8 cases", "")
    assert not cases_of(page).get_by_role("checkbox").is_checked()


def test_a_filtered_table_sorts_and_a_sorted_one_filters(page: Page) -> None:
    search = cases_of(page).get_by_role("searchbox")
    search.fill("cpu")
    head_of(cases_of(page), "Latency").get_by_role("button").click()
    filtered = shown(page)
    search.fill("")

    assert filtered == (TINY_CPU, MOBILE_CPU, BERT_CPU)
    assert shown(page) == (*BY_LATENCY, FAILED)


def test_a_table_is_filtered_without_the_others(open_report: OpenReport, report: Report) -> None:
    page = open_report(report("several")).page

    page.locator("#run-2-cases").get_by_role("searchbox").fill("bert-base cpu")

    assert page.locator("#run-1-cases tbody tr:visible").count() == 6
    assert page.locator("#run-2-cases tbody tr:visible").count() == 1


def test_hundreds_of_rows_are_laid_out_once_for_each_act(
    open_report: OpenReport, report: Report
) -> None:
    page = open_report(report("sweep")).page
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def layouts() -> int:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(int(m["value"]) for m in metrics if m["name"] == "LayoutCount")

    counts = []
    for act in (
        "section.querySelectorAll('button.sort')[2].click()",
        "search.value = 'XNNPACK model001'; search.dispatchEvent(new Event('input'))",
        "section.querySelectorAll('button.sort')[0].click()",
        "search.value = ''; search.dispatchEvent(new Event('input'))",
    ):
        before = layouts()
        page.evaluate(f"""() => {{
          const section = document.getElementById("run-1-cases");
          const search = section.querySelector("input");
          {act};
          section.getBoundingClientRect();
        }}""")
        counts.append((layouts() - before, cases_of(page).get_by_role("status").inner_text()))

    texts = [f"{MANY} cases", f"5 of {MANY} cases", f"5 of {MANY} cases", f"{MANY} cases"]
    assert [text for _, text in counts] == texts
    assert max(count for count, _ in counts) < 10  # a row that is measured on its own makes 500


# ---- folds and anchors --------------------------------------------------------------------------


def test_all_folds_open_and_close(page: Page) -> None:
    evidence = page.locator("#run-1-evidence")
    opened = evidence.locator(".folds > details[open]")

    counts = [opened.count()]
    for name in ("Open all", "Close all"):
        evidence.get_by_role("button", name=name).click()
        counts.append(opened.count())

    assert counts == [0, len(PLANNED), 0]


def test_the_address_opens_the_fold_that_it_leads_to(
    open_report: OpenReport, report: Report
) -> None:
    page = open_report(report("paper"), anchor="run-1-case-3").page

    assert [page.locator(f"#run-1-case-{n}").is_visible() for n in (2, 3, 4)] == [
        False,
        True,
        False,
    ]
    page.evaluate("location.hash = '#run-1-case-2'")
    page.locator("#run-1-case-2").wait_for(state="visible")


def test_a_link_opens_its_fold_each_time(page: Page) -> None:
    fold = page.locator("#run-1-evidence .folds > details").nth(4)
    link = cases_of(page).get_by_role("link", name="bert-base-qa-seq128-fp32").nth(1)
    for _ in range(2):
        link.click()
        page.locator("#run-1-case-5").wait_for(state="visible")
        assert fold.locator("summary").first.is_visible()
        top = fold.bounding_box()
        assert top is not None
        assert 0 <= top["y"] < 200
        fold.locator("summary").first.click()
        assert not page.locator("#run-1-case-5").is_visible()


def test_the_contents_are_a_bar_on_a_wide_screen_and_stay_in_view(page: Page) -> None:
    contents = page.get_by_role("navigation", name="Sections of Test CPU")
    contents.get_by_role("link", name="Environment").click()

    assert not contents.get_by_text("Contents").is_visible()
    bar, title = contents.bounding_box(), page.locator("#run-1-environment-title").bounding_box()
    assert bar is not None
    assert title is not None
    assert bar["y"] == 0
    assert bar["height"] <= title["y"] < 400


def test_the_contents_are_a_fold_on_a_narrow_screen(
    open_report: OpenReport, report: Report
) -> None:
    page = open_report(report("paper"), size=NARROW).page
    link = page.locator(".contents").get_by_role("link", name="Environment")

    assert not link.is_visible()
    page.get_by_text("Contents", exact=True).click()
    link.click()
    link.wait_for(state="hidden")
    title = page.locator("#run-1-environment-title").bounding_box()
    assert title is not None
    assert 0 < title["y"] < 400


def test_the_keyboard_skips_to_the_results(page: Page) -> None:
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the results")

    assert skip.evaluate("element => element === document.activeElement")
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_without_script_the_page_is_whole(open_report: OpenReport, report: Report) -> None:
    page = open_report(report("paper"), script=False).page

    assert page.locator("button, input, .tools").count() == 0
    assert shown(page) == PLANNED
    assert head_of(cases_of(page), "Latency").inner_text().split() == ["Latency", "ms"]
    cases_of(page).get_by_role("link").nth(1).click()
    page.locator("#run-1-case-2").wait_for(state="visible")
