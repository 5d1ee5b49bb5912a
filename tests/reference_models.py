"""Differences to what PyTorch gives for the small checkpoints, for sizes other than theirs too."""

from __future__ import annotations

import functools

import numpy as np
from numpy_reference import Sentence
from reference_checkpoints import FOLDER, REFERENCES, read_reference
from toy_models import run, sentence, toy

from models.catalog import ModelSpec, Quantization, Task, find_entry
from models.checkpoint import open_checkpoint
from models.configs import Config


def given_sentence(name: str, length: int) -> Sentence:
    """What PyTorch was given."""
    inputs = read_reference(name, Task.ENCODER, length).inputs
    mask = inputs["input_mask"]
    return Sentence(
        ids=inputs["input_ids"],
        mask=mask,
        segments=inputs.get("segment_ids", np.zeros_like(mask)),
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
    content = converted(name, config, task, length)
    sentence = given or given_sentence(name, length)
    found = run(content, sentence, builtin_kernels=builtin_kernels)
    expected = read_reference(name, task, length).outputs
    assert {key: value.shape for key, value in found.items()} == {
        key: value.shape for key, value in expected.items()
    }
    return max(
        float(np.abs(found[key] - values).max() / np.abs(values).max())
        for key, values in expected.items()
    )


@functools.cache
def converted(name: str, config: Config, task: Task, length: int) -> bytes:
    """The file of this architecture with the checkpoint's weights."""
    from models.convert import convert

    model = REFERENCES[name]
    checkpoint = open_checkpoint(FOLDER / name, find_entry(model).config)
    spec = ModelSpec(name=model, task=task, sequence_length=length)
    return bytes(convert(spec, config, checkpoint))


def quantized_difference(config: Config, quantization: Quantization) -> float:
    """The worst difference between a quantized file and the float32 one, with seeded weights."""
    given = sentence(8, vocabulary=config.vocabulary)
    full, quantized = (
        run(toy(config, task=Task.ENCODER, quantization=each).content, given)["last_hidden_state"]
        for each in (Quantization.FP32, quantization)
    )
    return float(np.abs(quantized - full).max() / np.abs(full).max())
