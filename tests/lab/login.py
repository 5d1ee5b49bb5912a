"""Starts a program as a phone's shell user: `python -m lab.login ROOT PROGRAM ARGUMENT...`.

Becomes user 2000 without any capability, so that what a phone's shell may not change is refused
here, too. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

SHELL_UID = 2000
_CLONE_NEWUSER = 0x10000000


def main(root: str, program: str, arguments: list[str]) -> None:
    """Replaces this process by the program. Raises OSError."""
    owns_all_users = Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]
    if not owns_all_users:
        # Only one user is ours here: it gets the number 2000, in a namespace of its own, which
        # cannot be made after chroot.
        user, group = os.getuid(), os.getgid()
        if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{SHELL_UID} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{SHELL_UID} {group} 1")
    os.chroot(root)
    os.chdir("/")
    if owns_all_users:
        os.setgroups([])
        os.setresgid(SHELL_UID, SHELL_UID, SHELL_UID)
        os.setresuid(SHELL_UID, SHELL_UID, SHELL_UID)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # this interpreter ignores them
        signal.signal(number, signal.SIG_DFL)
    environment = {"PATH": os.environ["PHONE_PATH"], "ADBD_PORT": os.environ["ADBD_PORT"]}
    os.execve(program, [program, *arguments], environment)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
