"""A checkpoint in a folder as Hugging Face writes it: `config.json` and `model.safetensors`.

Nothing of it is trusted: sizes have bounds, and values are read only when their names and shapes
are those that the graph asks for. A pickle is never opened: opening one runs what is in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from models.checkpoint_configs import FAMILIES, Family
from models.checkpoint_configs_more import MORE_FAMILIES
from models.configs import Config
from models.errors import CheckpointError

_CONFIG, _WEIGHTS = "config.json", "model.safetensors"
_OTHER_WEIGHTS = ("*.bin", "*.h5", "*.ot", "*.ckpt*", "*.msgpack", "*.pt", "*.pth")

# A configuration is a page of text.
_CONFIG_BYTES = 1_000_000

# Names that are no weights of a model of ours: a list of numbers that old files hold, and what
# TinyBERT needed while it was trained.
_IGNORED = ("position_ids", "fit_denses.")

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A folder whose files can be read; `digest` is the sha256 of both."""

    folder: Path
    config: Config
    family: Family
    digest: str


def open_checkpoint(folder: Path, like: Config) -> Checkpoint:
    """Reads the sizes of a checkpoint of the architecture that `like` has.

    Raises `CheckpointError`, also for a file of weights that is cut short.
    """
    family = {**FAMILIES, **MORE_FAMILIES}.get(type(like))
    if family is None:
        raise CheckpointError(folder, "checkpoints of this architecture cannot be read")
    if not folder.is_dir():
        raise CheckpointError(folder, "there is no such folder")
    config = _read_config(folder, family)
    weights = _find_weights(folder)
    with _open(folder, weights):
        pass
    digest = hashlib.sha256()
    try:
        for path in (folder / _CONFIG, weights):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError as error:
        raise CheckpointError(folder, f"it cannot be read ({error.strerror})") from error
    return Checkpoint(folder=folder, config=config, family=family, digest=digest.hexdigest())


class Values(Mapping[str, npt.NDArray[np.float32]]):
    """The values of a graph's variables, read from the file when they are asked for.

    `wanted` holds the shapes of the graph's variables and `others` those of other heads, which may
    be there. Raises `CheckpointError` with everything that is missing, unexpected or misshapen.
    """

    def __init__(
        self, checkpoint: Checkpoint, wanted: Mapping[str, Shape], others: Mapping[str, Shape]
    ) -> None:
        self._folder = checkpoint.folder
        self._file = _open(checkpoint.folder, checkpoint.folder / _WEIGHTS)
        self._keys = _match(checkpoint, self._file, wanted, others)
        self._check_copies(checkpoint.family)

    def __getitem__(self, name: str) -> npt.NDArray[np.float32]:
        value = self._read(self._keys[name])
        if name.endswith("/kernel"):
            return np.ascontiguousarray(value.reshape(value.shape[:2]).T)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def _read(self, key: str) -> npt.NDArray[np.float32]:
        try:
            value = self._file.get_tensor(key)
        except (SafetensorError, TypeError, AttributeError, ValueError) as error:
            why = f"{key} cannot be read ({error}); convert it to float32"
            raise CheckpointError(self._folder, why) from error
        if not np.isfinite(value.astype(np.float32)).all():
            raise CheckpointError(self._folder, f"{key} holds values that are not finite")
        return np.asarray(value, dtype=np.float32)

    def _check_copies(self, family: Family) -> None:
        """A head that compares with a table of its own is another architecture than ours."""
        present = set(self._file.keys())
        for copy, original in family.copies:
            pair = [_find(present, (key,), family.prefix) for key in (copy, original)]
            if None in pair or original not in {_bare(k, family) for k in self._keys.values()}:
                continue
            first, second = (self._read(key) for key in pair if key is not None)
            if not np.array_equal(first, second):
                why = f"{copy} differs from {original}; only heads with tied words can be built"
                raise CheckpointError(self._folder, why)


