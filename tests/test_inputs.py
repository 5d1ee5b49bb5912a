from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.inputs import input_values, write_inputs
from models.inspect import inspect_model
from models.tensors import TensorInfo

IDS = TensorInfo(name="input_ids", shape=(1, 128), dtype="int32", rows=30522)


def test_ids_are_drawn_from_the_whole_vocabulary() -> None:
    values = input_values(IDS, seed=0)

    assert values is not None
    assert (values.shape, values.dtype) == ((1, 128), np.int32)
    assert 0 <= values.min() < 3000
    assert 27000 < values.max() < 30522


def test_values_depend_on_the_seed_alone() -> None:
    one, same, other = (input_values(IDS, seed) for seed in (1, 1, 2))

    assert np.array_equal(one, same)  # type: ignore[arg-type]  # both are arrays
    assert not np.array_equal(one, other)  # type: ignore[arg-type]  # both are arrays


def test_the_mask_is_ones_in_the_type_of_the_input() -> None:
    for dtype in ("int32", "float32", "bool"):
        mask = TensorInfo(name="serving_default_input_mask:0", shape=(1, 8), dtype=dtype)
        values = input_values(mask, seed=0)
        assert values is not None
        assert values.dtype.name == dtype
        assert values.all()


def test_segments_are_a_question_and_a_passage() -> None:
    segments = TensorInfo(name="segment_ids", shape=(1, 8), dtype="int32", rows=2)

    values = input_values(segments, seed=0)

    assert values is not None
    assert values.tolist() == [[0, 0, 0, 0, 1, 1, 1, 1]]


def test_a_table_of_one_row_is_never_overrun() -> None:
    segments = TensorInfo(name="segment_ids", shape=(1, 4), dtype="int32", rows=1)

    values = input_values(segments, seed=0)

    assert values is not None
    assert not values.any()


def test_a_type_that_cannot_be_made_up_has_no_values() -> None:
    assert input_values(TensorInfo(name="text", shape=(1,), dtype="string"), seed=0) is None


def test_writes_one_file_per_different_input(tiny: Path, tmp_path: Path) -> None:
    info = inspect_model(tiny)

    files = write_inputs(info, tmp_path, seed=0)

    assert files is not None
    assert [tensor.name for tensor, _ in files] == [tensor.name for tensor in info.inputs]
    assert all(path.stat().st_size == 8 * 4 for _, path in files)
    assert write_inputs(info, tmp_path, seed=0) == files
