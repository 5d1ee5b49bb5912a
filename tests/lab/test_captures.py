"""Files that the tool writes: the same bytes from a phone as from this machine."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from phone_runs import STAND_IN, TINY

from android_runner.cpu_mask import Mask
from android_runner.link import Link
from android_runner.properties import read_phone_info
from harness.device import Capture, Invocation
from harness.host import Host
from harness.phone import Phone
from harness.phone_invocation import RUNS, run_tool
from lab.asking import run
from lab.phone import LabPhone

pytestmark = pytest.mark.lab

TOOL = "/data/local/tmp/tool"
ALL = Mask(0xFF)
# Keeps the last `--output_filepath=` of its arguments.
FIND_FILE = "for word; do case $word in --output_filepath=*) file=${word#*=};; esac; done\n"


class PatientLink(Link):
    """A link that remembers how often it was waited for."""

    waited = 0

    def wait_until_back(self, deadline_s: float) -> None:
        self.waited += 1
        super().wait_until_back(deadline_s)


def invocation(folder: Path, *flags: str, timeout_s: float = 60) -> Invocation:
    return Invocation(
        flags=flags,
        cpus="all",
        threads=1,
        timeout_s=timeout_s,
        patience_s=20,
        stdout=folder / "stdout",
        stderr=folder / "stderr",
        captures=(Capture(flag="output_filepath", file=folder / "captured"),),
    )


def put_tool(phone: LabPhone, script: str) -> None:
    path = phone.path(TOOL)
    path.write_text(f"#!/bin/sh\n{FIND_FILE}{script}\n", encoding="utf-8")
    path.chmod(0o755)


def runs_left(phone: LabPhone) -> str:
    return run(phone, f"ls {RUNS}")[1]


def test_the_outputs_are_those_of_a_host(pixel6: LabPhone, tmp_path: Path) -> None:
    link = Link(pixel6.serial)
    phone, host = Phone(link, read_phone_info(link), STAND_IN), Host()
    ones = tmp_path / "ones"
    ones.write_bytes(b"\1\0\0\0" * 8)
    names = ("input_ids", "input_mask", "segment_ids")
    captured = []
    for device in (host, phone):
        folder = tmp_path / device.info().kind
        folder.mkdir()
        asked = invocation(
            folder,
            f"--graph={device.put(TINY).path}",
            f"--input_layer={','.join(names)}",
            "--input_layer_shape=1,8:1,8:1,8",
            f"--input_layer_value_files={','.join(f'{n}:{device.put(ones).path}' for n in names)}",
            "--num_runs=1",
            "--min_secs=0",
            "--warmup_runs=0",
        )

        log = device.invoke(asked)

        assert log.exit_code == 0, log.stderr
        captured.append(asked.captures[0].file.read_bytes())

    assert captured[0] == captured[1]
    assert len(captured[0]) == 4 * 8 * 3  # what the model gives: 8 times 3 floats
    assert runs_left(pixel6) == ""


def test_a_large_file_comes_whole_when_the_link_drops_meanwhile(
    pixel6: LabPhone, tmp_path: Path
) -> None:
    put_tool(pixel6, 'head -c 20000001 /dev/urandom >"$file"; sha256sum <"$file"')
    link = PatientLink(pixel6.serial)
    link.features()
    pixel6.slow_link(0.01)  # then it takes seconds
    cut = threading.Timer(2, pixel6.unplug_cable, [1])
    cut.start()

    log = run_tool(link, TOOL, ALL, invocation(tmp_path))

    cut.join()
    content = (tmp_path / "captured").read_bytes()
    assert len(content) == 20_000_001
    assert log.stdout.split()[0] == hashlib.sha256(content).hexdigest()
    assert link.waited
    assert runs_left(pixel6) == ""


def test_a_file_that_was_not_written_is_no_error_and_leaves_none(
    pixel6: LabPhone, tmp_path: Path
) -> None:
    put_tool(pixel6, "echo well; exit 3")
    (tmp_path / "captured").write_bytes(b"of an earlier invocation")

    log = run_tool(Link(pixel6.serial), TOOL, ALL, invocation(tmp_path))

    assert (log.exit_code, log.stdout) == (3, "well\n")
    assert not (tmp_path / "captured").exists()


@pytest.mark.parametrize("content", [b"", b"\0\r\n\xff"])
def test_bytes_stay_as_they_are(pixel6: LabPhone, tmp_path: Path, content: bytes) -> None:
    octal = "".join(f"\\{byte:03o}" for byte in content)
    put_tool(pixel6, f"printf '{octal}' >\"$file\"")

    run_tool(Link(pixel6.serial), TOOL, ALL, invocation(tmp_path))

    assert (tmp_path / "captured").read_bytes() == content


def test_several_files_do_not_meet(pixel6: LabPhone, tmp_path: Path) -> None:
    put_tool(pixel6, 'for word; do echo "${word%%=*}" >"${word#*=}"; done')
    asked = replace(
        invocation(tmp_path),
        captures=(
            Capture(flag="one", file=tmp_path / "same" / "name"),
            Capture(flag="two", file=tmp_path / "other" / "name"),
        ),
    )
    for capture in asked.captures:
        capture.file.parent.mkdir()

    run_tool(Link(pixel6.serial), TOOL, ALL, asked)

    assert [capture.file.read_text() for capture in asked.captures] == ["--one\n", "--two\n"]


def test_what_was_written_until_the_deadline_is_kept(pixel6: LabPhone, tmp_path: Path) -> None:
    put_tool(pixel6, 'echo begun >"$file"; sleep 60')

    log = run_tool(Link(pixel6.serial), TOOL, ALL, invocation(tmp_path, timeout_s=1))

    assert log.exit_code is None
    assert (tmp_path / "captured").read_text() == "begun\n"
    assert runs_left(pixel6) == ""


def test_tells_the_cpus_in_the_kernels_own_words(pixel6: LabPhone, tmp_path: Path) -> None:
    put_tool(pixel6, "sleep 1")

    log = run_tool(Link(pixel6.serial), TOOL, Mask(0xF0), invocation(tmp_path))

    assert (log.cpu_mask, log.requested_mask) == ("f0", "f0")
    assert log.sources == {"cpus": "Cpus_allowed:\tf0 (1 thread)"}
    assert log.cpu_s is None
