"""A model's graph, traced on fixed shapes and converted to TFLite.

TensorFlow prints to stderr, takes gigabytes and keeps threads, none of which a benchmark wants in
its own process, so `models.build` runs this module as a child: `-m models.convert SPEC FILE …`,
with the folder of a checkpoint behind. Several specs differ in their sequence length only.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
from pydantic import TypeAdapter

from models.albert import albert, albert_sentence, albert_words
from models.bert import bert, bert_sentence, bert_words
from models.catalog import ModelSpec, Quantization, config_of, find_entry
from models.configs import BertConfig, Config, DistilBertConfig, MobileBertConfig
from models.configs_albert import AlbertConfig
from models.configs_modernbert import ModernBertConfig
from models.configs_squeezebert import SqueezeBertConfig
from models.distilbert import distilbert, distilbert_sentence, distilbert_words
from models.errors import REFUSED, CheckpointError
from models.flatbuffer import finish
from models.heads import Architecture, head
from models.layers import Inputs, Tensor
from models.mobilebert import mobilebert, mobilebert_sentence, mobilebert_words
from models.modernbert import (
    modernbert,
    modernbert_sentence,
    modernbert_tokens,
    modernbert_words,
)
from models.squeezebert import squeezebert, squeezebert_sentence, squeezebert_words
from models.variables import Declarations, Variables

if TYPE_CHECKING:
    from models.checkpoint import Checkpoint, Values

# What builds the graph of each kind of sizes.
ARCHITECTURES: dict[type, Architecture] = {
    BertConfig: Architecture(
        encoder=bert, sentence=bert_sentence, words=bert_words, pair="cls/seq_relationship"
    ),
    DistilBertConfig: Architecture(
        encoder=distilbert, sentence=distilbert_sentence, words=distilbert_words
    ),
    MobileBertConfig: Architecture(
        encoder=mobilebert,
        sentence=mobilebert_sentence,
        words=mobilebert_words,
        pair="cls/seq_relationship",
    ),
    AlbertConfig: Architecture(
        encoder=albert,
        sentence=albert_sentence,
        words=albert_words,
        pair="sop_classifier/classifier",
        pair_output="sop_logits",
    ),
    SqueezeBertConfig: Architecture(
        encoder=squeezebert, sentence=squeezebert_sentence, words=squeezebert_words
    ),
    ModernBertConfig: Architecture(
        encoder=modernbert,
        sentence=modernbert_sentence,
        tokens=modernbert_tokens,
        words=modernbert_words,
        answer="classifier",
    ),
}

# The ranges of seeded weights settle within a few sentences.
_CALIBRATION_SENTENCES = 8


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A traced model: the function, the variables that it holds, how many of their values are the
    encoder's, its outputs in order."""

    function: Tensor
    variables: Variables
    parameters: int
    outputs: tuple[str, ...]


def trace(spec: ModelSpec, config: Config, variables: Variables | None = None) -> Graph:
    """Builds the graph for inputs of [1, S]; without `variables`, with those of the spec's seed."""
    variables = variables or Variables(spec.seed)
    parameters = 0
    outputs: tuple[str, ...] = ()

    def model(*tensors: Tensor) -> dict[str, Tensor]:
        nonlocal parameters, outputs
        inputs = Inputs(**dict(zip(input_names(config), tensors, strict=True)))
        variables.asked.clear()  # TensorFlow traces more than once
        x = ARCHITECTURES[type(config)].encoder(config, variables, inputs)
        parameters = variables.count()
        named = head(spec.task, ARCHITECTURES[type(config)], config, variables, inputs, x)
        outputs = tuple(named)
        return named

    shape = (1, spec.sequence_length)
    signature = [tf.TensorSpec(shape, tf.int32, name=name) for name in input_names(config)]
    # Autograph would wrap what a part raises.
    traced = tf.function(model, input_signature=signature, autograph=False)
    function = traced.get_concrete_function()
    return Graph(function=function, variables=variables, parameters=parameters, outputs=outputs)


def declare(spec: ModelSpec, config: Config) -> Declarations:
    """The names and shapes of all variables; takes no memory for their values."""
    declarations = Declarations()
    with tf.Graph().as_default():
        trace(spec, config, declarations)
    return declarations


def input_names(config: Config) -> tuple[str, ...]:
    """The inputs that an architecture has."""
    names = ("input_ids", "input_mask", "segment_ids")
    return names if config.token_types else names[:2]


