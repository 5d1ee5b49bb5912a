"""The sizes of ALBERT, with its parameter and multiplication counts in closed form."""

from __future__ import annotations

from dataclasses import dataclass

from models.configs import Activation


@dataclass(frozen=True, kw_only=True)
class AlbertConfig:
    """ALBERT (Lan et al. 2019); the defaults are those of ALBERT-base, version 2.

    Two things make it small. The embedding is narrower than the stream and is widened by one
    matrix, and all layers use the same weights. Neither saves multiplications.
    """

    vocabulary: int = 30000
    positions: int = 512
    token_types: int = 2
    embedding: int = 128
    hidden: int = 768
    layers: int = 12
    heads: int = 12
    feed_forward: int = 3072
    activation: Activation = Activation.GELU_NEW  # version 1 has GELU
    labels: int = 2
    norm_epsilon: float = 1e-12

    @property
    def parameters(self) -> int:
        """The number of trainable values in embeddings and encoder: one layer, however many run."""
        e, d, f = self.embedding, self.hidden, self.feed_forward
        embeddings = (self.vocabulary + self.positions + self.token_types) * e + 2 * e
        widening = e * d + d
        attention = 4 * (d * d + d) + 2 * d
        feed_forward = (d * f + f) + (f * d + d) + 2 * d
        return embeddings + widening + attention + feed_forward

    def macs(self, sequence_length: int) -> int:
        """Multiply-accumulates for one sequence: S (4 d² + 2 d f) + 2 S² d per layer, + S e d."""
        s, d, f = sequence_length, self.hidden, self.feed_forward
        layer = s * (4 * d * d + 2 * d * f) + 2 * s * s * d
        return self.layers * layer + s * self.embedding * d
