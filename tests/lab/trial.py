"""Whether this machine can hold phones at all."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from lab.errors import LabMissingError

PROGRAMS = ("unshare", "nsenter", "mount", "chroot", "env")


def try_namespaces() -> None:
    """Raises LabMissingError unless a phone's namespaces can be made here."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise LabMissingError(f"the programs {', '.join(missing)}")
    users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    done = subprocess.run(
        ["unshare", *users, "--mount", "--pid", "--net", "--fork", "--mount-proc", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    if done.returncode != 0:
        raise LabMissingError(f"namespaces, which are refused here ({done.stderr.strip()})")
    if not Path("/proc/self/ns/time").exists():
        raise LabMissingError("a kernel with time namespaces (5.6 or newer)")
