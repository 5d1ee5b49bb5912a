"""How `models/control.tflite` was made; run by hand: python tests/control_model.py FILE.

The same weights come out each time, the bytes depend on the version of the schema's code.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from models.flatbuffer import _AlignedBuffer

LAYERS = 64
WIDTH = 128


def make_control() -> bytes:
    """64 fully connected layers that share their weights."""
    generator = np.random.Generator(np.random.PCG64(20))
    # As large as keeps the values at their size from layer to layer.
    weights = generator.uniform(-1, 1, (WIDTH, WIDTH)) * (6 / WIDTH) ** 0.5
    model = schema.ModelT()
    model.version = 3
    model.description = "mbert-bench control"
    model.buffers = [schema.BufferT(), schema.BufferT()]
    model.buffers[1].data = np.frombuffer(weights.astype("<f4").tobytes(), np.uint8)
    for buffer in model.buffers:
        buffer.__class__ = _AlignedBuffer
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = 1
    model.operatorCodes = [code]
    graph = schema.SubGraphT()
    graph.name = "main"
    names = ["values", *(f"layer_{number}" for number in range(1, LAYERS + 1))]
    graph.tensors = [_tensor("weights", 1), *(_tensor(name, 0) for name in names)]
    graph.operators = [_layer(number) for number in range(LAYERS)]
    graph.inputs, graph.outputs = [1], [LAYERS + 1]
    model.subgraphs = [graph]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _tensor(name: str, buffer: int) -> Any:
    tensor = schema.TensorT()
    tensor.name = name
    tensor.shape = [WIDTH, WIDTH]
    tensor.type = schema.TensorType.FLOAT32
    tensor.buffer = buffer
    return tensor


def _layer(number: int) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex = 0
    operator.inputs, operator.outputs = [number + 1, 0, -1], [number + 2]
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = options
    return operator


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(make_control())
