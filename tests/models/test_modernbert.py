"""ModernBERT: its published sizes, its two kinds of attention, and what PyTorch gives for the same
weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy_reference import Sentence
from reference_models import difference, given_sentence, quantized_difference
from toy_models import Delegated, delegated, toy

from models.catalog import CATALOG, ModelSpec, Quantization, Task, config_of
from models.configs import Activation, Config
from models.configs_modernbert import ModernBertConfig, Pooling
from models.inspect import ModelInfo, inspect_model

BASE = config_of(ModelSpec(name="modernbert-base"))
LARGE = config_of(ModelSpec(name="modernbert-large"))

# The sizes of `data/references/modernbert`: layers 0 and 3 are global.
REFERENCE = ModernBertConfig(
    vocabulary=90,
    positions=64,
    hidden=48,
    layers=5,
    heads=6,
    feed_forward=80,
    window=8,
)
LENGTHS = (30, 7)
TASKS = (Task.ENCODER, Task.QA, Task.MASKED_LM, Task.CLASSIFICATION)

# Seen: 2e-6 at most.
TOLERANCE = 1e-5
# Seen: 5e-4 and 7e-3.
QUANTIZED_TOLERANCES = {Quantization.FP16: 2e-3, Quantization.DYNAMIC: 2e-2}


def inspected(config: Config, folder: Path, **options: Any) -> ModelInfo:
    path = folder / "toy.tflite"
    path.write_bytes(toy(config, **options).content)
    return inspect_model(path)


def test_the_sizes_are_those_of_the_published_configurations() -> None:
    # config.json of answerdotai/ModernBERT-base and answerdotai/ModernBERT-large.
    base = ModernBertConfig(
        vocabulary=50368,
        positions=8192,
        token_types=0,
        hidden=768,
        layers=22,
        heads=12,
        feed_forward=1152,
        global_every=3,
        window=128,
        global_theta=160_000.0,
        local_theta=10_000.0,
        activation=Activation.GELU,
        pooling=Pooling.MEAN,
        labels=2,
        norm_epsilon=1e-5,
    )
    assert base == BASE
    assert dataclasses.replace(base, hidden=1024, layers=28, heads=16, feed_forward=2624) == LARGE


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        # Counted on instances made with Hugging Face transformers, without heads.
        pytest.param(BASE, 149_014_272, id="base"),
        pytest.param(LARGE, 394_781_696, id="large"),
    ],
)
def test_parameters_are_those_of_the_published_models(config: Config, parameters: int) -> None:
    assert config.parameters == parameters


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        pytest.param(BASE, (3.564, 7.197, 14.672, 30.451, 47.337, 65.330), id="base"),
        pytest.param(LARGE, (11.039, 22.196, 44.862, 91.604, 140.224, 190.723), id="large"),
    ],
)
def test_multiplications_grow_with_the_sequence(config: Config, billions: tuple[float]) -> None:
    lengths = (32, 64, 128, 256, 384, 512)
    assert tuple(round(config.macs(each) / 1e9, 3) for each in lengths) == billions


@pytest.mark.parametrize(
    ("config", "macs"),
    [
        pytest.param(BASE, 14_671_675_392, id="base"),
        pytest.param(LARGE, 44_862_275_584, id="large"),
    ],
)
def test_multiplications_for_128_tokens_are_exact(config: Config, macs: int) -> None:
    assert config.macs(128) == macs


@pytest.mark.parametrize(
    ("name", "task", "parameters"),
    [
        ("modernbert-base", Task.ENCODER, 149_014_272),
        ("modernbert-base", Task.MASKED_LM, 149_655_232),
        ("modernbert-base", Task.QA, 149_014_272 + 768 * 768 + 768 + 2 * 768 + 2),
        ("modernbert-large", Task.MASKED_LM, 395_881_664),
    ],
)
def test_a_model_with_its_head_has_as_many_parameters_as_the_published_one(
    name: str, task: Task, parameters: int
) -> None:
    from models.convert import declare

    spec = ModelSpec(name=name, task=task)
    assert declare(spec, config_of(spec)).count() == parameters


def test_every_third_layer_of_the_published_model_is_global() -> None:
    config = ModernBertConfig()
    assert [index for index in range(config.layers) if config.is_global(index)] == [
        0, 3, 6, 9, 12, 15, 18, 21,
    ]  # fmt: skip


def expected_operators(layers: int, *, windows: int) -> dict[str, int]:
    """Every operator of a float32 encoder; `windows` is 1 if a window is narrower than S."""
    norms = 1 + (2 * layers - 1) + 1
    # The others' gammas are multiplied into the dense layers behind them.
    gammas = 2  # of the embeddings and at the end
    counts = {
        "FULLY_CONNECTED": 7 * layers,
        "BATCH_MATMUL": 2 * layers,
        "SOFTMAX": layers,
        "RESHAPE": 4 * layers + windows,  # the mask, which a window is joined to
        "TRANSPOSE": 4 * layers,
        "GELU": layers,
        "GATHER": 1,
        "CAST": 1,  # of the mask
        "SPLIT": 2 * layers,  # rotation of queries and keys
        "CONCATENATION": 2 * layers,
        "MUL": norms + gammas + 4 * layers + layers + 1,  # rotation, the gate; the mask
        # Epsilon; residuals, the rotation, the mask in each layer.
        "ADD": norms + 2 * layers + 2 * layers + layers,
        "MINIMUM": windows,
        "SUB": norms + 1,
        "MEAN": 2 * norms,
        "SQUARED_DIFFERENCE": norms,
        "RSQRT": norms,
    }
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize(("length", "windows"), [(16, 1), (5, 0)])
def test_a_file_holds_exactly_the_operators_that_its_architecture_needs(
    length: int, windows: int, tmp_path: Path
) -> None:
    info = inspected(REFERENCE, tmp_path, task=Task.ENCODER, sequence_length=length)
    assert info.operators == expected_operators(REFERENCE.layers, windows=windows)
    assert info.macs == REFERENCE.macs(length)


def test_a_file_has_no_input_for_segments(tmp_path: Path) -> None:
    inputs = inspected(REFERENCE, tmp_path).inputs
    assert [tensor.name for tensor in inputs] == ["input_ids", "input_mask"]


@pytest.mark.parametrize(
    ("task", "quantization"),
    [
        *((task, Quantization.FP32) for task in CATALOG["modernbert-base"].tasks),
        (Task.QA, Quantization.DYNAMIC),
    ],
)
def test_xnnpack_takes_all_but_the_lookup_and_the_masks_cast(
    task: Task, quantization: Quantization
) -> None:
    content = toy(REFERENCE, task=task, quantization=quantization).content
    taken = delegated(Interpreter(model_content=content))
    assert taken == Delegated(partitions=1, left={"GATHER": 1, "CAST": 1})


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("task", TASKS)
def test_a_file_gives_what_pytorch_gives(task: Task, length: int) -> None:
    assert difference("modernbert", REFERENCE, task, length) < TOLERANCE


def test_built_in_kernels_give_the_same() -> None:
    worst = difference("modernbert", REFERENCE, Task.ENCODER, 30, builtin_kernels=True)
    assert worst < TOLERANCE


@pytest.mark.parametrize("quantization", QUANTIZED_TOLERANCES)
def test_quantized_weights_stay_near(quantization: Quantization) -> None:
    worst = quantized_difference(REFERENCE, quantization)
    assert TOLERANCE < worst < QUANTIZED_TOLERANCES[quantization]


@pytest.mark.parametrize(
    "mistake",
    [
        dataclasses.replace(REFERENCE, heads=4),
        dataclasses.replace(REFERENCE, window=10),
        dataclasses.replace(REFERENCE, window=6),
        dataclasses.replace(REFERENCE, global_every=2),
        dataclasses.replace(REFERENCE, global_theta=10_000.0),
        dataclasses.replace(REFERENCE, local_theta=160_000.0),
        dataclasses.replace(REFERENCE, activation=Activation.GELU_NEW),
        dataclasses.replace(REFERENCE, norm_epsilon=1e-2),
    ],
    ids=[
        "heads", "wide window", "narrow window", "global layers", "global theta",
        "local theta", "activation", "epsilon",
    ],
)  # fmt: skip
def test_a_mistake_in_the_sizes_would_be_seen(mistake: ModernBertConfig) -> None:
    assert difference("modernbert", mistake, Task.ENCODER, 30) > 10 * TOLERANCE


def test_pooling_by_the_first_token_would_be_seen() -> None:
    first = dataclasses.replace(REFERENCE, pooling=Pooling.CLS)
    assert difference("modernbert", first, Task.CLASSIFICATION, 30) > 1e-2


@pytest.mark.parametrize("part", ["ids", "mask"])
def test_every_input_counts(part: str) -> None:
    given = given_sentence("modernbert", 30)
    changes = {
        "ids": {"ids": given.ids[::-1].copy()},
        "mask": {"mask": np.ones_like(given.mask)},
    }
    other: Sentence = dataclasses.replace(given, **changes[part])
    assert difference("modernbert", REFERENCE, Task.ENCODER, 30, given=other) > 1e-2
