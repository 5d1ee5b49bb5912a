"""What converted files compute, run with LiteRT, against a float64 reference in numpy.

Differences are relative to the largest value of the output.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from numpy_reference import Known, Sentence, answer_logits, last_hidden_state
from toy_models import BERT, CONFIGS, Floats, lively_toy, mobilebert, run, sentence, toy

from models.catalog import Quantization
from models.configs import Activation, Norm, Wiring

# Seen: 3e-6 at most, which is the rounding of float32.
FP32_TOLERANCE = 1e-5
# Seen: 9e-4 and 8e-3 at most on these sizes.
TOLERANCES = {Quantization.FP16: 2e-3, Quantization.DYNAMIC: 2e-2}

FAST = (Norm.NO_NORM, Activation.RELU)
SLOW = (Norm.LAYER_NORM, Activation.GELU)
LIVELY: dict[str, Known] = {"bert": BERT} | {
    f"{wiring}+{norm}+{activation}": mobilebert(wiring, norm, activation)
    for wiring in Wiring
    for norm, activation in (FAST, SLOW)
}
QUANTIZED: dict[str, Known] = {
    "bert": BERT,
    "fast": mobilebert(),
    "slow": mobilebert(Wiring.PAPER, *SLOW),
}


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_built_model_gives_the_logits_of_its_specification(config: Known) -> None:
    model, given = toy(config), sentence(8)
    found, expected = run(model.content, given), answer_logits(config, model.values, given)
    assert found.keys() == expected.keys()
    assert max(difference(found[name], expected[name]) for name in found) < FP32_TOLERANCE


@pytest.mark.parametrize("config", [BERT, mobilebert()], ids=["bert", "mobilebert"])
def test_another_sequence_length_computes_the_same_function(config: Known) -> None:
    model, given = toy(config, sequence_length=13), sentence(13)
    found, expected = run(model.content, given), answer_logits(config, model.values, given)
    assert max(difference(found[name], expected[name]) for name in found) < FP32_TOLERANCE


@pytest.mark.parametrize("builtin_kernels", [False, True], ids=["xnnpack", "builtin"])
@pytest.mark.parametrize("config", LIVELY.values(), ids=LIVELY)
def test_widely_spread_weights_give_the_hidden_state_of_the_specification(
    config: Known, builtin_kernels: bool
) -> None:
    model, given = lively_toy(config), sentence(11)
    found = run(model.content, given, builtin_kernels=builtin_kernels)["last_hidden_state"]
    assert difference(found, last_hidden_state(config, model.values, given)) < FP32_TOLERANCE


@pytest.mark.parametrize("quantization", TOLERANCES)
@pytest.mark.parametrize("config", QUANTIZED.values(), ids=QUANTIZED)
def test_quantized_weights_stay_near_and_are_not_the_same(
    config: Known, quantization: Quantization
) -> None:
    model, given = toy(config, quantization=quantization), sentence(8)
    found, expected = run(model.content, given), answer_logits(config, model.values, given)
    worst = max(difference(found[name], expected[name]) for name in found)
    assert FP32_TOLERANCE < worst < TOLERANCES[quantization]


@pytest.mark.parametrize("config", LIVELY.values(), ids=LIVELY)
def test_padding_is_not_looked_at(config: Known) -> None:
    # A trigram lets the last token see its neighbour, so the first padding token stays.
    given = sentence(11)
    changed = given.ids.copy()
    changed[-2:] = (changed[-2:] + 50) % 100
    content = lively_toy(config).content
    before = run(content, given)["last_hidden_state"]
    after = run(content, dataclasses.replace(given, ids=changed))["last_hidden_state"]
    np.testing.assert_array_equal(before[:8], after[:8])
    assert difference(after[9:], before[9:]) > 1e-2


Values = Mapping[str, Floats]


def exchanged(one: str, other: str) -> Callable[[Values], Values]:
    """Gives the values of each of two layers to the other."""

    def exchange(values: Values) -> Values:
        renamed = {name: _exchange(name, one, other) for name in values}
        assert any(name != new for name, new in renamed.items()), "the names match nothing"
        return {new: values[name] for name, new in renamed.items()}

    return exchange


def _exchange(name: str, one: str, other: str) -> str:
    if one in name:
        return name.replace(one, other)
    return name.replace(other, one)


def previous_before_next(values: Values) -> Values:
    """Exchanges the first and the last third of the rows that read a trigram."""
    name = "embeddings/embedding_transformation/kernel"
    following, itself, previous = np.split(values[name], 3)
    return {**values, name: np.concatenate([previous, itself, following])}


def unscaled_scores(values: Values) -> Values:
    """Undoes the division by the square root of the head's width, in every layer."""
    scaled = {
        name: value * np.float32((value.shape[-1] / 4) ** 0.5)
        for name, value in values.items()
        if "/self/query/" in name
    }
    assert scaled
    return {**values, **scaled}


