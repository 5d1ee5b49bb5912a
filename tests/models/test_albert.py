"""ALBERT: its published sizes, its shared weights, and what PyTorch gives for the same weights."""

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
from models.configs_albert import AlbertConfig
from models.inspect import ModelInfo, inspect_model

BASE = config_of(ModelSpec(name="albert-base"))
LARGE = config_of(ModelSpec(name="albert-large"))

# The sizes of `data/references/albert`.
REFERENCE = AlbertConfig(
    vocabulary=90,
    positions=40,
    embedding=20,
    hidden=48,
    layers=3,
    heads=6,
    feed_forward=80,
)
LENGTHS = (16, 7)
TASKS = (Task.ENCODER, Task.QA)

# Seen: 2e-6 at most.
TOLERANCE = 1e-5
# Seen: 1.2e-3 and 4.2e-3.
QUANTIZED_TOLERANCES = {Quantization.FP16: 2e-3, Quantization.DYNAMIC: 2e-2}


def inspected(config: Config, folder: Path, **options: Any) -> ModelInfo:
    path = folder / "toy.tflite"
    path.write_bytes(toy(config, **options).content)
    return inspect_model(path)


def test_the_sizes_are_those_of_version_2() -> None:
    # config.json of albert/albert-base-v2 and albert/albert-large-v2.
    base = AlbertConfig(
        vocabulary=30000,
        positions=512,
        token_types=2,
        embedding=128,
        hidden=768,
        layers=12,
        heads=12,
        feed_forward=3072,
        activation=Activation.GELU_NEW,
        labels=2,
        norm_epsilon=1e-12,
    )
    assert base == BASE
    large = dataclasses.replace(base, hidden=1024, layers=24, heads=16, feed_forward=4096)
    assert large == LARGE


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        # Counted on instances made with Hugging Face transformers, without pooler and heads.
        pytest.param(BASE, 11_092_992, id="base"),
        pytest.param(LARGE, 16_634_368, id="large"),
    ],
)
def test_parameters_are_those_of_the_published_models(config: Config, parameters: int) -> None:
    assert config.parameters == parameters


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        pytest.param(BASE, (2.741, 5.518, 11.187, 22.977, 35.371, 48.369), id="base"),
        pytest.param(LARGE, (9.719, 19.538, 39.478, 80.565, 123.263, 167.572), id="large"),
    ],
)
def test_multiplications_grow_with_the_sequence(config: Config, billions: tuple[float]) -> None:
    pooler = config.hidden**2  # counted with PyTorch's model, which has one
    lengths = (32, 64, 128, 256, 384, 512)
    assert tuple(round((config.macs(each) + pooler) / 1e9, 3) for each in lengths) == billions


def test_multiplications_for_128_tokens_are_exact() -> None:
    assert BASE.macs(128) == 11_186_798_592 - 768 * 768  # no pooler


@pytest.mark.parametrize(
    ("name", "task", "parameters"),
    [
        ("albert-base", Task.MASKED_LM, 11_221_680),
        ("albert-base", Task.PRETRAINING, 11_813_810),
        ("albert-base", Task.CLASSIFICATION, 11_683_584 + 2 * 768 + 2),
        ("albert-large", Task.MASKED_LM, 16_795_824),
        ("albert-large", Task.PRETRAINING, 17_847_474),
    ],
)
def test_a_model_with_its_head_has_as_many_parameters_as_the_published_one(
    name: str, task: Task, parameters: int
) -> None:
    from models.convert import declare

    spec = ModelSpec(name=name, task=task)
    assert declare(spec, config_of(spec)).count() == parameters


def test_sentence_order_is_its_only_task_with_pairs(tmp_path: Path) -> None:
    assert set(Task) - set(CATALOG["albert-base"].tasks) == {Task.NEXT_SENTENCE}
    outputs = inspected(REFERENCE, tmp_path, task=Task.PRETRAINING).outputs
    assert {tensor.name: tensor.shape for tensor in outputs} == {
        "prediction_logits": (1, 8, 90),
        "sop_logits": (1, 2),
    }


