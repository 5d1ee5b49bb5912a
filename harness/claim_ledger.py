"""The ledger of published claims: its types, and `load_claims`, which reads `claims.toml`.

Judging a claim against measurements is done elsewhere; here is only what was published.
Error: `ClaimFileError`, a `UsageError`, for a file that is not a ledger.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, with_config

from harness.errors import UsageError

CLAIMS_FILE = Path(__file__).with_name("claims.toml")

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Text = Annotated[str, StringConstraints(min_length=1)]
ClaimId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
# A name, or a name with variants: `mobilebert`, `mobilebert@paper+layernorm+gelu`.
ModelReference = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*(@[a-z0-9]+(\+[a-z0-9]+)*)?$")
]
Count = Annotated[int, Field(gt=0)]


class Grade(StrEnum):
    """How good the evidence is that the number was published as it stands here."""

    PRIMARY = "primary"  # the source's own table or document
    SECONDARY = "secondary"  # a copy or summary of it
    DERIVED = "derived"  # computed from published numbers
    UNVERIFIED = "unverified"  # remembered, no copy at hand


class ClaimKind(StrEnum):
    """What a claim is about; it fixes the unit."""

    LATENCY = "latency"
    LATENCY_RATIO = "latency-ratio"
    PARAMETERS = "parameters"
    PARAMETER_RATIO = "parameter-ratio"
    FLOPS = "flops"
    FILE_SIZE = "file-size"
    ACCURACY = "accuracy"


class Unit(StrEnum):
    """The unit of a published number."""

    MILLISECONDS = "ms"
    RATIO = "x"
    MILLION = "M"
    GFLOP = "GFLOP"
    MEGABYTES = "MB"
    PERCENT = "%"


class DeviceKind(StrEnum):
    """What a latency was measured on."""

    PHONE = "phone"
    BOARD = "board"
    ANY = "any"  # the source says it of no device in particular
    UNKNOWN = "unknown"  # there was one, but it is not known which


class Wiring(StrEnum):
    """Where MobileBERT's attention takes queries, keys and values from."""

    PAPER = "paper"  # all three from the 512-wide stream, as in Table 1 of the paper
    RELEASED = "released"  # queries and keys from a shared bottleneck, as in the checkpoint


UNITS = {
    ClaimKind.LATENCY: Unit.MILLISECONDS,
    ClaimKind.LATENCY_RATIO: Unit.RATIO,
    ClaimKind.PARAMETERS: Unit.MILLION,
    ClaimKind.PARAMETER_RATIO: Unit.RATIO,
    ClaimKind.FLOPS: Unit.GFLOP,
    ClaimKind.FILE_SIZE: Unit.MEGABYTES,
    ClaimKind.ACCURACY: Unit.PERCENT,
}
_RATIOS = (ClaimKind.LATENCY_RATIO, ClaimKind.PARAMETER_RATIO)
_TIMED = (ClaimKind.LATENCY, ClaimKind.LATENCY_RATIO)