def positions_from_the_end(values: Values) -> Values:
    name = "embeddings/position_embeddings/weight"
    return {**values, name: values[name][::-1]}


@pytest.mark.parametrize(
    ("config", "mistake"),
    [
        pytest.param(BERT, unscaled_scores, id="bert: unscaled scores"),
        pytest.param(BERT, positions_from_the_end, id="bert: positions"),
        pytest.param(BERT, exchanged("/query/", "/key/"), id="bert: query and key"),
        pytest.param(BERT, exchanged("/key/", "/value/"), id="bert: key and value"),
        pytest.param(BERT, exchanged("/layer/0/", "/layer/1/"), id="bert: order of layers"),
        pytest.param(
            BERT,
            exchanged("/attention/output/LayerNorm/", "/output/LayerNorm/"),
            id="bert: order of norms",
        ),
        pytest.param(mobilebert(), previous_before_next, id="mobilebert: trigrams"),
        pytest.param(mobilebert(), unscaled_scores, id="mobilebert: unscaled scores"),
        pytest.param(mobilebert(), exchanged("/query/", "/key/"), id="mobilebert: query and key"),
        pytest.param(
            mobilebert(),
            exchanged("/bottleneck/input/", "/bottleneck/attention/"),
            id="mobilebert: the two bottlenecks",
        ),
        pytest.param(mobilebert(), exchanged("/ffn/0/", "/ffn/1/"), id="mobilebert: ffn order"),
        pytest.param(mobilebert(Wiring.PAPER, *SLOW), unscaled_scores, id="paper: unscaled scores"),
        pytest.param(
            mobilebert(Wiring.TINY), exchanged("/key/", "/value/"), id="tiny: key and value"
        ),
    ],
)
def test_a_mistake_in_the_specification_would_be_seen(
    config: Known, mistake: Callable[[Values], Values]
) -> None:
    model, given = lively_toy(config), sentence(11)
    found = run(model.content, given)["last_hidden_state"]
    expected = last_hidden_state(config, mistake(model.values), given)
    assert difference(found, expected) > 100 * FP32_TOLERANCE


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            mobilebert(Wiring.PAPER, Norm.NO_NORM, Activation.RELU), id="norm and activation"
        ),
        pytest.param(mobilebert(Wiring.PAPER, Norm.NO_NORM, Activation.GELU), id="norm"),
        pytest.param(mobilebert(Wiring.PAPER, Norm.LAYER_NORM, Activation.RELU), id="activation"),
    ],
)
def test_another_norm_or_activation_would_be_seen(other: Known) -> None:
    model, given = lively_toy(mobilebert(Wiring.PAPER, *SLOW)), sentence(11)
    found = run(model.content, given)["last_hidden_state"]
    assert difference(found, last_hidden_state(other, model.values, given)) > 100 * FP32_TOLERANCE


@pytest.mark.parametrize("part", ["ids", "mask", "segments"])
@pytest.mark.parametrize("config", LIVELY.values(), ids=LIVELY)
def test_every_input_counts(config: Known, part: str) -> None:
    model, given = lively_toy(config), sentence(11)
    changes = {
        "ids": {"ids": given.ids[::-1].copy()},
        "mask": {"mask": np.ones_like(given.mask)},
        "segments": {"segments": 1 - given.segments},
    }
    other: Sentence = dataclasses.replace(given, **changes[part])
    found = run(model.content, given)["last_hidden_state"]
    assert difference(found, last_hidden_state(config, model.values, other)) > 1e-3
