"""Small checkpoints with what PyTorch gives for them (see `models/make_references_more.py`), and
the files that our graphs become with their weights."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy_reference import Sentence
from toy_models import Floats, run, sentence, toy

from models.catalog import ModelSpec, Quantization, Task
from models.configs import Config

FOLDER = Path(__file__).parent / "data" / "references"

# What stands before the encoder's names in a checkpoint.
_PREFIXES = ("albert.", "transformer.", "model.")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A checkpoint's weights by our names, and PyTorch's inputs and outputs by LENGTH/NAME."""

    weights: Mapping[str, Floats]
    arrays: Mapping[str, npt.NDArray[Any]]

    def sentence(self, length: int) -> Sentence:
        """The inputs of this length."""
        mask = self.arrays[f"{length}/input_mask"]
        return Sentence(
            ids=self.arrays[f"{length}/input_ids"],
            mask=mask,
            segments=self.arrays.get(f"{length}/segment_ids", np.zeros_like(mask)),
        )

    def outputs(self, length: int, task: Task) -> dict[str, Floats]:
        """PyTorch's outputs by name, without the batch axis."""
        prefix = f"{length}/{task}/"
        return {
            name.removeprefix(prefix): values
            for name, values in self.arrays.items()
            if name.startswith(prefix)
        }


@functools.cache
def read_reference(name: str) -> Reference:
    """Reads one folder."""
    tensors = _read_safetensors(FOLDER / name / "model.safetensors")
    with np.load(FOLDER / name / "outputs.npz") as arrays:
        return Reference(
            weights=dict(_ours(key, value) for key, value in tensors.items()), arrays=dict(arrays)
        )


def difference(
    name: str,
    config: Config,
    task: Task,
    length: int,
    *,
    builtin_kernels: bool = False,
    given: Sentence | None = None,
) -> float:
    """The worst difference to PyTorch's outputs, relative to the largest value of each.

    `given` is what the file is given, if not what PyTorch was.
    """
    reference = read_reference(name)
    content = converted(name, config, task, length)
    given = given or reference.sentence(length)
    found = run(content, given, builtin_kernels=builtin_kernels)
    expected = reference.outputs(length, task)
    assert {key: value.shape for key, value in found.items()} == {
        key: value.shape for key, value in expected.items()
    }
    return max(
        float(np.abs(found[key] - values).max() / np.abs(values).max())
        for key, values in expected.items()
    )


def quantized_difference(config: Config, quantization: Quantization) -> float:
    """The worst difference between a quantized file and the float32 one, with seeded weights."""
    given = sentence(8, vocabulary=config.vocabulary)
    full, quantized = (
        run(toy(config, task=Task.ENCODER, quantization=each).content, given)["last_hidden_state"]
        for each in (Quantization.FP32, quantization)
    )
    return float(np.abs(quantized - full).max() / np.abs(full).max())


@functools.cache
def converted(name: str, config: Config, task: Task, length: int) -> bytes:
    """The file of this architecture with the reference's weights."""
    import tensorflow as tf

    from models.convert import trace
    from models.flatbuffer import finish

    spec = ModelSpec(name="toy", task=task, sequence_length=length)
    graph = trace(spec, config)
    for key, variable in graph.variables.values.items():
        variable.assign(read_reference(name).weights[key])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph.function], graph.variables)
    return bytes(finish(converter.convert(), outputs=graph.outputs, facts={}))


def _read_safetensors(path: Path) -> dict[str, Floats]:
    """Eight bytes with the length of a JSON header, the header, the values."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, end = (start + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(content[first:end], "<f4").reshape(entry["shape"])
    return tensors


def _ours(name: str, value: Floats) -> tuple[str, Floats]:
    """PyTorch keeps a dense kernel as (out, in), and that of a convolution as (out, in, 1)."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    owner, _, kind = name.replace(".", "/").rpartition("/")
    if "norm" in owner.rpartition("/")[2].lower():
        return f"{owner}/{'gamma' if kind == 'weight' else 'beta'}", value
    if kind == "bias" or owner.endswith("_embeddings"):
        return f"{owner}/{kind}", value
    return f"{owner}/kernel", value.reshape(value.shape[:2]).T
