"""The command in a real terminal (a pseudo-terminal), and the same piped."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

import pytest
from screen import Screen

COMMAND = str(Path(sys.executable).with_name("mbert-bench"))
DATA = Path(__file__).parent / "data"
NO_ADB = {"ADB_SERVER_SOCKET": "tcp:127.0.0.1:1"}
WIDTH = 100
# It reads like a verdict, like markup, like an emoji, and like a command to a terminal.
HOSTILE = "fail [red]x[bold] :bomb: \x1b[2J"


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a command wrote to its terminal, or to its pipe, and how it ended."""

    output: str
    exit_code: int


def environment(**changes: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return {**kept, **NO_ADB, "TERM": "xterm-256color", **changes}


def in_terminal(*arguments: object, cwd: Path | None = None, **changes: str) -> Finished:
    """Runs the command with a terminal of 100 columns as its stdout and stderr."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
    process = subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env=environment(**changes),
    )
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 65536):
            parts.append(part)
    except OSError:  # on Linux the end of a pseudo-terminal is an error (EIO)
        pass
    finally:
        os.close(ours)
    return Finished(output=b"".join(parts).decode(), exit_code=process.wait(timeout=60))


def piped(*arguments: object, **changes: str) -> Finished:
    """What the command writes to a pipe that is its stdout."""
    done = subprocess.run(
        [COMMAND, *map(str, arguments)],
        capture_output=True,
        env=environment(**changes),
        timeout=120,
        check=False,
    )
    return Finished(output=done.stdout.decode(), exit_code=done.returncode)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    """A run of a model with a hostile name, on a terminal."""
    folder = tmp_path_factory.mktemp("terminal")
    shutil.copy(DATA / "models" / "tiny.tflite", folder / f"{HOSTILE}.tflite")
    done = in_terminal(
        "run", "--device", "host", "--model-file", f"{HOSTILE}.tflite", "--delegate", "xnnpack,cpu",
        "--threads", "1", "--num-runs", "3", "--rounds", "2",
        "--allow", "cpu-busy", "--out", "run", cwd=folder,
    )  # fmt: skip
    return folder / "run", done


def test_a_run_shows_its_progress_and_takes_it_away(measured: tuple[Path, Finished]) -> None:
    _, done = measured
    screen = Screen(done.output)

    assert done.exit_code == 0, done.output
    assert "round 2 of at most 2" in done.output
    assert "0 of 2 cases done; at most " in done.output
    assert re.search(r"^next  ", done.output, re.MULTILINE)
    lines = screen.text.splitlines()
    assert not any(line.startswith(("[", "now ", "next ")) for line in lines)
    assert "report: run/report.html" in lines
    # What was hidden is shown again.
    assert done.output.count("\x1b[?25l") == done.output.count("\x1b[?25h") > 0


def test_no_line_of_a_run_is_wider_than_the_terminal(measured: tuple[Path, Finished]) -> None:
    assert len(Screen(measured[1].output).longest) <= WIDTH


def test_a_hostile_name_does_nothing_to_the_terminal(measured: tuple[Path, Finished]) -> None:
    screen = Screen(measured[1].output)

    assert screen.unknown == []
    assert "fail [red]x[bold] :bomb: \N{REPLACEMENT CHARACTER}[2J" in screen.text
    assert "\x1b[31mfail" not in measured[1].output


@pytest.mark.parametrize(
    ("words", "coloured"),
    [
        (["report", "RUN", "--out", "PAGE"], "\x1b[32mproven\x1b[39m"),
        (["claims", "RUN"], "\x1b[32mSUPPORTED\x1b[39m"),
        (["gate", "RUN", "--baseline", "RUN"], "  \x1b[32mpass\x1b[39m\r\n"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_verdicts_are_coloured_on_a_terminal_only(
    measured: tuple[Path, Finished], tmp_path: Path, words: list[str], coloured: str
) -> None:
    places = {"RUN": str(measured[0]), "PAGE": str(tmp_path / "page.html")}
    command = [places.get(word, word) for word in words]

    shown, plain = in_terminal(*command), piped(*command)

    assert coloured in shown.output
    assert "\x1b" not in plain.output
    assert plain.exit_code == shown.exit_code
    # Without its colours the terminal's text is the pipe's, after what came by stderr.
    assert Screen(shown.output).text.endswith(plain.output.rstrip())
    assert max(map(len, plain.output.splitlines())) <= WIDTH


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_is_to_have_no_colours_has_none(variable: str, value: str) -> None:
    assert "\x1b" not in in_terminal("claims", cwd=None, **{variable: value}).output


def test_a_pipe_has_colours_where_they_are_asked_for() -> None:
    assert "\x1b[32msupported" in piped("claims", FORCE_COLOR="1").output


@pytest.mark.parametrize(
    "words",
    [
        ["models", "list"],
        ["models", "inspect", DATA / "models" / "tiny.tflite"],
        ["models", "inspect", DATA / "models" / "tiny.tflite", DATA / "models" / "tiny.tflite"],
        ["--help"],
        ["run", "--help"],
        ["ab", "--help"],
        ["gate", "--help"],
        ["models", "build", "--help"],
    ],
    ids=lambda words: " ".join(str(getattr(word, "name", word)) for word in words),
)
def test_what_a_terminal_shows_fits_a_hundred_columns(words: list[object]) -> None:
    done = in_terminal(*words)

    assert done.exit_code == 0
    lines = [line for line in Screen(done.output).lines if str(DATA) not in line]
    assert len(lines) > 5
    assert max(len(line.rstrip()) for line in lines) <= WIDTH