def _read_config(folder: Path, family: Family) -> Config:
    path = folder / _CONFIG
    try:
        if path.stat().st_size > _CONFIG_BYTES:
            raise CheckpointError(folder, f"{_CONFIG} is no configuration: it is too long")
        values = json.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointError(folder, f"{_CONFIG} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(folder, f"{_CONFIG} is not JSON ({error})") from error
    if not isinstance(values, dict):
        raise CheckpointError(folder, f"{_CONFIG} is not an object")
    found = values.get("model_type")
    if found != family.model_type:
        why = f"its model_type is {found!r}, and this model's is {family.model_type!r}"
        raise CheckpointError(folder, why)
    try:
        return family.read(values)
    except ValueError as error:
        raise CheckpointError(folder, f"{_CONFIG}: {error}") from error


def _find_weights(folder: Path) -> Path:
    path = folder / _WEIGHTS
    if path.is_file():
        return path
    others = sorted(other.name for pattern in _OTHER_WEIGHTS for other in folder.glob(pattern))
    if others:
        why = (
            f"it has {', '.join(others)} and no {_WEIGHTS}; other formats are not opened. Save it "
            "again with save_pretrained(…, safe_serialization=True)"
        )
        raise CheckpointError(folder, why)
    raise CheckpointError(folder, f"it has no {_WEIGHTS}")


def _open(folder: Path, path: Path) -> Any:
    try:
        return safe_open(path, framework="numpy")
    except (SafetensorError, OSError) as error:
        why = f"{_WEIGHTS} is broken or cut short ({error})"
        raise CheckpointError(folder, why) from error


def _match(
    checkpoint: Checkpoint, file: Any, wanted: Mapping[str, Shape], others: Mapping[str, Shape]
) -> dict[str, str]:
    """The file's key of each wanted variable."""
    family, present = checkpoint.family, set(file.keys())
    keys: dict[str, str] = {}
    missing, misshapen = [], []
    for name, shape in wanted.items():
        candidates = _candidates(name, family)
        key = _find(present, candidates, family.prefix)
        if key is None:
            missing.append(candidates[0])
            continue
        keys[name] = key
        stored = tuple(file.get_slice(key).get_shape())
        if name.endswith("/kernel") and stored[2:] == (1,):
            stored = stored[:2]  # a convolution of width one is a dense layer
        expected = shape[::-1] if name.endswith("/kernel") else shape
        if stored != expected:
            misshapen.append(f"{key} {list(stored)} instead of {list(expected)}")
    known = {key for name in (*wanted, *others) for key in _candidates(name, family)}
    unexpected = [
        key
        for key in sorted(present)
        if _bare(key, family) not in known and not any(part in key for part in _IGNORED)
    ]
    if missing or misshapen or unexpected:
        raise CheckpointError(checkpoint.folder, _differences(missing, unexpected, misshapen))
    return keys


def _candidates(name: str, family: Family) -> tuple[str, ...]:
    """What a variable of ours may be called in a file, without the prefix."""
    path, _, last = name.replace("/", ".").rpartition(".")
    words = {
        "kernel": ("weight",),
        "gamma": ("weight", "gamma"),
        "beta": ("bias", "beta"),
    }.get(last, (last,))
    own = tuple(f"{path}.{word}" if path else word for word in words)
    copies = tuple(copy for copy, original in family.copies if original in own)
    return own + copies


def _find(present: set[str], candidates: tuple[str, ...], prefix: str) -> str | None:
    both = ((prefix + key, key) for key in candidates)
    return next((key for pair in both for key in pair if key in present), None)


def _bare(key: str, family: Family) -> str:
    return key.removeprefix(family.prefix)


def _differences(missing: list[str], unexpected: list[str], misshapen: list[str]) -> str:
    parts = [
        f"{word}: {_shortened(names)}"
        for word, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another shape", misshapen),
        )
        if names
    ]
    return "its weights are not those of this model and task;\n  " + "\n  ".join(parts)


def _shortened(names: list[str]) -> str:
    shown = ", ".join(names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
