"""Fixtures of the browser tests: reports of several kinds of runs, opened in the Chromium of this
machine; none is downloaded. Tests that use them carry the marker `browser`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from browser_tab import WIDE, OpenReport, Tab
from conftest import required
from hostile import render_hostile_report
from report_pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog

_TIMEOUT_MS = 15_000  # of one action in a page
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"
_RENDERERS: Mapping[str, Callable[[], str]] = {**PAGES, "hostile": render_hostile_report}


def _stop_without(what: str) -> NoReturn:
    if required("browser"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program."""
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        _stop_without(f"none of {', '.join(_BROWSERS)} is on the PATH")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One process for the tests of a module; each of them has tabs with a profile of their own.

    It ends with the module: tests of other things are not to share the machine with a browser.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _stop_without("playwright is not installed: pip install -e '.[dev]'")
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=arguments) as browser,
    ):
        yield browser


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the file of a report, `hostile` or a name of `report_pages.PAGES`; written once."""
    folder = tmp_path_factory.mktemp("reports")

    def write(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(_RENDERERS[name](), encoding="utf-8")
        return path

    return write


@pytest.fixture
def open_report(browser: Browser) -> Iterator[OpenReport]:
    """See `browser_tab.OpenReport`; all tabs are closed with the test."""
    with ExitStack() as tabs:

        def open_(
            path: Path,
            *,
            size: tuple[int, int] = WIDE,
            dark: bool = False,
            script: bool = True,
            anchor: str = "",
        ) -> Tab:
            context = tabs.enter_context(
                browser.new_context(
                    viewport={"width": size[0], "height": size[1]},
                    color_scheme="dark" if dark else "light",
                    java_script_enabled=script,
                )
            )
            context.set_default_timeout(_TIMEOUT_MS)
            tab = Tab(page=context.new_page())

            def dismiss(dialog: Dialog) -> None:
                tab.dialogs.append(dialog.message)
                dialog.dismiss()

            tab.page.on("dialog", dismiss)
            tab.page.on("console", lambda message: tab.console.append(message.text))
            tab.page.on("pageerror", lambda error: tab.console.append(error.message))
            tab.page.on("request", lambda request: tab.requests.append(request.url))
            tab.page.goto(path.as_uri() + (f"#{anchor}" if anchor else ""))
            return tab

        yield open_


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, of the version in `browser/package.json`."""
    if not _AXE.exists():
        _stop_without("axe-core is not installed: make axe")
    return _AXE.read_text(encoding="utf-8")
