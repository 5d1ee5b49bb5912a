"""ALBERT's encoder (Lan et al. 2019, "ALBERT: A Lite BERT for Self-supervised Learning").

The embedding is factorised (section 3.1: V x E and E x H instead of V x H), and all layers share
one set of weights, which the file holds once.
"""

from __future__ import annotations

import tensorflow as tf

from models.configs_albert import AlbertConfig
from models.heads import tanh_pooler, tied_words
from models.layers import (
    Inputs,
    Tensor,
    activation,
    attention,
    dense,
    embed,
    mask_to_scores,
)
from models.variables import Variables

_WORDS = "embeddings/word_embeddings"

# The place of the only layer of the only group in published checkpoints.
_LAYER = "encoder/albert_layer_groups/0/albert_layers/0"


def albert(config: AlbertConfig, variables: Variables, inputs: Inputs) -> Tensor:
    """Embeddings and encoder: -> the last hidden state, [1, S, hidden]."""
    x = _embeddings(config, variables, inputs)  # [1, S, embedding]
    x = dense(variables, "encoder/embedding_hidden_mapping_in", x, config.hidden)
    scores = mask_to_scores(inputs.input_mask)
    for _ in range(config.layers):
        x = _layer(config, variables, x, scores)
    return x


def albert_sentence(
    config: AlbertConfig, variables: Variables, inputs: Inputs, x: Tensor
) -> Tensor:
    """What a classifier reads: the pooler's output, [1, hidden]."""
    return tanh_pooler(variables, "pooler", x)


def albert_words(config: AlbertConfig, variables: Variables, x: Tensor) -> Tensor:
    """The logits of a masked language model, [1, S, vocabulary].

    The hidden state is narrowed to the width of the table of words before it is compared.
    """
    y = dense(variables, "predictions/dense", x, config.embedding)  # [1, S, embedding]
    y = _norm(config, variables, "predictions/LayerNorm", activation(config.activation)(y))
    return tied_words(variables, _WORDS, "predictions/bias", y, config.vocabulary)


def _embeddings(config: AlbertConfig, variables: Variables, inputs: Inputs) -> Tensor:
    name = "embeddings"
    width = config.embedding
    words = embed(variables, _WORDS, inputs.input_ids, config.vocabulary, width)
    segments = embed(
        variables, f"{name}/token_type_embeddings", inputs.segment_ids, config.token_types, width
    )
    positions = variables.get(f"{name}/position_embeddings/weight", (config.positions, width))
    x = words + positions[: inputs.sequence_length] + segments  # [1, S, embedding]
    return _norm(config, variables, f"{name}/LayerNorm", x)


def _layer(config: AlbertConfig, variables: Variables, x: Tensor, scores: Tensor) -> Tensor:
    width = config.hidden
    name = f"{_LAYER}/attention"
    # What is added to x, as often as there are layers, is seeded smaller, as in GPT-2 (Radford et
    # al. 2019, section 2.3). Else one layer again and again leads all tokens to nearly one vector,
    # and an answer says nothing of the input: with 24 layers, int8 weights moved it as far as
    # another text did.
    spread = (2 * config.layers) ** -0.5

    head_scale = (width // config.heads) ** -0.5
    query = dense(variables, f"{name}/query", x, width, scale=head_scale)  # [1, S, hidden]
    key = dense(variables, f"{name}/key", x, width)
    value = dense(variables, f"{name}/value", x, width)
    attended = attention(query, key, value, scores, config.heads)
    attended = dense(variables, f"{name}/dense", attended, width, spread=spread)
    x = _norm(config, variables, f"{name}/LayerNorm", attended + x)

    hidden = dense(variables, f"{_LAYER}/ffn", x, config.feed_forward)
    hidden = activation(config.activation)(hidden)  # [1, S, feed_forward]
    output = dense(variables, f"{_LAYER}/ffn_output", hidden, width, spread=spread)
    return _norm(config, variables, f"{_LAYER}/full_layer_layer_norm", output + x)


def _norm(config: AlbertConfig, variables: Variables, name: str, x: Tensor) -> Tensor:
    """LayerNorm, with gamma multiplied to the deviation before x is.

    A gamma that is the last factor the converter multiplies into the kernels behind it as well.
    The first layer has no norm before it, so that the file would hold its kernels twice.
    """
    gamma = variables.get(f"{name}/gamma", (x.shape[-1],), mean=1.0)
    beta = variables.get(f"{name}/beta", (x.shape[-1],))
    mean = tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.math.squared_difference(x, mean), axis=-1, keepdims=True)
    scale = tf.math.rsqrt(variance + config.norm_epsilon) * gamma  # [1, S, width]
    return (x - mean) * scale + beta
