"""Reads one graph of a TFLite file: its tensors, operators, weights and multiplications."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from models.tensors import TensorInfo, WeightInfo

_OPERATORS = {
    value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")
}
_TYPES = {
    value: name.lower()
    for name, value in vars(schema.TensorType).items()
    if not name.startswith("_")
}

# Operators through which an index passes unchanged on its way to a table.
_TRANSPARENT = {"CAST", "RESHAPE", "EXPAND_DIMS", "SQUEEZE", "CONCATENATION", "SLICE"}


class Graph:
    """One subgraph, with the few questions that are asked of it.

    `model` and `graph` are of the schema's generated code, which has no types.
    """

    def __init__(self, model: Any, graph: Any) -> None:
        self._model = model
        self._graph = graph
        self.inputs = [graph.Inputs(i) for i in range(graph.InputsLength())]
        self.outputs = [graph.Outputs(i) for i in range(graph.OutputsLength())]
        self._nodes = list(self._read_nodes())

    def tensor_info(self, index: int, *, rows: int | None = None) -> TensorInfo:
        tensor = self._graph.Tensors(index)
        return TensorInfo(
            name=(tensor.Name() or b"").decode("utf-8", "replace"),
            shape=self._shape(index),
            dtype=_TYPES.get(tensor.Type(), f"type {tensor.Type()}"),
            rows=rows,
        )

    def operators(self) -> Counter[str]:
        return Counter(name for name, _, _ in self._nodes)

    def constants(self) -> int:
        return sum(math.prod(self._shape(index)) for index in self._weights())

    def weights_by_buffer(self) -> Iterator[tuple[int, WeightInfo]]:
        for index in self._weights():
            tensor = self._graph.Tensors(index)
            weight = WeightInfo(
                name=(tensor.Name() or b"").decode("utf-8", "replace"),
                shape=self._shape(index),
                dtype=_TYPES[tensor.Type()],
                size_bytes=self._model.Buffers(tensor.Buffer()).DataLength(),
            )
            yield tensor.Buffer(), weight

    def weight_types(self) -> set[str]:
        return {_TYPES[self._graph.Tensors(index).Type()] for index in self._weights()}

    def macs(self) -> int:
        return sum(self._node_macs(name, inputs, outputs) for name, inputs, outputs in self._nodes)

    def rows_of(self, index: int) -> int | None:
        """The smallest table that the values of this tensor index, directly or passed on."""
        found: list[int] = []
        pending, seen = [index], {index}
        while pending:
            tensor = pending.pop()
            for name, inputs, outputs in self._nodes:
                if tensor not in inputs:
                    continue
                if name == "GATHER" and inputs[1] == tensor:
                    found.append(self._shape(inputs[0])[0])
                elif name == "EMBEDDING_LOOKUP" and inputs[0] == tensor:
                    found.append(self._shape(inputs[1])[0])
                elif name in _TRANSPARENT:
                    pending += [output for output in outputs if output not in seen]
                    seen.update(outputs)
        return min(found, default=None)

    def _read_nodes(self) -> Iterator[tuple[str, list[int], list[int]]]:
        for index in range(self._graph.OperatorsLength()):
            operator = self._graph.Operators(index)
            code = self._model.OperatorCodes(operator.OpcodeIndex())
            number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            name = _OPERATORS.get(number, f"operator {number}")
            if name == "CUSTOM":
                name = (code.CustomCode() or b"CUSTOM").decode("utf-8", "replace")
            yield (
                name,
                [operator.Inputs(i) for i in range(operator.InputsLength())],
                [operator.Outputs(i) for i in range(operator.OutputsLength())],
            )

    def _node_macs(self, name: str, inputs: list[int], outputs: list[int]) -> int:
        if name not in ("FULLY_CONNECTED", "BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D"):
            return 0
        produced = math.prod(self._shape(outputs[0]))
        if name == "BATCH_MATMUL":
            *batch, _, columns = self._shape(outputs[0])
            # Left is [.., rows, inner] or its transpose: either way it has rows * inner elements.
            left = self._shape(inputs[0])
            return math.prod(batch) * columns * left[-2] * left[-1]
        weights = self._shape(inputs[1])
        if name == "FULLY_CONNECTED":
            return produced * weights[-1]
        if name == "CONV_2D":  # [out, height, width, in of a group]
            return produced * math.prod(weights[1:])
        return produced * math.prod(weights[1:3])

    def _weights(self) -> Iterator[int]:
        for index in range(self._graph.TensorsLength()):
            if self._is_weight(self._graph.Tensors(index)):
                yield index

    def _is_weight(self, tensor: Any) -> bool:
        if self._model.Buffers(tensor.Buffer()).DataLength() == 0:
            return False
        kind = _TYPES.get(tensor.Type(), "")
        if kind.startswith("float") or kind in ("int8", "uint8", "int4", "int2"):
            return True
        # Shapes, axes and indices are int32 too; the biases of a quantized layer have a scale.
        quantization = tensor.Quantization()
        return kind == "int32" and quantization is not None and quantization.ScaleLength() > 0

    def _shape(self, index: int) -> tuple[int, ...]:
        tensor = self._graph.Tensors(index)
        return tuple(tensor.Shape(i) for i in range(tensor.ShapeLength()))
