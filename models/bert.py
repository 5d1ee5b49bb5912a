"""BERT's encoder (Devlin et al. 2018, "BERT: Pre-training of Deep Bidirectional Transformers")."""

from __future__ import annotations

from models.configs import BertConfig
from models.heads import tanh_pooler, tied_words, transform
from models.layers import (
    Inputs,
    Tensor,
    activation,
    attention,
    dense,
    embed,
    layer_norm,
    mask_to_scores,
)
from models.variables import Variables

_WORDS = "embeddings/word_embeddings"


def bert(config: BertConfig, variables: Variables, inputs: Inputs) -> Tensor:
    """Embeddings and encoder: -> the last hidden state, [1, S, hidden]."""
    x = _embeddings(config, variables, inputs)
    scores = mask_to_scores(inputs.input_mask)
    for index in range(config.layers):
        x = _layer(config, variables, f"encoder/layer/{index}", x, scores)
    return x


def bert_sentence(config: BertConfig, variables: Variables, inputs: Inputs, x: Tensor) -> Tensor:
    """What a classifier reads: the pooler's output, [1, hidden]."""
    return tanh_pooler(variables, "pooler/dense", x)


def bert_words(config: BertConfig, variables: Variables, x: Tensor) -> Tensor:
    """The logits of a masked language model, [1, S, vocabulary]."""
    name = "cls/predictions"
    y = transform(variables, f"{name}/transform", x, config.activation, config.norm_epsilon)
    return tied_words(variables, _WORDS, f"{name}/bias", y, config.vocabulary)


def _embeddings(config: BertConfig, variables: Variables, inputs: Inputs) -> Tensor:
    name = "embeddings"
    width = config.hidden
    words = embed(variables, _WORDS, inputs.input_ids, config.vocabulary, width)  # [1, S, hidden]
    segments = embed(
        variables, f"{name}/token_type_embeddings", inputs.segment_ids, config.token_types, width
    )
    positions = variables.get(f"{name}/position_embeddings/weight", (config.positions, width))
    x = words + positions[: inputs.sequence_length] + segments
    return layer_norm(variables, f"{name}/LayerNorm", x, config.norm_epsilon)


def _layer(
    config: BertConfig, variables: Variables, name: str, x: Tensor, scores: Tensor
) -> Tensor:
    width, epsilon = config.hidden, config.norm_epsilon
    self_name = f"{name}/attention/self"

    head_scale = (width // config.heads) ** -0.5
    query = dense(variables, f"{self_name}/query", x, width, scale=head_scale)  # [1, S, hidden]
    key = dense(variables, f"{self_name}/key", x, width)
    value = dense(variables, f"{self_name}/value", x, width)
    attended = attention(query, key, value, scores, config.heads)
    attended = dense(variables, f"{name}/attention/output/dense", attended, width)
    x = layer_norm(variables, f"{name}/attention/output/LayerNorm", attended + x, epsilon)

    hidden = dense(variables, f"{name}/intermediate/dense", x, config.feed_forward)
    hidden = activation(config.activation)(hidden)  # [1, S, feed_forward]
    output = dense(variables, f"{name}/output/dense", hidden, width)
    return layer_norm(variables, f"{name}/output/LayerNorm", output + x, epsilon)
