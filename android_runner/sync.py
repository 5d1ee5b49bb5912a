"""Sends a file to a phone by adb's file service.

adbutils has this too, but sends chunks with `send`, which may send a part of one when the link is
slower than the disk, drops the phone's reason for a failure, and reads 4 KiB at a time. The format
is that of packages/modules/adb/SYNC.TXT: four letters and a length or number (u32, little-endian).
"""

from __future__ import annotations

import stat
import struct
import time
from collections.abc import Callable
from io import BufferedReader

from android_runner.adb_server import Connection, ConnectionLostError

# Gets the bytes sent so far.
OnBytes = Callable[[int], object]

_HEADER = struct.Struct("<4sI")
_CHUNK_BYTES = 1 << 16  # the most that adbd takes


class NotTakenError(Exception):
    """The phone did not take the file; the text is its reason."""


def send_file(
    connection: Connection,
    source: BufferedReader,
    target: str,
    *,
    mode: int,
    stall_s: float,
    on_bytes: OnBytes | None = None,
) -> None:
    """Sends a file over a connection to the service `sync:`; makes the folders it needs.

    Raises `NotTakenError`; `ConnectionLostError` also when nothing moves for `stall_s`; and what
    `source` and `on_bytes` raise. Then a part of the file may be at `target`.
    """
    request = f"{target},{stat.S_IFREG | mode}".encode()
    connection.send(_HEADER.pack(b"SEND", len(request)) + request, time.monotonic() + stall_s)
    # One chunk and its header, used again and again: it stays in the processor's cache.
    frame = memoryview(bytearray(_HEADER.size + _CHUNK_BYTES))
    sent = 0
    while count := source.readinto(frame[_HEADER.size :]):
        if connection.has_answer():  # it never answers before the end but to say that it fails
            break
        _HEADER.pack_into(frame, 0, b"DATA", count)
        connection.send(frame[: _HEADER.size + count], time.monotonic() + stall_s)
        sent += count
        if on_bytes:
            on_bytes(sent)
    else:
        # The time of the file; it gets one by the phone's own clock when it is put in place.
        connection.send(_HEADER.pack(b"DONE", int(time.time())), time.monotonic() + stall_s)
    _check_answer(connection, time.monotonic() + stall_s)


def _check_answer(connection: Connection, ends_at: float) -> None:
    kind, length = _HEADER.unpack(connection.receive_exactly(_HEADER.size, ends_at))
    if kind == b"OKAY":
        return
    if kind != b"FAIL":
        message = f"it answered {kind!r}, which is not the file protocol"
        raise ConnectionLostError(message)
    reason = connection.receive_exactly(min(length, _CHUNK_BYTES), ends_at)
    raise NotTakenError(reason.decode(errors="replace"))
