"""Pixel phones as data: aliases, CPU clusters, peak arithmetic, skin sensor; see `pixels.toml`.

What a phone says of itself counts more: this is for names, and for what a phone does not say.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, with_config

PIXELS_FILE = Path(__file__).with_name("pixels.toml")

# The file is ours, so a mistake in it is a bug and not for the user to mend.
_STRICT = ConfigDict(extra="forbid", frozen=True)

ClusterName = Literal["little", "mid", "big", "prime"]
Text = Annotated[str, StringConstraints(min_length=1)]
Count = Annotated[int, Field(gt=0)]


@dataclass(frozen=True, kw_only=True)
class PixelCluster:
    """CPUs of one kind: their numbers, core, fp32 operations per cycle and core (an FMA counts as
    two), and the highest clock in kHz."""

    name: ClusterName
    cpus: tuple[int, ...]
    core: str
    fp32_flops_per_cycle: int
    max_khz: int


@dataclass(frozen=True, kw_only=True)
class Pixel:
    """One type of phone. `skin_sensor` and `fixed_performance` are None where nobody has looked."""

    alias: str
    model: str
    codename: str
    soc: str
    clusters: tuple[PixelCluster, ...]
    skin_sensor: str | None
    fixed_performance: bool | None


@with_config(_STRICT)
@dataclass(frozen=True, kw_only=True)
class _ClusterRow:
    name: ClusterName
    cpus: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    core: Text
    max_khz: Count


@with_config(_STRICT)
@dataclass(frozen=True, kw_only=True)
class _PhoneRow:
    alias: Annotated[str, StringConstraints(pattern=r"^pixel[0-9a-z]+$")]
    model: Text
    codename: Annotated[str, StringConstraints(pattern=r"^[a-z]+$")]
    soc: Text
    skin_sensor: Text | None = None
    fixed_performance: bool | None = None


@with_config(_STRICT)
@dataclass(frozen=True, kw_only=True)
class _File:
    core: dict[str, Count]
    soc: dict[str, tuple[_ClusterRow, ...]]
    phone: tuple[_PhoneRow, ...]


@cache
def load_pixels(path: Path = PIXELS_FILE) -> tuple[Pixel, ...]:
    """All phones of the file, oldest first."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    file = TypeAdapter(_File).validate_python(content)
    return tuple(
        Pixel(
            alias=row.alias,
            model=row.model,
            codename=row.codename,
            soc=row.soc,
            clusters=tuple(_cluster(cluster, file.core) for cluster in file.soc[row.soc]),
            skin_sensor=row.skin_sensor,
            fixed_performance=row.fixed_performance,
        )
        for row in file.phone
    )


def find_pixel(codename: str | None) -> Pixel | None:
    """The phone with this `ro.product.device`."""
    return next((pixel for pixel in load_pixels() if pixel.codename == codename), None)


def aliases() -> tuple[str, ...]:
    """The names that `--device` knows, oldest phone first."""
    return tuple(pixel.alias for pixel in load_pixels())


def peak_gflops(cluster: PixelCluster, max_khz: int | None = None) -> float:
    """fp32 arithmetic that one core can do at most, in 10^9 operations per second, at the clock
    that a phone gives for its cluster or else the known one. No core reaches it."""
    khz = cluster.max_khz if max_khz is None else max_khz
    return cluster.fp32_flops_per_cycle * khz / 1e6


def _cluster(row: _ClusterRow, cores: dict[str, int]) -> PixelCluster:
    return PixelCluster(
        name=row.name,
        cpus=row.cpus,
        core=row.core,
        fp32_flops_per_cycle=cores[row.core],
        max_khz=row.max_khz,
    )
