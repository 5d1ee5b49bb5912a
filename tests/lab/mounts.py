"""Mounts of a phone, made by system calls inside its own mount namespace. Standard library only."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

# linux/mount.h
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND = 1, 2, 4, 8, 32, 4096
LOCKED = NOSUID | NODEV  # what a tmpfs of ours has, and a remount has to repeat
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Calls mount(2). Raises OSError."""
    done = _libc.mount(
        source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode()
    )
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {source}: {os.strerror(number)}", str(target))


def bind(source: Path, target: Path, *, read_only: bool) -> None:
    """Shows a file or folder at another path, which is made where it is missing."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(str(source), target, flags=BIND)
    if not read_only:
        return
    # Flags of the source that another namespace has locked may not be dropped.
    locked = os.statvfs(target).f_flag & (NOSUID | NODEV | NOEXEC)
    mount("", target, flags=BIND | REMOUNT | RDONLY | locked)


def tmpfs(target: Path, *, size: str, mode: str, flags: int = NOSUID | NODEV) -> None:
    """Mounts an empty file system of a limited size (`64m`, or bytes)."""
    target.mkdir(parents=True, exist_ok=True)
    mount("tmpfs", target, "tmpfs", flags, f"size={size},mode={mode}")


def resize_tmpfs(target: Path, size_bytes: int) -> None:
    """Changes what a mounted tmpfs may hold."""
    mount("tmpfs", target, "tmpfs", REMOUNT | NOSUID | NODEV, f"size={size_bytes}")


def devices(root: Path) -> None:
    """A `/dev` with the devices that programs take for granted, and terminals."""
    dev = root / "dev"
    tmpfs(dev, size="1m", mode="755", flags=NOSUID)
    for name in _DEVICES:
        bind(Path("/dev") / name, dev / name, read_only=False)
    (dev / "pts").mkdir()
    mount("devpts", dev / "pts", "devpts", NOSUID | NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    (dev / "ptmx").symlink_to("pts/ptmx")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (dev / name).symlink_to(f"/proc/self/fd/{number}")
    (dev / "fd").symlink_to("/proc/self/fd")
