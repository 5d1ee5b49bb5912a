from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from elf_files import ANDROID_TOOL, ARM, Elf
from fakes import CAPTURES, replaying_tool, write_tool
from typer.testing import CliRunner, Result

from android_runner import litert_benchmark_model
from android_runner.fetch import host_abi
from android_runner.tool_errors import (
    BinaryError,
    HashMismatchError,
    ToolNotFoundError,
    WrongAbiError,
)
from harness.commands.tool import app
from harness.errors import OutputError

ANDROID_SHA256 = hashlib.sha256(ANDROID_TOOL).hexdigest()
STAND_IN = Path(litert_benchmark_model.__file__)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MBERT_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    file = tmp_path / "downloaded"
    file.write_bytes(ANDROID_TOOL)
    return file


def call(*arguments: object) -> Result:
    """Runs `tool …`; an error of ours goes through, as it does to `cli.main`."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def inspect(file: Path) -> dict[str, Any]:
    result = call("inspect", file, "--json")
    assert result.exit_code == 0
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def test_fetch_prints_the_path_and_nothing_else_on_stdout(cache: Path, downloaded: Path) -> None:
    result = call("fetch", "--url", downloaded, "--sha256", ANDROID_SHA256)

    kept = cache / "tools" / ANDROID_SHA256 / "benchmark_model"
    assert (result.exit_code, result.stdout) == (0, f"{kept}\n")
    assert result.stderr == f"fetched: {len(ANDROID_TOOL):,} bytes, sha256 {ANDROID_SHA256}\n"
    assert kept.read_bytes() == ANDROID_TOOL


def test_fetch_asks_nobody_for_what_the_cache_has(cache: Path, downloaded: Path) -> None:
    call("fetch", "--url", downloaded)

    # Without an address it would be the official one, which no test reaches.
    result = call("fetch", "--sha256", ANDROID_SHA256)

    assert result.stderr.startswith("in the cache already: ")
    assert result.stdout.strip() == str(cache / "tools" / ANDROID_SHA256 / "benchmark_model")


@pytest.mark.usefixtures("cache")
def test_fetch_writes_where_it_is_told(downloaded: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "tool"

    result = call("fetch", "--url", downloaded, "--out", out)

    assert result.stdout == f"{out}\n"
    assert out.read_bytes() == ANDROID_TOOL
    assert out.stat().st_mode & 0o111
    assert [path.name for path in out.parent.iterdir()] == ["tool"]


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("out", ["downloaded/tool", ".", "/"])
def test_fetch_says_that_it_cannot_write(
    downloaded: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.chdir(downloaded.parent)

    with pytest.raises(OutputError, match="Cannot write"):
        call("fetch", "--url", downloaded, "--out", out)

    assert not list(downloaded.parent.glob("*.part"))


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("abi", ["armeabi-v7a", "linux-x86_64"])
def test_fetch_refuses_a_build_for_another_abi(downloaded: Path, abi: str) -> None:
    with pytest.raises(WrongAbiError, match=f"built for arm64-v8a, the device runs {abi}"):
        call("fetch", "--abi", abi, "--url", downloaded)


@pytest.mark.usefixtures("cache")
def test_fetch_refuses_another_hash(downloaded: Path) -> None:
    with pytest.raises(HashMismatchError):
        call("fetch", "--url", downloaded, "--sha256", "0" * 64)


def test_inspect_tells_what_a_build_for_a_phone_is_without_running_it(downloaded: Path) -> None:
    found = inspect(downloaded)

    assert found.pop("note") == (
        "its flags can only be asked where it runs: it is built for arm64-v8a, the device runs "
        f"{host_abi()}"
    )
    assert found == {
        "schema": 1,
        "path": str(downloaded),
        "sha256": ANDROID_SHA256,
        "binary": {
            "kind": "elf",
            "stand_in": False,
            "targets": ["arm64-v8a"],
            "bits": 64,
            "position_independent": True,
            "interpreter": "/system/bin/linker64",
            "android_api": 21,
            "ndk": "r25b",
            "needed": ["libdl.so", "libc.so"],
            "size_bytes": len(ANDROID_TOOL),
            "expected_bytes": len(ANDROID_TOOL),
            "complete": True,
        },
        "build": None,
    }


def test_inspect_asks_a_tool_of_this_machine_for_its_flags(tmp_path: Path) -> None:
    found = inspect(replaying_tool(tmp_path / "tool", "ok"))

    assert found["note"] is None
    assert (found["build"]["kind"], found["build"]["era"]) == (
        "tflite", "TensorFlow 2.10 to 2.16",
    )  # fmt: skip
    assert len(found["build"]["flags"]) == 42
    assert found["build"]["flags"] == sorted(found["build"]["flags"])


def test_inspect_recognises_the_stand_in(tmp_path: Path) -> None:
    copy = tmp_path / "benchmark_model"
    shutil.copyfile(STAND_IN, copy)  # not executable: it is started with our Python

    found = inspect(copy)

    assert found["binary"]["stand_in"]
    assert found["build"]["kind"] == "stand-in"
    assert "graph" in found["build"]["flags"]


@pytest.mark.parametrize(
    ("script", "note"),
    [
        ("exit 0", "its `--help` lists no flags (as builds before TensorFlow 2.6)"),
        ("kill -9 $$", "its `--help` lists no flags (exit code 137)"),
        ('echo "sh: /x: inaccessible or not found" >&2; exit 127', "it does not start here (not-"),
        ('echo "x: error while loading shared libraries: libfoo.so: cannot open" >&2; exit 127',
         "it does not start here (missing-library: libfoo.so). Push the library"),
    ],
)  # fmt: skip
def test_inspect_says_why_a_tool_does_not_answer(tmp_path: Path, script: str, note: str) -> None:
    assert inspect(write_tool(tmp_path / "tool", script))["note"].startswith(note)


def test_inspect_says_that_a_tool_is_not_executable(tmp_path: Path) -> None:
    tool = write_tool(tmp_path / "tool", "exit 0")
    tool.chmod(0o644)

    assert inspect(tool)["note"] == "it cannot be started here (Permission denied)"


@pytest.mark.skipif(platform.system() != "Linux", reason="needs ELF programs")
def test_inspect_knows_another_program_of_this_machine() -> None:
    found = inspect(Path("/bin/ls"))

    assert found["binary"]["targets"] == [host_abi()]
    assert found["build"]["kind"] == "unknown"


def test_inspect_shows_the_same_to_a_person(tmp_path: Path) -> None:
    tool = replaying_tool(tmp_path / "tool", "ok")
    shown = call("inspect", tool).stdout.splitlines()

    assert shown[1] == f"sha256       {hashlib.sha256(tool.read_bytes()).hexdigest()}"
    assert "tool         TFLite's benchmark_model" in shown
    assert "built from   TensorFlow 2.10 to 2.16" in shown
    assert "flags        42" in shown
    assert "  --num_runs" in shown


def test_inspect_shows_a_build_for_a_phone_to_a_person(tmp_path: Path) -> None:
    file = tmp_path / "tool"
    file.write_bytes(Elf(machine=ARM, wide=False, filler=bytes(9)).content()[:-1])
    shown = call("inspect", file).stdout

    for line in (
        "CUT SHORT    it should have",
        "runs on      armeabi-v7a",
        "loader       /system/bin/linker64",
        "built for    Android API 21, NDK r25b",
        "libraries    libdl.so, libc.so",
        "note         its flags can only be asked where it runs: it is cut short",
    ):
        assert line in shown


def test_inspect_names_the_litert_tool_of_the_same_name(tmp_path: Path) -> None:
    usage = "\t--graph=x\tstring\n\t--use_cpu=true\tbool\n\t--use_npu=false\tbool"
    tool = write_tool(tmp_path / "tool", f"cat >&2 <<'END'\n{usage}\nEND\nexit 1")

    assert inspect(tool)["build"]["kind"] == "litert-compiled-model"
    assert "LiteRT's CompiledModel tool" in call("inspect", tool).stdout


def test_inspect_shows_no_control_characters_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "tool"
    file.write_bytes(Elf(interpreter="/system/\x1b[2J", needed=("lib\x07.so",)).content())

    shown = call("inspect", file).stdout

    assert "\x1b" not in shown
    assert "\x07" not in shown


@pytest.mark.parametrize(
    ("name", "error"),
    [("absent", ToolNotFoundError), ("folder", BinaryError), ("ok.stdout", BinaryError)],
)
def test_inspect_refuses_what_is_no_program(
    tmp_path: Path, name: str, error: type[Exception]
) -> None:
    (tmp_path / "folder").mkdir()
    shutil.copyfile(CAPTURES / "ok.stdout", tmp_path / "ok.stdout")

    with pytest.raises(error):
        call("inspect", tmp_path / name)


def test_says_without_arguments_what_it_can_do() -> None:
    result = CliRunner().invoke(app, [])

    assert "fetch" in result.output
    assert "inspect" in result.output


def test_importing_the_command_imports_nothing_heavy() -> None:
    code = (
        "import sys, harness.commands.tool\n"
        "print([m for m in ('requests', 'pydantic', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
