"""A phone's hardware as a process of this machine: started, told what to do, ended."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.host_python import python_folders

HERE = Path(__file__).parent
COMMANDS = HERE / "bin"
END_S = 20


class Machine:
    """Runs `lab.hardware` in namespaces of its own; it ends when this object's process does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()

    def start(self, rootfs: Path, state: Path, data_bytes: int) -> int:
        """Starts it and returns the port of 127.0.0.1 that leads to its adbd."""
        (self.folder / "root").mkdir()
        self._listener = socket.create_server(("127.0.0.1", 0))
        listener = self._listener.fileno()
        config = {
            "root": str(self.folder / "root"),
            "state": str(state),
            "rootfs": str(rootfs),
            "commands": str(COMMANDS),
            "folders": {str(k): str(v) for k, v in python_folders().items()},
            "data_bytes": data_bytes,
            "listener": listener,
        }
        users = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        with (self.folder / "adbd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("unshare", *users, "--mount", "--pid", "--net", "--ipc", "--uts"),
                    *("--fork", "--kill-child", "--mount-proc"),
                    *(sys.executable, "-S", "-m", "lab.hardware", json.dumps(config)),
                ],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE.parent)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                pass_fds=(listener,),
                start_new_session=True,
            )
        port: int = self._listener.getsockname()[1]
        return port

    def tell(self, do: str, **arguments: Any) -> Any:
        """Gives it a command; see `lab.hardware`. Raises LabError."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise LabError("the phone is off")
        with self._lock:
            try:
                process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except (OSError, ValueError):
                line = ""
        if not line:
            raise LabError(f"the phone is broken:\n{self.log()}")
        answer = json.loads(line)
        if "error" in answer:
            raise LabError(f"{do}: {answer['error']}\n{self.log()}")
        return answer["result"]

    def end(self) -> None:
        """Ends it, and with it everything on the phone."""
        if self._listener is not None:
            self._listener.close()
        process, self._process = self._process, None
        if process is None or process.stdin is None or process.stdout is None:
            return
        process.stdin.close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def root(self) -> Path:
        """The phone's root folder, as this machine can open it. Raises LabError."""
        if self._process is None:
            raise LabError("the phone is off")
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return Path(f"/proc/{children[0]}/root{self.folder}/root")

    def log(self) -> str:
        """The end of what it and adbd have logged."""
        path = self.folder / "adbd.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""
