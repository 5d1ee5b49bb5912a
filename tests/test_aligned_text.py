"""Tests of runs beside each other in a terminal, and of the command that is given several."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from factories import (
    PIXEL_4,
    make_case,
    make_comparison_run,
    make_facts,
    make_file_case,
    make_result,
    make_run,
)
from judged import write_and_load

from harness.plan import Case
from harness.store import StoredRun
from reports.page import RunPage
from reports.texts.aligned import render_aligned

COMMAND = str(Path(sys.executable).with_name("mbert-bench"))

# So slow that a phone of any speed may have it.
STEADY = [200.0, 201.0, 202.0, 203.0, 204.0, 205.0, 206.0]
SLOWER = [value * 2 for value in STEADY]
CASE, SINGLE, BERT = make_case(), make_case(threads=1), make_case("bert-base")
Samples = Mapping[Case, Sequence[float | None]]


def page(samples: Samples, folder: str = "one", **changes: object) -> RunPage:
    result = make_result(samples, **{"device": PIXEL_4, "stand_in": False, **changes})
    return RunPage(result=replace(result, run=replace(result.run, folder=Path("/runs") / folder)))


def table_of(text: str) -> list[str]:
    """The first table, without its head."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("---"))
    return lines[start + 1 : [*lines, ""].index("", start)]


def test_two_commits_on_one_phone_read_at_a_glance() -> None:
    text = render_aligned(
        [
            page({CASE: STEADY, SINGLE: STEADY, BERT: STEADY}, "before"),
            page({CASE: SLOWER, SINGLE: STEADY}, "after", created_at="2026-03-02T10:00:00+00:00"),
        ]
    )

    assert (
        text
        == """\
2 runs side by side
  run 1: before, 2026-03-01 10:00 UTC, quick, Pixel 4 (9A221FFAZ004PX), T0, benchmark_model
    b2b2b2b2b2b2
  run 2: after, 2026-03-02 10:00 UTC, quick, Pixel 4 (9A221FFAZ004PX), T0, benchmark_model
    b2b2b2b2b2b2

case                                         run 1   run 2                    2/1
---------------------------------------------------------------------------------
mobilebert-qa-seq128-fp32/xnnpack/threads4  203 ms  406 ms  2.00 x (1.73 to 2.31)
mobilebert-qa-seq128-fp32/xnnpack/threads1  203 ms  203 ms                      ~

1 case is in one run only
A ratio is a run's latency over that of run 1: unpaired, its 95 % interval widened by the 13.9 %
that two sessions of tier T0 may differ by without a cause. ~: the interval holds 1, so no
difference is shown. The command ab compares more sharply, in one session."""
    )


def test_across_tiers_there_are_both_values_and_no_ratio() -> None:
    text = render_aligned(
        [page({CASE: STEADY}), page({CASE: SLOWER}, device=replace(PIXEL_4, tier="T2"))]
    )

    assert "not comparable as if only the model had changed" in text
    assert "No ratio of run 2 to run 1: one is of tier T0, the other of tier T2." in text
    assert table_of(text) == ["mobilebert-qa-seq128-fp32/xnnpack/threads4  203 ms  406 ms"]
    assert " x" not in table_of(text)[0].replace("/xnnpack", "")


def test_marks_say_what_is_wrong_with_a_value() -> None:
    other_file = {case.model_id: make_facts(sha256="c9" * 32) for case in (CASE,)}
    second = page(
        {CASE: SLOWER, SINGLE: [*SLOWER, None], BERT: [None] * 7},
        models={**other_file, BERT.model_id: make_facts("bert-base")},
    )

    text = render_aligned([page({CASE: STEADY, SINGLE: STEADY, BERT: STEADY}), second])

    assert [re.split(r"\s{2,}", line)[2:] for line in table_of(text)] == [
        ["! 406 ms", "-"],
        ["*! 406 ms", "-"],
        ["failed", "-"],
    ]
    assert "!: what ran is not what was asked for, so there is no ratio" in text
    assert "*: partial, some of its invocations are missing" in text
    assert "no ratio of 2 cases: evidence contradicted" in text
    assert "other model files: mobilebert-qa-seq128-fp32" in text


def test_many_runs_with_long_names_fit_a_hundred_columns() -> None:
    long = make_file_case(f"/models/{'very-' * 40}long.tflite")
    pages = [
        page({long: [value * (1 + n) for value in STEADY]}, f"{'folder-' * 20}{n}")
        for n in range(8)
    ]

    lines = render_aligned(pages).splitlines()

    assert max(map(len, lines)) <= 100
    heads = [line.split() for line in lines if line.startswith("case")]
    assert [head[-1] for head in heads] == ["4/1", "7/1", "8/1"]


def test_a_single_run_has_nothing_beside_it() -> None:
    assert render_aligned([page({CASE: STEADY})]) == ""


def test_runs_that_cannot_be_set_side_by_side_say_why() -> None:
    assert render_aligned([page({CASE: STEADY}), page({CASE: STEADY}, "copy")]) == (
        "Run 2 holds the same measurements as run 1."
    )


# ---- the command --------------------------------------------------------------------------------


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        env=os.environ | {"ADB_SERVER_SOCKET": "tcp:127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def stored(run: StoredRun, folder: Path) -> Path:
    write_and_load(run, folder)
    return folder


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return stored(make_run({CASE: STEADY}), tmp_path / "before")


@pytest.fixture
def after(tmp_path: Path) -> Path:
    return stored(make_run({CASE: SLOWER}), tmp_path / "after")


def test_several_runs_are_reported_side_by_side(before: Path, after: Path, tmp_path: Path) -> None:
    html = tmp_path / "page.html"

    done = bench("report", before, after, "--out", html)

    assert done.returncode == 0, done.stderr
    assert "2 runs side by side" in done.stdout
    assert "2.00 x (1.73 to 2.31)" in done.stdout
    assert 'id="side-by-side"' in html.read_text(encoding="utf-8")


def test_a_folder_that_is_named_twice_is_shown_once(before: Path, tmp_path: Path) -> None:
    html = tmp_path / "page.html"

    done = bench("report", before, before.parent / "." / "x" / ".." / "before", "--out", html)

    assert done.returncode == 0, done.stderr
    assert "is named twice; it is shown once" in done.stderr
    assert "side by side" not in done.stdout
    assert 'id="run-1"' in (page_text := html.read_text(encoding="utf-8"))
    assert 'id="run-2"' not in page_text


def test_a_folder_that_is_no_run_leaves_no_page(before: Path, tmp_path: Path) -> None:
    html, empty = tmp_path / "page.html", tmp_path / "empty"
    empty.mkdir()

    done = bench("report", before, empty, "--out", html)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{str(empty)!r} holds no run" in done.stderr
    assert not html.exists()


def test_a_comparison_among_runs_keeps_its_verdict_and_stands_apart(
    before: Path, after: Path, tmp_path: Path
) -> None:
    comparison = stored(make_comparison_run(), tmp_path / "ab")

    done = bench("report", before, comparison, after, "--out", tmp_path / "page.html")

    assert done.returncode == 0, done.stderr
    assert "Run 2 compares in pairs" in done.stdout
    assert "run 3: after" in done.stdout
    assert "2.00 x (1.73 to 2.31)" in done.stdout
