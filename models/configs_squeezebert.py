"""The sizes of SqueezeBERT, with its parameter and multiplication counts in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.configs import Activation


class GroupedKernel(StrEnum):
    """How a grouped convolution is written in the file; both compute the same."""

    CONVOLUTION = "grouped-convolution"  # one CONV_2D that has groups
    SPLIT = "split-groups"  # one dense product for each group


@dataclass(frozen=True, kw_only=True)
class SqueezeBertConfig:
    """SqueezeBERT (Iandola et al. 2020); the defaults are those of the uncased checkpoint.

    It is BERT with its position-wise dense layers read as convolutions of width one, all but the
    one behind the attention in groups: a group's outputs read only that group's inputs.
    """

    vocabulary: int = 30522
    positions: int = 512
    token_types: int = 2
    hidden: int = 768
    layers: int = 12
    heads: int = 12
    feed_forward: int = 3072
    groups: int = 4
    activation: Activation = Activation.GELU
    labels: int = 2
    norm_epsilon: float = 1e-12
    kernel: GroupedKernel = GroupedKernel.CONVOLUTION

    @property
    def parameters(self) -> int:
        """The number of trainable values in embeddings and encoder."""
        d, f, g = self.hidden, self.feed_forward, self.groups
        norm = 2 * d
        embeddings = (self.vocabulary + self.positions + self.token_types) * d + norm
        attention = 3 * (d * d // g + d) + (d * d + d) + norm
        feed_forward = (d * f // g + f) + (f * d // g + d) + norm
        return embeddings + self.layers * (attention + feed_forward)

    def macs(self, sequence_length: int) -> int:
        """Multiply-accumulates for one sequence: S (3 d²/g + d² + 2 d f/g) + 2 S² d per layer."""
        s, d, f, g = sequence_length, self.hidden, self.feed_forward, self.groups
        products = 3 * d * d // g + d * d + 2 * d * f // g
        return self.layers * (s * products + 2 * s * s * d)
