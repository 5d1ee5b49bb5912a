"""Closed forms of parameters and multiplications against independent and published counts."""

from __future__ import annotations

import dataclasses

import pytest

from models.catalog import ModelSpec, config_of
from models.configs import Activation, BertConfig, Config, MobileBertConfig, Norm, Wiring

BERT_BASE = config_of(ModelSpec(name="bert-base"))
RELEASED = config_of(ModelSpec(name="mobilebert"))
PAPER = config_of(ModelSpec(name="mobilebert", variant="paper"))
TINY = config_of(ModelSpec(name="mobilebert-tiny"))

LENGTHS = (32, 64, 128, 256, 384, 512)


def test_the_sizes_are_those_of_the_published_configurations() -> None:
    # bert_config.json of BERT-Base, uncased; config/uncased_L-24_H-128_B-512_A-4_F-4_OPT.json and
    # ..._F-2_tiny_OPT.json of google-research/mobilebert.
    released = MobileBertConfig(
        vocabulary=30522,
        positions=512,
        token_types=2,
        embedding=128,
        hidden=512,
        bottleneck=128,
        layers=24,
        heads=4,
        feed_forward=512,
        feed_forwards=4,
        wiring=Wiring.RELEASED,
        norm=Norm.NO_NORM,
        activation=Activation.RELU,
        norm_epsilon=1e-12,
    )
    tiny = dataclasses.replace(released, wiring=Wiring.TINY, feed_forwards=2)
    assert released == RELEASED
    assert tiny == TINY
    assert dataclasses.replace(released, wiring=Wiring.PAPER) == PAPER
    bert_base = BertConfig(
        vocabulary=30522,
        positions=512,
        token_types=2,
        hidden=768,
        layers=12,
        heads=12,
        feed_forward=3072,
        norm_epsilon=1e-12,
    )
    assert bert_base == BERT_BASE


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        # Counted on instances made with Hugging Face transformers, without pooler and heads.
        pytest.param(BERT_BASE, 108_891_648, id="bert-base"),
        pytest.param(RELEASED, 24_581_888, id="mobilebert"),
        pytest.param(PAPER, 25_359_104, id="mobilebert@paper"),
        pytest.param(TINY, 15_485_696, id="mobilebert-tiny"),
    ],
)
def test_parameters_are_those_of_the_published_models(config: Config, parameters: int) -> None:
    assert config.parameters == parameters


def test_a_pooler_makes_bert_base_the_model_that_is_published_with_109_482_240_parameters() -> None:
    assert BERT_BASE.parameters + 768 * 768 + 768 == 109_482_240


def test_mobilebert_has_the_size_that_its_paper_prints() -> None:
    # Table 1 of the paper: 25.3M against 109M, "4.3 times smaller".
    assert PAPER.parameters / 1e6 == pytest.approx(25.3, abs=0.1)
    assert BERT_BASE.parameters / PAPER.parameters == pytest.approx(4.3, abs=0.05)


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        pytest.param(BERT_BASE, (2.737, 5.512, 11.174, 22.952, 35.333, 48.319), id="bert-base"),
        pytest.param(RELEASED, (0.654, 1.321, 2.693, 5.587, 8.682, 11.979), id="mobilebert"),
        pytest.param(PAPER, (0.679, 1.372, 2.793, 5.788, 8.984, 12.382), id="mobilebert@paper"),
        pytest.param(TINY, (0.365, 0.742, 1.535, 3.272, 5.209, 7.348), id="mobilebert-tiny"),
    ],
)
def test_multiplications_grow_with_the_sequence(config: Config, billions: tuple[float]) -> None:
    pooler = 768 * 768 if isinstance(config, BertConfig) else 0  # the table counts BERT's
    counted = tuple(round((config.macs(length) + pooler) / 1e9, 3) for length in LENGTHS)
    assert counted == billions


@pytest.mark.parametrize(
    ("config", "macs"),
    [
        pytest.param(BERT_BASE, 11_174_215_680 - 768 * 768, id="bert-base"),  # no pooler
        pytest.param(RELEASED, 2_692_743_168, id="mobilebert"),
        pytest.param(PAPER, 2_793_406_464, id="mobilebert@paper"),
        pytest.param(TINY, 1_535_115_264, id="mobilebert-tiny"),
    ],
)
def test_multiplications_for_128_tokens_are_exact(config: Config, macs: int) -> None:
    assert config.macs(128) == macs


def test_norm_and_activation_change_no_count() -> None:
    plain = ModelSpec(name="mobilebert")
    slow = ModelSpec(name="mobilebert", variant="layernorm+gelu")
    assert config_of(slow) != config_of(plain)
    assert config_of(slow).parameters == config_of(plain).parameters
    assert config_of(slow).macs(128) == config_of(plain).macs(128)


@pytest.mark.parametrize("wiring", Wiring)
def test_each_feed_forward_network_adds_the_same(wiring: Wiring) -> None:
    two, three = (
        MobileBertConfig(wiring=wiring, feed_forwards=number, layers=1) for number in (2, 3)
    )
    assert three.parameters - two.parameters == 2 * 128 * 512 + 512 + 128 + 2 * 128
    assert three.macs(10) - two.macs(10) == 10 * 2 * 128 * 512
