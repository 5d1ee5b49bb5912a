"""A model's graph, traced on fixed shapes and converted to TFLite.

TensorFlow prints to stderr, takes gigabytes and keeps threads, none of which a benchmark wants in
its own process, so `models.build` runs this module as a child: `-m models.convert SPEC FILE`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from pydantic import TypeAdapter

from models.bert import bert
from models.catalog import ModelSpec, Quantization, config_of
from models.configs import BertConfig, Config
from models.flatbuffer import finish
from models.heads import head
from models.layers import Inputs, Tensor
from models.mobilebert import mobilebert
from models.variables import Variables


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A traced model: the function, the variables that it holds, its outputs in order."""

    function: Tensor
    variables: Variables
    outputs: tuple[str, ...]


def trace(spec: ModelSpec, config: Config) -> Graph:
    """Builds the graph for inputs of [1, S]."""
    variables = Variables(spec.seed)
    outputs: tuple[str, ...] = ()

    def model(input_ids: Tensor, input_mask: Tensor, segment_ids: Tensor) -> dict[str, Tensor]:
        nonlocal outputs
        inputs = Inputs(input_ids=input_ids, input_mask=input_mask, segment_ids=segment_ids)
        named = head(spec.task, variables, _encoder(config, variables, inputs))
        outputs = tuple(named)
        return named

    names = ("input_ids", "input_mask", "segment_ids")
    shape = (1, spec.sequence_length)
    signature = [tf.TensorSpec(shape, tf.int32, name=name) for name in names]
    function = tf.function(model, input_signature=signature).get_concrete_function()
    return Graph(function=function, variables=variables, outputs=outputs)


def convert(spec: ModelSpec, config: Config) -> bytearray:
    """Gives the TFLite file of a spec, with clean names and the spec in its metadata."""
    graph = trace(spec, config)
    # With the variables' owner given, the converter reads them from a saved model instead of
    # copying them into the graph: half the time and less than half the memory for BERT-Base.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph.function], graph.variables)
    if spec.quantization != Quantization.FP32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if spec.quantization == Quantization.FP16:
        converter.target_spec.supported_types = [tf.float16]
    content = converter.convert()
    parameters = graph.variables.count("embeddings/", "encoder/")
    facts = {
        "name": spec.name,
        "variant": spec.variant,
        "task": spec.task,
        "sequence_length": spec.sequence_length,
        "quantization": spec.quantization,
        "weights": f"seed {spec.seed}",
        "parameters": parameters,
        "head_parameters": graph.variables.count() - parameters,
        "macs": config.macs(spec.sequence_length),
    }
    return finish(content, outputs=graph.outputs, facts=facts)


def _encoder(config: Config, variables: Variables, inputs: Inputs) -> Tensor:
    if isinstance(config, BertConfig):
        return bert(config, variables, inputs)
    return mobilebert(config, variables, inputs)


def main(spec_json: str, path: Path) -> None:
    """Builds one spec into a file; the child process's whole work."""
    spec = TypeAdapter(ModelSpec).validate_json(spec_json)
    path.write_bytes(convert(spec, config_of(spec)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
