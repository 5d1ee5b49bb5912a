"""The host's Python as phones see it: the interpreter, numpy and LiteRT, nothing else."""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

# Distributions that the stand-in tool needs; their files are found by their records.
NEEDED = ("numpy", "ai-edge-litert")
PYTHON, SITE = Path("/opt/python"), Path("/opt/site")


def _site() -> Path:
    return Path(str(distribution("ai-edge-litert").locate_file(""))).resolve()


def python_folders() -> dict[Path, Path]:
    """Folders of a phone, and what of the host is mounted there read-only.

    `/product/bin/python3` starts what is there. The host's C library must not be newer than the
    one of the phones, and its Python must be whole below `sys.base_prefix`.
    """
    return {PYTHON: Path(sys.base_prefix), SITE: _site()}


def link_packages(folder: Path) -> None:
    """Fills a folder of the phone with links to the needed packages, and to no others."""
    folder.mkdir()
    for name in NEEDED:
        for file in distribution(name).files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not (folder / top).is_symlink():
                (folder / top).symlink_to(SITE / top)
