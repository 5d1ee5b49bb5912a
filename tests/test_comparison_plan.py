from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_case, make_file_case

from harness.comparison_plan import build_comparison, compare_with_itself
from harness.errors import UsageError
from harness.pairing import cells_of, control_of
from harness.plan import Arm, Case, Plan, Sweep, build_plan
from harness.settings import Settings
from models.control import CONTROL_FILE

AXES = Sweep(threads=(4,))
SETTINGS = Settings(rounds=24)


def compare(baseline: object, candidate: object, axes: Sweep = AXES) -> Plan:
    return build_comparison(str(baseline), str(candidate), axes, SETTINGS, cpu_count=8)


def file_case(path: Path, arm: Arm, pair: str, **changes: object) -> Case:
    return make_file_case(str(path), arm=arm, pair=pair, **changes)


def write(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"a model")
    return folder


CONTROL = Case(
    model="control",
    task=None,
    sequence_length=None,
    quantization=None,
    delegate="xnnpack",
    threads=4,
    cpus="auto",
    model_file=str(CONTROL_FILE),
    arm=Arm.CONTROL,
    pair="control",
)


def test_a_file_against_a_file_is_one_cell_with_the_control(tmp_path: Path) -> None:
    write(tmp_path, "old.tflite", "new.tflite")
    old, new = tmp_path / "old.tflite", tmp_path / "new.tflite"

    assert compare(old, new) == Plan(
        title=f"{new} against {old}",
        cases=(
            file_case(old, Arm.BASELINE, "new vs old"),
            file_case(new, Arm.CANDIDATE, "new vs old"),
            CONTROL,
        ),
        settings=SETTINGS,
    )


def test_of_two_folders_files_of_the_same_name_are_compared(tmp_path: Path) -> None:
    old = write(tmp_path / "old", "b.tflite", "a.tflite", "notes.txt")
    new = write(tmp_path / "new", "a.tflite", "c.tflite", "d.tflite")

    assert compare(old, new) == Plan(
        title=f"{new} against {old}",
        cases=(
            file_case(old / "a.tflite", Arm.BASELINE, "a"),
            file_case(new / "a.tflite", Arm.CANDIDATE, "a"),
            # The candidate's is not there: a cell that cannot be measured, not one left out.
            file_case(old / "b.tflite", Arm.BASELINE, "b"),
            file_case(new / "b.tflite", Arm.CANDIDATE, "b"),
            CONTROL,
        ),
        settings=SETTINGS,
        not_compared=("c", "d"),
    )


def test_of_folders_hidden_files_and_folders_do_not_count(tmp_path: Path) -> None:
    old = write(tmp_path / "old", "a.tflite", "._a.tflite", ".tflite")
    (old / "folder.tflite").mkdir()
    new = write(tmp_path / "new", "a.tflite", "._b.tflite")

    plan = compare(old, new)

    assert [cell.name for cell in cells_of(plan)] == ["a/xnnpack/threads4"]
    assert plan.not_compared == ()


