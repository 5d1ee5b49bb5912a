"""Tests of `report` on comparisons: by which policy they are judged, and what several tell."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from compared import CELL, compare
from factories import make_pairs, make_run
from judged import write_and_load

from harness.cli import app
from harness.commands.results import load_results, pool_noise
from harness.errors import UsageError
from harness.record import Purpose
from harness.store import StoredRun

SLOWER = [*make_pairs(CELL, 8.0), *make_pairs(CELL, 8.0, purpose=Purpose.CONFIRMATION)]
TOLERANT = (
    "tolerance_percent = { latency = 30, init = 50, memory = 30 }\nnoise_floor_percent = 20\n"
)


def report(*words: object) -> None:
    app(["report", *map(str, words)], standalone_mode=False)


def against_itself() -> StoredRun:
    """A comparison of a file with itself."""
    run = compare(title="against itself")
    models = dict.fromkeys(run.info.models, run.info.models["baseline-mobilebert"])
    sha256 = models["baseline-mobilebert"].sha256
    records = tuple(replace(record, model_sha256=sha256) for record in run.records)
    return replace(run, info=replace(run.info, models=models), records=records)


def test_a_comparison_is_judged_by_the_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, folder = tmp_path / "policy.toml", tmp_path / "run"
    policy.write_text(TOLERANT, encoding="utf-8")
    write_and_load(compare(SLOWER), folder)
    verdicts, pages = [], []

    for words in ([], ["--policy", policy]):
        report(folder, "--json", *words)
        verdicts.append(json.loads(capsys.readouterr().out)["gate"]["verdict"])
        report(folder, *words)
        assert f"{verdicts[-1]}: " in capsys.readouterr().out
        pages.append((folder / "report.html").read_text(encoding="utf-8"))

    assert verdicts == ["fail", "pass"]
    assert [">20 %<" in page for page in pages] == [False, True]  # the noise floor
    assert ["A regression is proven" in page for page in pages] == [True, False]


def test_a_policy_for_a_run_that_compares_nothing_is_refused(tmp_path: Path) -> None:
    policy, folder = tmp_path / "policy.toml", tmp_path / "run"
    policy.write_text(TOLERANT, encoding="utf-8")
    write_and_load(make_run(), folder)

    with pytest.raises(UsageError, match="is none"):
        report(folder, "--policy", policy)

    assert not (folder / "report.html").exists()


def test_a_page_of_several_runs_leaves_the_runs_own_page_alone(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        write_and_load(make_run(), folder)
    report(folders[0])
    own = (folders[0] / "report.html").read_text(encoding="utf-8")

    report(*folders)

    assert (folders[0] / "report.html").read_text(encoding="utf-8") == own
    assert "2 runs" in (folders[0] / "runs.html").read_text(encoding="utf-8")
    assert not (folders[1] / "runs.html").exists()


def test_comparisons_with_itself_tell_the_noise_together(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        write_and_load(against_itself(), folder)
    pages = [load_results(folder) for folder in folders]

    pooled = pool_noise(pages)

    assert [page.noise and page.noise.comparisons for page in pages] == [1, 1, 1]
    assert [page.noise and page.noise.comparisons for page in pooled] == [3, None, None]


def test_different_comparisons_keep_what_each_tells(tmp_path: Path) -> None:
    write_and_load(against_itself(), tmp_path / "one")
    write_and_load(compare(), tmp_path / "two")
    pages = [load_results(tmp_path / name) for name in ("one", "two")]

    assert pool_noise(pages) == pages
    assert [page.noise is None for page in pages] == [False, True]
