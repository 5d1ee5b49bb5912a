from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_adb_phone import SERIAL, FakeAdbServer, Wire

from android_runner.errors import LinkLostError
from android_runner.link import Link
from android_runner.sync import NotTakenError, send_file

OKAY = struct.pack("<4sI", b"OKAY", 0)


def _read_file(wire: Wire) -> tuple[str, list[int], bytes]:
    """What a phone gets: the request, the sizes of the chunks, and the content."""
    _, length = struct.unpack("<4sI", wire.read(8))
    request = wire.read(length).decode()
    sizes: list[int] = []
    content = b""
    while True:
        kind, length = struct.unpack("<4sI", wire.read(8))
        if kind != b"DATA":
            assert kind == b"DONE"
            return request, sizes, content
        sizes.append(length)
        content += wire.read(length)


def _send(server: FakeAdbServer, path: Path, *, stall_s: float = 5) -> list[int]:
    steps: list[int] = []
    with (
        Link(SERIAL, server.address).service("sync:", "the push") as connection,
        path.open("rb") as source,
    ):
        send_file(connection, source, "/data/x", mode=0o755, stall_s=stall_s, on_bytes=steps.append)
    return steps


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 200_000])
def test_a_file_arrives_in_chunks_that_adbd_takes(size: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    got: list[tuple[str, list[int], bytes]] = []

    def act(wire: Wire) -> None:
        got.append(_read_file(wire))
        wire.raw(OKAY)

    with FakeAdbServer(sync=act) as server:
        steps = _send(server, path)
    [(request, sizes, content)] = got
    assert (request, content) == ("/data/x,33261", path.read_bytes())  # 33261: a file, 0755
    assert max(sizes, default=0) <= 65536
    assert (steps or [0])[-1] == size
    assert steps == sorted(steps)


def test_the_phones_reason_is_kept_and_the_rest_is_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(500_000_000)

    def act(wire: Wire) -> None:
        wire.read(100_000)
        reason = b"couldn't write: No space left on device"
        wire.raw(struct.pack("<4sI", b"FAIL", len(reason)) + reason)
        wire.hang()

    with (
        FakeAdbServer(sync=act) as server,
        pytest.raises(NotTakenError, match="No space left on device"),
    ):
        _send(server, path)


def _closes(wire: Wire) -> None:
    wire.read(100_000)


def _truncates(wire: Wire) -> None:
    _read_file(wire)
    wire.raw(OKAY[:5])


def _lies(wire: Wire) -> None:
    _read_file(wire)
    wire.raw(b"CLSE\0\0\0\0")


def _cuts_its_reason(wire: Wire) -> None:
    _read_file(wire)
    wire.raw(struct.pack("<4sI", b"FAIL", 100) + b"No sp")


@pytest.mark.parametrize("act", [_closes, _truncates, _lies, _cuts_its_reason])
def test_a_push_that_is_cut_off_is_a_lost_link(act: Callable[[Wire], None], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(300_000))
    with FakeAdbServer(sync=act) as server, pytest.raises(LinkLostError, match="the push"):
        _send(server, path)


def test_a_push_into_a_black_hole_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(500_000_000)

    def act(wire: Wire) -> None:
        wire.read(100_000)
        time.sleep(2)  # and takes nothing

    with FakeAdbServer(sync=act) as server:
        started = time.monotonic()
        with pytest.raises(LinkLostError, match="no answer in time"):
            _send(server, path, stall_s=0.5)
        assert time.monotonic() - started < 30
