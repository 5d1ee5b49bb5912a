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
BERT_LARGE = config_of(ModelSpec(name="bert-large"))
IB_BERT_LARGE = config_of(ModelSpec(name="ib-bert-large"))
TINYBERT_4L = config_of(ModelSpec(name="tinybert-4l"))
TINYBERT_6L = config_of(ModelSpec(name="tinybert-6l"))
DISTILBERT = config_of(ModelSpec(name="distilbert"))

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
        pytest.param(BERT_LARGE, 334_092_288, id="bert-large"),
        pytest.param(IB_BERT_LARGE, 294_205_184, id="ib-bert-large"),
        pytest.param(TINYBERT_4L, 14_252_592, id="tinybert-4l"),
        pytest.param(TINYBERT_6L, 66_364_416, id="tinybert-6l"),
        pytest.param(DISTILBERT, 66_362_880, id="distilbert"),
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
        pytest.param(
            BERT_LARGE, (9.715, 19.530, 39.461, 80.532, 123.213, 167.505), id="bert-large"
        ),
        pytest.param(
            IB_BERT_LARGE, (9.318, 18.736, 37.875, 77.360, 118.456, 161.162), id="ib-bert-large"
        ),
        pytest.param(TINYBERT_4L, (0.148, 0.302, 0.624, 1.329, 2.116, 2.985), id="tinybert-4l"),
        pytest.param(TINYBERT_6L, (1.369, 2.756, 5.587, 11.476, 17.667, 24.160), id="tinybert-6l"),
        pytest.param(DISTILBERT, (1.368, 2.756, 5.587, 11.476, 17.666, 24.159), id="distilbert"),
    ],
)
def test_multiplications_grow_with_the_sequence(config: Config, billions: tuple[float]) -> None:
    # The table counts BERT's pooler.
    pooler = config.hidden**2 if isinstance(config, BertConfig) else 0
    counted = tuple(round((config.macs(length) + pooler) / 1e9, 3) for length in LENGTHS)
    assert counted == billions


@pytest.mark.parametrize(
    ("config", "macs"),
    [
        pytest.param(BERT_BASE, 11_174_215_680 - 768 * 768, id="bert-base"),  # no pooler
        pytest.param(RELEASED, 2_692_743_168, id="mobilebert"),
        pytest.param(PAPER, 2_793_406_464, id="mobilebert@paper"),
        pytest.param(TINY, 1_535_115_264, id="mobilebert-tiny"),
        pytest.param(TINYBERT_4L, 623_737_920 - 312 * 312, id="tinybert-4l"),
        pytest.param(DISTILBERT, 5_586_812_928, id="distilbert"),
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
