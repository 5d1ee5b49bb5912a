"""Valid values for a model's inputs, as the raw files that the tool reads.

A random id may lie outside the vocabulary, and then a lookup fails; a random mask hides tokens.
So ids are drawn from the table that they index, the mask is all ones, and the segments are a
question (0) followed by a passage (1).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import StoreError
from models.inspect import ModelInfo
from models.tensors import TensorInfo

_DTYPES = {
    "float32": np.float32,
    "float16": np.float16,
    "int64": np.int64,
    "int32": np.int32,
    "int8": np.int8,
    "uint8": np.uint8,
    "bool": np.bool_,
}


def input_values(tensor: TensorInfo, seed: int) -> np.ndarray[Any, Any] | None:
    """Values for one input in its shape, None for a type that cannot be made up.

    They depend on the seed and on the input's name, shape and type alone.
    """
    dtype = _DTYPES.get(tensor.dtype)
    if dtype is None:
        return None
    shape = tensor.shape
    digest = hashlib.sha256(f"{tensor.name}{shape}{tensor.dtype}".encode()).digest()
    generator = np.random.default_rng([seed, *digest])
    if np.issubdtype(dtype, np.floating):
        if _is_mask(tensor.name):
            return np.ones(shape, dtype)
        return generator.uniform(-0.5, 0.5, shape).astype(dtype)
    if tensor.rows is not None and tensor.rows > 2:
        return generator.integers(0, tensor.rows, shape).astype(dtype)
    if _is_mask(tensor.name):
        return np.ones(shape, dtype)
    # Segments: the second half of the last axis is the second segment.
    values: np.ndarray[Any, Any] = np.zeros(shape, dtype)
    values[..., shape[-1] // 2 :] = 1 if tensor.rows != 1 else 0
    return values


def write_inputs(info: ModelInfo, folder: Path, seed: int) -> list[tuple[TensorInfo, Path]] | None:
    """Writes a file per input and gives them in the model's order, None where one cannot be made.

    A file is named by its content, so equal inputs of several models are one file.
    Raises `StoreError`.
    """
    files = []
    for tensor in info.inputs:
        values = input_values(tensor, seed)
        if values is None or not tensor.shape:
            return None
        content = values.tobytes()
        path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}.bin"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_bytes(content)
        except OSError as error:
            raise StoreError(path, error) from error
        files.append((tensor, path))
    return files


def _is_mask(name: str) -> bool:
    return "mask" in name.lower()
