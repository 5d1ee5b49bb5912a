from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable

import pytest
from fake_adb_phone import EXIT, PID, SERIAL, STDERR, STDOUT, FakeAdbServer, Wire

from android_runner.errors import CommandFailedError, DeadlineError, LinkLostError, PhoneTooOldError
from android_runner.link import Link
from android_runner.shell import Completed

ALIVE = f"{PID} (sh) S 1 {PID} {PID} 0 -1 0\n"


def _split(command: str, wire: Wire) -> None:
    wire.begin()
    wire.packet(STDOUT, "äö".encode()[:3])
    wire.packet(STDERR, b"4711\nwarning")
    wire.packet(STDOUT, "äö".encode()[3:] + b"\xff\r\n")
    wire.exit(200)


def test_streams_and_exit_code_are_kept_apart() -> None:
    with FakeAdbServer(_split) as server:
        done = Link(SERIAL, server.address).run(["x"])
        assert server.requests == [
            f"host-serial:{SERIAL}:features",
            f"host:transport:{SERIAL}",
            "shell,v2,raw:echo $$ >&2; exec x </dev/null",
        ]
    assert done == Completed(exit_code=200, stdout="äö\ufffd\r\n", stderr="4711\nwarning")


def test_lines_come_as_they_are_printed() -> None:
    got: list[str] = []
    seen = threading.Event()

    def act(command: str, wire: Wire) -> None:
        wire.begin()
        wire.packet(STDOUT, b"one\ntw")
        assert seen.wait(5)  # the first line has arrived before there is more
        wire.packet(STDOUT, b"o\n\n\xc3")
        wire.packet(STDOUT, b"\xa4")
        wire.exit(0)

    def on_line(line: str) -> None:
        got.append(line)
        seen.set()

    with FakeAdbServer(act) as server:
        done = Link(SERIAL, server.address).run(["x"], on_line=on_line)
    assert (got, done.stdout) == (["one", "two", "", "ä"], "one\ntwo\n\nä")


def test_what_a_line_raises_comes_out_as_it_is() -> None:
    def on_line(line: str) -> None:
        raise FileNotFoundError(line)

    def act(command: str, wire: Wire) -> None:
        wire.begin()
        wire.packet(STDOUT, b"one\n")
        wire.hang()

    with FakeAdbServer(act) as server, pytest.raises(FileNotFoundError, match="one"):
        Link(SERIAL, server.address).run(["x"], on_line=on_line)


def _after(*packets: bytes) -> Callable[[str, Wire], None]:
    def act(command: str, wire: Wire) -> None:
        for packet in packets:
            wire.raw(packet)

    return act


_BEGIN = struct.pack("<BI", STDERR, 5) + b"4711\n"
_TEXT = struct.pack("<BI", STDOUT, 4) + b"text"


@pytest.mark.parametrize(
    "act",
    [
        _after(),
        _after(_BEGIN),
        _after(_BEGIN, _TEXT),
        _after(_BEGIN, _TEXT[:-1]),
        _after(_BEGIN, _TEXT, struct.pack("<BI", EXIT, 1)),
        _after(_BEGIN, _TEXT, b"\3"),
        _after(_BEGIN, b"error: closed\n"),
        _after(struct.pack("<BI", STDERR, 4) + b"what\n\n\n\n"),
    ],
    ids=[
        "nothing",
        "no output",
        "no exit code",
        "half a packet",
        "half an exit code",
        "half a header",
        "another protocol",
        "no number",
    ],
)
def test_output_that_is_cut_off_is_never_a_result(act: Callable[[str, Wire], None]) -> None:
    with FakeAdbServer(act) as server, pytest.raises(LinkLostError) as caught:
        Link(SERIAL, server.address).run(["getprop", "x"])
    assert SERIAL in str(caught.value)
    assert "getprop x" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"device '{SERIAL}' not found",
        "device offline",
        "device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set",
        "device still authorizing",
        "more than one device/emulator",
        "insufficient permissions for device: user alice is not in the plugdev group",
        "",
    ],
)
def test_a_phone_that_the_server_refuses_is_a_lost_link_with_its_reason(text: str) -> None:
    with (
        FakeAdbServer(refuse={f"host:transport:{SERIAL}": text}) as server,
        pytest.raises(LinkLostError) as caught,
    ):
        Link(SERIAL, server.address).run(["true"])
    assert " ".join(text.split()) in str(caught.value)


def test_a_shell_that_adbd_closes_at_once_is_a_lost_link() -> None:
    with (
        FakeAdbServer(refuse={"shell": "closed"}) as server,
        pytest.raises(LinkLostError, match="closed"),
    ):
        Link(SERIAL, server.address).run(["true"])


def test_a_server_that_is_gone_is_a_lost_link() -> None:
    with FakeAdbServer() as server:
        link = Link(SERIAL, server.address)
        link.run(["true"])
    with pytest.raises(LinkLostError, match="the test says that it is there"):
        link.run(["true"])
    with pytest.raises(LinkLostError):
        link.state()


