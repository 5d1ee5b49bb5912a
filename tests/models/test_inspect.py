"""What is read from files of any origin, whole or broken."""

from __future__ import annotations

import json
import math
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.errors import NotTFLiteError
from models.flatbuffer import FACTS
from models.inspect import Facts, ModelInfo, inspect_model
from models.tensors import TensorInfo, WeightInfo

TINY = Path(__file__).parents[1] / "data" / "models" / "tiny.tflite"
CONTENT = TINY.read_bytes()

FACTS_VALUES = {
    "name": "toy",
    "variant": "",
    "task": "qa",
    "sequence_length": 8,
    "quantization": "fp32",
    "weights": "seed 0",
    "parameters": 1000,
    "head_parameters": 10,
    "macs": 5000,
}


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file to overwrite, also for tests whose examples share their fixtures."""
    return tmp_path_factory.mktemp("inspect") / "model.tflite"


LARGEST = tuple(
    WeightInfo(name=name, shape=shape, dtype="float32", size_bytes=4 * math.prod(shape))
    for name, shape in (
        ("GatherV2/params", (50, 4)),
        ("MatMul", (3, 4)),
        ("GatherV2_1/params", (2, 4)),
        ("add_1", (3,)),
    )
)


def edited(edit: Callable[[Any], None]) -> bytes:
    """tiny.tflite with a change to its parts."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(CONTENT))
    edit(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def with_facts(data: bytes) -> bytes:
    """tiny.tflite as if our builder had written it."""

    def add(model: Any) -> None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data, np.uint8)
        model.buffers.append(buffer)
        entry = schema.MetadataT()
        entry.name, entry.buffer = FACTS.encode(), len(model.buffers) - 1
        model.metadata = [*model.metadata, entry]

    return edited(add)


def test_a_foreign_file_is_read_without_facts() -> None:
    assert inspect_model(TINY) == ModelInfo(
        path=TINY,
        size_bytes=len(CONTENT),
        inputs=(
            TensorInfo(name="input_ids", shape=(1, 8), dtype="int32", rows=50),
            TensorInfo(name="input_mask", shape=(1, 8), dtype="int32"),
            TensorInfo(name="segment_ids", shape=(1, 8), dtype="int32", rows=2),
        ),
        outputs=(TensorInfo(name="logits", shape=(1, 8, 3), dtype="float32"),),
        operators={
            "GATHER": 2,
            "RESHAPE": 2,
            "ADD": 1,
            "CAST": 1,
            "STRIDED_SLICE": 1,
            "MUL": 1,
            "FULLY_CONNECTED": 1,
            "SOFTMAX": 1,
        },
        constants=50 * 4 + 2 * 4 + 4 * 3 + 3,
        weight_types=("float32",),
        macs=8 * 4 * 3,
        facts=None,
        weight_bytes={"float32": 4 * (50 * 4 + 2 * 4 + 4 * 3 + 3)},
        largest=LARGEST,
    )


def test_without_facts_the_file_counts_for_the_model() -> None:
    info = inspect_model(TINY)
    assert (info.parameters, info.model_macs) == (info.constants, info.macs)


def test_with_facts_the_builders_counts_are_the_models(scratch: Path) -> None:
    scratch.write_bytes(with_facts(json.dumps(FACTS_VALUES).encode()))
    info = inspect_model(scratch)
    assert info.facts == Facts(**FACTS_VALUES)  # type: ignore[arg-type]  # mixed values
    assert (info.parameters, info.model_macs) == (1000, 5000)


def test_facts_of_a_newer_builder_may_say_more(scratch: Path) -> None:
    scratch.write_bytes(with_facts(json.dumps({**FACTS_VALUES, "pooler": True}).encode()))
    assert inspect_model(scratch).facts == Facts(**FACTS_VALUES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"{", id="half"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"1" * 10_000, id="a long number"),
        pytest.param(b"{}", id="nothing in it"),
        pytest.param(b'{"name": "toy"}', id="too little in it"),
        pytest.param(
            json.dumps({**FACTS_VALUES, "parameters": "many"}).encode(), id="a word for a number"
        ),
        pytest.param(
            json.dumps({**FACTS_VALUES, "parameters": None}).encode(), id="null for a number"
        ),
    ],
)
def test_broken_facts_are_a_broken_file(data: bytes, scratch: Path) -> None:
    scratch.write_bytes(with_facts(data))
    with pytest.raises(NotTFLiteError, match=re.escape(FACTS)):
        inspect_model(scratch)


