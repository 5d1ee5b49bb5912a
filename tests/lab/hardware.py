"""One phone's hardware: `python -m lab.hardware CONFIG`, in namespaces of its own.

It is the first process of a PID namespace: when it ends, and it does when its standard input does,
the kernel ends everything that ever ran on the phone. Commands are lines of JSON on standard input,
one answer each on standard output. Standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from lab import cpu_clock, mounts
from lab.relay import ADBD_PORT, Cable, Relay

# The phone's first process: it ignores SIGCHLD, so that the kernel takes leave of all orphans.
# Toybox would not do: it no longer ignores what it was told to ignore.
FIRST = "/usr/bin/busybox sleep 2000000000"
PHONE_PATH = "/product/bin:/vendor/bin:/system/bin"
ADBD = "/usr/lib/android-sdk/platform-tools/adbd"
PATIENCE_S = 10
# What of /proc is a fixture; the rest is the kernel's.
PROC_FIXTURES = {"boot_id": "sys/kernel/random/boot_id", "cpuinfo": "cpuinfo"}
_BOOT = """
mount -t proc proc "$1/proc"
for pair in $2; do mount --bind "$3/${pair%%:*}" "$1/proc/${pair#*:}"; done
exec env -i --ignore-signal=CHLD PATH="$PATH" chroot "$1" /usr/bin/busybox sleep 2000000000
"""


class Hardware:
    """Mounts, processes and the cable of one phone."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.root = Path(config["root"])
        self.state = Path(config["state"])
        self.shared = Path(config["rootfs"])
        self.commands = Path(config["commands"])
        self.folders = {Path(k): Path(v) for k, v in config["folders"].items()}
        self.data_bytes: int = config["data_bytes"]
        self.log = (self.state.parent / "adbd.log").open("ab")
        self._system: subprocess.Popen[bytes] | None = None
        self._namespace = ""  # of the phone's processes, as /proc names it
        self._adbd: subprocess.Popen[bytes] | None = None

    def assemble(self) -> None:
        """Mounts everything but /proc."""
        root = self.root
        mounts.tmpfs(root, size="16m", mode="755")
        for name in ("usr", "system"):
            mounts.bind(self.shared / name, root / name, read_only=True)
        for name in (path.name for path in (self.shared / "usr").glob("lib*")):
            (root / name).symlink_to(f"usr/{name}")
        (root / "bin").symlink_to("system/bin")
        mounts.bind(self.commands, root / "product" / "bin", read_only=True)
        mounts.bind(self.state, root / "lab", read_only=False)
        mounts.bind(self.state / "etc", root / "etc", read_only=True)
        mounts.devices(root)
        for name in ("proc", "vendor/bin", "sys/devices/system"):
            (root / name).mkdir(parents=True)
        mounts.bind(self.state / "cpu", root / "sys/devices/system/cpu", read_only=False)
        mounts.bind(self.state / "thermal", root / "sys/class/thermal", read_only=True)
        for target, source in self.folders.items():
            mounts.bind(source, root / target.relative_to("/"), read_only=True)
        mounts.tmpfs(root / "data", size=str(self.data_bytes), mode="771")
        mounts.tmpfs(root / "sdcard", size="16m", mode="777", flags=mounts.NOEXEC | mounts.NOSUID)
        owner = _shell_owner(self.state)
        for name in ("data", "data/local", "data/local/tmp"):
            (root / name).mkdir(exist_ok=True)
            os.chown(root / name, *owner)
            (root / name).chmod(0o771)
        mounts.mount("", root, flags=mounts.BIND | mounts.REMOUNT | mounts.RDONLY | mounts.LOCKED)
        _loopback_up()

    def boot(self, uptime_s: float) -> None:
        """Starts the phone's first process; `/proc/uptime` begins at `uptime_s`."""
        clock = ["--time", f"--boottime={int(uptime_s - time.clock_gettime(time.CLOCK_BOOTTIME))}"]
        pairs = " ".join(
            f"{name}:{path}" for name, path in PROC_FIXTURES.items() if (self.state / name).exists()
        )
        self._system = subprocess.Popen(
            [
                *("unshare", "--pid", "--mount", "--fork", "--kill-child"),
                *clock,
                *("sh", "-ec", _BOOT, "boot", str(self.root), pairs, str(self.state)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        until = time.monotonic() + PATIENCE_S
        while not any(line == FIRST for _, line in self.processes()):
            if time.monotonic() > until or self._system.poll() is not None:
                raise OSError("the phone's first process did not start, see adbd.log")
            time.sleep(0.005)

    def halt(self) -> None:
        """Ends every process of the phone. Its mounts, and so /data, stay."""
        if self._system is None:
            return
        self.stop_adbd(signal.SIGKILL)
        self._system.kill()
        self._system.wait(PATIENCE_S)
        self._system = None
        until = time.monotonic() + PATIENCE_S
        while _members(self._namespace):  # the kernel ends them after the first one
            _reap()
            if time.monotonic() > until:
                raise OSError("the phone's processes do not end")
            time.sleep(0.002)

    def start_adbd(self) -> None:
        """Starts adbd as the shell user and waits until it listens."""
        assert self._system is not None, "boot first"
        own = f"/proc/{self._system.pid}/ns"
        self._adbd = subprocess.Popen(
            [
                *("nsenter", f"--mount={own}/mnt", f"--pid={own}/pid_for_children"),
                f"--time={own}/time_for_children",
                *(sys.executable, "-S", "-m", "lab.login", str(self.root), ADBD),
            ],
            env={**os.environ, "PHONE_PATH": PHONE_PATH, "ADBD_PORT": str(ADBD_PORT)},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        until = time.monotonic() + PATIENCE_S
        while not _listens(ADBD_PORT):
            if time.monotonic() > until or self._adbd.poll() is not None:
                raise OSError("adbd did not start, see adbd.log")
            time.sleep(0.005)

    def stop_adbd(self, number: int) -> None:
        """Sends adbd a signal; returns when it has ended (SIGKILL, SIGTERM)."""
        for pid, line in self._host_processes():
            if line.startswith(ADBD):
                os.kill(pid, number)
        if self._adbd is not None and number == signal.SIGCONT:
            self._adbd.send_signal(number)  # nsenter stops together with its child
        if self._adbd is not None and number in (signal.SIGKILL, signal.SIGTERM):
            self._adbd.wait(PATIENCE_S)

    def kill_children(self) -> None:
        """Ends all processes but the first and adbd, as init does with adbd's process group."""
        for pid, line in self._host_processes():
            if not line.startswith((ADBD, FIRST)):
                # One that ends by itself just before the signal is gone all the same.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _host_processes(self) -> list[tuple[int, str]]:
        """The phone's processes by the numbers that they have here."""
        if self._system is None:
            return []
        try:
            namespace = str(Path(f"/proc/{self._system.pid}/ns/pid_for_children").readlink())
        except OSError:
            return []
        if namespace == str(Path("/proc/self/ns/pid").readlink()):
            return []
        self._namespace = namespace
        return _members(namespace)

    def processes(self) -> list[tuple[int, str]]:
        """The phone's processes by the numbers that they have on the phone."""
        found = []
        for pid, line in self._host_processes():
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            numbers = next(row for row in status.splitlines() if row.startswith("NSpid:"))
            found.append((int(numbers.split()[-1]), line))
        return found


def _members(namespace: str) -> list[tuple[int, str]]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            if str((entry / "ns" / "pid").readlink()) != namespace:
                continue
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has just ended
        found.append((int(entry.name), line.strip()))
    return found


def _reap() -> None:
    """Takes leave of the phone's first process, which was no child of this one."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def _shell_owner(state: Path) -> tuple[int, int]:
    status = state.stat()
    return status.st_uid, status.st_gid


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _loopback_up() -> None:
    up, get_flags, set_flags = 1, 0x8913, 0x8914  # linux/sockios.h
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = bytearray(struct.pack("16sH22x", b"lo", 0))
        fcntl.ioctl(handle, get_flags, request)
        name, flags = struct.unpack("16sH22x", request)
        fcntl.ioctl(handle, set_flags, struct.pack("16sH22x", name, flags | up))


def _end_with_the_test() -> None:
    """Ends all of this when nobody holds the other end of standard input any more.

    In a thread of its own: nothing that hangs here may outlive the tests.
    """
    hangup = select.poll()
    hangup.register(sys.stdin.fileno(), 0)  # POLLHUP is always told
    hangup.poll()
    os._exit(0)  # the first of its namespace: the kernel ends the rest


async def _obey(hardware: Hardware, relay: Relay, command: dict[str, Any]) -> Any:
    match command.pop("do"):
        case "boot":
            hardware.boot(command["uptime_s"])
        case "halt":
            relay.drop()
            hardware.halt()
        case "start_adbd":
            hardware.start_adbd()
        case "stop_adbd":
            hardware.stop_adbd(command["signal"])
        case "kill_children":
            hardware.kill_children()
        case "cable":
            relay.change(Cable(**command))
        case "processes":
            return hardware.processes()
        case "resize_data":
            mounts.resize_tmpfs(hardware.root / "data", command["size_bytes"])
        case other:
            raise ValueError(f"no such command: {other!r}")
    return None


async def _main(config: dict[str, Any]) -> None:
    hardware = Hardware(config)
    hardware.assemble()
    relay = Relay(socket.socket(fileno=config["listener"]))
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    serving = asyncio.create_task(relay.serve())
    ticking = asyncio.create_task(cpu_clock.run(hardware.state / "cpu", hardware.processes))
    threading.Thread(target=_end_with_the_test, daemon=True).start()
    while line := await commands.readline():
        try:
            answer = {"result": await _obey(hardware, relay, json.loads(line))}
        except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for task in (serving, ticking):
        task.cancel()


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
