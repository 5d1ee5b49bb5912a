"""Copies of the tool, kept by their hash: `tools/<sha256>/benchmark_model`.

Beside each copy, in `benchmark_model.json`, is from where and when it came, every time it did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import filelock
from pydantic import TypeAdapter, ValidationError

_NAME = "benchmark_model"
_LOCK_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class KeptTool:
    """A tool in the cache: where it came from last, and when (UTC in ISO 8601), if that is known.

    `downloaded` is false for a copy that was there already. `warnings` are for a person.
    """

    path: Path
    sha256: str
    size_bytes: int
    source: str | None
    fetched_at: str | None
    downloaded: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Fetch:
    source: str
    at: str


@dataclass(frozen=True, kw_only=True)
class _Sidecar:
    sha256: str
    size_bytes: int
    fetches: tuple[_Fetch, ...]
    schema: int = 1


_SIDECAR = TypeAdapter(_Sidecar)


def find_tool(tools: Path, sha256: str) -> KeptTool | None:
    """The copy with this hash; None if there is none, or it is no longer what it was."""
    path = tools / sha256 / _NAME
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
    if actual != sha256:
        return None
    known = _read_sidecar(path)
    last = known.fetches[-1] if known and known.fetches else None
    return KeptTool(
        path=path,
        sha256=sha256,
        size_bytes=path.stat().st_size,
        source=last.source if last else None,
        fetched_at=last.at if last else None,
        downloaded=False,
    )


def latest_tool(tools: Path, source: str) -> KeptTool | None:
    """The copy that a source gave last, None if there is none that is still whole."""
    known = _last_from(source, tools)
    return find_tool(tools, known.sha256) if known else None


def keep_tool(file: Path, tools: Path, *, sha256: str, source: str, changes: bool) -> KeptTool:
    """Moves a whole and checked file, in the folder `tools` already, to its place. Raises OSError.

    With `changes`, warns if the source has given another file before.
    """
    at = datetime.now(UTC).isoformat()
    size_bytes = file.stat().st_size
    path = tools / sha256 / _NAME
    with filelock.FileLock(tools / ".lock", timeout=_LOCK_TIMEOUT_S):
        before = _last_from(source, tools)
        known = _read_sidecar(path)
        path.parent.mkdir(exist_ok=True)
        file.chmod(0o755)
        file.replace(path)
        fetches = (*(known.fetches if known else ()), _Fetch(source=source, at=at))
        _write_sidecar(path, _Sidecar(sha256=sha256, size_bytes=size_bytes, fetches=fetches))
    warnings: tuple[str, ...] = ()
    if changes and before is not None and before.sha256 != sha256:
        warnings = (
            f"{source} gave another build on {_last_at(before, source)[:10]} (sha256 "
            f"{before.sha256}, still in the cache): results of the two are not comparable. "
            "Pass --sha256 to keep to one.",
        )
    return KeptTool(
        path=path,
        sha256=sha256,
        size_bytes=size_bytes,
        source=source,
        fetched_at=at,
        downloaded=True,
        warnings=warnings,
    )


def _last_from(source: str, tools: Path) -> _Sidecar | None:
    """The copy that the source gave last."""
    of_source = [known for known in _sidecars(tools) if _last_at(known, source)]
    return max(of_source, key=lambda known: _last_at(known, source), default=None)


def _last_at(known: _Sidecar, source: str) -> str:
    return max((fetch.at for fetch in known.fetches if fetch.source == source), default="")


def _sidecars(tools: Path) -> Iterator[_Sidecar]:
    for path in sorted(tools.glob(f"*/{_NAME}")):
        if (known := _read_sidecar(path)) is not None:
            yield known


def _read_sidecar(tool: Path) -> _Sidecar | None:
    """What is known of a copy; a damaged file is as good as none."""
    try:
        return _SIDECAR.validate_json(tool.with_suffix(".json").read_bytes())
    except (OSError, ValidationError):
        return None


def _write_sidecar(tool: Path, known: _Sidecar) -> None:
    unfinished = tool.with_suffix(".json.part")
    unfinished.write_bytes(_SIDECAR.dump_json(known, indent=1))
    unfinished.replace(tool.with_suffix(".json"))
