"""Tests of the lines that measure a comparison again, and of what it is called."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

import pytest
from compared import CELL, compare
from factories import make_case, make_cell, make_file_case, make_tool

from harness.comparison_plan import build_comparison
from harness.pairing import CellCases, cells_of
from harness.plan import Arm, Case, Sweep
from harness.record import RunInfo
from harness.settings import Settings
from reports.comparison_command import (
    comparison_command,
    comparison_title,
    noise_command,
    resume_command,
    sides_of,
)


def pair_up(old: Case, new: Case, pair: str) -> CellCases:
    return CellCases(
        baseline=replace(old, arm=Arm.BASELINE, pair=pair),
        candidate=replace(new, arm=Arm.CANDIDATE, pair=pair),
    )


BUILT = pair_up(make_case("bert-base"), make_case(), "mobilebert vs bert-base-qa-seq128-fp32")
SAME = pair_up(make_file_case(), make_file_case(), "mine")


def info_of(cells: Sequence[CellCases], **changes: object) -> RunInfo:
    return replace(compare(cells=cells).info, **changes)  # type: ignore[arg-type]  # fields


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([CELL], ("/old/mobilebert.tflite", "/new/mobilebert.tflite")),
        ([CELL, make_cell(threads=1)], ("/old/mobilebert.tflite", "/new/mobilebert.tflite")),
        ([CELL, make_cell("other")], ("/old", "/new")),
        ([BUILT], ("bert-base", "mobilebert")),
        ([BUILT, SAME], None),
        ([], None),
    ],
    ids=["files", "axes", "folders", "models", "mixed", "none"],
)
def test_the_sides_are_what_was_named(
    cells: list[CellCases], expected: tuple[str, str] | None
) -> None:
    assert sides_of(cells) == expected


def test_the_line_names_all_that_differs_from_the_defaults() -> None:
    info = info_of([CELL, make_cell(threads=1)])

    line = comparison_command(info, cells_of(info.plan), max_pairs=48, more={})

    assert " ".join(line) == (
        "mbert-bench ab --device host --baseline /old/mobilebert.tflite "
        "--candidate /new/mobilebert.tflite --delegate xnnpack --threads 4,1 --cpus auto "
        "--max-pairs 48 --num-runs 20"
    )


def test_models_that_are_built_have_their_axes() -> None:
    line = " ".join(comparison_command(info_of([BUILT]), [BUILT], max_pairs=8, more={}))

    assert "--baseline bert-base --candidate mobilebert --task qa --seq-len 128" in line
    assert "--quantization fp32" in line


def test_other_tools_are_named() -> None:
    old, new = make_tool(path="/opt/old tool"), make_tool(path="/opt/new", sha256="d4" * 32)

    line = " ".join(
        comparison_command(
            info_of([CELL], tool=old, candidate_tool=new), [CELL], max_pairs=8, more={}
        )
    )

    assert "--baseline-tool '/opt/old tool' --candidate-tool /opt/new" in line


@pytest.mark.parametrize(
    ("baseline", "candidate"),
    [("old", "new"), ("old/a.tflite", "new/b.tflite"), ("bert-base", "mobilebert")],
)
def test_the_line_that_continues_gives_the_same_plan(
    baseline: str, candidate: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    monkeypatch.chdir(tmp_path)
    for name in ("old/a", "old/b", "new/a", "new/b"):
        Path(f"{name}.tflite").parent.mkdir(exist_ok=True)
        Path(f"{name}.tflite").write_bytes(b"")
    axes, settings = Sweep(threads=(1, 2)), Settings(rounds=12, seed=3, allow=("cpu-busy",))
    plan = build_comparison(baseline, candidate, axes, settings, cpu_count=4)
    info = replace(compare().info, plan=plan)

    words = shlex.split(" ".join(resume_command(info, "out/x y", cells_of(plan))))

    given = dict(zip(words[2:-1:2], words[3:-1:2], strict=True))
    assert words[-1] == "--resume"
    assert (given["--out"], given["--max-pairs"], given["--seed"]) == ("out/x y", "12", "3")
    again = build_comparison(
        given["--baseline"],
        given["--candidate"],
        replace(axes, threads=tuple(map(int, given["--threads"].split(",")))),
        replace(settings, allow=(given["--allow"],)),
        cpu_count=4,
    )
    assert again == plan


def test_a_folder_that_was_named_in_another_way_gives_no_line() -> None:
    info = compare(title="/new/ against /old/", cells=[CELL, make_cell("other")]).info

    assert resume_command(info, "/runs/ab", cells_of(info.plan)) == ()


def test_a_model_is_compared_with_itself_so_often() -> None:
    info = info_of([SAME])

    assert " ".join(noise_command(info, [SAME], comparisons=20)) == (
        "mbert-bench aa --device host --model-file /models/mine.tflite --delegate xnnpack "
        "--threads 4 --cpus auto --num-runs 20 --comparisons 20"
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([CELL], "new/mobilebert.tflite against old/mobilebert.tflite"),
        ([CELL, make_cell("other")], "new against old"),
        ([BUILT], "mobilebert against bert-base"),
        ([SAME], "mine against itself"),
        ([SAME, pair_up(make_case(), make_case(), "m")], "2 models against themselves"),
        ([pair_up(make_file_case("/a/x.tflite"), make_file_case("y.tflite"), "p")],
         "y.tflite against x.tflite"),
    ],
)  # fmt: skip
def test_the_title_has_as_much_of_the_paths_as_tells_them_apart(
    cells: list[CellCases], expected: str
) -> None:
    assert comparison_title(info_of(cells), cells) == expected


def test_two_builds_of_a_tool_are_no_model_against_itself() -> None:
    info = info_of([SAME], candidate_tool=make_tool(sha256="d4" * 32))

    assert comparison_title(info, [SAME]) == "mine: a tool against another build of it"
