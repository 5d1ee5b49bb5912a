"""Built models, kept in a cache by what they are made of.

The key holds the spec, the builder's own source and the versions of what converts, so a file in
the cache is the file that a build would give. TensorFlow runs in a child process.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
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
    # Refuse bad sizes here, before a process starts.
    check_fit(spec, checkpoint.config if checkpoint else config_of(spec))
    path = cached_path(spec, cache, checkpoint)
    if path.exists():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(path.with_suffix(".lock")):
            if not path.exists():  # another process may have built it meanwhile
                _build(spec, path, checkpoint)
    except OSError as error:
        raise BuildFailedError(spec.id, f"cannot write to {str(cache)!r}", str(error)) from error
    return path


def _build(spec: ModelSpec, path: Path, checkpoint: Checkpoint | None) -> None:
    unfinished = path.with_suffix(".part")
    spec_json = TypeAdapter(ModelSpec).dump_json(spec).decode()
    # -P: a folder `models` in the current directory must not be taken for ours.
    argv = [sys.executable, "-P", "-m", "models.convert", spec_json, str(unfinished)]
    if checkpoint is not None:
        argv.append(str(checkpoint.folder.absolute()))
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            errors="replace",  # what a crash prints need not be text
            timeout=_TIMEOUT_S,
            env=environment,
            check=False,
        )
        if done.returncode == REFUSED and checkpoint is not None:
            raise CheckpointError(checkpoint.folder, done.stdout)
        if done.returncode != 0:
            raise BuildFailedError(spec.id, _how(done.returncode), done.stderr + done.stdout)
        # Flushed before it gets its name, so that the name never stands for half a file.
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except subprocess.TimeoutExpired as error:
        raise BuildFailedError(spec.id, f"no end after {_TIMEOUT_S} s", "") from error
    finally:
        unfinished.unlink(missing_ok=True)


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
