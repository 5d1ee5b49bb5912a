"""What a TFLite file says of a tensor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TensorInfo:
    """A tensor's name, shape and element type. `rows` is the size of the table that an integer
    input indexes: its values must be in [0, rows)."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class WeightInfo:
    """A constant of a file."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    size_bytes: int
