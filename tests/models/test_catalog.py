"""Names, variants and limits of the catalogue."""

from __future__ import annotations

import dataclasses

import pytest

from models.catalog import (
    CATALOG,
    ModelSpec,
    Quantization,
    Task,
    canonical_variant,
    config_of,
    find_entry,
    parse_choice,
    parse_model,
)
from models.configs import Activation, MobileBertConfig, Norm, Wiring
from models.errors import BadSpecError, ModelError, UnknownModelError, UnknownVariantError


@pytest.mark.parametrize(
    ("reference", "name", "variant"),
    [
        ("bert-base", "bert-base", ""),
        ("bert-base@", "bert-base", ""),
        ("mobilebert", "mobilebert", ""),
        ("mobilebert@paper", "mobilebert", "paper"),
        ("mobilebert@released", "mobilebert", ""),
        ("mobilebert@nonorm+relu", "mobilebert", ""),
        ("mobilebert@released+nonorm+relu", "mobilebert", ""),
        ("mobilebert@gelu+layernorm+paper", "mobilebert", "paper+layernorm+gelu"),
        ("mobilebert@relu+layernorm", "mobilebert", "layernorm"),
        ("mobilebert@paper+paper", "mobilebert", "paper"),
        ("mobilebert@+gelu+", "mobilebert", "gelu"),
        ("mobilebert-tiny@gelu+layernorm", "mobilebert-tiny", "layernorm+gelu"),
    ],
)
def test_a_reference_is_split_and_its_variant_made_canonical(
    reference: str, name: str, variant: str
) -> None:
    assert parse_model(reference) == (name, variant)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        pytest.param(
            "mobilebert@papr",
            "Model 'mobilebert' has no variant 'papr': "
            "it has released, paper, nonorm, layernorm, relu, gelu.",
            id="misspelt",
        ),
        pytest.param(
            "mobilebert@PAPER",
            "Model 'mobilebert' has no variant 'PAPER': "
            "it has released, paper, nonorm, layernorm, relu, gelu.",
            id="another case",
        ),
        pytest.param(
            "mobilebert-tiny@paper",
            "Model 'mobilebert-tiny' has no variant 'paper': it has nonorm, layernorm, relu, gelu.",
            id="another model's",
        ),
        pytest.param(
            "bert-base@gelu",
            "Model 'bert-base' has no variant 'gelu': it has none.",
            id="a model without variants",
        ),
        pytest.param(
            "mobilebert@relu+paper+gelu",
            "Model 'mobilebert' has no variant 'relu+paper+gelu': "
            "relu and gelu exclude each other.",
            id="two of a group",
        ),
        pytest.param(
            "mobilebert@paper@gelu",
            "Model 'mobilebert' has no variant 'paper@gelu': "
            "it has released, paper, nonorm, layernorm, relu, gelu.",
            id="two at signs",
        ),
    ],
)
def test_an_unknown_variant_is_refused_with_what_there_is(reference: str, message: str) -> None:
    with pytest.raises(UnknownVariantError) as caught:
        parse_model(reference)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mobilbert", " Did you mean 'mobilebert'?"),
        ("mobilebert-tinny", " Did you mean 'mobilebert-tiny'?"),
        ("bertbase", " Did you mean 'bert-base'?"),
        ("BERT-BASE", ""),
        ("xyz", ""),
        ("", ""),
        ("@paper", ""),
    ],
)
def test_an_unknown_model_is_refused_with_a_near_name(name: str, hint: str) -> None:
    with pytest.raises(UnknownModelError) as caught:
        parse_model(name)
    wanted = name.partition("@")[0]
    assert str(caught.value) == (
        f"There is no model {wanted!r}.{hint} Known models: {', '.join(sorted(CATALOG))}."
    )


def test_a_wrong_name_or_size_is_a_usage_error() -> None:
    errors = (UnknownModelError, UnknownVariantError, BadSpecError)
    assert [error.exit_code for error in errors] == [2, 2, 2]
    assert all(issubclass(error, ModelError) for error in errors)


@pytest.mark.parametrize("name", CATALOG)
def test_every_entry_is_found_by_its_name_and_its_defaults_are_the_first_of_each_group(
    name: str,
) -> None:
    entry = find_entry(name)
    assert entry.name == name
    for group in entry.variants:
        assert canonical_variant(name, group[0]) == ""
        assert [canonical_variant(name, option) for option in group[1:]] == list(group[1:])
        assert config_of(ModelSpec(name=name, variant=group[0])) == entry.config


def test_a_variant_changes_its_own_size_and_nothing_else() -> None:
    default = MobileBertConfig()
    changed = {
        variant: config_of(ModelSpec(name="mobilebert", variant=variant))
        for variant in ("paper", "layernorm", "gelu", "paper+layernorm+gelu")
    }
    assert changed == {
        "paper": dataclasses.replace(default, wiring=Wiring.PAPER),
        "layernorm": dataclasses.replace(default, norm=Norm.LAYER_NORM),
        "gelu": dataclasses.replace(default, activation=Activation.GELU),
        "paper+layernorm+gelu": dataclasses.replace(
            default, wiring=Wiring.PAPER, norm=Norm.LAYER_NORM, activation=Activation.GELU
        ),
    }


def test_tiny_keeps_its_wiring_under_a_variant() -> None:
    assert config_of(ModelSpec(name="mobilebert-tiny", variant="gelu")) == MobileBertConfig(
        wiring=Wiring.TINY, feed_forwards=2, activation=Activation.GELU
    )


@pytest.mark.parametrize("length", [1, 2, 511, 512])
def test_a_sequence_may_be_as_long_as_the_positions(length: int) -> None:
    config = config_of(ModelSpec(name="bert-base", sequence_length=length))
    assert config == CATALOG["bert-base"].config


@pytest.mark.parametrize("length", [-128, -1, 0, 513, 10**9])
def test_a_sequence_that_the_positions_cannot_hold_is_refused(length: int) -> None:
    spec = ModelSpec(name="mobilebert", variant="paper", sequence_length=length)
    with pytest.raises(BadSpecError) as caught:
        config_of(spec)
    assert str(caught.value) == (
        f"Model 'mobilebert@paper' cannot have sequence length {length}: "
        "it has positions for 1 to 512 tokens."
    )


def test_the_id_says_everything_but_the_seed() -> None:
    spec = ModelSpec(
        name="mobilebert",
        variant="paper+gelu",
        task=Task.ENCODER,
        sequence_length=384,
        quantization=Quantization.DYNAMIC,
        seed=7,
    )
    assert (spec.model, spec.id) == (
        "mobilebert@paper+gelu",
        "mobilebert@paper+gelu-encoder-seq384-dynamic",
    )
    assert ModelSpec(name="bert-base").id == "bert-base-qa-seq128-fp32"


def test_a_choice_is_found_by_its_word() -> None:
    assert parse_choice("bert-base", "task", "encoder", Task) is Task.ENCODER
    assert parse_choice("bert-base", "quantization", "fp16", Quantization) is Quantization.FP16


@pytest.mark.parametrize("word", ["", "FP16", "int4", "fp16 "])
def test_a_choice_that_does_not_exist_is_refused_with_what_there_is(word: str) -> None:
    with pytest.raises(BadSpecError) as caught:
        parse_choice("bert-base", "quantization", word, Quantization)
    assert str(caught.value) == (
        f"Model 'bert-base' cannot have quantization {word!r}: choose fp32, fp16, dynamic, int8."
    )
