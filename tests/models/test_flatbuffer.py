"""The layout of converted files: names, order, shapes, alignment, facts; same spec, same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from toy_models import BERT, CONFIGS, mobilebert, toy

from models.catalog import Quantization, Task
from models.configs import Config, Wiring
from models.inspect import Facts, inspect_model
from models.tensors import TensorInfo

TESTS = Path(__file__).parents[1]

ARCHITECTURES = {"bert": BERT, "mobilebert": mobilebert()}

all_configs = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
architectures = pytest.mark.parametrize("config", ARCHITECTURES.values(), ids=ARCHITECTURES)


@all_configs
def test_inputs_and_outputs_have_their_names_order_types_and_shapes(
    config: Config, tmp_path: Path
) -> None:
    path = tmp_path / "toy.tflite"
    path.write_bytes(toy(config).content)
    info = inspect_model(path)
    assert info.inputs == (
        TensorInfo(name="input_ids", shape=(1, 8), dtype="int32", rows=100),
        TensorInfo(name="input_mask", shape=(1, 8), dtype="int32"),
        TensorInfo(name="segment_ids", shape=(1, 8), dtype="int32", rows=2),
    )
    assert info.outputs == (
        TensorInfo(name="start_logits", shape=(1, 8), dtype="float32"),
        TensorInfo(name="end_logits", shape=(1, 8), dtype="float32"),
    )


@architectures
@pytest.mark.parametrize("quantization", [Quantization.FP16, Quantization.DYNAMIC])
def test_quantized_files_have_the_same_inputs_and_outputs(
    config: Config, quantization: Quantization, tmp_path: Path
) -> None:
    full, quantized = tmp_path / "full.tflite", tmp_path / "quantized.tflite"
    full.write_bytes(toy(config).content)
    quantized.write_bytes(toy(config, quantization=quantization).content)
    expected, found = inspect_model(full), inspect_model(quantized)
    assert (found.inputs, found.outputs) == (expected.inputs, expected.outputs)


@architectures
def test_an_encoder_gives_its_last_hidden_state(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "toy.tflite"
    path.write_bytes(toy(config, task=Task.ENCODER).content)
    assert inspect_model(path).outputs == (
        TensorInfo(name="last_hidden_state", shape=(1, 8, 64), dtype="float32"),
    )


@all_configs
def test_no_tensor_has_a_dynamic_shape(config: Config) -> None:
    for tensor in _tensors(toy(config).content):
        shape, signature = _list(tensor.ShapeAsNumpy()), _list(tensor.ShapeSignatureAsNumpy())
        assert all(size > 0 for size in shape)
        assert signature in ([], shape)


@all_configs
def test_the_signature_calls_tensors_what_they_are_called(config: Config) -> None:
    model = schema.Model.GetRootAs(toy(config).content, 0)
    assert model.SignatureDefsLength() == 1
    signature, graph = model.SignatureDefs(0), model.Subgraphs(0)
    inputs = {
        signature.Inputs(i).Name(): signature.Inputs(i).TensorIndex()
        for i in range(signature.InputsLength())
    }
    outputs = {
        signature.Outputs(i).Name(): signature.Outputs(i).TensorIndex()
        for i in range(signature.OutputsLength())
    }
    assert {name: graph.Tensors(index).Name() for name, index in inputs.items()} == {
        name: name for name in (b"input_ids", b"input_mask", b"segment_ids")
    }
    assert {name: graph.Tensors(index).Name() for name, index in outputs.items()} == {
        name: name for name in (b"start_logits", b"end_logits")
    }


@architectures
def test_the_signature_runs_by_these_names(config: Config) -> None:
    interpreter = Interpreter(model_content=toy(config).content)
    ones = np.ones((1, 8), np.int32)
    outputs = interpreter.get_signature_runner()(input_ids=ones, input_mask=ones, segment_ids=ones)
    assert {name: value.shape for name, value in outputs.items()} == {
        "start_logits": (1, 8),
        "end_logits": (1, 8),
    }


@all_configs
def test_no_name_holds_a_colon(config: Config) -> None:
    # The tool reads `--input_layer_value_range=name,low,high:name,…`.
    content = toy(config).content
    graph = schema.Model.GetRootAs(content, 0).Subgraphs(0)
    ends = [*_list(graph.InputsAsNumpy()), *_list(graph.OutputsAsNumpy())]
    assert len(ends) == 5
    assert not [index for index in ends if b":" in graph.Tensors(index).Name()]


@architectures
@pytest.mark.parametrize("quantization", Quantization)
def test_every_buffer_begins_at_a_multiple_of_16_bytes(
    config: Config, quantization: Quantization
) -> None:
    model = schema.Model.GetRootAs(toy(config, quantization=quantization).content, 0)
    buffers = [model.Buffers(index) for index in range(model.BuffersLength())]
    starts = [
        buffer._tab.Vector(buffer._tab.Offset(4)) for buffer in buffers if buffer.DataLength()
    ]
    assert len(starts) > 40
    assert {start % 16 for start in starts} == {0}


@architectures
@pytest.mark.parametrize("task", [Task.QA, Task.ENCODER])
def test_the_builders_facts_come_back(config: Config, task: Task, tmp_path: Path) -> None:
    path = tmp_path / "toy.tflite"
    path.write_bytes(toy(config, task=task).content)
    assert inspect_model(path).facts == Facts(
        name="toy",
        variant="",
        task=task.value,
        sequence_length=8,
        quantization="fp32",
        weights="seed 0",
        parameters=config.parameters,
        head_parameters=64 * 2 + 2 if task == Task.QA else 0,
        macs=config.macs(8),
    )


def test_the_sequence_length_does_not_change_the_weights() -> None:
    short, long = toy(BERT), toy(BERT, sequence_length=13)
    assert short.values.keys() == long.values.keys()
    assert all(np.array_equal(short.values[name], long.values[name]) for name in short.values)


def test_a_variable_is_the_same_in_every_model_that_has_it() -> None:
    released, paper = toy(mobilebert()).values, toy(mobilebert(Wiring.PAPER)).values
    name = "encoder/layer/1/output/dense/kernel"
    np.testing.assert_array_equal(released[name], paper[name])


def test_weights_are_normal_and_never_constant() -> None:
    for name, value in toy(mobilebert()).values.items():
        mean = 1.0 if name.endswith("/gamma") else 0.0
        assert value.dtype == np.float32
        assert value.std() > 0, name
        assert abs(value.mean() - mean) < 5 * 0.02 / value.size**0.5, name
        assert abs(value - mean).max() < 6 * 0.02, name


_CONVERT = """
import hashlib, sys
from models.catalog import ModelSpec
from models.convert import convert
from toy_models import mobilebert
for seed in sys.argv[1:]:
    spec = ModelSpec(name="toy", sequence_length=8, seed=int(seed))
    print(hashlib.sha256(convert(spec, mobilebert())).hexdigest())
"""


def _convert_elsewhere(*seeds: str, hash_seed: str) -> list[str]:
    """The digests of files converted one after the other in one new process."""
    process = subprocess.run(
        [sys.executable, "-c", _CONVERT, *seeds],
        env={**os.environ, "PYTHONPATH": str(TESTS), "PYTHONHASHSEED": hash_seed},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return process.stdout.split()


def test_the_same_spec_gives_the_same_bytes_in_any_process_and_another_seed_others() -> None:
    here = hashlib.sha256(toy(mobilebert()).content).hexdigest()
    other, same = _convert_elsewhere("1", "0", hash_seed="1")
    assert _convert_elsewhere("0", hash_seed="2") == [same] == [here]
    assert other != same


def _tensors(content: bytes) -> list[schema.Tensor]:
    graph = schema.Model.GetRootAs(content, 0).Subgraphs(0)
    return [graph.Tensors(index) for index in range(graph.TensorsLength())]


def _list(vector: np.ndarray | int) -> list[int]:
    """The generated code gives 0 for a vector that is not there."""
    return [] if isinstance(vector, int) else vector.tolist()
