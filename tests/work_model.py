"""A model that keeps a CPU busy, made of the tiny one without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils

_TINY = Path(__file__).parent / "data" / "models" / "tiny.tflite"
_CLASSES = 1024


def model_with_work(width: int = 512) -> bytes:
    """The tiny model with more words in its width and more classes: a tenth of a millisecond.

    Models of every width have the same inputs and outputs; a narrow one is a tempting cheat.
    """
    model = flatbuffer_utils.read_model(str(_TINY))
    generator = np.random.default_rng(0)
    sizes = {4: width, 3: _CLASSES}
    for tensor in model.subgraphs[0].tensors:
        buffer = model.buffers[tensor.buffer]
        if tensor.type == 0:  # float32
            tensor.shape = [sizes.get(size, size) for size in tensor.shape]
            if buffer.data is not None:
                values = generator.normal(size=tensor.shape) * width**-0.25
                buffer.data = np.frombuffer(values.astype(np.float32).tobytes(), np.uint8)
        elif buffer.data is not None and list(buffer.data.view(np.int32)) == [1, 8, 3]:
            shape = np.array([1, 8, _CLASSES], np.int32)  # of the output, for a RESHAPE
            buffer.data = np.frombuffer(shape.tobytes(), np.uint8)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
