from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import pytest

from harness.measurement import OutputComparison
from harness.output_check import NO_ANSWER_PERCENT, compare_outputs, tolerance_percent
from models.catalog import Quantization
from models.tensors import TensorInfo

START = TensorInfo(name="start_logits", shape=(1, 4), dtype="float32")
END = TensorInfo(name="end_logits", shape=(1, 4), dtype="float32")
REFERENCE = "net on the host"


def raw(*values: npt.ArrayLike, dtype: str = "float32") -> bytes:
    return b"".join(np.asarray(value, dtype).tobytes() for value in values)


def compare(
    observed: bytes,
    expected: bytes,
    outputs: list[TensorInfo],
    expected_outputs: list[TensorInfo] | None = None,
    tolerance: float = 10.0,
) -> OutputComparison:
    return compare_outputs(
        observed,
        expected,
        outputs,
        outputs if expected_outputs is None else expected_outputs,
        tolerance_percent=tolerance,
        reference=REFERENCE,
    )


def test_an_equal_output_has_no_error() -> None:
    content = raw([1, 2, 3, 4], [5, 6, 7, 9])

    assert compare(content, content, [START, END]) == OutputComparison(
        reference=REFERENCE,
        tolerance_percent=10.0,
        error_percent=0.0,
        observed="start_logits: 1, 2, 3, 4",
        expected="start_logits: 1, 2, 3, 4",
    )


def test_the_error_is_in_percent_of_the_references_spread_and_the_worst_output_counts() -> None:
    expected = raw([-1, 1, -1, 1], [98, 102, 98, 102])  # spreads of 1 and 2
    observed = raw([-1.1, 1.1, -1.1, 1.1], [99, 103, 99, 103])

    seen = compare(observed, expected, [START, END])

    assert seen.error_percent == pytest.approx(50)
    assert seen.observed == "end_logits: 99, 103, 99, 103"
    assert seen.expected == "end_logits: 98, 102, 98, 102"
    assert seen.correct is False


@pytest.mark.parametrize(("error", "correct"), [(0.09, True), (0.11, False)])
def test_the_tolerance_decides(error: float, correct: bool) -> None:
    expected = np.array([-1.0, 1, -1, 1])

    seen = compare(raw(expected + error), raw(expected), [START], tolerance=10.0)

    assert seen.error_percent == pytest.approx(100 * error, rel=1e-5)
    assert seen.correct is correct


def test_what_all_tokens_share_is_no_spread() -> None:
    """Hidden states differ far more from channel to channel than from token to token."""
    hidden = TensorInfo(name="last_hidden_state", shape=(1, 4, 3), dtype="float32")
    channels = np.array([-50.0, 0, 50])
    tokens = np.array([[-1.0], [1], [-1], [1]])
    expected, of_other_tokens = channels + tokens, channels - tokens

    assert compare(raw(of_other_tokens), raw(expected), [hidden]).error_percent == 200


def test_a_single_row_spreads_from_value_to_value() -> None:
    scores = TensorInfo(name="scores", shape=(1, 1, 1, 4), dtype="float32")
    expected = raw([-1, 1, -1, 1])

    assert compare(raw([0, 0, 0, 0]), expected, [scores]).error_percent == 100


@pytest.mark.parametrize(
    "expected", [[5, 5, 5, 5], [5, 5, 5, 5.0001]], ids=["constant", "constant-but-for-rounding"]
)
def test_of_a_constant_the_size_is_the_measure(expected: list[float]) -> None:
    assert compare(raw([4, 4, 4, 4]), raw(expected), [START]).error_percent == pytest.approx(
        20, rel=1e-3
    )


@pytest.mark.parametrize(
    ("observed", "problem"),
    [
        (b"", "the answer has 0 bytes, the outputs of its file have 16"),
        (raw([1, 2, 3]), "the answer has 12 bytes, the outputs of its file have 16"),
        (raw([1, 2, 3, 4, 5]), "the answer has 20 bytes, the outputs of its file have 16"),
        (raw([1, np.nan, 3, 4]), "1 of 4 values of start_logits are NaN or infinite"),
        (raw([np.inf, 2, -np.inf, 4]), "2 of 4 values of start_logits are NaN or infinite"),
    ],
)
def test_an_answer_without_a_distance_is_wrong(observed: bytes, problem: str) -> None:
    seen = compare(observed, raw([1, 2, 3, 4]), [START], tolerance=30.0)

    assert (seen.error_percent, seen.correct) == (NO_ANSWER_PERCENT, False)
    assert seen.problem == problem
    json.dumps(asdict(seen), allow_nan=False)


def test_a_huge_error_can_be_stored() -> None:
    seen = compare(raw([3e38, -3e38, 3e38, -3e38]), raw([1e-30, 2e-30, 3e-30, 4e-30]), [START])

    assert (seen.error_percent, seen.correct) == (NO_ANSWER_PERCENT, False)
    json.dumps(asdict(seen), allow_nan=False)


def with_type(tensor: TensorInfo, dtype: str) -> TensorInfo:
    return TensorInfo(name=tensor.name, shape=tensor.shape, dtype=dtype)


