"""The README's commands exist, with every option that it shows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = str(Path(sys.executable).with_name("mbert-bench"))


def shown_commands() -> list[list[str]]:
    lines = [
        line.partition("#")[0].strip().removeprefix(".venv/bin/")
        for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
        for line in block.splitlines()
    ]
    return [shlex.split(line)[1:] for line in lines if line.startswith("mbert-bench ")]


def test_the_readme_shows_commands() -> None:
    assert len(shown_commands()) > 8


@pytest.mark.parametrize("words", shown_commands(), ids=" ".join)
def test_a_command_of_the_readme_exists_with_its_options(words: list[str]) -> None:
    command = words[:2] if words[0] in ("models", "tool") else words[:1]

    done = subprocess.run(
        [COMMAND, *command, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"COLUMNS": "200", "PATH": "/usr/bin:/bin"},
    )

    assert done.returncode == 0
    for option in (word for word in words if word.startswith("--")):
        assert option in done.stdout


def test_the_two_commands_of_the_first_screen_are_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in ("bench", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_no_file_of_the_repository_is_missing_from_the_readmes_links() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
