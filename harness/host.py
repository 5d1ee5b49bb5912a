"""This machine as a device: the tool as a fresh process per invocation."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

from android_runner import litert_benchmark_model
from android_runner.errors import CpusError
from android_runner.tool import Tool, read_flags
from android_runner.tool_errors import ToolNotExecutableError, ToolNotFoundError, ToolProbeError
from harness import machine
from harness.device import DeviceInfo, Invocation, Observation, StoredFile
from harness.measurement import ToolLog
from harness.process import format_mask, run_process

_PROBE_TIMEOUT_S = 20
# A longer log is one error message, a hundred thousand times.
_LOG_LIMIT_BYTES = 16_000_000


class Host:
    """This machine. `tool_path` is an official binary; without one the stand-in is used.

    Making it raises `ToolNotFoundError`, `ToolNotExecutableError`, `WrongToolError` or
    `ToolProbeError`.
    """

    def __init__(self, tool_path: Path | None = None) -> None:
        self._hashes: dict[tuple[object, ...], str] = {}
        self._stand_in = tool_path is None
        self._tool_path = (tool_path or Path(litert_benchmark_model.__file__)).absolute()
        if self._stand_in:
            # -P: the modules beside the tool are not on its path.
            self._argv = [sys.executable, "-P", str(self._tool_path)]
        else:
            _check_executable(self._tool_path)
            self._argv = [str(self._tool_path)]
        self._flags = read_flags(self._tool_path, _usage(self._tool_path, self._argv))

    def info(self) -> DeviceInfo:
        """Describes this machine, without its host name: results travel."""
        return DeviceInfo(
            kind="host",
            name="host",
            serial=None,
            model=machine.cpu_model(),
            soc=None,
            fingerprint=f"{platform.system()} {platform.release()} {platform.machine()}",
            tier="T0",
            cpu_count=len(machine.allowed_cpus()),
        )

    def tool(self) -> Tool:
        """The tool, with the hash of its file as it is now."""
        return Tool(
            path=str(self._tool_path),
            sha256=self._sha256(self._tool_path),
            stand_in=self._stand_in,
            flags=self._flags,
        )

    def put(self, file: Path) -> StoredFile:
        """The file is here already; gives its hash as it is now."""
        return StoredFile(path=str(file), sha256=self._sha256(file))

    def observe(self) -> Observation:
        """Reads this machine's state."""
        return machine.observe()

    def invoke(self, invocation: Invocation) -> ToolLog:
        """Runs the tool once. Raises `CpusError`, and OSError when no process can be made."""
        cpus = parse_cpus(invocation.cpus)
        for capture in invocation.captures:
            capture.file.unlink(missing_ok=True)  # what is there is of an earlier invocation
        captures = [f"--{capture.flag}={capture.file}" for capture in invocation.captures]
        ended = run_process(
            [*self._argv, *invocation.flags, *captures],
            stdout=invocation.stdout,
            stderr=invocation.stderr,
            timeout_s=invocation.timeout_s,
            cpus=cpus,
        )
        return ToolLog(
            stdout=_read(invocation.stdout),
            stderr=_read(invocation.stderr),
            exit_code=ended.exit_code,
            wall_s=ended.wall_s,
            cpu_s=ended.cpu_s,
            peak_memory_mb=ended.peak_memory_mb,
            cpu_mask=ended.cpu_mask,
            requested_mask=format_mask(cpus),
            sources={"cpus": ended.cpu_source} if ended.cpu_source else {},
        )

    def _sha256(self, path: Path) -> str:
        # Hashed again only when the file has changed: half a gigabyte takes a while.
        status = path.stat()
        key = (path, status.st_size, status.st_mtime_ns, status.st_ino)
        if key not in self._hashes:
            with path.open("rb") as file:
                self._hashes[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._hashes[key]


def parse_cpus(cpus: str) -> frozenset[int]:
    """The CPU numbers that a `--cpus` word means on this machine. Raises `CpusError`."""
    allowed = machine.allowed_cpus()
    if cpus in ("auto", "all"):
        return allowed
    if cpus in ("big", "mid", "little", "prime"):
        raise CpusError(cpus, "this machine's CPUs are not told apart; use auto, all or a mask")
    try:
        mask = int(cpus, 16)
    except ValueError:
        raise CpusError(cpus, "it is no hexadecimal mask such as f0") from None
    chosen = frozenset(cpu for cpu in range(mask.bit_length()) if mask >> cpu & 1)
    if not chosen or not chosen <= allowed:
        raise CpusError(cpus, f"this process may use the mask {format_mask(allowed)}")
    if not hasattr(os, "sched_setaffinity"):
        raise CpusError(cpus, "this system cannot pin a process to CPUs")
    return chosen


def _check_executable(path: Path) -> None:
    if not path.exists():
        raise ToolNotFoundError(path)
    if not path.is_file():
        raise ToolNotExecutableError(path, "it is no file")
    if not os.access(path, os.X_OK):
        raise ToolNotExecutableError(path, "it is not executable")


def _usage(path: Path, argv: list[str]) -> str:
    """What the tool prints for `--help`; its exit code says nothing (it is 1)."""
    try:
        done = subprocess.run(
            [*argv, "--help"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolProbeError(path, f"it was still running after {_PROBE_TIMEOUT_S} s") from error
    except OSError as error:  # not a program of this machine
        raise ToolNotExecutableError(path, str(error.strerror)) from error
    if done.returncode < 0:
        raise ToolProbeError(path, f"it was ended by signal {-done.returncode}")
    return (done.stdout + done.stderr).decode(errors="replace")


def _read(path: Path) -> str:
    """A log's text; of a giant one the beginning and the end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= _LOG_LIMIT_BYTES:
            content = file.read()
        else:
            content = file.read(_LOG_LIMIT_BYTES // 2) + b"\n[...]\n"
            file.seek(size - _LOG_LIMIT_BYTES // 2)
            content += file.read()
    return content.decode(errors="replace")