NUMBERED = [TensorInfo(name="Identity", shape=(2,), dtype="float32") for _ in range(2)]


@pytest.mark.parametrize(
    ("expected", "outputs", "expected_outputs", "problem"),
    [
        (raw([0, 0, 0, 0]), [START], [START], "the reference of start_logits is all zeros"),
        (raw([1, 2, np.nan, 4]), [START], [START], "start_logits holds NaN or infinite"),
        (raw([1, 2]), [START], [START], "the reference has 8 bytes, .* have 16"),
        (raw([1, 2, 3, 4]), [END], [START], "outputs are end_logits, .* are start_logits"),
        (raw([1, 2, 3, 4]), [START], [START, END], "the reference has 16 bytes, .* have 32"),
        (raw([1] * 8), [START], [START, END], "are start_logits, .* start_logits, end_logits"),
        (b"", [], [], "outputs are none"),
        (
            raw([1, 2, 3, 4]),
            [TensorInfo(name="start_logits", shape=(4, 1), dtype="float32")],
            [START],
            r"start_logits is float32 \[4, 1\] in the file, float32 \[1, 4\] in the reference's",
        ),
        (
            raw([1, 2, 3, 4]),
            [with_type(START, "int8")],
            [START],
            r"int8 \[1, 4\] in the file, float32",
        ),
        (b"abc", [with_type(START, "string")], [with_type(START, "string")], "of type string"),
        (
            raw([1, 2, 3, 4], [5, 6, 7, 8]),
            [START, *NUMBERED],
            [*NUMBERED, START],
            "are not told apart by their names",
        ),
    ],
)
def test_what_cannot_be_compared_is_neither_right_nor_wrong(
    expected: bytes, outputs: list[TensorInfo], expected_outputs: list[TensorInfo], problem: str
) -> None:
    seen = compare(raw([1, 2, 3, 4]), expected, outputs, expected_outputs)

    assert (seen.error_percent, seen.correct) == (None, None)
    with pytest.raises(AssertionError, match=problem):
        raise AssertionError(seen.problem)


def test_outputs_are_matched_by_name() -> None:
    expected, observed = raw([1, 2, 3, 4], [8, 6, 5, 9]), raw([8, 6, 5, 9], [1, 2, 3, 4])

    assert compare(observed, expected, [END, START], [START, END]).error_percent == 0
    assert compare(observed, expected, [START, END]).correct is False


def test_outputs_without_names_of_their_own_are_matched_by_their_order() -> None:
    seen = compare(raw([1, 2], [3, 5]), raw([1, 2], [3, 4]), NUMBERED)

    assert seen.error_percent == pytest.approx(100 * math.sqrt(2))


def test_floats_of_other_widths_are_compared() -> None:
    observed = raw([1, 2, 3, 4], dtype="float16")

    seen = compare(observed, raw([1, 2, 3, 4]), [with_type(START, "float16")], [START])

    assert seen.error_percent == 0


def test_integers_are_compared_where_the_reference_has_the_same() -> None:
    scores = with_type(START, "int8")

    seen = compare(raw([-128, 0, 0, 127], dtype="int8"), bytes([128, 0, 0, 127]), [scores])

    assert (seen.error_percent, seen.correct) == (0, True)


def test_a_wrong_output_counts_more_than_one_that_cannot_be_compared() -> None:
    expected = raw([0, 0, 0, 0], [1, 2, 3, 4])

    unknown = compare(raw([0, 0, 0, 0], [1, 2, 3, 4]), expected, [START, END])
    wrong = compare(raw([0, 0, 0, 0], [4, 3, 2, 1]), expected, [START, END])

    assert (unknown.correct, wrong.correct) == (None, False)


def test_long_outputs_are_quoted_by_their_first_values() -> None:
    tensor = TensorInfo(name="x", shape=(2, 3), dtype="float32")
    content = raw([0.123456789, 2, 3, 4, 5, 6])

    assert compare(content, content, [tensor]).observed == "x: 0.123457, 2, 3, 4, …"


def test_a_scalar_is_compared_by_its_size() -> None:
    tensor = TensorInfo(name="score", shape=(), dtype="float32")

    assert compare(raw(3), raw(2), [tensor]).error_percent == 50


@pytest.mark.parametrize("delegate", ["default", "xnnpack", "cpu"])
def test_cpus_are_judged_by_how_the_weights_are_stored(delegate: str) -> None:
    by_weights = [tolerance_percent(q.value, delegate) for q in Quantization]

    assert by_weights == [0.05, 2.5, 20.0, 20.0]
    assert tolerance_percent(None, delegate) == 20.0


def test_accelerators_may_round_more() -> None:
    assert tolerance_percent("fp32", "gpu") == 10.0
    assert tolerance_percent("dynamic", "gpu") == 20.0
    assert tolerance_percent("int8", "gpu") == 20.0
    for delegate in ("nnapi", "hexagon", "external:/data/local/tmp/lib.so"):
        assert tolerance_percent("fp32", delegate) == 30.0
