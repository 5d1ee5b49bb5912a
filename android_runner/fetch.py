"""The official tool: from its documented address, any other, or a file, into the cache.

The official builds are nightlies that replace each other under one address and print no version,
so a build is its sha256.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from android_runner.binary import read_binary
from android_runner.download import Limits, check_url, download, public_url
from android_runner.tool_cache import KeptTool, find_tool, keep_tool
from android_runner.tool_errors import (
    BinaryError,
    FetchFailedError,
    HashMismatchError,
    ToolNotFoundError,
    ToolSourceError,
)

# tensorflow/lite/g3doc/performance/measurement.md; no release has an address of its own.
_BASE = (
    "https://storage.googleapis.com/tensorflow-nightly-public/prod/tensorflow/release/lite/tools/"
    "nightly/latest/"
)
# An Android ABI, or `linux-` and what `uname -m` says. There is none for Android on x86.
_OFFICIAL = {
    "arm64-v8a": "android_aarch64",
    "armeabi-v7a": "android_arm",
    "linux-x86_64": "linux_x86-64",
    "linux-aarch64": "linux_aarch64",
}
OFFICIAL_ABIS = tuple(_OFFICIAL)

_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCK_BYTES = 1 << 20

# Takes the bytes that came so far, and all that will come where that is known.
OnProgress = Callable[[int, int | None], None]


def official_url(abi: str) -> str:
    """Where the official tool for an ABI is. Raises `ToolSourceError` for an ABI without one."""
    if abi not in _OFFICIAL:
        why = f"there are official builds for {', '.join(_OFFICIAL)} only"
        raise ToolSourceError(abi, why)
    return f"{_BASE}{_OFFICIAL[abi]}_benchmark_model"


def host_abi() -> str:
    """This machine's ABI, such as `linux-x86_64`."""
    return f"{platform.system().lower()}-{platform.machine()}"


def fetch_tool(
    source: str,
    cache: Path,
    *,
    sha256: str | None = None,
    limits: Limits | None = None,
    on_progress: OnProgress | None = None,
) -> KeptTool:
    """Gets a tool from an http(s) address or a path, checks it, and keeps it in the cache.

    With a sha256 that the cache holds, nobody is asked. Raises `ToolSourceError`,
    `FetchFailedError`, `HashMismatchError`, and for a path `ToolNotFoundError` and `BinaryError`.
    """
    wanted = _parse_hash(sha256)
    is_url = "://" in source
    if is_url:
        check_url(source)
    tools = cache / "tools"
    if wanted is not None and (kept := find_tool(tools, wanted)) is not None:
        return kept
    shown = public_url(source) if is_url else str(Path(source).absolute())
    try:
        tools.mkdir(parents=True, exist_ok=True)
        # A name of its own for each attempt; only a whole and checked file gets the final one.
        handle, name = tempfile.mkstemp(dir=tools, prefix=".", suffix=".part")
        try:
            with open(handle, "wb") as file:  # noqa: PTH123  # a handle, not a path
                receiver = _Receiver(file, on_progress)
                if is_url:
                    download(source, limits or Limits(), receiver.take)
                else:
                    _copy(Path(source), receiver)
                file.flush()
                os.fsync(handle)
            actual = receiver.hexdigest()
            if wanted is None:
                _check_program(Path(name), shown, is_url=is_url)
            elif actual != wanted:
                raise HashMismatchError(shown, wanted, actual)
            # A file of the user's own may change as it likes; an address should not.
            return keep_tool(Path(name), tools, sha256=actual, source=shown, changes=is_url)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        why = f"cannot write to {str(tools)!r}: {error.strerror or error}"
        remedy = "Make room there, or set MBERT_BENCH_CACHE to another folder."
        raise FetchFailedError(shown, why, remedy) from error


class _Receiver:
    """Writes blocks to a file, counts and hashes them."""

    def __init__(self, file: IO[bytes], on_progress: OnProgress | None) -> None:
        self._file = file
        self._on_progress = on_progress
        self._digest = hashlib.sha256()
        self._size_bytes = 0

    def take(self, block: bytes, total_bytes: int | None) -> None:
        self._file.write(block)
        self._digest.update(block)
        self._size_bytes += len(block)
        if self._on_progress is not None:
            self._on_progress(self._size_bytes, total_bytes)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _parse_hash(sha256: str | None) -> str | None:
    if sha256 is None:
        return None
    wanted = sha256.strip().lower()
    if not _SHA256.fullmatch(wanted):
        raise ToolSourceError(sha256, "a sha256 has 64 hexadecimal digits")
    return wanted


def _copy(path: Path, receiver: _Receiver) -> None:
    try:
        is_file = path.is_file()  # not a pipe, which could keep us waiting for ever
    except (OSError, ValueError):  # a name that is too long
        is_file = False
    if not is_file:
        raise ToolNotFoundError(path)
    with path.open("rb") as file:
        total_bytes = os.fstat(file.fileno()).st_size
        while block := file.read(_BLOCK_BYTES):
            receiver.take(block, total_bytes)


def _check_program(file: Path, shown: str, *, is_url: bool) -> None:
    """Refuses what no hash vouches for and is no program: a log-in page, half a file."""
    try:
        info = read_binary(file.read_bytes(), shown)
        if not info.complete:
            why = f"it is cut short: {info.size_bytes} of {info.expected_bytes} bytes"
            raise BinaryError(shown, why)
    except BinaryError as error:
        if not is_url:
            raise
        raise FetchFailedError(shown, f"what came is no program: {error.why}") from error
