"""DistilBERT's encoder (Sanh et al. 2019, "DistilBERT, a distilled version of BERT").

BERT's without segments and without a pooler; names follow Hugging Face's.
"""

from __future__ import annotations

import tensorflow as tf

from models.configs import DistilBertConfig
from models.heads import first_token, tied_words
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


def distilbert(config: DistilBertConfig, variables: Variables, inputs: Inputs) -> Tensor:
    """Embeddings and encoder: -> the last hidden state, [1, S, hidden]."""
    x = _embeddings(config, variables, inputs)
    scores = mask_to_scores(inputs.input_mask)
    for index in range(config.layers):
        x = _layer(config, variables, f"transformer/layer/{index}", x, scores)
    return x


def distilbert_sentence(
    config: DistilBertConfig, variables: Variables, inputs: Inputs, x: Tensor
) -> Tensor:
    """What a classifier reads: a dense layer and ReLU on the first token, [1, hidden]."""
    return tf.nn.relu(dense(variables, "pre_classifier", first_token(x), config.hidden))


def distilbert_words(config: DistilBertConfig, variables: Variables, x: Tensor) -> Tensor:
    """The logits of a masked language model, [1, S, vocabulary]."""
    y = activation(config.activation)(dense(variables, "vocab_transform", x, config.hidden))
    y = layer_norm(variables, "vocab_layer_norm", y, config.norm_epsilon)
    return tied_words(variables, _WORDS, "vocab_projector/bias", y, config.vocabulary)


def _embeddings(config: DistilBertConfig, variables: Variables, inputs: Inputs) -> Tensor:
    name = "embeddings"
    words = embed(variables, _WORDS, inputs.input_ids, config.vocabulary, config.hidden)
    positions = variables.get(
        f"{name}/position_embeddings/weight", (config.positions, config.hidden)
    )
    x = words + positions[: inputs.sequence_length]  # [1, S, hidden]
    return layer_norm(variables, f"{name}/LayerNorm", x, config.norm_epsilon)


def _layer(
    config: DistilBertConfig, variables: Variables, name: str, x: Tensor, scores: Tensor
) -> Tensor:
    width, epsilon = config.hidden, config.norm_epsilon

    head_scale = (width // config.heads) ** -0.5
    query = dense(variables, f"{name}/attention/q_lin", x, width, scale=head_scale)
    key = dense(variables, f"{name}/attention/k_lin", x, width)
    value = dense(variables, f"{name}/attention/v_lin", x, width)
    attended = attention(query, key, value, scores, config.heads)  # [1, S, hidden]
    attended = dense(variables, f"{name}/attention/out_lin", attended, width)
    x = layer_norm(variables, f"{name}/sa_layer_norm", attended + x, epsilon)

    hidden = dense(variables, f"{name}/ffn/lin1", x, config.feed_forward)
    hidden = activation(config.activation)(hidden)  # [1, S, feed_forward]
    output = dense(variables, f"{name}/ffn/lin2", hidden, width)
    return layer_norm(variables, f"{name}/output_layer_norm", output + x, epsilon)
