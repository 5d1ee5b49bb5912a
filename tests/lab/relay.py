"""What lies between the lab's adb server and a phone's adbd: a cable that can be disturbed.

Standard library only; runs inside the phone's network namespace, on a listening socket that was
opened outside of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from dataclasses import dataclass

ADBD_PORT = 5555
_CHUNK_BYTES = 65536
# protocol.txt of adb: header words, the command that asks for a signature, a token's length.
_HEADER = struct.Struct("<6I")
_AUTH, _AUTH_TOKEN, _AUTH_PUBLIC_KEY, _TOKEN_BYTES = 0x48545541, 1, 3, 20


@dataclass(frozen=True, kw_only=True)
class Cable:
    """How the cable is.

    mode: `pass`; `hole` (nothing arrives, nobody is told); `cut` (every connection is closed and
    refused); `unauthorized` (adbd wants a key that nobody has accepted).
    """

    mode: str = "pass"
    delay_s: float = 0
    # A hole ends the server's connections after this time, as its keepalive would; None: never.
    gives_up_after_s: float | None = None


class Relay:
    """Passes bytes both ways as long as the cable is whole."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._cable = Cable()
        self._open = asyncio.Event()
        self._open.set()
        self._to_server: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Accepts connections until cancelled."""
        server = await asyncio.start_server(self._accept, sock=self._listener)
        async with server:
            await server.serve_forever()

    def change(self, cable: Cable) -> None:
        """Makes the cable another one; connections that it ends are ended at once."""
        self._cable = cable
        if cable.mode == "hole":
            self._open.clear()
            if cable.gives_up_after_s is not None:
                task = asyncio.create_task(self._give_up(cable))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            return
        self._open.set()
        if cable.mode != "pass":
            self.drop()

    def drop(self) -> None:
        """Ends every connection with the server."""
        for writer in list(self._to_server):
            _reset(writer)

    async def _give_up(self, cable: Cable) -> None:
        await asyncio.sleep(cable.gives_up_after_s or 0)
        if self._cable is cable:
            self.drop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._to_server.add(writer)
        try:
            await self._open.wait()
            if self._cable.mode == "unauthorized":
                await _ask_for_keys(reader, writer)
            elif self._cable.mode == "pass":
                await self._join(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the other side went away: so does this one
        finally:
            self._to_server.discard(writer)
            _reset(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        adbd_reader, adbd_writer = await asyncio.open_connection("127.0.0.1", ADBD_PORT)
        try:
            ways = [
                asyncio.create_task(self._copy(reader, adbd_writer)),
                asyncio.create_task(self._copy(adbd_reader, writer)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            _reset(adbd_writer)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            if self._cable.delay_s:
                await asyncio.sleep(self._cable.delay_s)
            await self._open.wait()
            writer.write(data)
            await writer.drain()


async def _ask_for_keys(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers everything with another token: no signature is ever good enough."""
    while True:
        header = _HEADER.unpack(await reader.readexactly(_HEADER.size))
        await reader.readexactly(header[3])
        if header[0] == _AUTH and header[1] == _AUTH_PUBLIC_KEY:
            continue  # a phone now shows its dialog and stays silent
        token = os.urandom(_TOKEN_BYTES)
        head = _HEADER.pack(_AUTH, _AUTH_TOKEN, 0, len(token), sum(token), _AUTH ^ 0xFFFFFFFF)
        writer.write(head + token)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        writer.transport.abort()
