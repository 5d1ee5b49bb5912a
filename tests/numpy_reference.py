"""BERT and MobileBERT in float64 numpy, written from their specifications and not from our graphs.

Devlin et al. 2018 (post-LayerNorm transformer encoder), and Sun et al. 2020 with the data flow of
the released google-research/mobilebert code. Arrays have no batch axis: a sequence is [S, width].
Only names of variables are shared with `models`: `encoder/layer/0/attention/self/query/kernel`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.configs import Activation, BertConfig, MobileBertConfig, Norm, Wiring

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]
Known = BertConfig | MobileBertConfig  # the architectures that are written down here
Values = Mapping[str, npt.NDArray[np.float32]]


def _erf(x: Array) -> Array:
    return np.array([math.erf(value) for value in x.flat]).reshape(x.shape)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """The three inputs, [S] each; `mask` is 1 for a token and 0 for padding."""

    ids: Integers
    mask: Integers
    segments: Integers


def last_hidden_state(config: Known, values: Values, sentence: Sentence) -> Array:
    """The encoder's output, [S, hidden]."""
    weights = _Weights(values)
    if isinstance(config, BertConfig):
        return _bert(config, weights, sentence)
    return _mobilebert(config, weights, sentence)


def answer_logits(config: Known, values: Values, sentence: Sentence) -> dict[str, Array]:
    """The start and end logits of question answering, [S] each."""
    logits = _Weights(values).dense("qa_outputs", last_hidden_state(config, values, sentence))
    return {"start_logits": logits[:, 0], "end_logits": logits[:, 1]}


class _Weights:
    def __init__(self, values: Values) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Array:
        return self._values[name].astype(np.float64)

    def dense(self, name: str, x: Array) -> Array:
        product: Array = x @ self[f"{name}/kernel"]
        return product + self[f"{name}/bias"]

    def layer_norm(self, name: str, x: Array, epsilon: float) -> Array:
        centred: Array = x - x.mean(axis=-1, keepdims=True)
        deviation: Array = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon)
        scaled: Array = centred / deviation
        return scaled * self[f"{name}/gamma"] + self[f"{name}/beta"]

    def no_norm(self, name: str, x: Array) -> Array:
        return x * self[f"{name}/gamma"] + self[f"{name}/beta"]


def _activate(kind: Activation, x: Array) -> Array:
    if kind == Activation.RELU:
        return np.maximum(x, 0)
    return x * 0.5 * (1 + _erf(x / math.sqrt(2)))


def _attend(
    weights: _Weights, name: str, mask: Integers, heads: int, sources: tuple[Array, Array, Array]
) -> Array:
    """Scaled dot-product attention, one head after the other."""
    query, key, value = (
        weights.dense(f"{name}/{part}", x)
        for part, x in zip(("query", "key", "value"), sources, strict=True)
    )
    width = query.shape[-1] // heads
    contexts = []
    for head in range(heads):
        columns = slice(head * width, (head + 1) * width)
        scores = query[:, columns] @ key[:, columns].T / math.sqrt(width)
        scores += -10000.0 * (1 - mask)  # no query looks at padding
        odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
        contexts.append(odds / odds.sum(axis=-1, keepdims=True) @ value[:, columns])
    return np.concatenate(contexts, axis=-1)


def _bert(config: BertConfig, weights: _Weights, sentence: Sentence) -> Array:
    epsilon = config.norm_epsilon
    embedded = (
        weights["embeddings/word_embeddings/weight"][sentence.ids]
        + weights["embeddings/position_embeddings/weight"][: len(sentence.ids)]
        + weights["embeddings/token_type_embeddings/weight"][sentence.segments]
    )
    x = weights.layer_norm("embeddings/LayerNorm", embedded, epsilon)
    for index in range(config.layers):
        layer = f"encoder/layer/{index}"
        context = _attend(
            weights, f"{layer}/attention/self", sentence.mask, config.heads, (x, x, x)
        )
        attended = weights.dense(f"{layer}/attention/output/dense", context)
        x = weights.layer_norm(f"{layer}/attention/output/LayerNorm", x + attended, epsilon)
        hidden = _activate(Activation.GELU, weights.dense(f"{layer}/intermediate/dense", x))
        output = weights.dense(f"{layer}/output/dense", hidden)
        x = weights.layer_norm(f"{layer}/output/LayerNorm", x + output, epsilon)
    return x


def _mobilebert(config: MobileBertConfig, weights: _Weights, sentence: Sentence) -> Array:
    def norm(name: str, x: Array) -> Array:
        if config.norm == Norm.NO_NORM:
            return weights.no_norm(name, x)
        return weights.layer_norm(name, x, config.norm_epsilon)

    def feed_forward(name: str, x: Array) -> Array:
        hidden = _activate(config.activation, weights.dense(f"{name}/intermediate/dense", x))
        return norm(f"{name}/output/LayerNorm", weights.dense(f"{name}/output/dense", hidden) + x)

    x = norm("embeddings/LayerNorm", _mobilebert_embeddings(weights, sentence))
    for index in range(config.layers):
        layer = f"encoder/layer/{index}"

        def bottleneck(kind: str, x: Array, layer: str = layer) -> Array:
            name = f"{layer}/bottleneck/{kind}"
            return norm(f"{name}/LayerNorm", weights.dense(f"{name}/dense", x))

        narrow = bottleneck("input", x)
        if config.wiring == Wiring.RELEASED:
            shared = bottleneck("attention", x)
            sources = (shared, shared, x)
        else:
            sources = (x, x, x) if config.wiring == Wiring.PAPER else (narrow, narrow, narrow)
        context = _attend(weights, f"{layer}/attention/self", sentence.mask, config.heads, sources)
        attended = weights.dense(f"{layer}/attention/output/dense", context)
        y = norm(f"{layer}/attention/output/LayerNorm", attended + narrow)
        for number in range(config.feed_forwards - 1):
            y = feed_forward(f"{layer}/ffn/{number}", y)
        y = feed_forward(layer, y)  # the last one has no number in checkpoints
        widened = weights.dense(f"{layer}/output/bottleneck/dense", y)
        x = norm(f"{layer}/output/bottleneck/LayerNorm", widened + x)
    return x


def _mobilebert_embeddings(weights: _Weights, sentence: Sentence) -> Array:
    words = weights["embeddings/word_embeddings/weight"][sentence.ids]
    length, width = words.shape
    trigrams = np.zeros((length, 3 * width))
    for position in range(length):
        neighbours = (position + 1, position, position - 1)
        for place, neighbour in enumerate(neighbours):
            if 0 <= neighbour < length:
                trigrams[position, place * width : (place + 1) * width] = words[neighbour]
    return (
        weights.dense("embeddings/embedding_transformation", trigrams)
        + weights["embeddings/position_embeddings/weight"][:length]
        + weights["embeddings/token_type_embeddings/weight"][sentence.segments]
    )
