"""What stands on top of an encoder; outputs are named as Hugging Face names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from models.catalog import Task
from models.configs import Activation, Config
from models.layers import Inputs, Tensor, activation, dense, layer_norm
from models.variables import Variables


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The graph of one kind of sizes; the first argument of each part is a config of that kind.

    `encoder` gives the last hidden state [1, S, hidden]. From it, `sentence` makes what a
    classifier of the whole reads, [1, hidden], `tokens` what one of each token reads if that is
    not the state itself, [1, S, hidden], and `words` the logits of a masked language model,
    [1, S, vocabulary]. `answer` names the dense layer of question answering. `pair` names the one
    that tells whether the second segment follows the first, and `pair_output` its logits when they
    stand beside those of the words.
    """

    encoder: Callable[[Any, Variables, Inputs], Tensor]
    sentence: Callable[[Any, Variables, Inputs, Tensor], Tensor] | None = None
    tokens: Callable[[Any, Variables, Tensor], Tensor] = lambda _config, _variables, x: x
    words: Callable[[Any, Variables, Tensor], Tensor] | None = None
    answer: str = "qa_outputs"
    pair: str | None = None
    pair_output: str = "seq_relationship_logits"


def head(
    task: Task,
    architecture: Architecture,
    config: Config,
    variables: Variables,
    inputs: Inputs,
    x: Tensor,
) -> dict[str, Tensor]:
    """The task's outputs by name, from the last hidden state [1, S, hidden]."""
    if task == Task.ENCODER:
        return {"last_hidden_state": x}
    if task == Task.QA:
        tokens = architecture.tokens(config, variables, x)
        return _question_answering(variables, architecture.answer, tokens)
    if task == Task.TOKEN_CLASSIFICATION:
        tokens = architecture.tokens(config, variables, x)
        return {"logits": dense(variables, "classifier", tokens, config.labels)}  # [1, S, labels]
    if task == Task.MASKED_LM:
        return {"logits": _words(architecture, config, variables, x)}
    if task == Task.NEXT_SENTENCE:
        return {"logits": _pair(architecture, config, variables, inputs, x)}
    if task == Task.PRETRAINING:
        return {
            "prediction_logits": _words(architecture, config, variables, x),
            architecture.pair_output: _pair(architecture, config, variables, inputs, x),
        }
    # A file scores one choice; the best of several runs is the answer.
    classes = 1 if task == Task.MULTIPLE_CHOICE else config.labels
    sentence = _sentence(architecture, config, variables, inputs, x)
    return {"logits": dense(variables, "classifier", sentence, classes)}  # [1, classes]


def first_token(x: Tensor) -> Tensor:
    """The hidden state of [CLS]: [1, S, hidden] -> [1, hidden]."""
    return tf.reshape(x[:, :1], (1, x.shape[-1]))


def tanh_pooler(variables: Variables, name: str, x: Tensor) -> Tensor:
    """BERT's pooler: a dense layer and tanh on the first token, [1, hidden]."""
    return tf.tanh(dense(variables, name, first_token(x), x.shape[-1]))


def transform(
    variables: Variables, name: str, x: Tensor, kind: Activation, epsilon: float
) -> Tensor:
    """What a masked language model does before it compares with words: dense, activation, norm."""
    y = activation(kind)(dense(variables, f"{name}/dense", x, x.shape[-1]))
    return layer_norm(variables, f"{name}/LayerNorm", y, epsilon)


def tied_words(variables: Variables, table: str, bias: str, x: Tensor, rows: int) -> Tensor:
    """The product with every row of the table of words, [1, S, width] -> [1, S, rows]."""
    weight = variables.get(f"{table}/weight", (rows, x.shape[-1]))
    length, width = x.shape[1], x.shape[2]
    # A slice of everything: the converter cannot multiply the norm before it into the table, of
    # which the file would then hold two.
    tokens = tf.reshape(tf.reshape(x, (1, 1, length, width))[:, :1], (length, width))
    product = tf.matmul(tokens, weight, transpose_b=True)  # [S, rows]
    logits = tf.nn.bias_add(product, variables.get(bias, (rows,)))
    return tf.reshape(logits, (1, length, rows))


def _question_answering(variables: Variables, name: str, x: Tensor) -> dict[str, Tensor]:
    """Start and end logits, [1, S] each."""
    logits = dense(variables, name, x, 2)  # [1, S, 2]
    # SPLIT and RESHAPE can be delegated; the UNPACK that `tf.unstack` gives cannot.
    start, end = tf.split(logits, 2, axis=-1)
    length = x.shape[1]
    return {
        "start_logits": tf.reshape(start, (1, length)),
        "end_logits": tf.reshape(end, (1, length)),
    }


def _sentence(
    architecture: Architecture, config: Config, variables: Variables, inputs: Inputs, x: Tensor
) -> Tensor:
    assert architecture.sentence is not None, "the catalogue offers the task"
    return architecture.sentence(config, variables, inputs, x)


def _words(architecture: Architecture, config: Config, variables: Variables, x: Tensor) -> Tensor:
    assert architecture.words is not None, "the catalogue offers the task"
    return architecture.words(config, variables, x)


def _pair(
    architecture: Architecture, config: Config, variables: Variables, inputs: Inputs, x: Tensor
) -> Tensor:
    assert architecture.pair is not None, "the catalogue offers the task"
    sentence = _sentence(architecture, config, variables, inputs, x)
    return dense(variables, architecture.pair, sentence, 2)  # [1, 2]