@with_config(_STRICT)
@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What the source says of the setup; None is what it leaves out.

    `quantization`, `delegate` and `task` are words of the plan, and `npu` for an accelerator that
    the plan has no word for; a quantization that the source calls only "8-bit" is left out.
    """

    device: Text | None = None
    device_kind: DeviceKind | None = None
    runtime: Text | None = None
    threads: Count | None = None
    sequence_length: Count | None = None
    quantization: Text | None = None
    delegate: Text | None = None
    wiring: Wiring | None = None
    task: Text | None = None
    batch: Count | None = None


@with_config(_STRICT)
@dataclass(frozen=True, kw_only=True)
class Claim:
    """One published number, in units of `unit`: ms, ratio, 10^6, 10^9 or 10^6 bytes, or percent.

    `models` are the models that the claim may be checked with, the best one first. A ratio is
    baseline / model; `baselines` has one entry for all models, or the one of `models[i]` at i.
    A name outside the catalogue is a model that only `--model-file` can bring.
    `tolerance_percent` is how far a measurement under these conditions may be off and still
    support the claim; it is 0 for an accuracy, which is carried but never measured here.
    """

    id: ClaimId
    statement: Text
    source: Text
    grade: Grade
    kind: ClaimKind
    published: Annotated[float, Field(gt=0)]
    unit: Unit
    models: Annotated[tuple[ModelReference, ...], Field(min_length=1)]
    conditions: Conditions
    baselines: tuple[ModelReference, ...] = ()
    tolerance_percent: Annotated[float, Field(ge=0)] = 0.0
    headline: bool = False
    note: str = ""

    @property
    def measurable(self) -> bool:
        """Whether this tool can measure it: everything but accuracy."""
        return self.kind is not ClaimKind.ACCURACY


class ClaimFileError(UsageError):
    """A claims file cannot be read or is not a ledger of claims."""

    def __init__(self, path: Path, problem: str, *, entry: str | None = None) -> None:
        self.path = path
        self.problem = problem
        self.entry = entry
        super().__init__(path, problem, entry)

    def __str__(self) -> str:
        where = str(self.path) if self.entry is None else f"{self.path}: claim {self.entry}"
        return f"{where}: {self.problem}\nCorrect the file; its keys are explained at its top."


def load_claims(path: Path | None = None) -> tuple[Claim, ...]:
    """All claims of the file, in its order; without `path` those that come with the program.

    Raises:
        ClaimFileError: the file cannot be read, an entry is wrong, or an id is there twice.
    """
    path = path or CLAIMS_FILE
    claims: dict[str, Claim] = {}
    for position, entry in enumerate(_read_entries(path), start=1):
        claim = _claim(path, position, entry)
        if claim.id in claims:
            raise ClaimFileError(path, "the id is there twice", entry=repr(claim.id))
        claims[claim.id] = claim
    return tuple(claims.values())


def _read_entries(path: Path) -> list[object]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ClaimFileError(path, f"cannot be read: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise ClaimFileError(path, f"is not TOML: {error}") from error
    unknown = sorted(document.keys() - {"claim"})
    if unknown:
        raise ClaimFileError(path, f"unknown key {unknown[0]!r}; only [[claim]] is known")
    entries = document.get("claim")
    if not isinstance(entries, list) or not entries:
        raise ClaimFileError(path, "has no [[claim]]")
    return entries


@cache
def _adapter() -> TypeAdapter[Claim]:
    return TypeAdapter(Claim)


def _claim(path: Path, position: int, entry: object) -> Claim:
    name = f"number {position}"
    if isinstance(entry, dict) and "id" in entry:
        name = repr(entry["id"])
    try:
        # By way of JSON: only there does strict mode take lists and the text of an enumeration.
        claim = _adapter().validate_json(json.dumps(entry, default=str))
    except ValidationError as error:
        raise ClaimFileError(path, _first_problem(error), entry=name) from error
    for problem in _misfits(claim):
        raise ClaimFileError(path, problem, entry=name)
    return claim


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "entry"
    if first["type"] == "unexpected_keyword_argument":
        return f"`{key}`: no such key"
    if first["type"].startswith("missing"):
        return f"`{key}` is missing"
    return f"`{key}`: {first['msg']}, not {first['input']!r}"


def _misfits(claim: Claim) -> Iterator[str]:
    """What a claim of this kind lacks, or has and must not have."""
    kind, conditions = claim.kind, claim.conditions
    if claim.unit is not UNITS[kind]:
        yield f"`unit`: {kind} is given in {UNITS[kind].value!r}, not {claim.unit.value!r}"
    if kind in _RATIOS and len(claim.baselines) not in (1, len(claim.models)):
        yield f"`baselines`: {kind} needs one, or one for each of {len(claim.models)} models"
    if kind not in _RATIOS and claim.baselines:
        yield f"`baselines`: only a ratio has them, and this is {kind}"
    if claim.measurable and not claim.tolerance_percent:
        yield f"`tolerance_percent`: {kind} needs one above 0"
    if not claim.measurable and claim.tolerance_percent:
        yield f"`tolerance_percent`: {kind} is not measured and has none"
    if kind in _TIMED and conditions.device_kind is None:
        yield f"`conditions.device_kind`: {kind} needs one"
    if kind not in _TIMED and (conditions.device or conditions.device_kind):
        yield f"`conditions`: {kind} claims name no device"
    if kind is ClaimKind.FLOPS and conditions.sequence_length is None:
        yield "`conditions.sequence_length`: flops depend on it"