@pytest.mark.parametrize(
    "quantization", [Quantization.FP32, Quantization.FP16, Quantization.DYNAMIC]
)
def test_more_layers_put_nothing_but_biases_into_the_file(
    quantization: Quantization, tmp_path: Path
) -> None:
    few, many = (
        inspected(
            dataclasses.replace(REFERENCE, layers=layers), tmp_path, quantization=quantization
        )
        for layers in (2, 9)
    )
    assert many.operators["FULLY_CONNECTED"] - few.operators["FULLY_CONNECTED"] == 7 * 6
    assert many.constants == few.constants
    # The converter adds a norm's beta to the biases behind it: those of query, key and value
    # differ between the first layer, which has no norm before it, and the others.
    assert few.facts is not None
    unused = (40 - 8) * 20  # positions behind the sequence
    scalars = 3
    assert few.constants == REFERENCE.parameters - unused + 3 * 48 + scalars + 48 * 2 + 2


def expected_operators(layers: int) -> dict[str, int]:
    """Every operator of a float32 encoder."""
    norms = 1 + 2 * layers
    return {
        "FULLY_CONNECTED": 1 + 6 * layers,
        "BATCH_MATMUL": 2 * layers,
        "SOFTMAX": layers,
        "RESHAPE": 4 * layers,
        "TRANSPOSE": 4 * layers,
        "GELU": layers,
        "GATHER": 2,
        "CAST": 1,  # of the mask
        "MUL": 2 * norms + 1,  # the mask; no scale of the attention
        # Residuals, the mask, positions and segments, and the bias of the widening: the converter
        # parts it from a dense layer with 4 readers.
        "ADD": 2 * norms + 2 * layers + layers + 2 + 1,
        "SUB": norms + 1,
        "MEAN": 2 * norms,
        "SQUARED_DIFFERENCE": norms,
        "RSQRT": norms,
    }


def test_a_file_holds_exactly_the_operators_that_its_architecture_needs(tmp_path: Path) -> None:
    info = inspected(REFERENCE, tmp_path, task=Task.ENCODER)
    assert info.operators == expected_operators(REFERENCE.layers)
    assert info.macs == REFERENCE.macs(8)


@pytest.mark.parametrize(
    ("task", "quantization"),
    [
        *((task, Quantization.FP32) for task in CATALOG["albert-base"].tasks),
        (Task.QA, Quantization.DYNAMIC),
    ],
)
def test_xnnpack_takes_all_but_the_lookups_and_the_masks_cast(
    task: Task, quantization: Quantization
) -> None:
    content = toy(REFERENCE, task=task, quantization=quantization).content
    taken = delegated(Interpreter(model_content=content))
    assert taken == Delegated(partitions=1, left={"GATHER": 2, "CAST": 1})


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("task", TASKS)
def test_a_file_gives_what_pytorch_gives(task: Task, length: int) -> None:
    assert difference("albert", REFERENCE, task, length) < TOLERANCE


def test_built_in_kernels_give_the_same() -> None:
    assert difference("albert", REFERENCE, Task.ENCODER, 16, builtin_kernels=True) < TOLERANCE


@pytest.mark.parametrize("quantization", QUANTIZED_TOLERANCES)
def test_quantized_weights_stay_near(quantization: Quantization) -> None:
    worst = quantized_difference(REFERENCE, quantization)
    assert TOLERANCE < worst < QUANTIZED_TOLERANCES[quantization]


@pytest.mark.parametrize(
    "mistake",
    [
        dataclasses.replace(REFERENCE, heads=4),
        dataclasses.replace(REFERENCE, layers=2),
        dataclasses.replace(REFERENCE, activation=Activation.GELU),
        dataclasses.replace(REFERENCE, norm_epsilon=1e-2),
    ],
    ids=["heads", "layers", "activation", "epsilon"],
)
def test_a_mistake_in_the_sizes_would_be_seen(mistake: AlbertConfig) -> None:
    assert difference("albert", mistake, Task.ENCODER, 16) > 10 * TOLERANCE


@pytest.mark.parametrize("part", ["ids", "mask", "segments"])
def test_every_input_counts(part: str) -> None:
    given = given_sentence("albert", 16)
    changes = {
        "ids": {"ids": given.ids[::-1].copy()},
        "mask": {"mask": np.ones_like(given.mask)},
        "segments": {"segments": 1 - given.segments},
    }
    other: Sentence = dataclasses.replace(given, **changes[part])
    assert difference("albert", REFERENCE, Task.ENCODER, 16, given=other) > 1e-2
