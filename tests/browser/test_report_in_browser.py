"""The page in a real browser: it loads without a complaint, and hostile text stays text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hostile import ATTACKS, render_hostile_report

pytestmark = pytest.mark.browser

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        required = os.environ.get("MBERT_BENCH_REQUIRE", "").split(",")
        if {"all", "browser"} & set(required):
            pytest.fail(f"none of {', '.join(_BROWSERS)} is on the PATH")
        pytest.skip("no Chromium on the PATH")
    return found


def _open(browser: str, page: Path, profile: Path) -> tuple[str, list[str]]:
    """The tree that the browser made of a page, and what its console says."""
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            f"--user-data-dir={profile}",
            "--enable-logging=stderr",
            "--v=0",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_a_script_in_a_page_without_a_policy_would_be_seen(browser: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><p>{ATTACKS[0]}</p>", encoding="utf-8")

    _, console = _open(browser, page, tmp_path / "profile")

    assert len(console) == 1
    assert "attack" in console[0]


def test_a_hostile_report_loads_without_a_complaint(browser: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render_hostile_report(), encoding="utf-8")

    tree, console = _open(browser, page, tmp_path / "profile")

    assert console == []
    assert not re.search(r"<(script|img|h6|iframe|object)\b", tree)
    assert "&lt;script&gt;console.error('attack')&lt;/script&gt;" in tree
    assert "&lt;h6&gt;attack&lt;/h6&gt;" in tree
    assert tree.count("<svg") == 4
    assert tree.rstrip().endswith("</html>")
