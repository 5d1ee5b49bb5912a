"""The adb server of this machine: where it listens, and one connection to it.

adbutils brings the `adb` program that starts a server. Its connections are not used here: when
nothing listens they start a server at the default address, whichever address was asked for; their
timeouts are per read, so a command that prints now and then has none; they may send a part of the
data only; and closing one sleeps for 10 ms.

The protocol is that of packages/modules/adb/docs/dev/services.md: a request is four hexadecimal
digits and as many bytes, the answer `OKAY`, or `FAIL` and a text in the same form.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType

from android_runner.errors import AdbServerAddressError, AdbServerError

_DEFAULT_HOST = "127.0.0.1"
_DEFAULT_PORT = 5037
_CONNECT_TIMEOUT_S = 5
_START_TIMEOUT_S = 20
_LONGEST_REQUEST = 0xFFFF
_RECEIVE_BYTES = 1 << 17

# What adb itself reads, in its order; see client/commandline.cpp.
_SOCKET, _HOST, _PORT = VARIABLES = (
    "ADB_SERVER_SOCKET",
    "ANDROID_ADB_SERVER_ADDRESS",
    "ANDROID_ADB_SERVER_PORT",
)


class ConnectionLostError(ConnectionError):
    """A connection does not give what it should; the text says how that showed."""


class OutOfTimeError(ConnectionLostError):
    """Nothing came, or nothing could be sent, in time."""


class RefusedError(ConnectionLostError):
    """The server, or the phone's adbd, answered `FAIL`; the text is its own."""


@dataclass(frozen=True, kw_only=True)
class ServerAddress:
    """Where an adb server listens. `said_by` names what says so, None for adb's own default."""

    host: str = _DEFAULT_HOST
    port: int = _DEFAULT_PORT
    said_by: str | None = None


def server_address(environ: Mapping[str, str] = os.environ) -> ServerAddress:
    """The address that adb's variables say. Raises `AdbServerAddressError` for what is no TCP."""
    if spec := environ.get(_SOCKET):
        kind, _, rest = spec.partition(":")
        if kind != "tcp":
            raise AdbServerAddressError(_SOCKET, spec, "only `tcp:PORT` and `tcp:HOST:PORT` do")
        host, _, port = rest.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        return ServerAddress(
            host=host or _DEFAULT_HOST, port=_parse_port(_SOCKET, spec, port), said_by=_SOCKET
        )
    variables = [name for name in (_HOST, _PORT) if environ.get(name)]
    if not variables:
        return ServerAddress()
    port = environ.get(_PORT) or str(_DEFAULT_PORT)
    return ServerAddress(
        host=environ.get(_HOST) or _DEFAULT_HOST,
        port=_parse_port(_PORT, port, port),
        said_by=" and ".join(variables),
    )


def _parse_port(variable: str, value: str, port: str) -> int:
    if not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        raise AdbServerAddressError(variable, value, "the port is a number from 1 to 65535")
    return int(port)


class Connection:
    """One connection to an adb server. `ends_at` is when to give up, by `time.monotonic()`.

    However it breaks is a `ConnectionLostError`, with `OutOfTimeError` and `RefusedError` where it
    is that.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes it; a command that still runs on the phone gets SIGHUP."""
        self._socket.close()

    def request(self, service: str, ends_at: float) -> None:
        """Asks for a service. Raises ValueError when the request is too long to be sent."""
        content = service.encode()
        if len(content) > _LONGEST_REQUEST or b"\0" in content:
            message = f"a request to adb is at most {_LONGEST_REQUEST} bytes without NUL"
            raise ValueError(message)
        self.send(b"%04x" % len(content) + content, ends_at)
        answer = self.receive_exactly(4, ends_at)
        if answer == b"FAIL":
            raise RefusedError(self.receive_text(ends_at))
        if answer != b"OKAY":
            raise RefusedError(f"it answered {answer!r}, which is not the adb protocol")

    def receive_text(self, ends_at: float) -> str:
        """A text with its length before it; what has come of it when the other side closes."""
        digits = self.receive_exactly(4, ends_at)
        try:
            left = int(digits, 16)
        except ValueError:
            raise RefusedError(f"it gave the length {digits!r}") from None
        text = bytearray()
        while len(text) < left and (chunk := self.receive(ends_at, left - len(text))):
            text += chunk
        return text.decode(errors="replace")

    def send(self, content: bytes | memoryview, ends_at: float) -> None:
        """Sends all of it."""
        with self._until(ends_at):
            self._socket.sendall(content)

    def receive(self, ends_at: float, limit_bytes: int = _RECEIVE_BYTES) -> bytes:
        """What comes next; nothing when the other side has closed."""
        with self._until(ends_at):
            return self._socket.recv(limit_bytes)

    def receive_exactly(self, count: int, ends_at: float) -> bytes:
        """That many bytes; `ConnectionLostError` when the other side closes before."""
        content = bytearray()
        while len(content) < count:
            chunk = self.receive(ends_at, count - len(content))
            if not chunk:
                message = f"closed after {len(content)} of {count} bytes"
                raise ConnectionLostError(message)
            content += chunk
        return bytes(content)

    def has_answer(self) -> bool:
        """Whether something can be read, or the other side has closed."""
        return bool(select.select([self._socket], [], [], 0)[0])

    @contextlib.contextmanager
    def _until(self, ends_at: float) -> Iterator[None]:
        left_s = ends_at - time.monotonic()
        try:
            if left_s <= 0:
                raise TimeoutError
            self._socket.settimeout(left_s)
            yield
        except TimeoutError as error:
            message = "no answer in time"
            raise OutOfTimeError(message) from error
        except OSError as error:
            raise ConnectionLostError(str(error)) from error


def connect(address: ServerAddress) -> Connection:
    """Connects to the server, which is started where nothing listens at adb's own default.

    Raises `AdbServerError` where there is none; a server is never started at another address.
    """
    with contextlib.suppress(ConnectionRefusedError):
        return _connect(address)
    if address.said_by is not None:
        raise AdbServerError(
            address.host,
            address.port,
            f"nothing listens there, and {address.said_by} says that it is there",
        )
    _start_server(address)
    try:
        return _connect(address)
    except ConnectionRefusedError as error:
        raise AdbServerError(
            address.host, address.port, "`adb start-server` has not helped"
        ) from error


def ask(address: ServerAddress, service: str, *, deadline_s: float = 10) -> str:
    """The server's answer to a `host…` request. Raises as `connect` and `Connection` do."""
    with connect(address) as connection:
        ends_at = time.monotonic() + deadline_s
        connection.request(service, ends_at)
        return connection.receive_text(ends_at)


def _connect(address: ServerAddress) -> Connection:
    try:
        where = (address.host, address.port)
        return Connection(socket.create_connection(where, timeout=_CONNECT_TIMEOUT_S))
    except ConnectionRefusedError:
        raise
    except OSError as error:  # also an unknown host
        raise AdbServerError(address.host, address.port, str(error)) from error


def _start_server(address: ServerAddress) -> None:
    import adbutils  # takes a tenth of a second to import

    argv = [adbutils.adb_path(), "start-server"]
    environ = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    # A file and no pipe: the server outlives the command, and would hold the pipe's end.
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(
                argv,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_START_TIMEOUT_S,
                start_new_session=True,  # Ctrl-C is meant for us
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AdbServerError(address.host, address.port, f"{argv}: {error}") from error
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    if done.returncode != 0:
        raise AdbServerError(
            address.host, address.port, f"{argv} exited with {done.returncode}: {said[-500:]}"
        )
