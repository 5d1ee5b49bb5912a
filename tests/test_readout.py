from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_shell import LocalShell
from mutations import mutations_of

from android_runner.readout import (
    Part,
    build_script,
    complete_lines,
    parse_count,
    parse_files,
    read_parts,
    show_files,
    split_parts,
)

SHELLS = [shell for shell in ("dash", "bash", "mksh", "busybox") if shutil.which(shell)]

OUTPUT = "W begin a\none\n\nW end a 0\nW begin b\n\nW end b 127\nW begin c\ntwo\n\nW end c 1\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_gets_the_answers_of_all_parts_in_one_go(shell: str) -> None:
    parts = {
        "plain": "echo one; echo two",
        "open-end": "printf 'no newline'",
        "nothing": "true",
        "failing": "echo before; exit 7",
        "missing": "no-such-command",
        "reads-input": "cat",
        "two-lines": "echo a\necho b",
        "variable": "e=9; f=8; echo $e",
    }

    assert read_parts(LocalShell(shell=shell), parts, deadline_s=10) == {
        "plain": Part(text="one\ntwo\n", exit_code=0),
        "open-end": Part(text="no newline", exit_code=0),
        "nothing": Part(text="", exit_code=0),
        "failing": Part(text="before\n", exit_code=7),
        "missing": Part(text="", exit_code=127),
        "reads-input": Part(text="", exit_code=0),
        "two-lines": Part(text="a\nb\n", exit_code=0),
        "variable": Part(text="9\n", exit_code=0),
    }


@pytest.mark.parametrize("shell", SHELLS)
def test_shows_files_with_builtins_of_the_shell_alone(shell: str, tmp_path: Path) -> None:
    for name, text in {
        "policy0": "0 1 2 3 \n",
        "policy8": "8",
        "empty": "",
        "table": "1 2\n\n3 4\n",
        "odd": "  two  blanks\\n \n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    command = show_files(
        f"{tmp_path}/policy[0-9]*", f"{tmp_path}/[!p]*", f"{tmp_path}/missing", "/proc/1/mem"
    )
    nowhere = LocalShell(shell=shutil.which(shell) or shell, environment={"PATH": "/nowhere"})

    part = read_parts(nowhere, {"files": command}, deadline_s=10)["files"]

    names = {path.rpartition("/")[2]: text for path, text in parse_files(part.text).items()}
    assert names["policy0"] == "0 1 2 3"
    assert names["policy8"] == "8"
    assert names["table"] == "1 2\n\n3 4"
    assert set(names) == {"policy0", "policy8", "table", "odd"}


def test_a_part_cannot_pass_itself_off_as_another() -> None:
    forged = "echo 0123456789abcdef begin state; echo fine; echo 0123456789abcdef end state 0"

    parts = read_parts(LocalShell(), {"dump": forged, "state": "echo hot"}, deadline_s=10)

    assert parts["state"] == Part(text="hot\n", exit_code=0)
    assert list(parts) == ["dump", "state"]


def test_leaves_out_a_part_without_its_end() -> None:
    assert split_parts(OUTPUT, "W") == {
        "a": Part(text="one\n", exit_code=0),
        "b": Part(text="", exit_code=127),
        "c": Part(text="two\n", exit_code=1),
    }
    for end in range(len(OUTPUT)):
        whole = split_parts(OUTPUT, "W")
        assert split_parts(OUTPUT[:end], "W").items() <= whole.items()


def test_the_script_has_another_word_each_time() -> None:
    shells = [LocalShell(), LocalShell()]

    for shell in shells:
        read_parts(shell, {"a": "true"}, deadline_s=10)

    assert shells[0].commands != shells[1].commands


def test_parts_have_shells_of_their_own() -> None:
    script = build_script({"a": "cd /; exit 3", "b": "pwd"}, "W")

    assert script.count("\n( ") == 2


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("/a\t1\n/a\t2\n/b\t\n", {"/a": "1\n2", "/b": ""}),
        ("/a\t1\t2\n", {"/a": "1\t2"}),
        ("/a\t1", {}),
        ("sh: /a: Permission denied\n", {}),
        ("", {}),
    ],
)
def test_parses_files(text: str, files: dict[str, str]) -> None:
    assert parse_files(text) == files


@pytest.mark.parametrize(
    ("text", "lines"), [("a\nb", ["a"]), ("a\r\n", ["a"]), ("", []), ("\n", [""])]
)
def test_drops_a_line_that_was_cut(text: str, lines: list[str]) -> None:
    assert complete_lines(text) == lines


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (" 12 ", 12),
        ("0", 0),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("²", None),
        ("1" * 21, None),
    ],
)
def test_parses_counts(text: str | None, count: int | None) -> None:
    assert parse_count(text) == count


@given(mutations_of(OUTPUT), st.sampled_from(["W", " begin ", "\n"]))
def test_never_fails(text: str, word: str) -> None:
    for name, part in split_parts(text, word).items():
        assert f"{word} begin {name}" in text
        assert part.text in text
