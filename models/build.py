"""Built models, kept in a cache by what they are made of.

The key holds the spec, the builder's own source and the versions of what converts, so a file in
the cache is the file that a build would give. TensorFlow runs in a child process.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import platformdirs
from pydantic import TypeAdapter

from models.catalog import ModelSpec, check_fit, config_of
from models.errors import REFUSED, BuildFailedError, CheckpointError

if TYPE_CHECKING:
    from models.checkpoint import Checkpoint

# The modules of this package that have no say in the bytes of a file; the text of all others is
# part of the key.
_NO_BUILDER = (
    "__init__",
    "build",
    "control",
    "delegated",
    "errors",
    "fill_mask",
    "graph",
    "inspect",
    "tensors",
)
_CONVERTERS = ("tensorflow", "tensorflow-cpu", "ai-edge-litert", "flatbuffers", "numpy")

# Far above what the largest model takes; a build that hangs must not hang a nightly job.
_TIMEOUT_S = 3600


def cache_folder() -> Path:
    """Where built models are kept: `MBERT_BENCH_CACHE`, else the user's cache folder."""
    folder = os.environ.get("MBERT_BENCH_CACHE")
    return Path(folder) if folder else platformdirs.user_cache_path("mbert-bench")


def cached_path(spec: ModelSpec, cache: Path, checkpoint: Checkpoint | None = None) -> Path:
    """Where the spec's file is, or will be, in the cache."""
    return cache / "models" / _key(spec, checkpoint) / f"{spec.id}.tflite"


def build_model(spec: ModelSpec, cache: Path, checkpoint: Checkpoint | None = None) -> Path:
    """Gives the TFLite file of a spec, building it if the cache does not hold it.

    The sizes and weights of a checkpoint take the place of the catalogue's and the seed's.
    Raises `BadSpecError` for sizes that the model cannot have, `CheckpointError` and
    `BuildFailedError`.
    """
    return build_models([spec], cache, checkpoint)[0]


def build_models(
    specs: Sequence[ModelSpec], cache: Path, checkpoint: Checkpoint | None = None
) -> list[Path]:
    """Gives the files of specs that differ in their sequence length only, in their order.

    Those that the cache does not hold are built in one process, which makes the weights once; they
    come all or not at all. Raises as `build_model` does.
    """
    # Refuse bad sizes here, before a process starts.
    for spec in specs:
        check_fit(spec, checkpoint.config if checkpoint else config_of(spec))
    paths = {spec: cached_path(spec, cache, checkpoint) for spec in specs}
    try:
        for path in paths.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as locks:
            # Always in the same order, so that two processes cannot wait for each other.
            for path in sorted(path for path in paths.values() if not path.exists()):
                locks.enter_context(filelock.FileLock(path.with_suffix(".lock")))
            # Another process may have built some meanwhile.
            missing = {spec: path for spec, path in paths.items() if not path.exists()}
            if missing:
                _build(missing, checkpoint)
    except OSError as error:
        why = f"cannot write to {str(cache)!r}"
        raise BuildFailedError(_name(specs), why, str(error)) from error
    return [paths[spec] for spec in specs]


def _build(paths: Mapping[ModelSpec, Path], checkpoint: Checkpoint | None) -> None:
    unfinished = {path: path.with_suffix(".part") for path in paths.values()}
    # -P: a folder `models` in the current directory must not be taken for ours.
    argv = [sys.executable, "-P", "-m", "models.convert"]
    for spec, path in paths.items():
        argv += [TypeAdapter(ModelSpec).dump_json(spec).decode(), str(unfinished[path])]
    if checkpoint is not None:
        argv.append(str(checkpoint.folder.absolute()))
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
    name = _name(list(paths))
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            errors="replace",  # what a crash prints need not be text
            timeout=_TIMEOUT_S * len(paths),
            env=environment,
            check=False,
        )
        if done.returncode == REFUSED and checkpoint is not None:
            raise CheckpointError(checkpoint.folder, done.stdout)
        if done.returncode != 0:
            raise BuildFailedError(name, _how(done.returncode), done.stderr + done.stdout)
        # Flushed before it gets its name, so that the name never stands for half a file.
        for part in unfinished.values():
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        for path, part in unfinished.items():
            part.replace(path)
    except subprocess.TimeoutExpired as error:
        raise BuildFailedError(name, f"no end after {error.timeout:.0f} s", "") from error
    finally:
        for part in unfinished.values():
            part.unlink(missing_ok=True)


def _name(specs: Sequence[ModelSpec]) -> str:
    more = f" and {len(specs) - 1} other lengths" if len(specs) > 1 else ""
    return f"{specs[0].id}{more}"


def _how(returncode: int) -> str:
    if returncode < 0:
        return f"ended by signal {-returncode}; is there enough memory?"
    return f"exit code {returncode}"


def _key(spec: ModelSpec, checkpoint: Checkpoint | None) -> str:
    digest = hashlib.sha256(TypeAdapter(ModelSpec).dump_json(spec))
    if checkpoint is not None:
        digest.update(checkpoint.digest.encode())
    for module in sorted(Path(__file__).parent.glob("*.py")):
        if module.stem not in _NO_BUILDER:
            digest.update(module.read_bytes())
    for name in _CONVERTERS:
        digest.update(f"{name}={installed_version(name)}".encode())
    return digest.hexdigest()[:24]


def installed_version(name: str) -> str | None:
    """The version of a package, None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
