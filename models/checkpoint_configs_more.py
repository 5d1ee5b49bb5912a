"""Sizes of ALBERT, SqueezeBERT and ModernBERT from a checkpoint's `config.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.checkpoint_configs import (
    ACTIVATIONS,
    ActivationName,
    Epsilon,
    Family,
    Layers,
    Size,
    Sizes,
    check_heads,
    parse_sizes,
)
from models.configs import Config
from models.configs_albert import AlbertConfig
from models.configs_modernbert import ModernBertConfig, Pooling
from models.configs_squeezebert import SqueezeBertConfig

Theta = Annotated[float, Field(gt=1, le=1e12, allow_inf_nan=False)]


class _Albert(Sizes):
    vocab_size: Size = 30000
    type_vocab_size: Size = 2
    embedding_size: Size = 128
    hidden_size: Size = 4096
    num_hidden_layers: Layers = 12
    num_attention_heads: Size = 64
    intermediate_size: Size = 16384
    hidden_act: ActivationName = "gelu_new"
    layer_norm_eps: Epsilon = 1e-12
    # Every published ALBERT shares one set of weights between all layers.
    num_hidden_groups: Literal[1] = 1
    inner_group_num: Literal[1] = 1


class _SqueezeBert(Sizes):
    type_vocab_size: Size = 2
    embedding_size: Size = 768
    hidden_size: Size = 768
    num_hidden_layers: Layers = 12
    num_attention_heads: Size = 12
    intermediate_size: Size = 3072
    hidden_act: ActivationName = "gelu"
    # Hugging Face's layers have this epsilon whatever the file says, its embeddings the file's.
    layer_norm_eps: Annotated[float, Field(ge=1e-12, le=1e-12)] = 1e-12
    q_groups: Size = 4
    k_groups: Size = 4
    v_groups: Size = 4
    post_attention_groups: Literal[1] = 1
    intermediate_groups: Size = 4
    output_groups: Size = 4


class _Rotation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rope_type: Literal["default"] = "default"
    rope_theta: Theta | None = None


class _Rotations(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    full_attention: _Rotation = _Rotation()
    sliding_attention: _Rotation = _Rotation()


class _ModernBert(Sizes):
    vocab_size: Size = 50368
    max_position_embeddings: Size = 8192
    hidden_size: Size = 768
    num_hidden_layers: Layers = 22
    num_attention_heads: Size = 12
    intermediate_size: Size = 1152
    hidden_activation: ActivationName = "gelu"
    classifier_activation: ActivationName = "gelu"
    classifier_pooling: Pooling = Pooling.CLS
    norm_eps: Epsilon = 1e-5
    local_attention: Size = 128
    # Which layers are global, and the base of the rotation: in the words of files before
    # transformers 5, and in its own.
    global_attn_every_n_layers: Size = 3
    layer_types: list[Literal["full_attention", "sliding_attention"]] | None = None
    global_rope_theta: Theta = 160_000.0
    local_rope_theta: Theta | None = 10_000.0
    rope_parameters: _Rotations | None = None
    rope_scaling: None = None
    # No published ModernBERT differs in these.
    norm_bias: Literal[False] = False
    attention_bias: Literal[False] = False
    mlp_bias: Literal[False] = False
    classifier_bias: Literal[False] = False
    decoder_bias: Literal[True] = True


def _read_albert(values: Mapping[str, object]) -> Config:
    sizes = parse_sizes(_Albert, values)
    check_heads(sizes.hidden_size, sizes.num_attention_heads)
    return AlbertConfig(
        vocabulary=sizes.vocab_size,
        positions=sizes.max_position_embeddings,
        token_types=sizes.type_vocab_size,
        embedding=sizes.embedding_size,
        hidden=sizes.hidden_size,
        layers=sizes.num_hidden_layers,
        heads=sizes.num_attention_heads,
        feed_forward=sizes.intermediate_size,
        activation=ACTIVATIONS[sizes.hidden_act],
        labels=sizes.labels,
        norm_epsilon=sizes.layer_norm_eps,
    )


def _read_squeezebert(values: Mapping[str, object]) -> Config:
    sizes = parse_sizes(_SqueezeBert, values)
    check_heads(sizes.hidden_size, sizes.num_attention_heads)
    if sizes.embedding_size != sizes.hidden_size:
        message = f"embedding_size {sizes.embedding_size} is not hidden_size {sizes.hidden_size}"
        raise ValueError(message)
    grouped = ("q_groups", "k_groups", "v_groups", "intermediate_groups", "output_groups")
    groups = {name: getattr(sizes, name) for name in grouped}
    if len(set(groups.values())) > 1:
        listed = ", ".join(f"{name} {number}" for name, number in groups.items())
        message = f"only models whose layers have as many groups each can be built: {listed}"
        raise ValueError(message)
    if sizes.hidden_size % sizes.q_groups or sizes.intermediate_size % sizes.q_groups:
        message = (
            f"{sizes.q_groups} groups do not divide hidden_size {sizes.hidden_size} and "
            f"intermediate_size {sizes.intermediate_size}"
        )
        raise ValueError(message)
    return SqueezeBertConfig(
        vocabulary=sizes.vocab_size,
        positions=sizes.max_position_embeddings,
        token_types=sizes.type_vocab_size,
        hidden=sizes.hidden_size,
        layers=sizes.num_hidden_layers,
        heads=sizes.num_attention_heads,
        feed_forward=sizes.intermediate_size,
        groups=sizes.q_groups,
        activation=ACTIVATIONS[sizes.hidden_act],
        labels=sizes.labels,
        norm_epsilon=sizes.layer_norm_eps,
    )


def _read_modernbert(values: Mapping[str, object]) -> Config:
    sizes = parse_sizes(_ModernBert, values)
    # A rotation turns pairs of a head's elements.
    check_heads(sizes.hidden_size, 2 * sizes.num_attention_heads)
    if sizes.classifier_activation != sizes.hidden_activation:
        message = f"classifier_activation is not hidden_activation {sizes.hidden_activation!r}"
        raise ValueError(message)
    global_theta, local_theta = _thetas(sizes)
    return ModernBertConfig(
        vocabulary=sizes.vocab_size,
        positions=sizes.max_position_embeddings,
        hidden=sizes.hidden_size,
        layers=sizes.num_hidden_layers,
        heads=sizes.num_attention_heads,
        feed_forward=sizes.intermediate_size,
        global_every=_global_every(sizes),
        window=sizes.local_attention,
        global_theta=global_theta,
        local_theta=local_theta,
        activation=ACTIVATIONS[sizes.hidden_activation],
        pooling=sizes.classifier_pooling,
        labels=sizes.labels,
        norm_epsilon=sizes.norm_eps,
    )


def _thetas(sizes: _ModernBert) -> tuple[float, float]:
    """The base of global and of local layers."""
    rotations = sizes.rope_parameters or _Rotations()
    everywhere = rotations.full_attention.rope_theta or sizes.global_rope_theta
    nearby = rotations.sliding_attention.rope_theta or sizes.local_rope_theta
    return everywhere, nearby or everywhere


def _global_every(sizes: _ModernBert) -> int:
    """Of so many layers the first is global. Raises `ValueError` for any other pattern."""
    kinds = sizes.layer_types
    if kinds is None:
        return sizes.global_attn_every_n_layers
    further = (index for index, kind in enumerate(kinds) if index and kind == "full_attention")
    every = next(further, max(len(kinds), 1))
    expected = [
        "sliding_attention" if index % every else "full_attention"
        for index in range(sizes.num_hidden_layers)
    ]
    if kinds != expected:
        message = f"layer_types is no regular pattern of {sizes.num_hidden_layers} layers: {kinds}"
        raise ValueError(message)
    return every


_WORDS = "embeddings.word_embeddings.weight"

# What is known of each kind of sizes.
MORE_FAMILIES: dict[type, Family] = {
    AlbertConfig: Family(
        model_type="albert",
        prefix="albert.",
        read=_read_albert,
        copies=(
            ("predictions.decoder.weight", _WORDS),
            ("predictions.decoder.bias", "predictions.bias"),
        ),
    ),
    SqueezeBertConfig: Family(
        model_type="squeezebert",
        prefix="transformer.",
        read=_read_squeezebert,
        copies=(
            ("cls.predictions.decoder.weight", _WORDS),
            ("cls.predictions.decoder.bias", "cls.predictions.bias"),
        ),
    ),
    ModernBertConfig: Family(
        model_type="modernbert",
        prefix="model.",
        read=_read_modernbert,
        copies=(("decoder.weight", "embeddings.tok_embeddings.weight"),),
    ),
}
