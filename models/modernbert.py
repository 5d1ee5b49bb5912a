"""ModernBERT's encoder (Warner et al. 2024, "Smarter, Better, Faster, Longer: A Modern
Bidirectional Encoder for Fast, Memory Efficient, and Long Context Finetuning and Inference").

No biases and no table of positions; norms stand before what they feed and have no bias either.
Every third layer attends to all tokens, the others to those within half a window. What is joined
in a checkpoint (queries, keys and values; a feed-forward network's input and gate) is taken apart
in the weights, which costs nothing, and not in the stream, which would be copied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from models.configs_modernbert import ModernBertConfig, Pooling
from models.heads import first_token, tied_words
from models.layers import Inputs, Tensor, activation, embed
from models.variables import Variables

_WORDS = "embeddings/tok_embeddings"

# What is added to the score of a token that is not looked at. Its weight is 0 in float32 all the
# same, and a larger number would leave the scores no room in int8: most of a local layer is masked.
_UNSEEN = -120.0  # as in tensorflow/models, official/projects/edgetpu/nlp


@dataclass(frozen=True, kw_only=True)
class _Attention:
    """What distinguishes global layers from local ones.

    `scores` are added to those of the attention, [1, 1, 1 or S, S]; `cosine` and `sine` of the
    rotation are [S, hidden / heads].
    """

    scores: Tensor
    cosine: Tensor
    sine: Tensor


def modernbert(config: ModernBertConfig, variables: Variables, inputs: Inputs) -> Tensor:
    """Embeddings and encoder: -> the last hidden state, [1, S, hidden]."""
    everywhere, nearby = _kinds_of_attention(config, inputs)
    x = embed(
        variables, _WORDS, inputs.input_ids, config.vocabulary, config.hidden
    )  # [1, S, hidden]
    x = _norm(config, variables, "embeddings/norm", x)
    for index in range(config.layers):
        kind = everywhere if config.is_global(index) else nearby
        x = _layer(config, variables, index, x, kind)
    return _norm(config, variables, "final_norm", x)


def modernbert_sentence(
    config: ModernBertConfig, variables: Variables, inputs: Inputs, x: Tensor
) -> Tensor:
    """What a classifier reads: all tokens but padding, or the first one, as one, [1, hidden]."""
    if config.pooling == Pooling.CLS:
        return modernbert_tokens(config, variables, first_token(x))
    mask = tf.cast(inputs.input_mask, tf.float32)  # [1, S]
    states = tf.reshape(x, x.shape[1:])  # a reshape can be delegated, the slice of `x[0]` cannot
    mean = tf.matmul(mask, states) / tf.reduce_sum(mask)  # [1, hidden]
    return modernbert_tokens(config, variables, mean)


def modernbert_tokens(config: ModernBertConfig, variables: Variables, x: Tensor) -> Tensor:
    """What every head reads: a dense layer, GELU and a norm, [.., hidden] -> [.., hidden]."""
    kernel = variables.get("head/dense/kernel", (config.hidden, config.hidden))
    return _norm(
        config, variables, "head/norm", activation(config.activation)(tf.matmul(x, kernel))
    )


def modernbert_words(config: ModernBertConfig, variables: Variables, x: Tensor) -> Tensor:
    """The logits of a masked language model, [1, S, vocabulary]."""
    y = modernbert_tokens(config, variables, x)
    return tied_words(variables, _WORDS, "decoder/bias", y, config.vocabulary)


def _kinds_of_attention(config: ModernBertConfig, inputs: Inputs) -> tuple[_Attention, _Attention]:
    """The global kind and the local one."""
    length = inputs.sequence_length
    padding = (1.0 - tf.cast(inputs.input_mask, tf.float32)) * _UNSEEN
    scores = tf.reshape(padding, (1, 1, 1, length))
    cosine, sine = _rotation(config, length, config.global_theta)
    everywhere = _Attention(scores=scores, cosine=cosine, sine=sine)

    position = np.arange(length)
    distance = np.abs(position[:, np.newaxis] - position)  # [S, S]
    outside = distance > config.window // 2
    if outside.any():
        window = np.where(outside, _UNSEEN, 0.0).astype(np.float32)
        scores = tf.minimum(scores, window)  # [1, 1, S, S]
    cosine, sine = _rotation(config, length, config.local_theta)
    return everywhere, _Attention(scores=scores, cosine=cosine, sine=sine)


def _rotation(config: ModernBertConfig, length: int, theta: float) -> tuple[Tensor, Tensor]:
    """Cosine and signed sine of each position's angles (Su et al. 2021, section 3.4.2).

    Element i of a head turns with element i + width / 2, by the same angle.
    """
    width = config.hidden // config.heads
    frequency = theta ** -(np.arange(0, width, 2) / width)
    angle = np.arange(length)[:, np.newaxis] * frequency  # [S, width / 2]
    cosine = np.concatenate([np.cos(angle), np.cos(angle)], axis=-1)
    sine = np.concatenate([-np.sin(angle), np.sin(angle)], axis=-1)
    return tf.constant(cosine, tf.float32), tf.constant(sine, tf.float32)


def _layer(
    config: ModernBertConfig, variables: Variables, index: int, x: Tensor, kind: _Attention
) -> Tensor:
    name = f"layers/{index}"
    # The embeddings' norm stands before the first layer already.
    normed = _norm(config, variables, f"{name}/attn_norm", x) if index > 0 else x
    x = x + _attend(config, variables, f"{name}/attn", normed, kind)
    normed = _norm(config, variables, f"{name}/mlp_norm", x)
    return x + _feed_forward(config, variables, f"{name}/mlp", normed)


def _attend(
    config: ModernBertConfig, variables: Variables, name: str, x: Tensor, kind: _Attention
) -> Tensor:
    width = config.hidden
    head_scale = (width // config.heads) ** -0.5
    kernels = tf.split(variables.get(f"{name}/Wqkv/kernel", (width, 3 * width)), 3, axis=-1)
    query = _heads(config, tf.matmul(x, kernels[0] * head_scale))  # [1, heads, S, width / heads]
    key = _heads(config, tf.matmul(x, kernels[1]))
    value = _heads(config, tf.matmul(x, kernels[2]))
    query, key = _rotated(query, kind), _rotated(key, kind)
    weights = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) + kind.scores)
    context = tf.transpose(tf.matmul(weights, value), (0, 2, 1, 3))  # [1, S, heads, width / heads]
    context = tf.reshape(context, x.shape)
    return tf.matmul(context, variables.get(f"{name}/Wo/kernel", (width, width)))


def _heads(config: ModernBertConfig, x: Tensor) -> Tensor:
    length, width = x.shape[1], x.shape[2]
    split = tf.reshape(x, (1, length, config.heads, width // config.heads))
    return tf.transpose(split, (0, 2, 1, 3))


def _rotated(x: Tensor, kind: _Attention) -> Tensor:
    """Turns each head's elements by their position's angles: [1, heads, S, width / heads]."""
    first, second = tf.split(x, 2, axis=-1)
    return x * kind.cosine + tf.concat([second, first], axis=-1) * kind.sine


def _feed_forward(config: ModernBertConfig, variables: Variables, name: str, x: Tensor) -> Tensor:
    """GeGLU (Shazeer 2020): the activated input, times a gate."""
    width, inner = config.hidden, config.feed_forward
    kernels = tf.split(variables.get(f"{name}/Wi/kernel", (width, 2 * inner)), 2, axis=-1)
    activated = activation(config.activation)(tf.matmul(x, kernels[0]))  # [1, S, feed_forward]
    gate = tf.matmul(x, kernels[1])
    return tf.matmul(activated * gate, variables.get(f"{name}/Wo/kernel", (inner, width)))


def _norm(config: ModernBertConfig, variables: Variables, name: str, x: Tensor) -> Tensor:
    """LayerNorm without a bias."""
    gamma = variables.get(f"{name}/gamma", (x.shape[-1],), mean=1.0)
    mean = tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.math.squared_difference(x, mean), axis=-1, keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + config.norm_epsilon) * gamma
