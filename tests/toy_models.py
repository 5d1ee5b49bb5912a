"""Small models of each architecture, converted once per test session and run with LiteRT."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy_reference import Known, Sentence

from models.catalog import ModelSpec, Quantization, Task
from models.configs import (
    Activation,
    BertConfig,
    Config,
    DistilBertConfig,
    MobileBertConfig,
    Norm,
    Wiring,
)
from models.delegated import read_delegation

Floats = npt.NDArray[np.float32]

BERT = BertConfig(vocabulary=100, positions=32, hidden=64, layers=2, heads=4, feed_forward=96)

DISTILBERT = DistilBertConfig(
    vocabulary=100, positions=32, hidden=64, layers=2, heads=4, feed_forward=96
)


def mobilebert(
    wiring: Wiring = Wiring.RELEASED,
    norm: Norm = Norm.NO_NORM,
    activation: Activation = Activation.RELU,
) -> MobileBertConfig:
    """A MobileBERT in which no two sizes are equal, with three feed-forward networks."""
    return MobileBertConfig(
        vocabulary=100,
        positions=32,
        embedding=16,
        hidden=64,
        bottleneck=32,
        layers=2,
        heads=4,
        feed_forward=48,
        feed_forwards=3,
        wiring=wiring,
        norm=norm,
        activation=activation,
    )


ACTIVATIONS = (Activation.RELU, Activation.GELU)

# Every combination that the catalogue can ask for.
CONFIGS: dict[str, Known] = {"bert": BERT} | {
    f"{wiring}+{norm}+{activation}": mobilebert(wiring, norm, activation)
    for wiring, norm, activation in itertools.product(Wiring, Norm, ACTIVATIONS)
}


@dataclass(frozen=True, kw_only=True)
class Toy:
    """A converted file, and the values of its variables by name."""

    spec: ModelSpec
    config: Config
    content: bytes
    values: Mapping[str, Floats]


@functools.cache
def toy(
    config: Config,
    *,
    task: Task = Task.QA,
    sequence_length: int = 8,
    quantization: Quantization = Quantization.FP32,
    seed: int = 0,
) -> Toy:
    """Converts a model with the weights that its seed gives, as a build does."""
    from models.convert import convert

    plain = ModelSpec(name="toy", task=task, sequence_length=sequence_length, seed=seed)
    spec = dataclasses.replace(plain, quantization=quantization)
    content = bytes(convert(spec, config))
    return Toy(spec=spec, config=config, content=content, values=_values(plain, config))


@functools.cache
def _values(spec: ModelSpec, config: Config) -> Mapping[str, Floats]:
    from models.convert import trace

    return {name: value.numpy() for name, value in trace(spec, config).variables.values.items()}


@functools.cache
def lively_toy(config: Config) -> Toy:
    """Converts an encoder whose values spread ten times as wide.

    The seeded values are so small that attention is nearly uniform and biases nearly nothing:
    an error in them would drown in rounding.
    """
    import tensorflow as tf

    from models.convert import trace
    from models.flatbuffer import finish

    spec = ModelSpec(name="toy", task=Task.ENCODER, sequence_length=11)
    graph = trace(spec, config)
    for name, variable in graph.variables.values.items():
        mean = 1.0 if name.endswith("/gamma") else 0.0
        variable.assign(mean + (variable - mean) * 10)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph.function], graph.variables)
    content = bytes(finish(converter.convert(), outputs=graph.outputs, facts={}))
    values = {name: variable.numpy() for name, variable in graph.variables.values.items()}
    return Toy(spec=spec, config=config, content=content, values=values)


def sentence(length: int, *, vocabulary: int = 100) -> Sentence:
    """Seeded tokens in two segments, the last three of them padding."""
    generator = np.random.default_rng(length)
    position = np.arange(length)
    return Sentence(
        ids=generator.integers(0, vocabulary, length, dtype=np.int32),
        mask=(position < length - 3).astype(np.int32),
        segments=(position >= length // 2).astype(np.int32),
    )


def run(content: bytes, given: Sentence, *, builtin_kernels: bool = False) -> dict[str, Floats]:
    """Runs a file with XNNPACK, or without: its outputs by name, without the batch axis."""
    resolver = OpResolverType.AUTO
    if builtin_kernels:
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=resolver, num_threads=1
    )
    interpreter.allocate_tensors()
    values = {"input_ids": given.ids, "input_mask": given.mask, "segment_ids": given.segments}
    for tensor in interpreter.get_input_details():
        interpreter.set_tensor(tensor["index"], values[tensor["name"]][np.newaxis])
    interpreter.invoke()
    return {
        tensor["name"]: interpreter.get_tensor(tensor["index"])[0]
        for tensor in interpreter.get_output_details()
    }


@dataclass(frozen=True, kw_only=True)
class Delegated:
    """How many kernels XNNPACK made of a file, and which operators it left to the CPU."""

    partitions: int
    left: dict[str, int]


def delegated(interpreter: Interpreter) -> Delegated:
    """Reads what the default delegate took."""
    interpreter.allocate_tensors()
    found = read_delegation(interpreter._get_ops_details())
    return Delegated(partitions=found.partitions, left=found.left)
