"""Detached commands: they outlive the link, and their end is known at once."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from android_runner import detached
from android_runner.detached import Detached
from android_runner.errors import CommandFailedError, DeadlineError, ProcessLostError
from android_runner.link import Link
from lab.phone import LabPhone

pytestmark = pytest.mark.lab

FOLDER = "/data/local/tmp/mbert-bench/runs/1"


@pytest.fixture
def link(pixel6: LabPhone) -> Link:
    return Link(pixel6.serial)


def _start(link: Link, script: str) -> Detached:
    return detached.start(link, ["sh", "-c", script], FOLDER)


def test_a_command_ends_with_its_exit_code_and_its_output(link: Link) -> None:
    command = _start(link, "echo out; echo err >&2; pwd; exit 3")
    assert command.wait(10) == 3
    assert command.poll() == 3
    assert (command.stdout(), command.stderr()) == (f"out\n{FOLDER}\n".encode(), b"err\n")


@pytest.mark.parametrize("name", ["it's", 'say "hi"', "a  b", "$(reboot)", "new\nline", "-n", "*"])
def test_odd_words_arrive_as_they_are(name: str, link: Link) -> None:
    folder = f"/data/local/tmp/x/{name}"
    command = detached.start(
        link, ["sh", "-c", 'printf %s "$1$2"; pwd', "sh", name, name], folder, env={"A": name}
    )
    assert command.wait(10) == 0
    assert command.stdout().decode() == f"{name}{name}{folder}\n"


def test_variables_are_those_of_the_command(link: Link) -> None:
    env = {"LD_LIBRARY_PATH": "/data/local/tmp", "B": "it's $A"}
    command = detached.start(link, ["sh", "-c", 'echo "$LD_LIBRARY_PATH $B"'], FOLDER, env=env)
    assert command.wait(10) == 0
    assert command.stdout() == b"/data/local/tmp it's $A\n"


def test_bytes_are_fetched_as_they_are_also_many(link: Link) -> None:
    command = _start(link, "printf '\\0\\377\\r\\n'; seq 1000000")
    assert command.wait(20) == 0
    numbers = "".join(f"{number}\n" for number in range(1, 1_000_001)).encode()
    assert command.stdout() == b"\0\xff\r\n" + numbers


def test_a_file_that_it_has_written_is_fetched_and_a_missing_one_is_none(link: Link) -> None:
    command = _start(link, "printf 'a\\0b' >\"it's\"; : >empty; mkdir folder")
    assert command.wait(10) == 0
    assert command.fetch("it's") == b"a\0b"
    assert command.fetch("empty") == b""
    assert command.fetch("missing") is None
    assert command.fetch("folder") is None


def test_a_file_is_fetched_when_the_link_is_back(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "echo kept >file")
    assert command.wait(10) == 0
    pixel6.unplug_cable(1)
    assert command.fetch("file", patience_s=20) == b"kept\n"


@pytest.mark.parametrize(
    ("argv", "exit_code", "why"),
    [
        (["no-such-program"], 127, b"no-such-program"),
        (["/data/local/tmp"], 126, b"/data/local/tmp"),
        (["sh", "-c", "kill -11 $$"], 139, b""),
    ],
)
def test_a_command_that_fails_says_how(
    argv: list[str], exit_code: int, why: bytes, link: Link
) -> None:
    command = detached.start(link, argv, FOLDER)
    assert command.wait(10) == exit_code
    assert why in command.stderr()


def test_nothing_runs_on_the_phone_while_it_is_waited_for(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "exec sleep 3")
    states: list[dict[str, int]] = []
    for delay_s in (0.5, 2.5):
        threading.Timer(delay_s, lambda: states.append(_ticks(link, pixel6))).start()
    assert command.wait(10) == 0
    before, after = states
    assert any("flock" in name for name in before), before
    assert after == before  # the same processes, and none has used the processor meanwhile


def _ticks(link: Link, phone: LabPhone) -> dict[str, int]:
    """The processor time, in 10 ms, that each process of ours has used."""
    times = {}
    for pid, command in phone.processes():
        fields = link.check(["cat", f"/proc/{pid}/stat"]).rpartition(")")[2].split()
        times[f"{pid} {command}"] = int(fields[11]) + int(fields[12])
    return times


def test_meanwhile_something_else_can_be_done(link: Link) -> None:
    command = _start(link, "sleep 1")
    seen: list[int | None] = []
    assert command.wait(10, poll_every_s=0.2, on_poll=lambda: seen.append(command.poll())) == 0
    assert 3 <= len(seen) <= 5
    assert set(seen) == {None}


def test_the_process_can_be_found_while_it_runs(link: Link, pixel6: LabPhone) -> None:
    command = detached.start(link, ["sleep", "5"], FOLDER)
    time.sleep(0.2)
    pid = int(link.check(["cat", f"{command.folder}/run.pid"]))
    assert (pid, "sleep 5") in pixel6.processes()
    command.kill()


def test_two_commands_do_not_share_a_folder(link: Link) -> None:
    command = _start(link, "sleep 5")
    with pytest.raises(CommandFailedError, match=r"runs in .* already"):
        _start(link, "true")
    command.kill()
    assert _start(link, "exit 4").wait(10) == 4


def test_nothing_of_an_earlier_command_is_taken_for_the_next(link: Link) -> None:
    assert _start(link, "echo first; exit 5").wait(10) == 5
    command = _start(link, "sleep 1; exit 6")
    assert (command.poll(), command.stdout()) == (None, b"")
    assert command.wait(10) == 6


def test_a_deadline_ends_all_of_it(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "trap '' TERM HUP; sleep 71 & setsid sleep 72 & sleep 73; true")
    started = time.monotonic()
    with pytest.raises(DeadlineError, match="sleep 73"):
        command.wait(1)
    assert 1 <= time.monotonic() - started < 30
    assert _left(pixel6) == []


def _left(phone: LabPhone) -> list[str]:
    """The processes that stay, when those have had time to go that nobody holds any more."""
    time.sleep(0.1)
    return [command for _, command in phone.processes()]


def test_kill_ends_all_of_it_and_is_no_error_twice(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "sleep 71 & sleep 72; true")
    command.kill()
    assert _left(pixel6) == []
    command.kill()
    with pytest.raises(ProcessLostError):
        command.poll()


def test_a_command_that_was_killed_alone_has_an_exit_code(link: Link) -> None:
    command = detached.start(link, ["sleep", "60"], FOLDER)
    time.sleep(0.2)
    threading.Timer(
        0.3, lambda: link.check(["sh", "-c", f"kill -9 $(cat {FOLDER}/run.pid)"])
    ).start()
    started = time.monotonic()
    assert command.wait(20) == 137
    assert time.monotonic() - started < 30


def test_a_session_that_was_killed_is_lost_and_nothing_of_it_stays(
    link: Link, pixel6: LabPhone
) -> None:
    command = _start(link, "sleep 71 & sleep 72; true")
    threading.Timer(0.3, lambda: link.check(["sh", "-c", f"kill -9 {command.session}"])).start()
    started = time.monotonic()
    with pytest.raises(ProcessLostError, match="sleep 72"):
        command.wait(20)
    assert time.monotonic() - started < 30
    assert _left(pixel6) == []


def test_a_phone_without_flock_is_asked_now_and_then(link: Link, pixel6: LabPhone) -> None:
    def start(script: str) -> Detached:
        started = replace(_start(link, script)._started, locked=False)
        return Detached(link, FOLDER, script, started)

    assert start("sleep 0.5; exit 3").wait(10, poll_every_s=0.2) == 3
    with pytest.raises(DeadlineError):
        start("sleep 71; true").wait(0.5, poll_every_s=0.2)
    assert _left(pixel6) == []
    command = start("sleep 72; true")
    link.check(["sh", "-c", f"kill -9 {command.session}"])
    with pytest.raises(ProcessLostError):
        command.wait(10, poll_every_s=0.2)
    assert _left(pixel6) == []
