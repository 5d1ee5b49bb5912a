"""Makes tiny.tflite: embeddings, a dense layer and a softmax, with BERT's three inputs.

Run by hand, with TensorFlow, when the model must change; the file is committed beside this script.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

VOCABULARY_SIZE, SEGMENTS, SEQUENCE_LENGTH, WIDTH, CLASSES = 50, 2, 8, 4, 3
INPUT_NAMES = ("input_ids", "input_mask", "segment_ids")
OUTPUT_NAME = "logits"


def tiny_model() -> bytes:
    """The flatbuffer; its weights are seeded."""
    import tensorflow as tf

    generator = np.random.default_rng(seed=0)
    words = tf.constant(generator.normal(size=(VOCABULARY_SIZE, WIDTH)), tf.float32)
    segments = tf.constant(generator.normal(size=(SEGMENTS, WIDTH)), tf.float32)
    kernel = tf.constant(generator.normal(size=(WIDTH, CLASSES)), tf.float32)
    bias = tf.constant(generator.normal(size=CLASSES), tf.float32)

    def forward(input_ids: tf.Tensor, input_mask: tf.Tensor, segment_ids: tf.Tensor) -> tf.Tensor:
        embedded = tf.gather(words, input_ids) + tf.gather(segments, segment_ids)  # [1, S, W]
        masked = embedded * tf.cast(input_mask, tf.float32)[:, :, tf.newaxis]  # [1, S, W]
        hidden = tf.reshape(masked, [SEQUENCE_LENGTH, WIDTH])
        scores = tf.nn.softmax(tf.matmul(hidden, kernel) + bias)  # [S, C]
        return tf.reshape(scores, [1, SEQUENCE_LENGTH, CLASSES])

    inputs = [tf.TensorSpec([1, SEQUENCE_LENGTH], tf.int32, name=name) for name in INPUT_NAMES]
    function = tf.function(forward, autograph=False).get_concrete_function(*inputs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    return _with_output_name(converter.convert())


def _with_output_name(content: bytes) -> bytes:
    # The converter calls the output of a plain function `Identity`, whatever its name.
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    graph = model.subgraphs[0]
    graph.tensors[graph.outputs[0]].name = OUTPUT_NAME.encode()
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


if __name__ == "__main__":
    Path(__file__).with_name("tiny.tflite").write_bytes(tiny_model())
