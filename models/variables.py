"""The named variables of one model, made from a seed."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import tensorflow as tf

# The `initializer_range` of BERT and its descendants.
_STANDARD_DEVIATION = 0.02


class Variables(tf.Module):  # type: ignore[misc]  # TensorFlow ships no types
    """Makes each variable when it is first asked for, and keeps it by its name.

    A value depends on the seed and the variable's name only, so the order of layers and the
    sequence length change nothing. Values are normal and never constant: arithmetic on zeros
    draws less power than real work, and a gamma of exactly one would be folded away.
    Names follow Hugging Face's, with `/` for `.`: `encoder/layer/0/attention/self/query/kernel`.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(name="model")
        self._seed = seed
        self.values: dict[str, tf.Variable] = {}

    def get(self, name: str, shape: tuple[int, ...], *, mean: float = 0.0) -> tf.Variable:
        """Gives the variable of this name; float32."""
        if name not in self.values:
            digest = hashlib.sha256(name.encode()).digest()
            generator = np.random.default_rng([self._seed, *digest])
            value = generator.standard_normal(shape, dtype=np.float32)
            value *= np.float32(_STANDARD_DEVIATION)
            value += np.float32(mean)
            with tf.init_scope():  # the graph is being traced; the variable outlives the trace
                self.values[name] = tf.Variable(value, trainable=False, name=name)
        return self.values[name]

    def count(self, *prefixes: str) -> int:
        """The number of values in the variables whose names start so; in all without a prefix."""
        chosen = (value for name, value in self.values.items() if name.startswith(prefixes or ""))
        return sum(math.prod(variable.shape) for variable in chosen)