def test_a_phone_without_exit_codes_is_refused() -> None:
    with (
        FakeAdbServer(features="cmd,stat_v2") as server,
        pytest.raises(PhoneTooOldError, match="only cmd, stat_v2"),
    ):
        Link(SERIAL, server.address).run(["true"])


def test_a_command_that_prints_on_and_on_ends_at_its_deadline_with_its_session() -> None:
    killed = threading.Event()

    def act(command: str, wire: Wire) -> None:
        wire.begin()
        if "kill -9" in command:
            killed.set()
        elif "/stat" in command:
            wire.packet(STDOUT, b"" if killed.is_set() else ALIVE.encode())
        else:
            while not killed.wait(0.05):  # a deadline of each read would never pass
                wire.packet(STDOUT, b"still here\n")
            return
        wire.exit(0)

    with FakeAdbServer(act) as server:
        started = time.monotonic()
        with pytest.raises(DeadlineError) as caught:
            Link(SERIAL, server.address).run(["benchmark", "forever"], deadline_s=0.4)
        assert 0.4 <= time.monotonic() - started < 30
        assert [
            command.rpartition(" ")[2] for command in server.commands if "kill -9" in command
        ] == [str(PID)]
    assert "benchmark forever" in str(caught.value)
    assert caught.value.still_running == ()


def test_processes_that_survive_a_deadline_are_named() -> None:
    def act(command: str, wire: Wire) -> None:
        wire.begin()
        if command == "x":
            wire.hang()
        elif "/stat" in command:
            wire.packet(STDOUT, ALIVE.encode())
        wire.exit(0)

    with FakeAdbServer(act) as server, pytest.raises(DeadlineError, match=f"{PID}") as caught:
        Link(SERIAL, server.address).run(["x"], deadline_s=0.1)
    assert caught.value.still_running == (PID,)


def test_a_deadline_at_which_the_phone_does_not_answer_is_a_lost_link() -> None:
    def act(command: str, wire: Wire) -> None:
        wire.begin()
        if command == "x":
            wire.hang()  # and then it is gone

    with FakeAdbServer(act) as server, pytest.raises(LinkLostError, match=r"no answer within 0\.1"):
        Link(SERIAL, server.address).run(["x"], deadline_s=0.1)


def test_a_command_that_ends_while_it_is_looked_for_has_ended() -> None:
    def act(command: str, wire: Wire) -> None:
        time.sleep(0.2)
        wire.begin()
        wire.exit(3)

    with FakeAdbServer(act) as server:
        done = Link(SERIAL, server.address).run(["x"], deadline_s=0.001)
    assert done == Completed(exit_code=3, stdout="", stderr="")


def test_check_gives_stdout_or_raises_with_what_was_said() -> None:
    def act(command: str, wire: Wire) -> None:
        wire.begin()
        wire.packet(STDOUT, b"out\n")
        wire.packet(STDERR, b"why\n")
        wire.exit(0 if command == "good" else 9)

    with FakeAdbServer(act) as server:
        link = Link(SERIAL, server.address)
        assert link.check(["good"]) == "out\n"
        with pytest.raises(CommandFailedError, match=r"`bad` exited with 9:\nout\nwhy"):
            link.check(["bad"])


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (f"{SERIAL}\tdevice\n", "device"),
        (f"other\tdevice\n{SERIAL}\toffline\n", "offline"),
        (f"{SERIAL}0\tdevice\n", "absent"),
        ("", "absent"),
        (
            f"{SERIAL}\tno permissions (user alice is not in the plugdev group); see [http://x]\n",
            "no permissions (user alice is not in the plugdev group); see [http://x]",
        ),
        (f"{SERIAL}\tunauthorized\n", "unauthorized"),
        (f"{SERIAL}", ""),
    ],
)
def test_the_state_is_adbs_whole_word(devices: str, expected: str) -> None:
    with FakeAdbServer(devices=devices) as server:
        assert Link(SERIAL, server.address).state() == expected


def test_a_phone_that_does_not_come_back_is_told_with_its_state() -> None:
    with (
        FakeAdbServer(devices=f"{SERIAL}\tunauthorized\n") as server,
        pytest.raises(LinkLostError, match="its state is 'unauthorized'"),
    ):
        Link(SERIAL, server.address).wait_until_back(0.5)


def test_a_phone_on_the_network_is_connected_again_when_the_server_has_lost_it() -> None:
    serial = "192.168.1.9:5555"
    with FakeAdbServer(devices="") as server, pytest.raises(LinkLostError, match="'absent'"):
        Link(serial, server.address).wait_until_back(0.5)
    assert server.requests.count(f"host:connect:{serial}") == 1


def test_a_part_of_a_file_is_pulled_as_it_is() -> None:
    def act(command: str, wire: Wire) -> None:
        wire.begin()
        wire.packet(STDOUT, b"\0\xff\r\n")
        wire.exit(0)

    with FakeAdbServer(act) as server:
        assert Link(SERIAL, server.address).pull_bytes("/data/a b", 5, 4) == b"\0\xff\r\n"
    assert server.commands[0].endswith("pull '/data/a b' 6 4")
