"""An adb server in this process, with a phone that does what a test says.

It speaks what a client sees: requests with their length, `host:…`, the shell protocol's packets,
and the file service. A test gives functions that act as the phone, wrong ones too.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

from android_runner.adb_server import ServerAddress

SERIAL = "fake-1"
STDOUT, STDERR, EXIT = 1, 2, 3
PID = 4711


class Wire:
    """The phone's end of a connection."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def raw(self, content: bytes) -> None:
        """Sends bytes as they are."""
        self._socket.sendall(content)

    def packet(self, kind: int, data: bytes) -> None:
        """Sends one packet of the shell protocol."""
        self.raw(struct.pack("<BI", kind, len(data)) + data)

    def begin(self) -> None:
        """Tells the process's number, as every command of ours does first."""
        self.packet(STDERR, b"%d\n" % PID)

    def exit(self, code: int) -> None:
        """Ends the command."""
        self.packet(EXIT, bytes([code]))

    def read(self, count: int) -> bytes:
        """That many bytes from the client, or what comes before it closes."""
        content = b""
        while len(content) < count and (chunk := self._socket.recv(count - len(content))):
            content += chunk
        return content

    def hang(self) -> None:
        """Says nothing more until the client closes."""
        while self._socket.recv(1 << 16):
            pass

    def text(self, text: str) -> None:
        """Sends a text with its length before it."""
        content = text.encode()
        self.raw(b"%04x" % len(content) + content)


# Acts as the phone for one command, which it gets without what goes before each.
ActShell = Callable[[str, Wire], None]
ActSync = Callable[[Wire], None]


def succeed(command: str, wire: Wire) -> None:
    """A phone on which everything succeeds without a word."""
    wire.begin()
    wire.exit(0)


class FakeAdbServer:
    """Listens on a free port while its block runs; remembers what was asked.

    `refuse` has the reasons for requests, or kinds of them, that are answered with FAIL.
    """

    def __init__(
        self,
        shell: ActShell = succeed,
        sync: ActSync = Wire.hang,
        *,
        devices: str = f"{SERIAL}\tdevice\n",
        features: str = "shell_v2,cmd",
        refuse: Mapping[str, str] | None = None,
    ) -> None:
        self._shell = shell
        self._sync = sync
        self._devices = devices
        self._features = features
        self._refuse = refuse or {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self.requests: list[str] = []

    @property
    def address(self) -> ServerAddress:
        """Where it listens."""
        return ServerAddress(port=self._port, said_by="the test")

    @property
    def commands(self) -> list[str]:
        """The commands that were run."""
        return [_command(name) for name in self.requests if name.startswith("shell")]

    def __enter__(self) -> FakeAdbServer:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        # A client that is gone already is no matter of the phone's.
        with connection, contextlib.suppress(OSError):
            wire = Wire(connection)
            while digits := wire.read(4):
                name = wire.read(int(digits, 16)).decode()
                self.requests.append(name)
                if not self._answer(name, wire):
                    return

    def _answer(self, name: str, wire: Wire) -> bool:
        """Whether more requests may follow on this connection."""
        for kind, reason in self._refuse.items():
            if name.startswith(kind):
                wire.raw(b"FAIL")
                wire.text(reason)
                return False
        wire.raw(b"OKAY")
        if name.startswith("host:transport:"):
            return True
        if name.startswith("shell"):
            self._shell(_command(name), wire)
        elif name == "sync:":
            self._sync(wire)
        else:
            wire.text(self._features if name.endswith(":features") else self._devices)
        return False


def _command(name: str) -> str:
    return name.removeprefix("shell,v2,raw:echo $$ >&2; exec ").removesuffix(" </dev/null")
