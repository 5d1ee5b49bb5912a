"""One command on a phone over adb's shell protocol, version 2, raw.

Version 1 goes through a terminal: one stream, no exit code, and a broken link looks like the end.
Here each packet is an id, a length (u32, little-endian) and data, and the exit code comes last
(packages/modules/adb/shell_protocol.h). Whatever ends without it was cut off.
"""

from __future__ import annotations

import codecs
import shlex
import struct
from collections.abc import Callable, Iterator, Sequence

from android_runner.adb_server import Connection, ConnectionLostError, OutOfTimeError

OnLine = Callable[[str], object]

_STDOUT, _STDERR, _EXIT = 1, 2, 3
_HEADER = struct.Struct("<BI")


class ProtocolError(ConnectionLostError):
    """The bytes are not of this protocol."""


class PacketReader:
    """Cuts a stream of bytes into packets."""

    def __init__(self) -> None:
        self._left = bytearray()

    def feed(self, content: bytes) -> Iterator[tuple[int, bytes]]:
        """The packets, as id and data, that are whole now. Raises `ProtocolError`."""
        self._left += content
        start = 0
        while len(self._left) - start >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._left, start)
            if kind not in (_STDOUT, _STDERR, _EXIT) or (kind == _EXIT and length != 1):
                message = f"packet {kind} of {length} bytes"
                raise ProtocolError(message)
            end = start + _HEADER.size + length
            if end > len(self._left):
                break
            yield kind, bytes(self._left[start + _HEADER.size : end])
            start = end
        del self._left[:start]


def service(argv: Sequence[str]) -> str:
    """The request that starts a command.

    Its first line on stderr is the number of its process, which leads a session of its own. The
    shell is replaced by the program, so that the SIGHUP after a lost link reaches that; and stdin
    is empty, since nobody would ever close it.
    """
    if not argv:
        message = "a command has at least a program"
        raise ValueError(message)
    return f"shell,v2,raw:echo $$ >&2; exec {shlex.join(argv)} </dev/null"


class RemoteCommand:
    """A command that runs on a phone, seen through its connection.

    `pid` is None until the phone has told it, `exit_code` until the command has ended.
    """

    def __init__(self, connection: Connection, on_line: OnLine | None = None) -> None:
        self._connection = connection
        self._packets = PacketReader()
        self._lines = _Lines(on_line) if on_line else None
        self._stderr = bytearray()
        self.stdout = bytearray()
        self.pid: int | None = None
        self.exit_code: int | None = None

    @property
    def stderr(self) -> bytearray:
        """Its stderr so far, without the line that we print."""
        told = self.pid is not None or self.exit_code is not None
        return self._stderr if told else bytearray()

    def wait(self, ends_at: float) -> int | None:
        """Its exit code, None if it has not ended by `ends_at`; reads what it prints meanwhile.

        Raises `ConnectionLostError`, and what `on_line` raises.
        """
        while self.exit_code is None and self._read(ends_at):
            pass
        return self.exit_code

    def wait_for_pid(self, ends_at: float) -> int | None:
        """The number of its process, None if that has not come by `ends_at`; raises as `wait`."""
        while self.pid is None and self.exit_code is None and self._read(ends_at):
            pass
        return self.pid

    def _read(self, ends_at: float) -> bool:
        """Whether something came in time."""
        try:
            content = self._connection.receive(ends_at)
        except OutOfTimeError:
            return False
        if not content:
            message = "closed before the command's exit code came"
            raise ConnectionLostError(message)
        for kind, data in self._packets.feed(content):
            self._take(kind, data)
        return True

    def _take(self, kind: int, data: bytes) -> None:
        if kind == _STDOUT:
            self.stdout += data
            if self._lines:
                self._lines.feed(data)
        elif kind == _STDERR:
            self._stderr += data
            self._find_pid()
        else:
            self.exit_code = data[0]
            if self._lines:
                self._lines.end()

    def _find_pid(self) -> None:
        if self.pid is not None:
            return
        line, newline, rest = self._stderr.partition(b"\n")
        if newline and line.isdigit():
            self.pid = int(line)
            self._stderr = rest
        elif newline:
            message = f"{bytes(line[:80])!r} instead of a process number"
            raise ProtocolError(message)


class _Lines:
    """Gives lines to a function as they become whole; one without an end when all has ended."""

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._rest: list[str] = []  # of the last line

    def feed(self, data: bytes) -> None:
        first, *others = self._decode(data).split("\n")
        self._rest.append(first)
        for other in others:
            self._on_line("".join(self._rest))
            self._rest = [other]

    def end(self) -> None:
        if rest := "".join(self._rest) + self._decode(b"", final=True):
            self._on_line(rest)
