"""What a TFLite file says of itself: inputs, outputs, operators, constants, multiplications.

Works for any `.tflite`; a file of ours also carries what its builder knows (`facts`).
The file is mapped, not read, so that half a gigabyte takes milliseconds.
"""

from __future__ import annotations

import mmap
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from pydantic import TypeAdapter, ValidationError

from models.errors import NotTFLiteError
from models.flatbuffer import FACTS
from models.graph import Graph
from models.tensors import TensorInfo, WeightInfo

# The file identifier of the TFLite schema, at bytes 4 to 8 of every file.
_IDENTIFIER = b"TFL3"

# How many of the largest constants are told.
_LARGEST = 5


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
    graphs = [Graph(model, model.Subgraphs(index)) for index in range(model.SubgraphsLength())]
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


def _weigh(graphs: Sequence[Graph]) -> list[WeightInfo]:
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
