"""An adb server that knows one answer; for the real thing see the lab."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from android_runner.adb_server import ServerAddress


@contextmanager
def adb_server(answer: bytes) -> Iterator[ServerAddress]:
    """Answers each request for the list of phones with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    size = int(connection.recv(4), 16)
                    assert connection.recv(size) == b"host:devices-l"
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            host, port = listener.getsockname()
            yield ServerAddress(host=host, port=port, said_by="the test")
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def okay(text: str) -> bytes:
    """What a server answers to a request that it grants."""
    return b"OKAY%04x%s" % (len(text.encode()), text.encode())
