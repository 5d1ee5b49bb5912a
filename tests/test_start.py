from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from elf_files import Elf
from fakes import CAPTURES, write_tool
from hypothesis import given
from hypothesis import strategies as st

from android_runner.start import StartFailure, start_problem

BIONIC = 'CANNOT LINK EXECUTABLE "./benchmark_model": '


@pytest.mark.parametrize(
    ("exit_code", "stderr", "kind", "detail"),
    [
        (1, BIONIC + 'library "libfoo.so" not found: needed by main executable',
         "missing-library", "libfoo.so"),
        (134, 'CANNOT LINK EXECUTABLE: could not load library "libfoo.so" needed by "./b"; caused',
         "missing-library", "libfoo.so"),
        (127, "./b: error while loading shared libraries: libfoo.so.1: cannot open shared object",
         "missing-library", "libfoo.so.1"),
        (127, "Error loading shared library libfoo.so: No such file or directory (needed by ./b)",
         "missing-library", "libfoo.so"),
        (1, BIONIC + 'cannot locate symbol "__write_chk" referenced by "./b"...',
         "missing-symbol", "__write_chk"),
        (127, "./b: symbol lookup error: ./b: undefined symbol: foo", "missing-symbol", "foo"),
        (1, "./b: /lib/libc.so.6: version `GLIBC_2.38' not found (required by ./b)",
         "missing-symbol", "GLIBC_2.38"),
        (1, 'error: "./b" has unexpected e_machine: 62 (EM_X86_64)', "wrong-abi",
         'error: "./b" has unexpected e_machine: 62 (EM_X86_64)'),
        (126, "sh: ./b: not executable: 64-bit ELF file", "wrong-abi",
         "sh: ./b: not executable: 64-bit ELF file"),
        (126, "sh: 1: ./b: Exec format error", "wrong-abi", "sh: 1: ./b: Exec format error"),
        (1, "error: Android 5.0 and later only support position-independent executables (-fPIE).",
         "wrong-abi",
         "error: Android 5.0 and later only support position-independent executables (-fPIE)."),
        (1, BIONIC + "something new", "not-linked", BIONIC + "something new"),
        (126, "sh: ./b: can't execute: Permission denied\n", "not-executable",
         "sh: ./b: can't execute: Permission denied"),
        (127, "sh: ./b: inaccessible or not found\n", "not-found",
         "sh: ./b: inaccessible or not found"),
        (127, "", "not-found", "exit code 127"),
        (132, "Illegal instruction", "wrong-cpu", "ended by SIGILL, an illegal instruction"),
        (1, "first line\n" + BIONIC + 'library "libfoo.so" not found\nlast line',
         "missing-library", "libfoo.so"),
    ],
)  # fmt: skip
def test_says_why_it_did_not_start(exit_code: int, stderr: str, kind: str, detail: str) -> None:
    problem = start_problem(exit_code, stderr)

    assert problem is not None
    assert (problem.kind, problem.detail) == (kind, detail)
    assert problem.remedy.endswith(".")


@pytest.mark.parametrize(
    ("exit_code", "stderr"),
    [
        (0, BIONIC + 'library "libfoo.so" not found'),
        (1, 'Failed to load libhexagon_interface.so, Error: dlopen failed: library "libhexagon_'
            'interface.so" not found\nERROR: Benchmarking failed.'),
        (1, (CAPTURES / "missing.stderr").read_text(encoding="utf-8")),
        (1, (CAPTURES / "help.stderr").read_text(encoding="utf-8")),
        (134, (CAPTURES / "bad_shape.stderr").read_text(encoding="utf-8")),
        (137, ""),
    ],
)  # fmt: skip
def test_says_nothing_of_a_tool_that_did_start(exit_code: int, stderr: str) -> None:
    assert start_problem(exit_code, stderr) is None


def started(file: Path) -> tuple[int, str]:
    script = ["sh", "-c", '"$1"; exit $?', "sh", str(file)]
    done = subprocess.run(script, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stderr


def test_understands_a_real_shell_about_a_file_that_is_not_executable(tmp_path: Path) -> None:
    tool = write_tool(tmp_path / "tool", "exit 0")
    tool.chmod(0o644)

    problem = start_problem(*started(tool))

    assert problem is not None
    assert problem.kind is StartFailure.NOT_EXECUTABLE


def test_understands_a_real_shell_about_a_missing_file_or_loader(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/loader\n", encoding="utf-8")
    script.chmod(0o755)

    problems = [start_problem(*started(file)) for file in (tmp_path / "absent", script)]

    # Some shells give 126 for a missing loader.
    assert [problem and problem.kind in ("not-found", "not-executable") for problem in problems]
    assert problems[0] is not None
    assert problems[0].kind is StartFailure.NOT_FOUND


def test_understands_this_machine_about_a_program_for_another(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_bytes(Elf(machine=8, android_api=None, interpreter="/lib/ld.so.1").content())
    tool.chmod(0o755)
    with pytest.raises(OSError, match=r"[Ee]xec format error"):
        subprocess.run([tool], check=False)

    done = subprocess.run(["bash", "-c", str(tool)], capture_output=True, text=True, check=False)
    problem = start_problem(done.returncode, done.stderr)

    assert problem is not None
    assert problem.kind is StartFailure.WRONG_ABI


def test_understands_a_real_illegal_instruction(tmp_path: Path) -> None:
    tool = write_tool(tmp_path / "tool", f"kill -{int(signal.SIGILL)} $$")

    problem = start_problem(*started(tool))

    assert problem is not None
    assert problem.kind is StartFailure.WRONG_CPU


@given(st.integers(-200, 300), st.text() | st.text().map(lambda text: BIONIC + text))
def test_any_words_give_an_answer(exit_code: int, stderr: str) -> None:
    problem = start_problem(exit_code, stderr)

    assert problem is None or (problem.detail and len(problem.detail) <= 200)
