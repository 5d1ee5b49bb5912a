"""How much XNNPACK takes of a file, found out in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_models import BERT, toy

from models.catalog import Quantization
from models.delegated import Delegation, find_delegation, read_delegation

TINY = Path(__file__).parents[1] / "data" / "models" / "tiny.tflite"


def test_what_the_delegate_takes_is_counted() -> None:
    found = find_delegation(TINY)
    assert found == Delegation(nodes=10, partitions=1, left={"GATHER": 2, "CAST": 1})
    assert (found.delegated, found.share_percent) == (7, 70.0)


def test_a_file_in_pieces_has_more_partitions(tmp_path: Path) -> None:
    path = tmp_path / "int8.tflite"
    path.write_bytes(toy(BERT, quantization=Quantization.INT8).content)
    found = find_delegation(path)
    assert found is not None
    assert found.partitions > 1
    assert found.left["GELU"] == BERT.layers


@pytest.mark.parametrize("size", [0, 100, 1000])
def test_a_file_that_the_runtime_cannot_load_is_none(size: int, tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(TINY.read_bytes()[:size])
    assert find_delegation(path) is None


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert find_delegation(tmp_path / "none.tflite") is None


def test_nothing_is_taken_where_there_is_no_partition() -> None:
    nodes = [{"index": 0, "op_name": "ADD", "inputs": [0, 1], "outputs": [2]}]
    assert read_delegation(nodes) == Delegation(nodes=1, partitions=0, left={"ADD": 1})
    assert Delegation(nodes=0, partitions=0, left={}).share_percent == 0