def test_operators_that_the_schema_does_not_know_are_named_all_the_same(scratch: Path) -> None:
    def edit(model: Any) -> None:
        custom, unknown = model.operatorCodes[:2]
        custom.builtinCode = schema.BuiltinOperator.CUSTOM
        custom.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        custom.customCode = b"FlexErf"
        unknown.builtinCode = 9999

    scratch.write_bytes(edited(edit))
    operators = inspect_model(scratch).operators
    assert operators["FlexErf"] > 0
    assert operators["operator 9999"] > 0
    assert sum(operators.values()) == 10


def test_every_subgraph_is_counted_and_the_first_has_the_inputs(scratch: Path) -> None:
    scratch.write_bytes(edited(lambda model: model.subgraphs.append(model.subgraphs[0])))
    once, twice = inspect_model(TINY), inspect_model(scratch)
    assert twice.inputs == once.inputs
    assert (twice.constants, twice.macs) == (2 * once.constants, 2 * once.macs)


def test_a_file_without_graph_is_refused(scratch: Path) -> None:
    scratch.write_bytes(edited(lambda model: model.subgraphs.clear()))
    with pytest.raises(NotTFLiteError, match="it holds no graph"):
        inspect_model(scratch)


def test_huge_shapes_cost_no_memory(scratch: Path) -> None:
    def edit(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            tensor.shape = [2**31 - 1] * 4

    scratch.write_bytes(edited(edit))
    inspect_model(TINY)
    tracemalloc.start()
    try:
        info = inspect_model(scratch)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert info.inputs[0].shape == (2**31 - 1,) * 4
    assert peak_bytes < 1_000_000


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"", "it has 0 bytes", id="empty"),
        pytest.param(b"TFL3", "it has 4 bytes", id="short"),
        pytest.param(b"It is a text.\n", "bytes 4 to 8 are b's a ', not b'TFL3'", id="a text"),
        pytest.param(b"\0" * 5000, r"bytes 4 to 8 are b'\x00\x00\x00\x00', not b'TFL3'", id="zero"),
        pytest.param(CONTENT[:100], "its structure is broken", id="the first bytes"),
        pytest.param(CONTENT[4:], "bytes 4 to 8 are", id="without the first bytes"),
    ],
)
def test_what_is_no_model_is_refused_with_the_reason(
    content: bytes, why: str, scratch: Path
) -> None:
    scratch.write_bytes(content)
    with pytest.raises(NotTFLiteError) as caught:
        inspect_model(scratch)
    assert str(caught.value).startswith(f"{str(scratch)!r} is not a TFLite model: {why}")


def test_a_missing_file_and_a_folder_are_refused_with_the_reason(tmp_path: Path) -> None:
    missing = tmp_path / "missing.tflite"
    with pytest.raises(NotTFLiteError) as caught:
        inspect_model(missing)
    assert str(caught.value) == (
        f"{str(missing)!r} is not a TFLite model: it cannot be read (No such file or directory)."
    )
    with pytest.raises(NotTFLiteError, match=r"it cannot be read \(Is a directory\)"):
        inspect_model(tmp_path)


def test_a_file_cut_short_anywhere_is_refused(scratch: Path) -> None:
    for length in range(len(CONTENT)):
        scratch.write_bytes(CONTENT[:length])
        with pytest.raises(NotTFLiteError):
            inspect_model(scratch)


def read_or_refuse(path: Path) -> ModelInfo | NotTFLiteError:
    """What an inspection may do with a file, and nothing else."""
    try:
        return inspect_model(path)
    except NotTFLiteError as error:
        return error


places = st.integers(0, len(CONTENT) - 1)


@settings(max_examples=500, deadline=2000)
@given(changes=st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes_are_read_or_refused(changes: list[tuple[int, int]], scratch: Path) -> None:
    content = bytearray(CONTENT)
    for place, value in changes:
        content[place] = value
    scratch.write_bytes(content)
    read_or_refuse(scratch)


ours = with_facts(json.dumps(FACTS_VALUES).encode())


@settings(max_examples=300, deadline=2000)
@given(place=st.integers(0, len(ours) - 1), value=st.integers(0, 255))
@example(place=ours.index(b'"name"'), value=0)
@example(place=ours.index(b'"macs"'), value=0xFF)
def test_flipped_bytes_of_a_file_of_ours_are_read_or_refused(
    place: int, value: int, scratch: Path
) -> None:
    content = bytearray(ours)
    content[place] = value
    scratch.write_bytes(content)
    read_or_refuse(scratch)


@settings(max_examples=100)
@given(tail=st.binary(max_size=200))
def test_any_bytes_behind_the_identifier_are_read_or_refused(tail: bytes, scratch: Path) -> None:
    scratch.write_bytes(CONTENT[:8] + tail)
    read_or_refuse(scratch)
