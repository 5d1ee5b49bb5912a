"""The last touch to a converted file: clean names, a fixed order of inputs, facts as metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

# The metadata entry that holds what the builder knows of a model, as JSON.
FACTS = "mbert_bench.model"

_INPUTS = ("input_ids", "input_mask", "segment_ids")

# The schema asks for it (`force_align: 16`); kernels may load constants with aligned instructions.
_ALIGNMENT = 16


def finish(content: bytes, *, outputs: Sequence[str], facts: Mapping[str, object]) -> bytearray:
    """Names inputs and outputs as the signature does, orders them, and adds the facts.

    The converter calls an input `serving_default_input_ids:0` and orders inputs by hash.
    """
    model = flatbuffer_utils.read_model_from_bytearray(content)
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    graph.inputs = _rename(graph, signature.inputs, _INPUTS)
    graph.outputs = _rename(graph, signature.outputs, outputs)
    _add_metadata(model, FACTS, json.dumps(facts, sort_keys=True).encode())
    for buffer in model.buffers:
        buffer.__class__ = _AlignedBuffer
    return bytearray(flatbuffer_utils.convert_object_to_bytearray(model))


def _rename(graph: Any, named: Sequence[Any], order: Sequence[str]) -> list[int]:
    tensors = {entry.name.decode(): entry.tensorIndex for entry in named}
    for name, index in tensors.items():
        graph.tensors[index].name = name.encode()
    return [tensors[name] for name in order if name in tensors]


def _add_metadata(model: Any, name: str, data: bytes) -> None:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(data, dtype=np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name = name.encode()
    entry.buffer = len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]


class _AlignedBuffer(schema.BufferT):  # type: ignore[misc]  # the schema ships no types
    """A buffer whose data start at a multiple of 16 bytes; the generated code aligns to one."""

    def Pack(self, builder: Any) -> Any:
        data = None
        if self.data is not None and len(self.data):
            raw = np.asarray(self.data, dtype=np.uint8).tobytes()
            builder.StartVector(1, len(raw), _ALIGNMENT)
            builder.head -= len(raw)
            builder.Bytes[builder.head : builder.head + len(raw)] = raw
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)
