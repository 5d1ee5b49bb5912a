"""The operators of converted files, counted against what the architecture needs and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils
from numpy_reference import Known
from toy_models import BERT, CONFIGS, Delegated, Toy, delegated, mobilebert, toy

from models.catalog import Quantization, Task
from models.configs import Activation, BertConfig, MobileBertConfig, Norm, Wiring
from models.inspect import ModelInfo, inspect_model

# One of each kind of graph, for what costs a conversion each.
QUANTIZED_CONFIGS: dict[str, Known] = {
    "bert": BERT,
    "mobilebert": mobilebert(),
    "slow": mobilebert(Wiring.PAPER, Norm.LAYER_NORM, Activation.GELU),
}

all_configs = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
quantized_configs = pytest.mark.parametrize(
    "config", QUANTIZED_CONFIGS.values(), ids=QUANTIZED_CONFIGS
)


def inspected(model: Toy, folder: Path) -> ModelInfo:
    path = folder / "toy.tflite"
    path.write_bytes(model.content)
    return inspect_model(path)


def dense_layers(config: Known, task: Task = Task.QA) -> int:
    """Matrix products with weights."""
    head = 1 if task == Task.QA else 0
    if isinstance(config, BertConfig):
        return config.layers * (4 + 2) + head
    bottlenecks = 3 if config.wiring == Wiring.RELEASED else 2
    return 1 + config.layers * (bottlenecks + 4 + 2 * config.feed_forwards) + head


def norms(config: Known, task: Task = Task.QA) -> int:
    """Norms with a gamma to multiply by when the model runs.

    The others are part of a dense layer: those that have one before them and no residual in
    between (folded by the builder, if NoNorm), and those whose only readers are dense layers
    (folded forward by the converter): the shared bottleneck, the last feed-forward network, and
    what the head reads.
    """
    head = 1 if task == Task.QA else 0
    if isinstance(config, BertConfig):
        return 1 + 2 * config.layers - head
    bottleneck_input = 1 if config.norm == Norm.LAYER_NORM else 0
    layer = bottleneck_input + 1 + (config.feed_forwards - 1) + 1
    return 1 + config.layers * layer - head


def layer_norms(config: Known) -> int:
    """Norms with a mean and a variance to take."""
    if isinstance(config, BertConfig):
        return 1 + 2 * config.layers
    if config.norm == Norm.NO_NORM:
        return 0
    bottlenecks = 2 if config.wiring == Wiring.RELEASED else 1
    return 1 + config.layers * (bottlenecks + 1 + config.feed_forwards + 1)


def expected_operators(config: Known, task: Task = Task.QA) -> dict[str, int]:
    """Every operator of a float32 file."""
    layers, deviations = config.layers, layer_norms(config)
    has_layer_norm = deviations > 0
    # A LayerNorm whose gamma is folded still divides by its deviation: one product.
    products = norms(config, task) + deviations
    if isinstance(config, BertConfig):
        residuals, gelus, trigrams = 2 * layers, layers, 0
    else:
        residuals, trigrams = layers * (1 + config.feed_forwards + 1), 1
        gelus = layers * config.feed_forwards if config.activation == Activation.GELU else 0
    adds = residuals + layers + 2  # residuals, the mask in each layer, positions and segments
    if has_layer_norm:
        # (x - mean) * (gamma / deviation) + beta: epsilon, beta; SUB of the mean
        adds += deviations + norms(config, task)
    else:
        adds += norms(config, task)
    if isinstance(config, MobileBertConfig) and config.wiring == Wiring.TINY and not has_layer_norm:
        adds += layers  # the bottleneck's bias: the converter parts it from a dense with 4 readers
    heads = 1 if task == Task.QA else 0
    counts = {
        "FULLY_CONNECTED": dense_layers(config, task),
        "BATCH_MATMUL": 2 * layers,
        "SOFTMAX": layers,
        "RESHAPE": 4 * layers + 2 * heads,
        "TRANSPOSE": 4 * layers,
        "GATHER": 2,
        "CAST": 1,  # of the mask
        "MUL": products + 1,  # the mask; no scale of the attention
        "ADD": adds,
        "SUB": deviations + 1,
        "MEAN": 2 * deviations,
        "SQUARED_DIFFERENCE": deviations,
        "RSQRT": deviations,
        "GELU": gelus,
        "CONCATENATION": 3 * trigrams,
        "STRIDED_SLICE": 2 * trigrams,
        "SPLIT": heads,
    }
    return {name: count for name, count in counts.items() if count}


@all_configs
def test_a_file_holds_exactly_the_operators_that_its_architecture_needs(
    config: Known, tmp_path: Path
) -> None:
    assert inspected(toy(config), tmp_path).operators == expected_operators(config)


@pytest.mark.parametrize("config", [BERT, mobilebert()], ids=["bert", "mobilebert"])
def test_an_encoder_without_head_keeps_its_last_norm(config: Known, tmp_path: Path) -> None:
    operators = inspected(toy(config, task=Task.ENCODER), tmp_path).operators
    assert operators == expected_operators(config, Task.ENCODER)


@all_configs
def test_the_variables_are_as_many_as_the_closed_form_says(config: Known) -> None:
    values = toy(config).values
    encoder = {name: value for name, value in values.items() if not name.startswith("qa_outputs/")}
    assert sum(value.size for value in encoder.values()) == config.parameters
    width = config.hidden
    assert {name: values[name].shape for name in values.keys() - encoder.keys()} == {
        "qa_outputs/kernel": (width, 2),
        "qa_outputs/bias": (2,),
    }


@all_configs
def test_the_files_multiplications_are_those_of_the_closed_form(
    config: Known, tmp_path: Path
) -> None:
    head = 8 * config.hidden * 2
    assert inspected(toy(config), tmp_path).macs == config.macs(8) + head


@pytest.mark.parametrize("quantization", [Quantization.FP16, Quantization.DYNAMIC])
@quantized_configs
def test_quantized_files_do_the_same_multiplications(
    config: Known, quantization: Quantization, tmp_path: Path
) -> None:
    info = inspected(toy(config, quantization=quantization), tmp_path)
    assert info.macs == config.macs(8) + 8 * config.hidden * 2


def weights_of(model: Toy) -> list[tuple[schema.TensorT, int]]:
    """Each constant that is no shape, axis or index, and the bytes of its buffer."""
    content = flatbuffer_utils.read_model_from_bytearray(bytearray(model.content))
    tensors = content.subgraphs[0].tensors
    sizes = [
        0
        if content.buffers[tensor.buffer].data is None
        else len(content.buffers[tensor.buffer].data)
        for tensor in tensors
    ]
    return [
        (tensor, size)
        for tensor, size in zip(tensors, sizes, strict=True)
        if size and tensor.type != schema.TensorType.INT32
    ]


@quantized_configs
def test_fp16_halves_every_weight_and_adds_one_dequantize_for_each(
    config: Known, tmp_path: Path
) -> None:
    full, half = toy(config), toy(config, quantization=Quantization.FP16)
    weights = weights_of(half)
    assert {tensor.type for tensor, _ in weights} == {schema.TensorType.FLOAT16}
    assert 2 * sum(size for _, size in weights) == sum(size for _, size in weights_of(full))
    assert inspected(half, tmp_path).operators == {
        **expected_operators(config),
        "DEQUANTIZE": len(weights),
    }


@quantized_configs
def test_dynamic_range_quarters_every_large_matrix_and_dequantizes_only_words(
    config: Known, tmp_path: Path
) -> None:
    full, dynamic = toy(config), toy(config, quantization=Quantization.DYNAMIC)
    # TensorFlow leaves what has less than 1024 elements as it is.
    large = [size for _, size in weights_of(full) if size >= 4 * 1024]
    whole = sum(size for _, size in weights_of(full))
    assert sum(size for _, size in weights_of(dynamic)) == whole - sum(large) * 3 // 4
    assert sum(large) > 0.9 * whole
    assert inspected(dynamic, tmp_path).operators == {**expected_operators(config), "DEQUANTIZE": 1}


@quantized_configs
def test_int8_computes_in_int8_between_lookups_and_outputs(config: Known, tmp_path: Path) -> None:
    model = toy(config, quantization=Quantization.INT8)
    weights = weights_of(model)
    assert {tensor.type for tensor, _ in weights} == {schema.TensorType.INT8}
    info = inspected(model, tmp_path)
    expected = expected_operators(config)
    # The mask comes in as float32 from its cast; the two outputs go out as float32.
    assert (info.operators["QUANTIZE"], info.operators["DEQUANTIZE"]) == (1, 2)
    assert info.operators["FULLY_CONNECTED"] == expected["FULLY_CONNECTED"]
    assert {tensor.dtype for tensor in info.inputs} == {"int32"}
    assert {tensor.dtype for tensor in info.outputs} == {"float32"}


def test_an_int8_build_gives_the_same_bytes_again() -> None:
    from models.convert import convert

    model = toy(BERT, quantization=Quantization.INT8)
    assert convert(model.spec, model.config) == model.content


@pytest.mark.parametrize("quantization", [Quantization.FP32, Quantization.DYNAMIC])
def test_lengths_that_share_their_weights_give_the_same_bytes_as_each_by_itself(
    quantization: Quantization,
) -> None:
    from models.convert import convert, make_variables

    model = toy(BERT, quantization=quantization)
    other = replace(model.spec, sequence_length=model.spec.sequence_length - 3)
    variables = make_variables(model.spec, model.config)
    first, second = (
        convert(spec, model.config, variables=variables) for spec in (other, model.spec)
    )
    assert bytes(first) == bytes(convert(other, model.config))
    assert bytes(second) == model.content


@all_configs
def test_xnnpack_takes_all_of_a_float_file_but_the_lookups_and_the_masks_cast(
    config: Known,
) -> None:
    taken = delegated(Interpreter(model_content=toy(config).content))
    assert taken == Delegated(partitions=1, left={"GATHER": 2, "CAST": 1})


@quantized_configs
def test_xnnpack_takes_as_much_of_a_dynamic_file(config: Known) -> None:
    model = toy(config, quantization=Quantization.DYNAMIC)
    taken = delegated(Interpreter(model_content=model.content))
    assert taken == Delegated(partitions=1, left={"GATHER": 2, "CAST": 1})


@quantized_configs
def test_xnnpack_leaves_the_tables_of_an_fp16_file_to_the_cpu(config: Known) -> None:
    model = toy(config, quantization=Quantization.FP16)
    taken = delegated(Interpreter(model_content=model.content))
    assert taken == Delegated(partitions=2, left={"GATHER": 2, "CAST": 1, "DEQUANTIZE": 2})
