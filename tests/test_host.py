from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fakes import replaying_tool, write_tool

from android_runner.errors import CpusError
from android_runner.tool_errors import (
    ToolNotExecutableError,
    ToolNotFoundError,
    ToolProbeError,
    WrongToolError,
)
from harness import machine
from harness.device import Capture, Invocation
from harness.host import Host, parse_cpus
from harness.process import format_mask


def invocation(tmp_path: Path, *flags: str, timeout_s: float = 20) -> Invocation:
    return Invocation(
        flags=flags,
        cpus="auto",
        threads=1,
        patience_s=0,
        timeout_s=timeout_s,
        stdout=tmp_path / "stdout",
        stderr=tmp_path / "stderr",
    )


def captured(folder: Path, name: str = "captured") -> Capture:
    return Capture(flag="output_filepath", file=folder / name)


def test_the_stand_in_is_the_tool_where_none_is_given() -> None:
    tool = Host().tool()

    assert tool.stand_in
    assert tool.flags is not None
    assert {"graph", "use_xnnpack", "input_layer_value_files"} <= tool.flags


def test_gives_back_what_an_official_binary_said_and_how_it_ended(tmp_path: Path) -> None:
    host = Host(replaying_tool(tmp_path / "benchmark_model", "killed"))

    log = host.invoke(invocation(tmp_path, "--graph=x"))

    assert (log.exit_code, log.stdout.splitlines()[0]) == (137, "INFO: STARTING!")
    assert log.cpu_mask == format_mask(machine.allowed_cpus())
    assert not host.tool().stand_in


def test_tells_the_cpus_in_the_systems_own_words_and_the_cpu_time(tmp_path: Path) -> None:
    script = (
        'case "$*" in *--help*) exit 1;; esac\nn=0; while [ $n -lt 100000 ]; do n=$((n+1)); done'
    )
    host = Host(write_tool(tmp_path / "tool", script))

    log = host.invoke(invocation(tmp_path))

    cpus = ", ".join(str(cpu) for cpu in sorted(machine.allowed_cpus()))
    assert log.sources == {"cpus": f"sched_getaffinity: {cpus}"}
    assert log.cpu_s is not None
    assert 0 < log.cpu_s <= log.wall_s * (1 + len(machine.allowed_cpus()))


def test_a_file_that_the_tool_writes_is_where_it_is_wanted(tmp_path: Path) -> None:
    script = (
        'case "$*" in *--help*) exit 1;; esac\n'
        'for word; do case $word in --output_filepath=*) printf "a\\0b" >"${word#*=}";; esac; done'
    )
    host = Host(write_tool(tmp_path / "tool", script))
    file = tmp_path / "a file = of mine"

    log = host.invoke(replace(invocation(tmp_path), captures=(captured(tmp_path, file.name),)))

    assert log.exit_code == 0
    assert file.read_bytes() == b"a\0b"


def test_a_file_that_the_tool_does_not_write_is_not_there(tmp_path: Path) -> None:
    host = Host(write_tool(tmp_path / "tool", 'case "$*" in *--help*) exit 1;; esac'))
    capture = captured(tmp_path)
    capture.file.write_bytes(b"of an earlier invocation")

    log = host.invoke(replace(invocation(tmp_path), captures=(capture,)))

    assert (log.exit_code, capture.file.exists()) == (0, False)


def test_a_tool_that_hangs_is_ended_at_the_deadline(tmp_path: Path) -> None:
    script = 'case "$*" in *--help*) exit 1;; esac\necho begun; sleep 60'
    host = Host(write_tool(tmp_path / "tool", script))

    log = host.invoke(invocation(tmp_path, timeout_s=0.3))

    assert (log.exit_code, log.stdout) == (None, "begun\n")


def test_keeps_the_ends_of_a_giant_log(tmp_path: Path) -> None:
    script = (
        'case "$*" in *--help*) exit 1;; esac\n'
        "echo first; yes 'ERROR: again' | head -c 20000000; echo last"
    )
    log = Host(write_tool(tmp_path / "tool", script)).invoke(invocation(tmp_path))

    assert log.stdout.startswith("first\n")
    assert log.stdout.endswith("last\n")
    assert len(log.stdout) < 17_000_000


def test_hashes_a_file_again_when_it_has_changed(tmp_path: Path) -> None:
    host, path = Host(), tmp_path / "net.tflite"
    path.write_bytes(b"one")
    first = host.put(path).sha256
    assert host.put(path).sha256 == first

    path.write_bytes(b"another")

    assert host.put(path).sha256 != first


def test_refuses_a_tool_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ToolNotFoundError, match=r"no benchmark tool at .*none"):
        Host(tmp_path / "none")


def test_refuses_a_tool_that_is_no_program(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("x", encoding="utf-8")
    with pytest.raises(ToolNotExecutableError, match="not executable"):
        Host(plain)
    with pytest.raises(ToolNotExecutableError, match="no file"):
        Host(tmp_path)
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"\x7fELF, for another machine")
    foreign.chmod(0o755)
    with pytest.raises(ToolNotExecutableError, match="Exec format error"):
        Host(foreign)


def test_refuses_a_tool_that_dies_when_asked_for_help(tmp_path: Path) -> None:
    with pytest.raises(ToolProbeError, match="ended by signal 11"):
        Host(write_tool(tmp_path / "tool", "kill -SEGV $$"))


def test_refuses_the_litert_tool(tmp_path: Path) -> None:
    usage = "printf '\\t--use_cpu=true\\n\\t--use_npu=false\\n'; exit 1"
    with pytest.raises(WrongToolError):
        Host(write_tool(tmp_path / "benchmark_model", usage))


def test_chooses_cpus_by_word_and_by_mask() -> None:
    allowed = machine.allowed_cpus()

    assert parse_cpus("auto") == parse_cpus("all") == allowed
    assert parse_cpus(format_mask(allowed)) == allowed


@pytest.mark.parametrize(
    ("cpus", "message"),
    [
        ("big", "are not told apart"),
        ("0", "may use the mask"),
        ("8000000000000000000", "may use"),
        ("xyz", "no hexadecimal mask"),
    ],
)
def test_refuses_cpus_that_are_not_here(cpus: str, message: str) -> None:
    with pytest.raises(CpusError, match=message):
        parse_cpus(cpus)
