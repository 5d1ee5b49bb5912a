"""The page in a real browser: it loads without a complaint, and hostile text stays text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from browser_tab import NARROW, WIDE, OpenReport, Tab
from hostile import ATTACKS

pytestmark = pytest.mark.browser

Report = Callable[[str], Path]

KINDS = ("quick", "paper", "comparison", "several", "hostile")
# Elements that no template has, and attributes that run as a script.
_INJECTED = """() => [...document.querySelectorAll("*")].filter((element) =>
  element.matches("img, h6, iframe, object, embed, form, base, script:not(body > script)")
  || [...element.attributes].some((attribute) => attribute.name.startsWith("on"))
).map((element) => element.localName)"""


def complaints(tab: Tab) -> tuple[list[str], list[str], list[str]]:
    """What is empty as long as all text is text: console, dialogs, elements from outside."""
    return tab.console, tab.dialogs, tab.page.evaluate(_INJECTED)


def test_a_page_without_a_policy_and_without_escapes_would_be_seen(
    open_report: OpenReport, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    text = f"<!DOCTYPE html><div>{ATTACKS[0]}<p title=\"{ATTACKS[1]}<script>alert('box')</script>"
    page.write_text(text, encoding="utf-8")

    tab = open_report(page)
    tab.page.wait_for_load_state("networkidle")

    console, dialogs, injected = complaints(tab)
    assert "attack" in console
    assert dialogs == ["box"]
    assert injected == ["script", "img", "script"]
    assert [address for address in tab.requests if address != page.as_uri()] != []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_loads_without_a_complaint_and_asks_for_nothing_else(
    kind: str, open_report: OpenReport, report: Report
) -> None:
    tab = open_report(report(kind))
    tab.page.wait_for_load_state("networkidle")

    assert complaints(tab) == ([], [], [])
    assert tab.requests == [report(kind).as_uri()]
    assert tab.page.locator("script").count() == 1
    assert tab.page.locator(".tools").count() > 0  # the script has run


def test_the_policy_refuses_every_other_script(
    open_report: OpenReport, report: Report, tmp_path: Path
) -> None:
    other = "<script>document.title = 'other'</script><p onclick=\"document.title = 'p'\">here</p>"
    page = tmp_path / "page.html"
    text = report("quick").read_text(encoding="utf-8")
    page.write_text(text.replace('<main id="main"', f'{other}<main id="main"'), encoding="utf-8")

    tab = open_report(page)
    tab.page.get_by_text("here", exact=True).click()

    assert tab.page.title() == "Test CPU, 2026-03-01: mbert-bench report"
    assert len([line for line in tab.console if "Content Security Policy" in line]) == 2
    assert tab.page.locator(".tools").count() > 0


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_hostile_text_is_seen_as_it_is(
    size: tuple[int, int], open_report: OpenReport, report: Report
) -> None:
    tab = open_report(report("hostile"), size=size)

    seen = " ".join(tab.page.locator("main").inner_text().split())
    assert [attack for attack in ATTACKS[:5] if attack not in seen] == []
    assert "\N{REPLACEMENT CHARACTER}]]>\N{REPLACEMENT CHARACTER}-->😀漢字" in seen
    assert tab.page.title().startswith(ATTACKS[0])
    assert tab.page.locator("h1").inner_text().startswith(ATTACKS[0])


def test_hostile_text_stays_text_in_all_that_the_script_does(
    open_report: OpenReport, report: Report
) -> None:
    tab = open_report(report("hostile"))

    for button in tab.page.get_by_role("button", name="Open all").all():
        button.click()
    for button in tab.page.locator("button.sort:visible").all():
        button.click()
    for field in tab.page.get_by_role("searchbox").all():
        for attack in ATTACKS:
            field.fill(attack)
    tab.page.wait_for_load_state("networkidle")

    assert complaints(tab) == ([], [], [])
    assert tab.requests == [report("hostile").as_uri()]
