"""Sizes from a checkpoint's `config.json`, one reader for each architecture.

Defaults are those of Hugging Face's configuration classes, for keys that a file leaves out.
Bounds are far above every published model: they keep a broken file from taking the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.configs import (
    Activation,
    BertConfig,
    Config,
    DistilBertConfig,
    MobileBertConfig,
    Norm,
    Wiring,
)

Size = Annotated[int, Field(strict=True, ge=1, le=1 << 20)]
Layers = Annotated[int, Field(strict=True, ge=1, le=256)]
Epsilon = Annotated[float, Field(ge=0, le=1e-2, allow_inf_nan=False)]
Labels = dict[str, object] | None

ACTIVATIONS = {
    "relu": Activation.RELU,
    "gelu": Activation.GELU,
    "gelu_new": Activation.GELU_NEW,
    "gelu_pytorch_tanh": Activation.GELU_NEW,
}
ActivationName = Literal["relu", "gelu", "gelu_new", "gelu_pytorch_tanh"]


@dataclass(frozen=True, kw_only=True)
class Family:
    """How checkpoints of one architecture are written.

    Names of the encoder's weights may begin with `prefix`. Each of `copies` is a name that a file
    may have for the values of another one.
    """

    model_type: str
    prefix: str
    read: Callable[[Mapping[str, object]], Config]
    copies: tuple[tuple[str, str], ...] = ()


class Sizes(BaseModel):
    """What all architectures call the same; other keys are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    vocab_size: Size = 30522
    max_position_embeddings: Size = 512
    id2label: Labels = None

    @property
    def labels(self) -> int:
        """The classes of a classifier; two where the file names none."""
        return len(self.id2label) if self.id2label else 2


class _Bert(Sizes):
    type_vocab_size: Size = 2
    hidden_size: Size = 768
    num_hidden_layers: Layers = 12
    num_attention_heads: Size = 12
    intermediate_size: Size = 3072
    hidden_act: ActivationName = "gelu"
    layer_norm_eps: Epsilon = 1e-12
    position_embedding_type: Literal["absolute"] = "absolute"


class _DistilBert(Sizes):
    dim: Size = 768
    n_layers: Layers = 6
    n_heads: Size = 12
    hidden_dim: Size = 3072
    activation: ActivationName = "gelu"


class _MobileBert(Sizes):
    type_vocab_size: Size = 2
    embedding_size: Size = 128
    hidden_size: Size = 512
    intra_bottleneck_size: Size = 128
    num_hidden_layers: Layers = 24
    num_attention_heads: Size = 4
    intermediate_size: Size = 512
    num_feedforward_networks: Layers = 4
    hidden_act: ActivationName = "relu"
    normalization_type: Literal["no_norm", "layer_norm"] = "no_norm"
    use_bottleneck_attention: bool = False
    key_query_shared_bottleneck: bool = True
    classifier_activation: bool = True
    layer_norm_eps: Epsilon = 1e-12
    # Graphs without these exist in the code of MobileBERT, and nobody published one.
    trigram_input: Literal[True] = True
    use_bottleneck: Literal[True] = True


_Kind = TypeVar("_Kind", bound=Sizes)


def parse_sizes(kind: type[_Kind], values: Mapping[str, object]) -> _Kind:
    """Reads the keys of one kind. Raises `ValueError` that names each bad key and its value."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        bad = (
            f"{part['loc'][0]} is {part['input']!r:.80}: {part['msg']}" for part in error.errors()
        )
        message = "; ".join(bad)
        raise ValueError(message) from error


def check_heads(width: int, heads: int) -> None:
    """Raises `ValueError` where the heads do not divide the width."""
    if width % heads:
        message = f"{heads} attention heads do not divide a width of {width}"
        raise ValueError(message)


def _read_bert(values: Mapping[str, object]) -> Config:
    sizes = parse_sizes(_Bert, values)
    check_heads(sizes.hidden_size, sizes.num_attention_heads)
    return BertConfig(
        vocabulary=sizes.vocab_size,
        positions=sizes.max_position_embeddings,
        token_types=sizes.type_vocab_size,
        hidden=sizes.hidden_size,
        layers=sizes.num_hidden_layers,
        heads=sizes.num_attention_heads,
        feed_forward=sizes.intermediate_size,
        activation=ACTIVATIONS[sizes.hidden_act],
        labels=sizes.labels,
        norm_epsilon=sizes.layer_norm_eps,
    )


def _read_distilbert(values: Mapping[str, object]) -> Config:
    sizes = parse_sizes(_DistilBert, values)
    check_heads(sizes.dim, sizes.n_heads)
    return DistilBertConfig(
        vocabulary=sizes.vocab_size,
        positions=sizes.max_position_embeddings,
        hidden=sizes.dim,
        layers=sizes.n_layers,
        heads=sizes.n_heads,
        feed_forward=sizes.hidden_dim,
        activation=ACTIVATIONS[sizes.activation],
        labels=sizes.labels,
    )


def _read_mobilebert(values: Mapping[str, object]) -> Config:
    sizes = parse_sizes(_MobileBert, values)
    check_heads(sizes.intra_bottleneck_size, sizes.num_attention_heads)
    if sizes.embedding_size >= sizes.hidden_size:
        message = f"embedding_size {sizes.embedding_size} is not below hidden_size"
        raise ValueError(message)
    if sizes.use_bottleneck_attention:
        wiring = Wiring.TINY
    else:
        wiring = Wiring.RELEASED if sizes.key_query_shared_bottleneck else Wiring.PAPER
    no_norm = sizes.normalization_type == "no_norm"
    return MobileBertConfig(
        vocabulary=sizes.vocab_size,
        positions=sizes.max_position_embeddings,
        token_types=sizes.type_vocab_size,
        embedding=sizes.embedding_size,
        hidden=sizes.hidden_size,
        bottleneck=sizes.intra_bottleneck_size,
        layers=sizes.num_hidden_layers,
        heads=sizes.num_attention_heads,
        feed_forward=sizes.intermediate_size,
        feed_forwards=sizes.num_feedforward_networks,
        wiring=wiring,
        norm=Norm.NO_NORM if no_norm else Norm.LAYER_NORM,
        activation=ACTIVATIONS[sizes.hidden_act],
        pooler=sizes.classifier_activation,
        labels=sizes.labels,
        norm_epsilon=sizes.layer_norm_eps,
    )


_WORDS = "embeddings.word_embeddings.weight"
_TIED = (
    ("cls.predictions.decoder.weight", _WORDS),
    ("cls.predictions.decoder.bias", "cls.predictions.bias"),
)

# What is known of each kind of sizes.
FAMILIES: dict[type, Family] = {
    BertConfig: Family(model_type="bert", prefix="bert.", read=_read_bert, copies=_TIED),
    DistilBertConfig: Family(
        model_type="distilbert",
        prefix="distilbert.",
        read=_read_distilbert,
        copies=(("vocab_projector.weight", _WORDS),),
    ),
    MobileBertConfig: Family(
        model_type="mobilebert", prefix="mobilebert.", read=_read_mobilebert, copies=_TIED
    ),
}
