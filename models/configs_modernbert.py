"""The sizes of ModernBERT, with its parameter and multiplication counts in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.configs import Activation


class Pooling(StrEnum):
    """What stands for the whole sequence before a classifier, by Hugging Face's name."""

    MEAN = "mean"  # of all tokens but padding
    CLS = "cls"  # the first token


@dataclass(frozen=True, kw_only=True)
class ModernBertConfig:
    """ModernBERT (Warner et al. 2024); the defaults are those of ModernBERT-base.

    There are no biases, no segments and no table of positions: queries and keys are rotated by
    their position instead.
    """

    vocabulary: int = 50368
    positions: int = 8192  # what it was trained for; no weight depends on it
    token_types: int = 0
    hidden: int = 768
    layers: int = 22
    heads: int = 12
    feed_forward: int = 1152  # each of the two halves, the activated one and its gate
    global_every: int = 3  # of so many layers the first attends to all tokens, the others locally
    window: int = 128  # a local layer looks half of this to either side
    global_theta: float = 160_000.0  # the base of the rotation's wavelengths
    local_theta: float = 10_000.0
    activation: Activation = Activation.GELU
    pooling: Pooling = Pooling.MEAN
    labels: int = 2
    norm_epsilon: float = 1e-5

    def is_global(self, layer: int) -> bool:
        """Whether the layer with this number, from 0, attends to all tokens."""
        return layer % self.global_every == 0

    @property
    def parameters(self) -> int:
        """The number of trainable values in embeddings and encoder."""
        d, m = self.hidden, self.feed_forward
        embeddings = self.vocabulary * d + d
        attention = 3 * d * d + d * d
        feed_forward = d * 2 * m + m * d
        norms = (2 * self.layers - 1) * d + d  # the first layer has no norm before its attention
        return embeddings + self.layers * (attention + feed_forward) + norms

    def macs(self, sequence_length: int) -> int:
        """Multiply-accumulates for one sequence: S (4 d² + 3 d m) + 2 S² d in each layer.

        Local layers are counted like global ones, because that is what runs: TFLite has no
        operator for attention in a window, so they compute all scores and mask most of them.
        """
        s, d, m = sequence_length, self.hidden, self.feed_forward
        return self.layers * (s * (4 * d * d + 3 * d * m) + 2 * s * s * d)
