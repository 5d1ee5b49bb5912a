"""SqueezeBERT's encoder (Iandola et al. 2020, "SqueezeBERT: What can computer vision teach NLP
about efficient neural networks?").

It is BERT with its dense layers read as convolutions of width one. All but the one behind the
attention are grouped: group k of the outputs reads group k of the inputs only. The stream keeps
the four axes of a convolution, [1, 1, S, hidden], so that nothing is reshaped between layers.

TFLite's own CONV_2D has groups in its slow reference kernel only, where XNNPACK has a fast one. So
a grouped layer can also be written as one dense layer for each group; see `GroupedKernel`.
"""

from __future__ import annotations

import tensorflow as tf

from models.configs_squeezebert import GroupedKernel, SqueezeBertConfig
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


def squeezebert(config: SqueezeBertConfig, variables: Variables, inputs: Inputs) -> Tensor:
    """Embeddings and encoder: -> the last hidden state, [1, S, hidden]."""
    x = _embeddings(config, variables, inputs)  # [1, S, hidden]
    scores = mask_to_scores(inputs.input_mask)
    shape = x.shape
    x = tf.expand_dims(x, 1)  # [1, 1, S, hidden]
    for index in range(config.layers):
        x = _layer(config, variables, f"encoder/layers/{index}", x, scores)
    return tf.reshape(x, shape)


def squeezebert_sentence(
    config: SqueezeBertConfig, variables: Variables, inputs: Inputs, x: Tensor
) -> Tensor:
    """What a classifier reads: the pooler's output, [1, hidden]."""
    return tanh_pooler(variables, "pooler/dense", x)


def squeezebert_words(config: SqueezeBertConfig, variables: Variables, x: Tensor) -> Tensor:
    """The logits of a masked language model, [1, S, vocabulary]."""
    name = "cls/predictions"
    y = transform(variables, f"{name}/transform", x, config.activation, config.norm_epsilon)
    return tied_words(variables, _WORDS, f"{name}/bias", y, config.vocabulary)


def _embeddings(config: SqueezeBertConfig, variables: Variables, inputs: Inputs) -> Tensor:
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
    config: SqueezeBertConfig, variables: Variables, name: str, x: Tensor, scores: Tensor
) -> Tensor:
    width, epsilon = config.hidden, config.norm_epsilon

    attended = _attend(config, variables, f"{name}/attention", x, scores)  # [1, 1, S, hidden]
    attended = dense(variables, f"{name}/post_attention/conv1d", attended, width)
    x = layer_norm(variables, f"{name}/post_attention/layernorm", attended + x, epsilon)

    parts = _parts(config, x)
    hidden = _grouped(
        config, variables, f"{name}/intermediate/conv1d", parts, config.feed_forward
    )  # [1, 1, S, feed_forward] in all
    hidden = [activation(config.activation)(part) for part in hidden]
    output = _joined(_grouped(config, variables, f"{name}/output/conv1d", hidden, width))
    return layer_norm(variables, f"{name}/output/layernorm", output + x, epsilon)


def _attend(
    config: SqueezeBertConfig, variables: Variables, name: str, x: Tensor, scores: Tensor
) -> Tensor:
    width = config.hidden
    head_scale = (width // config.heads) ** -0.5
    parts = _parts(config, x)
    query = _grouped(config, variables, f"{name}/query", parts, width, scale=head_scale)
    key = _grouped(config, variables, f"{name}/key", parts, width)
    value = _grouped(config, variables, f"{name}/value", parts, width)
    # The attention takes [1, S, hidden]. It splits heads by a reshape, with which this one merges.
    query, key, value = (tf.squeeze(_joined(each), 1) for each in (query, key, value))
    return tf.expand_dims(attention(query, key, value, scores, config.heads), 1)


def _grouped(
    config: SqueezeBertConfig,
    variables: Variables,
    name: str,
    parts: list[Tensor],
    units: int,
    *,
    scale: float = 1.0,
) -> list[Tensor]:
    """A grouped layer: [1, 1, S, in] -> [1, 1, S, units], whole or in one part for each group.

    A column of the kernel, [in / groups, units], holds what one output reads of its group.
    """
    inputs = sum(part.shape[-1] for part in parts) // config.groups
    kernel = variables.get(f"{name}/kernel", (inputs, units))
    bias = variables.get(f"{name}/bias", (units,))
    if scale != 1.0:
        kernel, bias = kernel * scale, bias * scale
    if config.kernel == GroupedKernel.CONVOLUTION:
        window = tf.reshape(kernel, (1, 1, inputs, units))
        return [tf.nn.bias_add(tf.nn.conv2d(parts[0], window, 1, "VALID"), bias)]
    kernels, biases = (tf.split(each, config.groups, axis=-1) for each in (kernel, bias))
    return [
        tf.nn.bias_add(tf.matmul(part, columns), added)
        for part, columns, added in zip(parts, kernels, biases, strict=True)
    ]


def _parts(config: SqueezeBertConfig, x: Tensor) -> list[Tensor]:
    """What a grouped layer takes: all of x, or x in groups."""
    if config.kernel == GroupedKernel.CONVOLUTION:
        return [x]
    return list(tf.split(x, config.groups, axis=-1))


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=-1)
