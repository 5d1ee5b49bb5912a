"""What stands on top of an encoder; outputs are named as Hugging Face names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from models.catalog import Task
from models.layers import Inputs, Tensor, dense
from models.variables import Variables


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The graph of one kind of sizes; the first argument is a config of that kind.

    `encoder` gives the last hidden state [1, S, hidden].
    """

    encoder: Callable[[Any, Variables, Inputs], Tensor]


def head(task: Task, variables: Variables, x: Tensor) -> dict[str, Tensor]:
    """The task's outputs by name, from the last hidden state [1, S, hidden]."""
    if task == Task.ENCODER:
        return {"last_hidden_state": x}
    return _question_answering(variables, x)


def _question_answering(variables: Variables, x: Tensor) -> dict[str, Tensor]:
    """Start and end logits, [1, S] each."""
    logits = dense(variables, "qa_outputs", x, 2)  # [1, S, 2]
    # SPLIT and RESHAPE can be delegated; the UNPACK that `tf.unstack` gives cannot.
    start, end = tf.split(logits, 2, axis=-1)
    length = x.shape[1]
    return {
        "start_logits": tf.reshape(start, (1, length)),
        "end_logits": tf.reshape(end, (1, length)),
    }
