"""The read-only file system that all phones of the lab share: Debian's adbd, toybox and mksh.

It is built once into a cache folder, named by what it is made of. Nothing of it is configured or
started: the packages are only unpacked.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from lab.errors import LabError, LabMissingError

SUITE = "trixie"
# adbd and mksh are the programs that a phone has; busybox fills in for what Debian's toybox lacks;
# the libraries are for the host's Python, which is mounted later.
PACKAGES = ("adbd", "toybox", "mksh", "busybox-static", "libffi8", "libexpat1", "libbz2-1.0")
# What a phone's toybox has and Debian's has not.
BUSYBOX_APPLETS = ("awk", "dd", "diff", "expr", "gzip", "more", "nslookup", "ping", "stty", "tr")
# Debian's toybox has them and does not list them.
HIDDEN_TOYBOX_APPLETS = ("ps", "top")
# A phone has no such commands, or the lab has its own (tests/lab/bin).
OMITTED_APPLETS = ("su", "taskset", "reboot", "poweroff", "halt", "[", "toybox")
TIMEOUT_S = 600


def cache_folder() -> Path:
    """Where built file systems are kept: `MBERT_BENCH_LAB`, else the user's cache folder."""
    chosen = os.environ.get("MBERT_BENCH_LAB")
    return Path(chosen) if chosen else user_cache_path("mbert-bench") / "lab"


def rootfs() -> Path:
    """The folder of the built file system; builds it where it is missing (seconds, 35 MB).

    Raises LabMissingError where the means are missing and LabError where the build fails.
    """
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    folder = cache_folder() / f"{SUITE}-{recipe}"
    if folder.is_dir():
        return folder
    if shutil.which("mmdebstrap") is None:
        raise LabMissingError("the program mmdebstrap")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            _build(folder)
    return folder


def _build(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="building-", dir=folder.parent) as name:
        unpacked = Path(name) / "unpacked"
        # Nothing is started in there, so that one user's own namespace is enough of a root.
        user = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
        command = [*user, "mmdebstrap", "--quiet", "--mode=root", "--variant=extract"]
        command += [f"--include={','.join(PACKAGES)}"]
        done = subprocess.run(
            [*command, SUITE, str(unpacked)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise LabError(f"{' '.join(command)} failed:\n{done.stderr.strip()[-2000:]}")
        _as_a_phone(unpacked)
        unpacked.chmod(0o755)
        unpacked.rename(folder)


def _as_a_phone(root: Path) -> None:
    """Leaves what the phones use, and links it together as a phone's `/system/bin`."""
    for unused in ("var", "tmp", "dev", "etc", "usr/share", "usr/games"):
        shutil.rmtree(root / unused, ignore_errors=True)
    listed = subprocess.run(
        [str(_loader(root)), "--library-path", _library_path(root), str(root / "usr/bin/toybox")],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    applets = {*listed.stdout.split(), *HIDDEN_TOYBOX_APPLETS} - {*OMITTED_APPLETS}
    system = root / "system" / "bin"
    system.mkdir(parents=True)
    links = dict.fromkeys(applets, "toybox")
    links |= {name: "busybox" for name in BUSYBOX_APPLETS if name not in applets}
    links |= {"sh": "mksh", "mksh": "mksh", "toybox": "toybox"}
    for name, target in links.items():
        (system / name).symlink_to(f"/usr/bin/{target}")
    # Scripts begin with it on the host, too.
    (root / "usr" / "bin" / "env").symlink_to("/system/bin/env")


def _loader(root: Path) -> Path:
    """The file system's own dynamic loader: its libraries may be newer than the host's."""
    found = sorted((root / "usr").glob("lib*/ld-linux*")) + sorted(
        (root / "usr").glob("lib/*/ld-linux*")
    )
    if not found:
        raise LabError("the packages hold no dynamic loader")
    return found[0]


def _library_path(root: Path) -> str:
    return ":".join(str(path) for path in (root / "usr" / "lib").glob("*-linux-gnu*"))
