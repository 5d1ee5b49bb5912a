"""What it takes to make and to open the page of a run of 20,000 invocations.

Run by hand: python tests/benchmarks/report_20000.py [RUN]. The invocations are those of the real
run RUN, else of a small one that is measured here, many times over (large_run.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from html.parser import HTMLParser
from pathlib import Path
from shutil import which

from large_run import CASES, multiply

from harness.store import load_run

LOOKS = 3  # at the browser

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Prints what was made, how long it took, and the targets."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        real = load_run(Path(sys.argv[1]) if len(sys.argv) > 1 else _measure(folder / "real"))
        count = multiply(real, folder / "run")
        size_mb = (folder / "run" / "records.jsonl").stat().st_size / 1e6
        print(f"{count:,} records of {CASES} cases, {size_mb:.0f} MB of records.jsonl")
        page = folder / "page.html"
        wall_s, peak_mib = _render(folder / "run", page)
        print(f"{'mbert-bench report':<28} {wall_s:7.1f} s    target: under 15 s")
        print(f"{'its peak memory':<28} {peak_mib:7.0f} MiB  target: under 1024 MiB")
        page_mb = page.stat().st_size / 1e6
        print(f"{'the page':<28} {page_mb:7.2f} MB   target: under 5 MB")
        browser = next((path for name in _BROWSERS if (path := which(name))), None)
        if browser is None:
            print("no Chromium here, so the page was not opened")
            return
        elements, texts = _count_nodes(_browse(browser, folder, page, "--dump-dom"))
        print(f"{'nodes of its tree':<28} {elements + texts:7,d}, {elements:,} of them elements")
        needed_s, empty_s = _time_browser(browser, folder, page)
        print(f"{'Chromium paints it in':<28} {needed_s:7.2f} s, an empty page in {empty_s:.2f} s")


def _measure(folder: Path) -> Path:
    """A small run on this machine."""
    command = str(Path(sys.executable).with_name("mbert-bench"))
    options = "--model mobilebert-tiny --delegate xnnpack,cpu --threads 1 --rounds 8 --num-runs 5"
    # Its latencies are of no interest, so this machine may be busy.
    options += " --allow cpu-busy"
    subprocess.run(
        [command, "run", "--device", "host", *options.split(), "--out", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder


def _render(run: Path, page: Path) -> tuple[float, float]:
    """Wall time in seconds and peak resident memory in MiB of a process of its own."""
    command = str(Path(sys.executable).with_name("mbert-bench"))
    started = time.perf_counter()
    process = subprocess.Popen(
        [command, "report", str(run), "--out", str(page)],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"mbert-bench report ended with {process.returncode}")
    return wall_s, usage.ru_maxrss / 1024


def _time_browser(browser: str, folder: Path, page: Path) -> tuple[float, float]:
    """Seconds to start, load, lay out and paint the page, and the same with an empty one."""
    empty = folder / "empty.html"
    empty.write_text("<!DOCTYPE html><title>empty</title>", encoding="utf-8")
    fastest = {empty: float("inf"), page: float("inf")}
    for path in list(fastest) * LOOKS:
        started = time.perf_counter()
        _browse(browser, folder, path, f"--screenshot={folder / 'page.png'}")
        fastest[path] = min(fastest[path], time.perf_counter() - started)
    return fastest[page], fastest[empty]


def _browse(browser: str, folder: Path, page: Path, *options: str) -> str:
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
    profile = f"--user-data-dir={folder / 'profile'}"
    return subprocess.run(
        [browser, *quiet, profile, "--window-size=1200,2000", *options, page.as_uri()],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


class _Tree(HTMLParser):
    """Counts elements and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0
        self.texts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1

    def handle_data(self, data: str) -> None:
        self.texts += 1


def _count_nodes(html: str) -> tuple[int, int]:
    tree = _Tree()
    tree.feed(html)
    tree.close()
    return tree.elements, tree.texts


if __name__ == "__main__":
    main()
