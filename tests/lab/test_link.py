"""The link to a phone: the real adb server, the real adbd, mksh and toybox."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from android_runner.errors import CommandFailedError, DeadlineError, LinkLostError
from android_runner.link import Link
from android_runner.shell import Completed
from lab.lab import Lab
from lab.phone import LabPhone

pytestmark = pytest.mark.lab

ODD_NAMES = (
    "it's",
    'say "hi"',
    "a b  c",
    "$(reboot)",
    "`id`",
    "$HOME",
    "new\nline",
    "tab\tstop",
    "*?[x]",
    "back\\slash",
    ";true #",
    "größe ☃",
    "!$&|<>",
    "-n",
)


@pytest.fixture
def link(pixel6: LabPhone) -> Link:
    return Link(pixel6.serial)


def _wait_for(phone: LabPhone, command: str) -> None:
    until = time.monotonic() + 5
    while not any(command in line for _, line in phone.processes()):
        assert time.monotonic() < until, phone.processes()
        time.sleep(0.02)


def _commands(phone: LabPhone) -> list[str]:
    return [line for _, line in phone.processes()]


def test_a_command_has_streams_of_its_own_and_its_exit_code(link: Link) -> None:
    script = "echo out; echo err >&2; exit 7"
    assert link.run(["sh", "-c", script]) == Completed(exit_code=7, stdout="out\n", stderr="err\n")


@pytest.mark.parametrize(
    ("argv", "exit_code"),
    [
        (["true"], 0),
        (["false"], 1),
        (["no-such-program"], 127),
        (["/data/local/tmp"], 126),
        (["sh", "-c", "kill -9 $$"], 137),
        (["sh", "-c", "kill -11 $$"], 139),
        (["sh", "-c", "exit 255"], 255),
    ],
)
def test_every_end_has_its_exit_code(link: Link, argv: list[str], exit_code: int) -> None:
    assert link.run(argv).exit_code == exit_code


def test_a_command_that_reads_stdin_finds_nothing_there(link: Link) -> None:
    assert link.run(["cat"], deadline_s=5) == Completed(exit_code=0, stdout="", stderr="")


def test_much_output_on_both_streams_is_whole(link: Link) -> None:
    script = "seq 200000 & seq 200000 >&2; wait"
    expected = "".join(f"{number}\n" for number in range(1, 200_001))
    assert link.run(["sh", "-c", script]) == Completed(
        exit_code=0, stdout=expected, stderr=expected
    )


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_argument_arrives_as_it_is(link: Link, pixel6: LabPhone, name: str) -> None:
    assert link.check(["printf", "%s", name]) == name
    path = f"/data/local/tmp/{name}"
    link.check(["touch", path])
    assert [file.name for file in pixel6.path("/data/local/tmp").iterdir()] == [name]
    assert link.pull_bytes(path) == b""


def test_lines_arrive_while_the_command_runs(link: Link) -> None:
    times: dict[str, float] = {}
    link.run(
        ["sh", "-c", "echo one; sleep 0.5; echo two"],
        on_line=lambda line: times.setdefault(line, time.monotonic()),
    )
    assert list(times) == ["one", "two"]
    assert times["two"] - times["one"] > 0.3


def test_a_deadline_ends_the_command_its_children_and_their_sessions(
    link: Link, pixel6: LabPhone
) -> None:
    script = "trap '' HUP TERM INT; sleep 71 & (sleep 72; true) & setsid sleep 73 & sleep 74; true"
    started = time.monotonic()
    with pytest.raises(DeadlineError) as caught:
        link.run(["sh", "-c", script], deadline_s=1)
    assert 1 <= time.monotonic() - started < 30
    assert caught.value.still_running == ()
    assert _commands(pixel6) == []


def test_a_deadline_leaves_the_other_commands_alone(link: Link, pixel6: LabPhone) -> None:
    with link.start(["sleep", "75"]) as other:
        assert other.wait_for_pid(time.monotonic() + 5)
        with pytest.raises(DeadlineError):
            link.run(["sleep", "76"], deadline_s=0.5)
        assert _commands(pixel6) == ["sleep 75"]


def test_output_without_an_end_is_ended_by_the_deadline(link: Link, pixel6: LabPhone) -> None:
    script = "while :; do echo x; sleep 0.05; done"
    with pytest.raises(DeadlineError):
        link.run(["sh", "-c", script], deadline_s=1)
    assert _commands(pixel6) == []


def test_a_deadline_shorter_than_the_way_leaves_nothing(link: Link, pixel6: LabPhone) -> None:
    with pytest.raises(DeadlineError):
        link.run(["sleep", "77"], deadline_s=0.000001)
    assert _commands(pixel6) == []


def test_a_killed_adbd_is_a_lost_link_and_then_waited_for(link: Link, pixel6: LabPhone) -> None:
    threading.Timer(0.5, pixel6.kill_adbd).start()
    started = time.monotonic()
    with pytest.raises(LinkLostError, match="during sh -c"):
        link.run(["sh", "-c", "echo begin; sleep 20; echo end"])
    assert time.monotonic() - started < 30
    with pytest.raises(LinkLostError):
        link.run(["true"])
    assert link.state() in ("offline", "absent")

    threading.Timer(0.5, lambda: pixel6.restart_adbd(wait=False)).start()
    link.wait_until_back(20)
    assert link.check(["echo", "back"]) == "back\n"


def test_an_unplugged_phone_that_does_not_come_back_is_told(link: Link, pixel6: LabPhone) -> None:
    pixel6.unplug_cable()
    started = time.monotonic()
    with pytest.raises(LinkLostError, match="1 s of waiting"):
        link.wait_until_back(1)
    assert time.monotonic() - started < 30


def test_a_black_hole_is_a_lost_link_soon_after_the_deadline(link: Link, pixel6: LabPhone) -> None:
    threading.Timer(0.3, lambda: pixel6.black_hole(gives_up_after_s=None)).start()
    started = time.monotonic()
    with pytest.raises(LinkLostError, match="no answer within 1 s"):
        link.run(["sleep", "30"], deadline_s=1)
    assert time.monotonic() - started < 30


def test_a_hanging_adbd_is_waited_for(link: Link, pixel6: LabPhone) -> None:
    link.run(["true"])
    pixel6.stop_adbd()
    threading.Timer(1, pixel6.continue_adbd).start()
    assert link.check(["echo", "late"]) == "late\n"


def test_a_server_that_is_killed_during_a_command_is_a_lost_link(
    link: Link, pixel6: LabPhone, lab: Lab
) -> None:
    threading.Timer(0.5, lab.server.stop).start()
    started = time.monotonic()
    with pytest.raises(LinkLostError):
        link.run(["sleep", "20"])
    assert time.monotonic() - started < 30
    with pytest.raises(LinkLostError, match="nothing listens there"):
        link.run(["true"])
    lab.server.start()
    # The new server knows no phone of the network: it is asked to connect to it again.
    link.wait_until_back(20)
    assert link.state() == "device"


def test_a_reboot_ends_a_command(link: Link, pixel6: LabPhone) -> None:
    threading.Timer(0.3, lambda: pixel6.reboot(wait=False)).start()
    with pytest.raises(LinkLostError):
        link.run(["sleep", "20"])
    link.wait_until_back(20)


def test_states_are_adbs(link: Link, pixel6: LabPhone, lab: Lab) -> None:
    assert link.state() == "device"
    pixel6.unauthorized()
    assert link.state() == "unauthorized"
    with pytest.raises(LinkLostError, match="unauthorized"):
        link.run(["true"])
    lab.server.disconnect(pixel6.serial)
    assert link.state() == "absent"


def test_a_file_is_read_from_an_offset_on(link: Link, pixel6: LabPhone) -> None:
    content = bytes(range(256)) * 4096
    path = "/data/local/tmp/run.out"
    pixel6.path(path).write_bytes(content)
    assert link.pull_bytes(path) == content
    assert link.pull_bytes(path, 1000, 300) == content[1000:1300]
    assert link.pull_bytes(path, len(content) - 2) == content[-2:]
    assert link.pull_bytes(path, len(content) + 5) == b""


def test_a_file_that_cannot_be_read_is_an_error(link: Link) -> None:
    with pytest.raises(CommandFailedError, match=r"cannot read /data/nothing"):
        link.pull_bytes("/data/nothing")


def test_a_read_that_breaks_off_is_no_short_file(
    link: Link, pixel6: LabPhone, tmp_path: Path
) -> None:
    path = "/data/local/tmp/big"
    pixel6.path(path).write_bytes(b"x" * 50_000_000)
    link.run(["true"])
    pixel6.slow_link(0.01)
    threading.Timer(0.5, pixel6.kill_adbd).start()
    with pytest.raises(LinkLostError):
        link.pull_bytes(path)


def test_several_threads_share_a_link(link: Link) -> None:
    results: dict[int, str] = {}

    def run(number: int) -> None:
        results[number] = link.check(["sh", "-c", f"sleep 0.2; echo {number}"])

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: f"{number}\n" for number in range(8)}
