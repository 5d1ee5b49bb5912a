"""The lab's own adb server; nobody else's is touched, and no cable of this machine is looked at."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from adbutils import AdbClient, AdbError, adb_path

from lab.errors import LabError

START_S = 10
# Ends with whoever holds the other end of its standard input, however that one ends.
_KEEPER = '"$@" </dev/null & adb=$!; read -r _; kill -9 $adb'
# Its own listener only: no USB, no emulators, no announcements on the network; and clients that
# call `kill-server` are not obeyed.
_ALONE = {
    "ADB_USB": "0",
    "ADB_EMU": "0",
    "ADB_MDNS": "0",
    "ADB_MDNS_AUTO_CONNECT": "0",
    "ADB_REJECT_KILL_SERVER": "1",
}


class LabServer:
    """A real adb server on a port that was free, with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """For `ADB_SERVER_SOCKET`."""
        return f"tcp:127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead adb and adbutils to this server."""
        return {
            "ADB_SERVER_SOCKET": self.address,
            "ANDROID_ADB_SERVER_ADDRESS": "127.0.0.1",
            "ANDROID_ADB_SERVER_HOST": "127.0.0.1",
            "ANDROID_ADB_SERVER_PORT": str(self.port),
        }

    def client(self, socket_timeout_s: float = 20) -> AdbClient:
        """An adbutils client of this server. Raises LabError where it is down.

        adbutils would start another server then, on the developer's port.
        """
        if not self.is_up():
            raise LabError(f"the adb server on port {self.port} is down")
        return AdbClient(host="127.0.0.1", port=self.port, socket_timeout=socket_timeout_s)

    def start(self) -> None:
        """Starts it and waits until it answers. Raises LabError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        home = {"HOME": str(self.folder), "TMPDIR": str(self.folder), "PATH": os.environ["PATH"]}
        with (self.folder / "adb.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "sh",
                    "-c",
                    _KEEPER,
                    "sh",
                    adb_path(),
                    "-L",
                    f"tcp:localhost:{self.port}",
                    "server",
                    "nodaemon",
                ],
                env={**home, **_ALONE},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + START_S
        while not self.is_up():
            if time.monotonic() > until or self._process.poll() is not None:
                self.stop()
                raise LabError(f"the adb server did not start, see {self.folder}/adb.log")
            time.sleep(0.01)

    def is_up(self) -> bool:
        """Whether something listens on its port."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Ends it at once; starting again takes the same port."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        process.wait(START_S)
        until = time.monotonic() + START_S
        while self.is_up() and time.monotonic() < until:
            time.sleep(0.005)

    def connect(self, serial: str, deadline_s: float = 10) -> None:
        """Connects `127.0.0.1:PORT` and waits for the state `device`. Raises LabError."""
        until = time.monotonic() + deadline_s
        while True:
            with suppress(AdbError, OSError):  # it may not be there yet: asked again below
                self.client().connect(serial, timeout=2)
            if self.state(serial) == "device":
                return
            if time.monotonic() > until:
                raise LabError(f"{serial} is {self.state(serial)!r} after {deadline_s:g} s")
            time.sleep(0.02)

    def disconnect(self, serial: str) -> None:
        """Forgets a phone."""
        if self.is_up():
            self.client().disconnect(serial)

    def state(self, serial: str) -> str:
        """What the server says of a phone; `absent` where it does not know it."""
        states = {str(info.serial): str(info.state) for info in self.client().list()}
        return states.get(serial, "absent")
