"""Built files against PyTorch: the same checkpoint, the same sentences, the same numbers.

Sentences have padding and, where the architecture knows them, two segments.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from reference_checkpoints import (
    FOLDER,
    LENGTHS,
    REFERENCES,
    built,
    difference,
    read_reference,
    run,
    tasks_of,
)

from models.catalog import Quantization, Task

# Of the largest value of an output. Seen: 8e-6 at most.
FP32_TOLERANCE = 1e-4
# Seen: 1.1e-3, 4.1e-2 and 3.4e-1 at most; these are small models with wide values. The ranges
# of int8 come from made-up sentences, and the mask's ten thousand takes the room of the scores.
TOLERANCES = {Quantization.FP16: 5e-3, Quantization.DYNAMIC: 1e-1, Quantization.INT8: 5e-1}

CASES = [(name, task) for name in REFERENCES for task in tasks_of(name)]


@pytest.mark.parametrize(("name", "task"), CASES)
def test_a_built_checkpoint_gives_what_pytorch_gives(name: str, task: Task) -> None:
    assert difference(name, task, LENGTHS[0]) < FP32_TOLERANCE


@pytest.mark.parametrize("name", REFERENCES)
def test_so_does_one_for_shorter_sequences(name: str) -> None:
    assert difference(name, Task.QA, LENGTHS[1]) < FP32_TOLERANCE


@pytest.mark.parametrize("quantization", TOLERANCES)
@pytest.mark.parametrize("name", REFERENCES)
def test_quantized_weights_stay_near(name: str, quantization: Quantization) -> None:
    worst = difference(name, Task.MASKED_LM, LENGTHS[0], quantization)
    assert FP32_TOLERANCE / 10 < worst < TOLERANCES[quantization]


@pytest.mark.parametrize("part", ["input_ids", "input_mask", "segment_ids"])
@pytest.mark.parametrize("name", REFERENCES)
def test_other_inputs_would_be_seen(name: str, part: str) -> None:
    reference = read_reference(name, Task.QA, LENGTHS[0])
    if part not in reference.inputs:
        pytest.skip("the architecture has no segments")
    changes = {
        "input_ids": reference.inputs["input_ids"][::-1].copy(),
        "input_mask": np.ones(LENGTHS[0], np.int32),
        "segment_ids": np.zeros(LENGTHS[0], np.int32),
    }
    other = dataclasses.replace(reference, inputs={**reference.inputs, part: changes[part]})
    found = run(built(name, Task.QA, LENGTHS[0]), other.inputs)["start_logits"]
    expected = reference.outputs["start_logits"]
    assert np.abs(found - expected).max() / np.abs(expected).max() > 20 * FP32_TOLERANCE


def test_the_references_are_small() -> None:
    size_bytes = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file())
    assert size_bytes < 3_000_000
