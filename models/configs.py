"""The sizes of each architecture, with its parameter and multiplication counts in closed form.

The counts leave out task heads and poolers. Multiply-accumulates are those of matrix products
(the attention's included), per sequence of S tokens; biases, norms and activations are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Config(Protocol):
    """What every architecture's sizes tell; a frozen dataclass for each of them does."""

    def __hash__(self) -> int:
        """Equal sizes have equal hashes."""

    @property
    def vocabulary(self) -> int:
        """Ids are below it."""

    @property
    def positions(self) -> int:
        """The longest sequence, in tokens."""

    @property
    def token_types(self) -> int:
        """The number of segments; 0 for an architecture that has no input for them."""

    @property
    def hidden(self) -> int:
        """The width of the last hidden state."""

    @property
    def labels(self) -> int:
        """The classes of a classification head."""

    @property
    def parameters(self) -> int:
        """The number of trainable values in embeddings and encoder."""

    def macs(self, sequence_length: int) -> int:
        """Multiply-accumulates of the encoder for one sequence of this many tokens."""


class Activation(StrEnum):
    """The function between the two products of a feed-forward network, by Hugging Face's name."""

    RELU = "relu"
    GELU = "gelu"  # with erf
    GELU_NEW = "gelu_new"  # with tanh


class Norm(StrEnum):
    """LayerNorm, or MobileBERT's NoNorm: y = x * gamma + beta (Sun et al. 2020, section 3.3)."""

    LAYER_NORM = "layernorm"
    NO_NORM = "nonorm"


class Wiring(StrEnum):
    """Where a MobileBERT attention takes its queries, keys and values from."""

    RELEASED = "released"  # Q and K share a bottleneck, V reads the wide stream
    PAPER = "paper"  # Q, K and V read the wide stream (Table 1 of the paper)
    TINY = "tiny"  # Q, K and V read the layer's narrow input


@dataclass(frozen=True, kw_only=True)
class BertConfig:
    """BERT (Devlin et al. 2018); the defaults are those of BERT-Base, uncased."""

    vocabulary: int = 30522
    positions: int = 512
    token_types: int = 2
    hidden: int = 768
    layers: int = 12
    heads: int = 12
    feed_forward: int = 3072
    activation: Activation = Activation.GELU
    labels: int = 2
    norm_epsilon: float = 1e-12

    @property
    def parameters(self) -> int:
        """The number of trainable values in embeddings and encoder."""
        d, f = self.hidden, self.feed_forward
        norm = 2 * d
        embeddings = (self.vocabulary + self.positions + self.token_types) * d + norm
        attention = 4 * (d * d + d) + norm
        feed_forward = (d * f + f) + (f * d + d) + norm
        return embeddings + self.layers * (attention + feed_forward)

    def macs(self, sequence_length: int) -> int:
        """Multiply-accumulates for one sequence: S (4 d² + 2 d f) + 2 S² d in each layer."""
        s, d, f = sequence_length, self.hidden, self.feed_forward
        return self.layers * (s * (4 * d * d + 2 * d * f) + 2 * s * s * d)


@dataclass(frozen=True, kw_only=True)
class MobileBertConfig:
    """MobileBERT (Sun et al. 2020); the defaults are those of the released checkpoint."""

    vocabulary: int = 30522
    positions: int = 512
    token_types: int = 2
    embedding: int = 128
    hidden: int = 512  # the width between layers
    bottleneck: int = 128  # the width inside a layer
    layers: int = 24
    heads: int = 4
    feed_forward: int = 512
    feed_forwards: int = 4
    wiring: Wiring = Wiring.RELEASED
    norm: Norm = Norm.NO_NORM
    activation: Activation = Activation.RELU
    pooler: bool = False  # a dense layer and tanh before a classifier
    labels: int = 2
    norm_epsilon: float = 1e-12

    @property
    def parameters(self) -> int:
        """The number of trainable values in embeddings and encoder."""
        h, b, f = self.hidden, self.bottleneck, self.feed_forward
        embeddings = (
            self.vocabulary * self.embedding
            + (self.positions + self.token_types) * h
            + (3 * self.embedding * h + h)
            + 2 * h
        )
        to_bottleneck = h * b + b + 2 * b
        attention = self._attention_kernels() + 3 * b + (b * b + b) + 2 * b
        if self.wiring == Wiring.RELEASED:
            attention += to_bottleneck
        feed_forward = (b * f + f) + (f * b + b) + 2 * b
        out_of_bottleneck = b * h + h + 2 * h
        layer = to_bottleneck + attention + self.feed_forwards * feed_forward + out_of_bottleneck
        return embeddings + self.layers * layer

    def macs(self, sequence_length: int) -> int:
        """Multiply-accumulates for one sequence of this many tokens."""
        s, h, b, f = sequence_length, self.hidden, self.bottleneck, self.feed_forward
        shared = h * b if self.wiring == Wiring.RELEASED else 0
        products = h * b + shared + self._attention_kernels() + b * b
        products += self.feed_forwards * 2 * b * f + b * h
        return self.layers * (s * products + 2 * s * s * b) + s * 3 * self.embedding * h

    def _attention_kernels(self) -> int:
        """Elements of the query, key and value kernels of one layer."""
        h, b = self.hidden, self.bottleneck
        return {
            Wiring.RELEASED: 2 * b * b + h * b,
            Wiring.PAPER: 3 * h * b,
            Wiring.TINY: 3 * b * b,
        }[self.wiring]


@dataclass(frozen=True, kw_only=True)
class DistilBertConfig:
    """DistilBERT (Sanh et al. 2019); the defaults are those of DistilBERT-base, uncased."""

    vocabulary: int = 30522
    positions: int = 512
    hidden: int = 768
    layers: int = 6
    heads: int = 12
    feed_forward: int = 3072
    activation: Activation = Activation.GELU
    labels: int = 2
    norm_epsilon: float = 1e-12

    @property
    def token_types(self) -> int:
        """None: DistilBERT has no segments."""
        return 0

    @property
    def parameters(self) -> int:
        """The number of trainable values in embeddings and encoder."""
        return self._bert().parameters

    def macs(self, sequence_length: int) -> int:
        """Multiply-accumulates for one sequence of this many tokens, as many as BERT's."""
        return self._bert().macs(sequence_length)

    def _bert(self) -> BertConfig:
        """The BERT of these sizes, with an empty table of segments."""
        return BertConfig(
            vocabulary=self.vocabulary,
            positions=self.positions,
            token_types=0,
            hidden=self.hidden,
            layers=self.layers,
            feed_forward=self.feed_forward,
        )
