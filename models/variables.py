"""The named variables of one model, made from a seed or taken from a checkpoint."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import tensorflow as tf

# The `initializer_range` of BERT and its descendants.
_STANDARD_DEVIATION = 0.02


class Variables(tf.Module):  # type: ignore[misc]  # TensorFlow ships no types
    """Makes each variable when it is first asked for, and keeps it by its name.

    A value depends on the seed and the variable's name only, so the order of layers and the
    sequence length change nothing. Values are normal and never constant: arithmetic on zeros
    draws less power than real work, and a gamma of exactly one would be folded away.
    Names follow Hugging Face's, with `/` for `.`: `encoder/layer/0/attention/self/query/kernel`.
    With `given`, values come from there by the same names and shapes, and nothing is made.
    `asked` are the names that a graph has asked for since the caller cleared it.
    """

    def __init__(
        self, seed: int, given: Mapping[str, npt.NDArray[np.float32]] | None = None
    ) -> None:
        super().__init__(name="model")
        self._seed = seed
        self._given = given
        self.values: dict[str, tf.Variable] = {}
        self.asked: set[str] = set()

    def get(
        self, name: str, shape: tuple[int, ...], *, mean: float = 0.0, spread: float = 1.0
    ) -> tf.Variable:
        """Gives the variable of this name; float32. Seeded values vary `spread` times as usual."""
        self.asked.add(name)
        if name not in self.values:
            if self._given is None:
                value = self._seeded(name, shape, mean, spread)
            else:
                value = self._given[name]
            if value.shape != shape:
                message = f"{name} has the shape {value.shape}, not {shape}"
                raise ValueError(message)
            with tf.init_scope():  # the graph is being traced; the variable outlives the trace
                self.values[name] = tf.Variable(value, trainable=False, name=name)
        return self.values[name]

    def count(self) -> int:
        """The number of values in all variables that were asked for."""
        return sum(math.prod(self.values[name].shape) for name in self.asked)

    def _seeded(
        self, name: str, shape: tuple[int, ...], mean: float, spread: float
    ) -> npt.NDArray[np.float32]:
        digest = hashlib.sha256(name.encode()).digest()
        generator = np.random.default_rng([self._seed, *digest])
        value = generator.standard_normal(shape, dtype=np.float32)
        value *= np.float32(_STANDARD_DEVIATION * spread)
        value += np.float32(mean)
        return value


class Declarations(Variables):
    """Notes the name and shape of each variable that a graph asks for, and makes no value."""

    def __init__(self) -> None:
        super().__init__(seed=0)
        self.shapes: dict[str, tuple[int, ...]] = {}

    def get(
        self, name: str, shape: tuple[int, ...], *, mean: float = 0.0, spread: float = 1.0
    ) -> tf.Tensor:
        """Gives something of this shape to build a graph with, inside a `tf.Graph`."""
        del mean, spread
        self.asked.add(name)
        self.shapes[name] = shape
        return tf.compat.v1.placeholder(tf.float32, shape)

    def count(self) -> int:
        """The number of values that all variables that were asked for would have."""
        return sum(math.prod(self.shapes[name]) for name in self.asked)
