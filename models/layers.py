"""The few layers that all architectures share, as TensorFlow operations on fixed shapes.

Each is written so that the converter gives the fewest operators that compute it: one
FULLY_CONNECTED for a dense layer, the attention's scale inside the query's kernel, one GELU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from models.configs import Activation
from models.variables import Variables

Tensor = Any  # tensorflow ships no types

# What a masked position gets added to its score, as in the MobileBERT code of 2020.
_MASKED = 10000.0


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The int32 [1, S] inputs of an encoder; `segment_ids` where the architecture has segments."""

    input_ids: Tensor
    input_mask: Tensor
    segment_ids: Tensor = None

    @property
    def sequence_length(self) -> int:
        """S."""
        return int(self.input_ids.shape[1])


def activation(kind: Activation) -> Callable[[Tensor], Tensor]:
    """Gives the function. The converter fuses both kinds of GELU into one operator."""
    if kind == Activation.RELU:
        return lambda x: tf.nn.relu(x)
    return lambda x: tf.nn.gelu(x, approximate=kind == Activation.GELU_NEW)


def dense(
    variables: Variables,
    name: str,
    x: Tensor,
    units: int,
    *,
    scale: float = 1.0,
    folded_norm: str | None = None,
    spread: float = 1.0,
) -> Tensor:
    """x @ kernel + bias, [.., in] -> [.., units].

    `scale` multiplies the result, and `folded_norm` names a NoNorm that follows; both are
    multiplied into kernel and bias, which costs nothing when the model runs. `spread` is that of
    the kernel's seeded values.
    """
    kernel = variables.get(f"{name}/kernel", (x.shape[-1], units), spread=spread)
    bias = variables.get(f"{name}/bias", (units,))
    if folded_norm is not None:
        gamma, beta = _gamma_and_beta(variables, folded_norm, units)
        kernel, bias = kernel * gamma, bias * gamma + beta
    if scale != 1.0:
        kernel, bias = kernel * scale, bias * scale
    return tf.nn.bias_add(tf.matmul(x, kernel), bias)


def embed(variables: Variables, name: str, ids: Tensor, rows: int, width: int) -> Tensor:
    """Looks up rows of a table: [1, S] -> [1, S, width]."""
    return tf.gather(variables.get(f"{name}/weight", (rows, width)), ids)


def no_norm(variables: Variables, name: str, x: Tensor) -> Tensor:
    """x * gamma + beta, element by element."""
    gamma, beta = _gamma_and_beta(variables, name, x.shape[-1])
    return x * gamma + beta


def layer_norm(variables: Variables, name: str, x: Tensor, epsilon: float) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, over the last axis."""
    gamma, beta = _gamma_and_beta(variables, name, x.shape[-1])
    mean = tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.math.squared_difference(x, mean), axis=-1, keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + epsilon) * gamma + beta


def mask_to_scores(mask: Tensor) -> Tensor:
    """1 for a token and 0 for padding -> what is added to attention scores, [1, 1, 1, S]."""
    adder = (tf.cast(mask, tf.float32) - 1.0) * _MASKED
    return tf.reshape(adder, (1, 1, 1, mask.shape[1]))


def attention(query: Tensor, key: Tensor, value: Tensor, scores: Tensor, heads: int) -> Tensor:
    """Multi-head attention without its projections: three [1, S, d] -> [1, S, d].

    The query is already divided by the square root of the head's width.
    """
    q, k, v = (_split_heads(x, heads) for x in (query, key, value))  # each [1, heads, S, d/heads]
    weights = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) + scores)  # [1, heads, S, S]
    context = tf.transpose(tf.matmul(weights, v), (0, 2, 1, 3))  # [1, S, heads, d/heads]
    return tf.reshape(context, query.shape)


def _split_heads(x: Tensor, heads: int) -> Tensor:
    length, width = x.shape[1], x.shape[2]
    split = tf.reshape(x, (1, length, heads, width // heads))
    return tf.transpose(split, (0, 2, 1, 3))


def _gamma_and_beta(variables: Variables, name: str, width: int) -> tuple[Tensor, Tensor]:
    gamma = variables.get(f"{name}/gamma", (width,), mean=1.0)
    return gamma, variables.get(f"{name}/beta", (width,))
