"""How far the tool's output is from the reference: a fast wrong answer is no result.

What shows a wrong answer although it has no distance (a wrong size, a NaN) is kept as the distance
`NO_ANSWER_PERCENT`, with a problem that says what is wrong. What only cannot be compared has a
problem and no distance. No number here is NaN or infinite, so all of it can be stored as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.measurement import OutputComparison
from models.tensors import TensorInfo

NO_ANSWER_PERCENT = 1e6

# How far a right answer may be off, in percent, by how the weights are stored (None: the file is
# its own reference). Right answers were measured on x86-64 with LiteRT 2.3: MobileBERT in five
# variants and BERT-Base, 128 and 384 tokens, seeded weights, question answering and encoder. What
# must be refused is off by 37 (another input), 44 (a layer is missing), 100 (a constant) or more.
_CPU = {
    "fp32": 0.05,  # at most 0.00045; weights in fp16 give 0.14 or more, so they are noticed
    "fp16": 2.5,  # 0.14 to 0.58; int8 weights give 2.7 or more
    "dynamic": 20.0,  # 2.7 to 7.4: other kernels quantize the activations in another way
    "int8": 20.0,  # such a file is its own reference
    None: 20.0,  # at most 0.00045, but 6.0 for a file with dynamic-range weights
}
# A GPU computes in fp16 unless told otherwise. With every value and every partial sum rounded to
# fp16, numpy is off by 0.8 to 2.1.
_GPU = {"fp32": 10.0, "fp16": 10.0, "dynamic": 20.0, "int8": 20.0, None: 20.0}
# Others compute in fp16 or in int8. With every value rounded to 8 bits, numpy is off by 12 to 26,
# which leaves little room below a wrong input.
_ACCELERATOR_PERCENT = 30.0

# A spread below this share of the values' own size is none: rounding would be a large part of it.
_CONSTANT_BELOW = 0.01
_SHOWN_VALUES = 4
_SHOWN_NAMES = 200  # characters

Values = np.ndarray[Any, np.dtype[np.float64]]

# Types whose values have squares within float64.
_DTYPES: dict[str, type[np.generic]] = {
    "float32": np.float32,
    "float16": np.float16,
    "int64": np.int64,
    "int32": np.int32,
    "int16": np.int16,
    "int8": np.int8,
    "uint8": np.uint8,
    "bool": np.bool_,
}


class _NotComparableError(Exception):
    """Nothing can be known about the answer; the text says why."""


def compare_outputs(
    observed: bytes,
    expected: bytes,
    outputs: Sequence[TensorInfo],
    expected_outputs: Sequence[TensorInfo],
    *,
    tolerance_percent: float,
    reference: str,
) -> OutputComparison:
    """Compares the raw bytes of all outputs, each in the order of its own file's outputs.

    The outputs of both files must have the same names and shapes, in any order; floats may differ
    in width. The error of an output is the root mean square of the differences, in percent of
    the reference's spread. The worst output counts; a wrong one is worse than one that cannot be
    compared.
    """
    blank = OutputComparison(reference=reference, tolerance_percent=tolerance_percent)
    try:
        references = _split(expected, expected_outputs)
        if references is None:
            raise _NotComparableError(_wrong_size("reference", expected, expected_outputs))
        positions = _pair(outputs, expected_outputs)
        answers = _split(observed, outputs)
    except _NotComparableError as reason:
        return replace(blank, problem=str(reason))
    if answers is None:
        problem = _wrong_size("answer", observed, outputs)
        return replace(blank, error_percent=NO_ANSWER_PERCENT, problem=problem)
    compared = [
        _compare(blank, tensor.name, answer, references[position])
        for tensor, answer, position in zip(outputs, answers, positions, strict=True)
    ]
    return max(compared, key=_gravity)


def tolerance_percent(quantization: str | None, delegate: str) -> float:
    """How far a right answer may be from the reference, in percent of its spread.

    `quantization` is a name of `models.catalog.Quantization`, or None for a file that is its own
    reference; one that is unknown is treated as None.
    """
    kind = delegate.partition(":")[0]
    if kind not in ("default", "xnnpack", "cpu", "gpu"):
        return _ACCELERATOR_PERCENT
    table = _GPU if kind == "gpu" else _CPU
    return table.get(quantization, table[None])


def _compare(
    blank: OutputComparison, name: str, answer: Values, reference: Values
) -> OutputComparison:
    observed, expected = _first_values(name, answer), _first_values(name, reference)
    quoted = replace(blank, observed=observed, expected=expected)
    if not np.isfinite(reference).all():
        return replace(quoted, problem=f"the reference of {name} holds NaN or infinite values")
    bad = answer.size - int(np.isfinite(answer).sum())
    if bad:
        problem = f"{bad} of {answer.size} values of {name} are NaN or infinite"
        return replace(quoted, error_percent=NO_ANSWER_PERCENT, problem=problem)
    if not reference.any():
        return replace(quoted, problem=f"the reference of {name} is all zeros, or empty")
    percent = 100 * _root_mean_square(answer - reference) / _spread(reference)
    return replace(quoted, error_percent=min(percent, NO_ANSWER_PERCENT))


def _gravity(comparison: OutputComparison) -> tuple[int, float]:
    order = {True: 0, None: 1, False: 2}
    return order[comparison.correct], comparison.error_percent or 0.0


def _spread(reference: Values) -> float:
    """The root mean square around the mean of each column, the last axis: what all tokens of a
    hidden state share would hide that the tokens are others. Around the mean of all values where
    the rows are alike, and of the values themselves where all are.
    """
    rows = reference.reshape(-1, reference.shape[-1])
    size = _root_mean_square(reference)
    spreads = (_root_mean_square(rows - rows.mean(axis=0)), float(reference.std()))
    return next((spread for spread in spreads if spread >= _CONSTANT_BELOW * size), size)


def _root_mean_square(values: Values) -> float:
    return math.sqrt(np.mean(np.square(values)))


def _split(content: bytes, tensors: Sequence[TensorInfo]) -> list[Values] | None:
    """The values of each tensor, None where the content has another size."""
    sizes = [_size_bytes(tensor) for tensor in tensors]
    if len(content) != sum(sizes):
        return None
    values, start = [], 0
    for tensor, size in zip(tensors, sizes, strict=True):
        part = np.frombuffer(content[start : start + size], _DTYPES[tensor.dtype])
        values.append(part.astype(np.float64).reshape(tensor.shape or (1,)))
        start += size
    return values


def _size_bytes(tensor: TensorInfo) -> int:
    dtype = _DTYPES.get(tensor.dtype)
    if dtype is None:
        raise _NotComparableError(f"values of type {tensor.dtype} cannot be compared")
    return math.prod(tensor.shape) * np.dtype(dtype).itemsize


def _wrong_size(whose: str, content: bytes, tensors: Sequence[TensorInfo]) -> str:
    size = sum(map(_size_bytes, tensors))
    return f"the {whose} has {len(content)} bytes, the outputs of its file have {size}"


def _pair(outputs: Sequence[TensorInfo], expected_outputs: Sequence[TensorInfo]) -> list[int]:
    """For each output the position of the reference's output of the same name and shape."""
    ours = [tensor.name for tensor in outputs]
    theirs = [tensor.name for tensor in expected_outputs]
    if not ours or sorted(ours) != sorted(theirs):
        what = f"the file's outputs are {_list(ours)}, the reference's are {_list(theirs)}"
        raise _NotComparableError(what)
    positions = list(range(len(ours)))
    if ours != theirs:
        if len(set(ours)) < len(ours):
            what = f"the outputs {_list(ours)} are not told apart by their names"
            raise _NotComparableError(what)
        positions = [theirs.index(name) for name in ours]
    for tensor, position in zip(outputs, positions, strict=True):
        other = expected_outputs[position]
        if tensor.shape != other.shape or not _same_kind(tensor.dtype, other.dtype):
            what = f"{_describe(tensor)} in the file, {_describe(other)} in the reference's"
            raise _NotComparableError(f"the output {tensor.name} is {what}")
    return positions


def _same_kind(dtype: str, other: str) -> bool:
    # A quantized integer stands for another number: its scale is not known here.
    return dtype == other or (dtype.startswith("float") and other.startswith("float"))


def _describe(tensor: TensorInfo) -> str:
    return f"{tensor.dtype} {list(tensor.shape)}"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)[:_SHOWN_NAMES] or "none"


def _first_values(name: str, values: Values) -> str:
    more = ", …" if values.size > _SHOWN_VALUES else ""
    return f"{name}: {', '.join(f'{value:.6g}' for value in values.flat[:_SHOWN_VALUES])}{more}"
