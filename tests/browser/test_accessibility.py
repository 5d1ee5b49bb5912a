"""The page under axe-core, which knows the rules of WCAG: roles, names, contrast, order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from browser_tab import NARROW, WIDE, OpenReport

pytestmark = pytest.mark.browser

Report = Callable[[str], Path]

# Tap targets are checked too, which axe leaves out unless asked.
_RUN = """async () => {
  const results = await axe.run(document, { rules: { "target-size": { enabled: true } } });
  return {
    passed: results.passes.map((rule) => rule.id),
    violations: results.violations.map((rule) => [
      rule.impact, rule.id, rule.nodes[0].failureSummary, rule.nodes.slice(0, 5).map((n) => n.html),
    ]),
  };
}"""


def test_axe_sees_what_is_wrong(open_report: OpenReport, axe: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!DOCTYPE html><html><title>t</title><button></button>", encoding="utf-8")

    tab = open_report(page)
    tab.page.evaluate(axe)

    found = {rule for _, rule, *_ in tab.page.evaluate(_RUN)["violations"]}
    assert {"button-name", "html-has-lang"} <= found


@pytest.mark.parametrize(
    ("kind", "size", "dark"),
    [
        ("mixed", WIDE, False),
        ("mixed", WIDE, True),
        ("mixed", NARROW, False),
        ("paper", NARROW, True),
        ("quick", WIDE, False),
        ("comparison", WIDE, False),
        ("comparison", NARROW, True),
        ("several", WIDE, True),
        ("several", NARROW, False),
        ("hostile", WIDE, False),
    ],
)
def test_a_page_breaks_no_rule(
    kind: str,
    size: tuple[int, int],
    dark: bool,
    open_report: OpenReport,
    report: Report,
    axe: str,
) -> None:
    tab = open_report(report(kind), size=size, dark=dark)
    tab.page.evaluate("document.querySelectorAll('main details').forEach(fold => fold.open = true)")
    tab.page.evaluate(axe)

    found = tab.page.evaluate(_RUN)

    assert {"color-contrast", "button-name", "heading-order", "label"} <= set(found["passed"])
    assert found["violations"] == []