def make_variables(
    spec: ModelSpec, config: Config, checkpoint: Checkpoint | None = None
) -> Variables:
    """The variables of a spec and of those that differ from it in their sequence length only.

    Raises `CheckpointError` for a checkpoint that does not hold exactly the model's weights.
    """
    given = None if checkpoint is None else _values(spec, config, checkpoint)
    return Variables(spec.seed, given)


def convert(
    spec: ModelSpec,
    config: Config,
    checkpoint: Checkpoint | None = None,
    variables: Variables | None = None,
) -> bytearray:
    """Gives the TFLite file of a spec, with clean names and the spec in its metadata.

    Without `variables` they are made, which raises as `make_variables` does.
    """
    graph = trace(spec, config, variables or make_variables(spec, config, checkpoint))
    # With the variables' owner given, the converter reads them from a saved model instead of
    # copying them into the graph: half the time and less than half the memory for BERT-Base.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph.function], graph.variables)
    if spec.quantization != Quantization.FP32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if spec.quantization == Quantization.FP16:
        converter.target_spec.supported_types = [tf.float16]
    if spec.quantization == Quantization.INT8:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: sentences(spec, config)
    with warnings.catch_warnings():
        # To see ranges, the converter uses an interpreter that warns of its own end.
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf\.lite\.Interpreter is dep")
        content = converter.convert()
    facts = {
        "name": spec.name,
        "variant": spec.variant,
        "task": spec.task,
        "sequence_length": spec.sequence_length,
        "quantization": spec.quantization,
        "weights": f"checkpoint {checkpoint.digest[:16]}" if checkpoint else f"seed {spec.seed}",
        "parameters": graph.parameters,
        "head_parameters": graph.variables.count() - graph.parameters,
        "macs": config.macs(spec.sequence_length),
    }
    return finish(content, outputs=graph.outputs, facts=facts)


def sentences(spec: ModelSpec, config: Config) -> Iterator[dict[str, Tensor]]:
    """Seeded valid inputs on which the ranges of int8 are seen; the first have padding."""
    generator = np.random.default_rng(spec.seed)
    length = spec.sequence_length
    position = np.arange(length)
    for number in range(_CALIBRATION_SENTENCES):
        tokens = length if number > 1 else max(1, length * 3 // 4)
        values = {
            "input_ids": generator.integers(0, config.vocabulary, length),
            "input_mask": position < tokens,
            "segment_ids": (position >= length // 2) % max(1, config.token_types),
        }
        yield {
            name: tf.constant(values[name].astype(np.int32)[np.newaxis])
            for name in input_names(config)
        }


def _values(spec: ModelSpec, config: Config, checkpoint: Checkpoint) -> Values:
    """The weights of the spec's model; those of its other heads may be there too."""
    heads = Declarations()
    with tf.Graph().as_default():
        shape = (1, spec.sequence_length)
        tensors = {name: tf.compat.v1.placeholder(tf.int32, shape) for name in input_names(config)}
        x = tf.compat.v1.placeholder(tf.float32, (*shape, config.hidden))
        for task in find_entry(spec.name).tasks:
            head(task, ARCHITECTURES[type(config)], config, heads, Inputs(**tensors), x)
    from models.checkpoint import Values

    return Values(checkpoint, declare(spec, config).shapes, heads.shapes)


def main(files: Mapping[ModelSpec, Path], weights: Path | None = None) -> None:
    """Builds each spec into its file; the child process's whole work."""
    first, checkpoint = next(iter(files)), None
    config = config_of(first)
    if weights is not None:
        from models.checkpoint import open_checkpoint

        checkpoint = open_checkpoint(weights, find_entry(first.name).config)
        config = checkpoint.config
    variables = make_variables(first, config, checkpoint)
    for spec, path in files.items():
        path.write_bytes(convert(spec, config, checkpoint, variables))


def _read_arguments(arguments: Sequence[str]) -> tuple[dict[ModelSpec, Path], Path | None]:
    """Pairs of a spec and a file; an argument that is left over is the checkpoint's folder."""
    parse = TypeAdapter(ModelSpec).validate_json
    pairs = zip(arguments[::2], arguments[1::2], strict=False)
    weights = Path(arguments[-1]) if len(arguments) % 2 else None
    return {parse(spec): Path(path) for spec, path in pairs}, weights


if __name__ == "__main__":
    try:
        main(*_read_arguments(sys.argv[1:]))
    except CheckpointError as refused:
        sys.stdout.write(refused.why)
        sys.exit(REFUSED)
