"""SqueezeBERT: its published sizes, its grouped layers in both forms, and what PyTorch gives for
the same weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy_reference import Sentence
from reference_models import difference, given_sentence, quantized_difference
from toy_models import Delegated, delegated, run, sentence, toy

from models.catalog import CATALOG, ModelSpec, Quantization, Task, config_of
from models.configs import Activation, Config
from models.configs_squeezebert import GroupedKernel, SqueezeBertConfig
from models.inspect import ModelInfo, inspect_model

PUBLISHED = config_of(ModelSpec(name="squeezebert"))
SPLIT = config_of(ModelSpec(name="squeezebert", variant="split-groups"))

# The sizes of `data/references/squeezebert`: groups of 12, heads of 8.
REFERENCE = SqueezeBertConfig(
    vocabulary=90,
    positions=40,
    hidden=48,
    layers=3,
    heads=6,
    feed_forward=80,
)
LENGTHS = (16, 7)
TASKS = (Task.ENCODER, Task.QA)

# Seen: 2e-6 at most.
TOLERANCE = 1e-5
# Seen: 1.4e-3 and 3.8e-3.
QUANTIZED_TOLERANCES = {Quantization.FP16: 2e-3, Quantization.DYNAMIC: 2e-2}

both_kernels = pytest.mark.parametrize("kernel", GroupedKernel)


def written_as(kernel: GroupedKernel) -> SqueezeBertConfig:
    return dataclasses.replace(REFERENCE, kernel=kernel)


def large_enough_to_be_quantized(kernel: GroupedKernel) -> SqueezeBertConfig:
    """TensorFlow leaves what has less than 1024 elements as it is."""
    return dataclasses.replace(REFERENCE, hidden=144, feed_forward=240, layers=2, kernel=kernel)


def inspected(config: Config, folder: Path, **options: Any) -> ModelInfo:
    path = folder / "toy.tflite"
    path.write_bytes(toy(config, **options).content)
    return inspect_model(path)


def test_the_sizes_are_those_of_the_published_configuration() -> None:
    # config.json of squeezebert/squeezebert-uncased.
    published = SqueezeBertConfig(
        vocabulary=30522,
        positions=512,
        token_types=2,
        hidden=768,
        layers=12,
        heads=12,
        feed_forward=3072,
        groups=4,
        activation=Activation.GELU,
        labels=2,
        norm_epsilon=1e-12,
        kernel=GroupedKernel.CONVOLUTION,
    )
    assert published == PUBLISHED
    assert dataclasses.replace(published, kernel=GroupedKernel.SPLIT) == SPLIT


@pytest.mark.parametrize("config", [PUBLISHED, SPLIT], ids=["convolution", "split"])
def test_parameters_are_those_of_the_published_model(config: Config) -> None:
    # Counted on an instance made with Hugging Face transformers, without pooler and heads.
    assert config.parameters == 50_499_072


def test_multiplications_grow_with_the_sequence() -> None:
    pooler = 768 * 768  # counted with PyTorch's model, which has one
    counted = tuple(PUBLISHED.macs(length) + pooler for length in (32, 64, 128, 256, 384, 512))
    billions = tuple(round(macs / 1e9, 3) for macs in counted)
    assert billions == (0.869, 1.775, 3.700, 8.003, 12.911, 18.422)
    assert counted[2] == 3_699_965_952


@pytest.mark.parametrize(
    ("task", "parameters"),
    [
        # PyTorch's carries a pooler that it does not use.
        (Task.MASKED_LM, 51_712_314 - (768 * 768 + 768)),
        (Task.CLASSIFICATION, 51_089_664 + 2 * 768 + 2),
        (Task.QA, 50_499_072 + 2 * 768 + 2),
    ],
)
def test_a_model_with_its_head_has_as_many_parameters_as_the_published_one(
    task: Task, parameters: int
) -> None:
    from models.convert import declare

    spec = ModelSpec(name="squeezebert", task=task)
    assert declare(spec, config_of(spec)).count() == parameters


def expected_operators(config: SqueezeBertConfig) -> dict[str, int]:
    """Every operator of a float32 encoder."""
    layers, groups = config.layers, config.groups
    norms = 1 + 2 * layers
    counts = {
        "FULLY_CONNECTED": layers,  # behind the attention
        "BATCH_MATMUL": 2 * layers,
        "SOFTMAX": layers,
        "RESHAPE": 4 * layers + 2,  # to a convolution's four axes and back, once
        "TRANSPOSE": 4 * layers,
        "GATHER": 2,
        "CAST": 1,  # of the mask
        "MUL": 2 * norms + 1,  # the mask; no scale of the attention
        "ADD": 2 * norms + 2 * layers + layers + 2,  # residuals, the mask, positions, segments
        "SUB": norms + 1,
        "MEAN": 2 * norms,
        "SQUARED_DIFFERENCE": norms,
        "RSQRT": norms,
    }
    if config.kernel == GroupedKernel.CONVOLUTION:
        return counts | {"CONV_2D": 5 * layers, "GELU": layers}
    # The groups stay apart between the two layers of a feed-forward network.
    counts["FULLY_CONNECTED"] += 5 * layers * groups
    return counts | {"SPLIT": 2 * layers, "CONCATENATION": 4 * layers, "GELU": layers * groups}


@both_kernels
def test_a_file_holds_exactly_the_operators_that_its_architecture_needs(
    kernel: GroupedKernel, tmp_path: Path
) -> None:
    info = inspected(written_as(kernel), tmp_path, task=Task.ENCODER)
    assert info.operators == expected_operators(written_as(kernel))
    assert info.macs == REFERENCE.macs(8)


@both_kernels
def test_a_file_holds_no_weight_twice(kernel: GroupedKernel, tmp_path: Path) -> None:
    info = inspected(written_as(kernel), tmp_path, task=Task.ENCODER)
    unused = (40 - 8) * 48  # positions behind the sequence
    scalars = 3
    assert info.constants == REFERENCE.parameters - unused + scalars


@pytest.mark.parametrize("quantization", [Quantization.FP32, Quantization.DYNAMIC])
@both_kernels
def test_xnnpack_takes_all_but_the_lookups_and_the_masks_cast(
    kernel: GroupedKernel, quantization: Quantization
) -> None:
    config = large_enough_to_be_quantized(kernel)
    taken = delegated(Interpreter(model_content=toy(config, quantization=quantization).content))
    assert taken == Delegated(partitions=1, left={"GATHER": 2, "CAST": 1})


@pytest.mark.parametrize("task", CATALOG["squeezebert"].tasks)
def test_it_does_so_under_every_head(task: Task) -> None:
    taken = delegated(Interpreter(model_content=toy(REFERENCE, task=task).content))
    assert taken == Delegated(partitions=1, left={"GATHER": 2, "CAST": 1})


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("task", TASKS)
@both_kernels
def test_a_file_gives_what_pytorch_gives(kernel: GroupedKernel, task: Task, length: int) -> None:
    assert difference("squeezebert", written_as(kernel), task, length) < TOLERANCE


@both_kernels
def test_built_in_kernels_give_the_same(kernel: GroupedKernel) -> None:
    config = written_as(kernel)
    worst = difference("squeezebert", config, Task.ENCODER, 16, builtin_kernels=True)
    assert worst < TOLERANCE


@pytest.mark.parametrize("quantization", QUANTIZED_TOLERANCES)
@both_kernels
def test_quantized_weights_stay_near(kernel: GroupedKernel, quantization: Quantization) -> None:
    worst = quantized_difference(large_enough_to_be_quantized(kernel), quantization)
    assert TOLERANCE < worst < QUANTIZED_TOLERANCES[quantization]


def test_both_forms_have_the_same_weights() -> None:
    given = sentence(8, vocabulary=90)
    one, other = (
        run(toy(written_as(kernel), task=Task.ENCODER).content, given)["last_hidden_state"]
        for kernel in GroupedKernel
    )
    np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    "mistake",
    [
        dataclasses.replace(REFERENCE, heads=4),
        dataclasses.replace(REFERENCE, activation=Activation.GELU_NEW),
        dataclasses.replace(REFERENCE, norm_epsilon=1e-2),
    ],
    ids=["heads", "activation", "epsilon"],
)
def test_a_mistake_in_the_sizes_would_be_seen(mistake: SqueezeBertConfig) -> None:
    assert difference("squeezebert", mistake, Task.ENCODER, 16) > 10 * TOLERANCE


@pytest.mark.parametrize("part", ["ids", "mask", "segments"])
def test_every_input_counts(part: str) -> None:
    given = given_sentence("squeezebert", 16)
    changes = {
        "ids": {"ids": given.ids[::-1].copy()},
        "mask": {"mask": np.ones_like(given.mask)},
        "segments": {"segments": 1 - given.segments},
    }
    other: Sentence = dataclasses.replace(given, **changes[part])
    assert difference("squeezebert", REFERENCE, Task.ENCODER, 16, given=other) > 1e-2