def test_a_link_of_the_baseline_that_leads_nowhere_stays_a_cell(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", "a.tflite"), write(tmp_path / "new", "a.tflite")
    (old / "gone.tflite").symlink_to(tmp_path / "nowhere")

    assert [cell.baseline.model for cell in cells_of(compare(old, new))] == ["a", "gone"]


def test_models_are_compared_on_all_axes() -> None:
    axes = Sweep(sequence_lengths=(128, 256), delegates=("xnnpack", "cpu"), threads=(1, "all"))

    plan = compare("mobilebert", "mobilebert@paper", axes)

    pair = "mobilebert@paper vs mobilebert-qa-seq128-fp32"
    cells = cells_of(plan)
    assert len(cells) == 8
    assert cells[0].cases == (
        make_case(threads=1, arm=Arm.BASELINE, pair=pair),
        make_case("mobilebert@paper", threads=1, arm=Arm.CANDIDATE, pair=pair),
    )
    assert [cell.name for cell in cells] == [
        f"mobilebert@paper vs mobilebert-qa-seq{length}-fp32/{delegate}/threads{threads}"
        for length in (128, 256)
        for delegate in ("xnnpack", "cpu")
        for threads in (1, 8)
    ]
    assert control_of(plan) == replace(CONTROL, threads=1)


def test_a_model_against_itself_keeps_its_name() -> None:
    (cell,) = cells_of(compare("mobilebert", "mobilebert"))

    assert cell.name == "mobilebert-qa-seq128-fp32/xnnpack/threads4"
    assert len({case.id for case in cell.cases}) == 2


def test_a_file_is_compared_with_a_model_that_is_built(tmp_path: Path) -> None:
    file = write(tmp_path, "mine.tflite") / "mine.tflite"

    there = cells_of(compare("mobilebert", file))
    back = cells_of(compare(file, "mobilebert"))

    pair = "mine vs mobilebert-qa-seq128-fp32"
    assert [cell.cases for cell in there] == [
        (
            make_case(arm=Arm.BASELINE, pair=pair),
            file_case(file, Arm.CANDIDATE, pair),
        )
    ]
    assert [cell.cases for cell in back] == [
        (
            file_case(file, Arm.BASELINE, "mobilebert vs mine"),
            make_case(arm=Arm.CANDIDATE, pair="mobilebert vs mine"),
        )
    ]


def test_a_file_is_compared_on_the_axes_that_it_has(tmp_path: Path) -> None:
    file = write(tmp_path, "mine.tflite") / "mine.tflite"
    axes = Sweep(delegates=("xnnpack", "cpu"), threads=(1, 2))

    cells = cells_of(compare(file, "mobilebert", axes))

    assert [(c.baseline.delegate, c.baseline.threads) for c in cells] == [
        ("xnnpack", 1), ("xnnpack", 2), ("cpu", 1), ("cpu", 2),
    ]  # fmt: skip
    for cell in cells:
        assert cell.baseline.delegate == cell.candidate.delegate
        assert cell.baseline.threads == cell.candidate.threads


def test_files_of_one_name_in_two_places_are_compared(tmp_path: Path) -> None:
    for folder in ("old", "new"):
        write(tmp_path / folder, "m.tflite")

    (cell,) = cells_of(compare(tmp_path / "old" / "m.tflite", tmp_path / "new" / "m.tflite"))

    assert cell.name == "m/xnnpack/threads4"
    assert [case.model_file for case in cell.cases] == [
        str(tmp_path / "old" / "m.tflite"),
        str(tmp_path / "new" / "m.tflite"),
    ]


@pytest.mark.parametrize(
    "name",
    ["a\nb", "\x1b[31mred", "--graph=x", "a,b c", "<script>", "$(reboot)", "ümläut", "'", "a vs b"],
)
def test_a_name_of_hostile_text_is_a_name_like_any_other(name: str, tmp_path: Path) -> None:
    old = write(tmp_path / "old", f"{name}.tflite", "plain.tflite")
    new = write(tmp_path / "new", f"{name}.tflite", "plain.tflite")

    cells = cells_of(compare(old, new))

    assert sorted(cell.baseline.model for cell in cells) == sorted([name, "plain"])
    assert {cell.candidate.model_file for cell in cells} == {
        str(new / f"{name}.tflite"),
        str(new / "plain.tflite"),
    }


def test_a_name_that_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "old")
    try:
        (folder / os.fsdecode(b"\xff.tflite")).write_bytes(b"a model")
    except OSError:
        pytest.skip("this file system takes no such name")

    with pytest.raises(UsageError, match="no name that can be stored"):
        compare(folder, folder)


def test_sides_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    full, empty = write(tmp_path / "full", "a.tflite"), write(tmp_path / "empty", "notes.txt")
    file, lengths = full / "a.tflite", Sweep(sequence_lengths=(64, 128), threads=(4,))
    wrong: list[tuple[object, object, Sweep, str]] = [
        (full, "mobilebert", AXES, "Only one of .* is a folder: give two, or none"),
        (file, full, AXES, "Only one of .* is a folder"),
        (full, empty, AXES, "The folder .*empty' holds no .tflite file"),
        (file, full / "typo.tflite", AXES, "There is no file .*typo.tflite'"),
        ("typo.tflite", file, AXES, "There is no file 'typo.tflite'"),
        ("", full, AXES, "'' is no name that can be stored"),
        (file, "mobilebert", lengths, "give 1 and 2 cases: a file has one task, one sequence"),
        (file, file, replace(AXES, delegates=("xnpack",)), "Did you mean 'xnnpack'"),
    ]
    for baseline, candidate, axes, message in wrong:
        with pytest.raises(UsageError, match=message):
            compare(baseline, candidate, axes)


def test_every_case_of_a_plan_is_compared_with_itself() -> None:
    cases = [make_case(), make_file_case("/models/mine.tflite")]
    plan = build_plan("aa", cases, SETTINGS, "a test")

    compared = compare_with_itself(plan)

    assert compared == replace(
        plan,
        cases=(
            make_case(arm=Arm.BASELINE, pair="mobilebert-qa-seq128-fp32"),
            make_case(arm=Arm.CANDIDATE, pair="mobilebert-qa-seq128-fp32"),
            make_file_case("/models/mine.tflite", arm=Arm.BASELINE, pair="mine"),
            make_file_case("/models/mine.tflite", arm=Arm.CANDIDATE, pair="mine"),
            CONTROL,
        ),
    )
    assert compared.is_comparison
    assert not plan.is_comparison
