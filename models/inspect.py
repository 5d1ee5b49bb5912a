"""What a TFLite file says of itself: inputs, outputs, operators, constants, multiplications.

Works for any `.tflite`; a file of ours also carries what its builder knows (`facts`).
The file is mapped, not read, so that half a gigabyte takes milliseconds.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from pydantic import TypeAdapter, ValidationError

from models.errors import NotTFLiteError
from models.flatbuffer import FACTS

# The file identifier of the TFLite schema, at bytes 4 to 8 of every file.
_IDENTIFIER = b"TFL3"

# How many of the largest constants are told.
_LARGEST = 5

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


@dataclass(frozen=True, kw_only=True)
class TensorInfo:
    """A tensor's name, shape and element type. `rows` is the size of the table that an integer
    input indexes: its values must be in [0, rows)."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class WeightInfo:
    """A constant of a file."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the builder wrote into a file of ours; counts are the encoder's, without the head."""

    name: str
    variant: str
    task: str
    sequence_length: int
    quantization: str
    weights: str
    parameters: int
    head_parameters: int
    macs: int


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """What a file holds. `constants` counts the elements of all weights in the file (after
    folding), `weight_types` names their types in order and `weight_bytes` their sizes; `largest`
    are the largest of them. `macs` counts the multiply-accumulates of its matrix products and
    convolutions."""

    path: Path
    size_bytes: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    operators: dict[str, int]
    constants: int
    weight_types: tuple[str, ...]
    macs: int
    facts: Facts | None
    weight_bytes: dict[str, int] = field(default_factory=dict)
    largest: tuple[WeightInfo, ...] = ()

    @property
    def parameters(self) -> int:
        """The encoder's parameters where the builder wrote them, else the file's weights."""
        return self.facts.parameters if self.facts else self.constants

    @property
    def model_macs(self) -> int:
        """The encoder's multiply-accumulates where the builder wrote them, else the file's."""
        return self.facts.macs if self.facts else self.macs


def inspect_model(path: Path) -> ModelInfo:
    """Reads a file. Raises `NotTFLiteError`, also for one that is cut short."""
    try:
        with path.open("rb") as file:
            size_bytes = path.stat().st_size
            if size_bytes < 8:
                raise NotTFLiteError(path, f"it has {size_bytes} bytes")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise NotTFLiteError(path, f"it cannot be read ({error.strerror})") from error
    with content:
        if content[4:8] != _IDENTIFIER:
            raise NotTFLiteError(path, f"bytes 4 to 8 are {content[4:8]!r}, not {_IDENTIFIER!r}")
        try:
            return _read(path, content, size_bytes)
        except (struct.error, IndexError, ValueError, TypeError, AttributeError) as error:
            raise NotTFLiteError(path, f"its structure is broken ({error})") from error


def _read(path: Path, content: mmap.mmap, size_bytes: int) -> ModelInfo:
    model = schema.Model.GetRootAs(content, 0)
    if model.SubgraphsLength() == 0:
        raise NotTFLiteError(path, "it holds no graph")
    for index in range(model.BuffersLength()):
        _check_extent(path, model.Buffers(index), size_bytes)
    graphs = [_Graph(model, model.Subgraphs(index)) for index in range(model.SubgraphsLength())]
    main = graphs[0]
    weights = _weigh(graphs)
    return ModelInfo(
        path=path,
        size_bytes=size_bytes,
        inputs=tuple(main.tensor_info(i, rows=main.rows_of(i)) for i in main.inputs),
        outputs=tuple(main.tensor_info(i) for i in main.outputs),
        operators=dict(sum((graph.operators() for graph in graphs), Counter()).most_common()),
        constants=sum(graph.constants() for graph in graphs),
        weight_types=tuple(sorted(set().union(*(graph.weight_types() for graph in graphs)))),
        macs=sum(graph.macs() for graph in graphs),
        facts=_facts(model),
        weight_bytes=_bytes_by_type(weights),
        largest=tuple(sorted(weights, key=lambda weight: -weight.size_bytes)[:_LARGEST]),
    )


def _weigh(graphs: Sequence[_Graph]) -> list[WeightInfo]:
    """All constants; of those that share their values, one."""
    found = {number: weight for graph in graphs for number, weight in graph.weights_by_buffer()}
    return list(found.values())


def _bytes_by_type(weights: Sequence[WeightInfo]) -> dict[str, int]:
    sizes: Counter[str] = Counter()
    for weight in weights:
        sizes[weight.dtype] += weight.size_bytes
    return dict(sizes.most_common())


def _check_extent(path: Path, buffer: Any, size_bytes: int) -> None:
    offset = buffer._tab.Offset(4)  # the field `data`
    if offset and buffer._tab.Vector(offset) + buffer.DataLength() > size_bytes:
        raise NotTFLiteError(path, "it is cut short: its weights end behind the end of the file")


def _facts(model: Any) -> Facts | None:
    for index in range(model.MetadataLength()):
        entry = model.Metadata(index)
        if entry.Name() == FACTS.encode():
            # Copied at once: a view kept by an exception's traceback would bar the file's closing.
            return _parse_facts(bytes(model.Buffers(entry.Buffer()).DataAsNumpy()))
    return None


def _parse_facts(data: bytes) -> Facts:
    try:
        return TypeAdapter(Facts).validate_json(data, strict=True)
    except ValidationError as error:
        message = f"in {FACTS!r}: {error.error_count()} wrong or missing values"
        raise ValueError(message) from error


class _Graph:
    """One subgraph, with the few questions that are asked of it."""

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
