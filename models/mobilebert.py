"""MobileBERT's encoder (Sun et al. 2020, "MobileBERT: a Compact Task-Agnostic BERT").

A layer narrows the stream to the bottleneck, attends, passes a stack of feed-forward networks,
and widens again. Three wirings differ in what the attention reads; see `Wiring`.
"""

from __future__ import annotations

import tensorflow as tf

from models.configs import MobileBertConfig, Norm, Wiring
from models.heads import first_token, tanh_pooler, transform
from models.layers import (
    Inputs,
    Tensor,
    activation,
    attention,
    dense,
    embed,
    layer_norm,
    mask_to_scores,
    no_norm,
)
from models.variables import Variables

_WORDS = "embeddings/word_embeddings"


def mobilebert(config: MobileBertConfig, variables: Variables, inputs: Inputs) -> Tensor:
    """Embeddings and encoder: -> the last hidden state, [1, S, hidden]."""
    x = _embeddings(config, variables, inputs)
    scores = mask_to_scores(inputs.input_mask)
    for index in range(config.layers):
        x = _layer(config, variables, f"encoder/layer/{index}", x, scores)
    return x


def mobilebert_sentence(
    config: MobileBertConfig, variables: Variables, inputs: Inputs, x: Tensor
) -> Tensor:
    """What a classifier reads: the first token, behind a pooler where there is one, [1, hidden]."""
    return tanh_pooler(variables, "pooler/dense", x) if config.pooler else first_token(x)


def mobilebert_words(config: MobileBertConfig, variables: Variables, x: Tensor) -> Tensor:
    """The logits of a masked language model, [1, S, vocabulary].

    The table of words is narrower than the hidden state: it compares with the first columns, and
    a table of its own with the others. The norm is a LayerNorm in every variant.
    """
    name = "cls/predictions"
    y = transform(variables, f"{name}/transform", x, config.activation, config.norm_epsilon)
    rows, rest = config.vocabulary, config.hidden - config.embedding
    words = variables.get(f"{_WORDS}/weight", (rows, config.embedding))
    others = variables.get(f"{name}/dense/weight", (rest, rows))
    kernel = tf.concat([tf.transpose(words), others], axis=0)  # [hidden, vocabulary]
    return tf.nn.bias_add(tf.matmul(y, kernel), variables.get(f"{name}/bias", (rows,)))


def _embeddings(config: MobileBertConfig, variables: Variables, inputs: Inputs) -> Tensor:
    name = "embeddings"
    words = embed(
        variables,
        _WORDS,
        inputs.input_ids,
        config.vocabulary,
        config.embedding,
    )  # [1, S, embedding]
    x = dense(variables, f"{name}/embedding_transformation", _trigrams(words), config.hidden)
    positions = variables.get(
        f"{name}/position_embeddings/weight", (config.positions, config.hidden)
    )
    segments = embed(
        variables,
        f"{name}/token_type_embeddings",
        inputs.segment_ids,
        config.token_types,
        config.hidden,
    )
    x = x + positions[: inputs.sequence_length] + segments  # [1, S, hidden]
    return _norm(config, variables, f"{name}/LayerNorm", x)


def _trigrams(words: Tensor) -> Tensor:
    """Each token beside its neighbours, [next, itself, previous]: [1, S, E] -> [1, S, 3 E]."""
    nothing = tf.zeros_like(words[:, :1])
    following = tf.concat([words[:, 1:], nothing], axis=1)
    previous = tf.concat([nothing, words[:, :-1]], axis=1)
    return tf.concat([following, words, previous], axis=-1)


def _layer(
    config: MobileBertConfig, variables: Variables, name: str, x: Tensor, scores: Tensor
) -> Tensor:
    narrow = _dense_norm(config, variables, f"{name}/bottleneck/input", x, config.bottleneck)

    attended = _attend(config, variables, name, x, narrow, scores)  # [1, S, bottleneck]
    attended = dense(variables, f"{name}/attention/output/dense", attended, config.bottleneck)
    y = _norm(config, variables, f"{name}/attention/output/LayerNorm", attended + narrow)

    for index in range(config.feed_forwards - 1):
        y = _feed_forward(config, variables, f"{name}/ffn/{index}/", y)
    y = _feed_forward(config, variables, f"{name}/", y)

    wide = dense(variables, f"{name}/output/bottleneck/dense", y, config.hidden)
    return _norm(config, variables, f"{name}/output/bottleneck/LayerNorm", wide + x)


def _attend(
    config: MobileBertConfig,
    variables: Variables,
    name: str,
    x: Tensor,
    narrow: Tensor,
    scores: Tensor,
) -> Tensor:
    width = config.bottleneck
    if config.wiring == Wiring.RELEASED:
        shared = _dense_norm(config, variables, f"{name}/bottleneck/attention", x, width)
        query_input, value_input = shared, x
    elif config.wiring == Wiring.PAPER:
        query_input = value_input = x
    else:
        query_input = value_input = narrow

    name = f"{name}/attention/self"
    head_scale = (width // config.heads) ** -0.5
    query = dense(variables, f"{name}/query", query_input, width, scale=head_scale)
    key = dense(variables, f"{name}/key", query_input, width)
    value = dense(variables, f"{name}/value", value_input, width)
    return attention(query, key, value, scores, config.heads)


def _feed_forward(config: MobileBertConfig, variables: Variables, name: str, y: Tensor) -> Tensor:
    hidden = dense(variables, f"{name}intermediate/dense", y, config.feed_forward)
    hidden = activation(config.activation)(hidden)  # [1, S, feed_forward]
    output = dense(variables, f"{name}output/dense", hidden, config.bottleneck)
    return _norm(config, variables, f"{name}output/LayerNorm", output + y)


def _dense_norm(
    config: MobileBertConfig, variables: Variables, name: str, x: Tensor, units: int
) -> Tensor:
    """A dense layer and the norm behind it, as one layer where the norm is NoNorm."""
    if config.norm == Norm.NO_NORM:
        return dense(variables, f"{name}/dense", x, units, folded_norm=f"{name}/LayerNorm")
    return _norm(
        config, variables, f"{name}/LayerNorm", dense(variables, f"{name}/dense", x, units)
    )


def _norm(config: MobileBertConfig, variables: Variables, name: str, x: Tensor) -> Tensor:
    if config.norm == Norm.NO_NORM:
        return no_norm(variables, name, x)
    return layer_norm(variables, name, x, config.norm_epsilon)
