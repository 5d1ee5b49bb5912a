"""Policies of the gate as TOML files. Every key may be left out:

noise_floor_percent = 1.0         # a slowdown up to this is no regression; twice this for init
inconclusive = "warn"             # exit code 4 with --strict; "strict": always; "pass": never
missing = "infrastructure"        # exit code 3 where not measured, or not proven; "fail": 1
advisory = true                   # two stored runs only advise; false lets them gate
size_budget_bytes = 100_000_000   # no model may be larger, whatever its baseline was
[tolerance_percent]               # how much slower or larger is allowed, for each metric
latency = 5.0                     # also init, memory, size, and first, which else is not gated
[absolute_floor]                  # a change that is smaller than this never counts
latency_ms = 0.02
[[case]]                          # for cases whose id fits; later entries win
pattern = "*/gpu/*"
tolerance_percent = { latency = 10.0 }

Error: `PolicyError`, a `UsageError`, for a file that is no policy.
"""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from harness.errors import UsageError, did_you_mean
from harness.gate_result import MEASURED, Metric
from harness.policy import DEFAULT_RULE, CaseRule, Inconclusive, Missing, Policy
from harness.toml_lines import Key, line_of


class PolicyError(UsageError):
    """A policy cannot be read or is none; says in which file and line, and which key."""

    def __init__(self, path: Path, problem: str, *, line: int | None = None) -> None:
        self.path = path
        self.problem = problem
        self.line = line
        super().__init__(path, problem, line)

    def __str__(self) -> str:
        where = repr(str(self.path)) + ("" if self.line is None else f", line {self.line}")
        return f"policy {where}: {self.problem}"


# A file is read into these; the bounds refuse what can only be a mistake.
_Percent = Annotated[float, Field(ge=0, le=1000)]
_Amount = Annotated[float, Field(ge=0, le=1e12)]
_Bytes = Annotated[int, Field(gt=0, le=10**12)]
# Counts are not among them: one more partition is one too many.
_METRICS = tuple(metric.value for metric in (*MEASURED, Metric.SIZE))
_FLOORS = ("latency_ms", "init_ms", "first_ms", "memory_mb", "size_bytes")
_MetricName = Annotated[str, StringConstraints(pattern=f"^({'|'.join(_METRICS)})$")]
_FloorName = Annotated[str, StringConstraints(pattern=f"^({'|'.join(_FLOORS)})$")]
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True)
class _CaseFile:
    __pydantic_config__ = _STRICT

    pattern: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    tolerance_percent: dict[_MetricName, _Percent] = field(default_factory=dict)
    absolute_floor: dict[_FloorName, _Amount] = field(default_factory=dict)
    size_budget_bytes: _Bytes | None = None


@dataclass(frozen=True, kw_only=True)
class _PolicyFile:
    __pydantic_config__ = _STRICT

    noise_floor_percent: Annotated[float, Field(ge=0, le=100)] = Policy.noise_floor_percent
    inconclusive: Literal["pass", "warn", "strict"] = Policy.inconclusive.value
    missing: Literal["infrastructure", "fail"] = Policy.missing.value
    advisory: bool = Policy.advisory
    tolerance_percent: dict[_MetricName, _Percent] = field(default_factory=dict)
    absolute_floor: dict[_FloorName, _Amount] = field(default_factory=dict)
    size_budget_bytes: _Bytes | None = None
    case: list[_CaseFile] = field(default_factory=list)


_KNOWN = {
    "": tuple(each.name for each in dataclasses.fields(_PolicyFile)),
    "case": tuple(each.name for each in dataclasses.fields(_CaseFile)),
    "tolerance_percent": _METRICS,
    "absolute_floor": _FLOORS,
}


def load_policy(path: Path | None) -> Policy:
    """The policy of a file, or the default one without a file.

    Raises `PolicyError` for a file that cannot be read, is no TOML, or holds a wrong key or value.
    """
    if path is None:
        return Policy()
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        raise PolicyError(path, f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:  # not TOML, or not UTF-8; it names the line
        raise PolicyError(path, f"is no TOML: {error}") from error
    try:
        # By way of JSON: only there does strict mode take a table for a dataclass.
        file = TypeAdapter(_PolicyFile).validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        problem, key = _explain(error)
        raise PolicyError(path, problem, line=line_of(text, key)) from error
    policy = _policy(file)
    for problem, key in (*_narrow(file, policy), *_ungated(file, policy)):
        raise PolicyError(path, problem, line=line_of(text, key))
    return policy


def _policy(file: _PolicyFile) -> Policy:
    everywhere = CaseRule(
        pattern="*",
        tolerance_percent=_by_metric(file.tolerance_percent),
        absolute_floor=_by_metric(file.absolute_floor),
        size_budget_bytes=file.size_budget_bytes,
    )
    rules = tuple(
        CaseRule(
            pattern=case.pattern,
            tolerance_percent=_by_metric(case.tolerance_percent),
            absolute_floor=_by_metric(case.absolute_floor),
            size_budget_bytes=case.size_budget_bytes,
        )
        for case in file.case
    )
    given = everywhere != CaseRule(pattern="*")
    return Policy(
        noise_floor_percent=file.noise_floor_percent,
        inconclusive=Inconclusive(file.inconclusive),
        missing=Missing(file.missing),
        advisory=file.advisory,
        rules=(DEFAULT_RULE, *((everywhere,) if given else ()), *rules),
    )


def _by_metric(given: Mapping[str, float]) -> dict[Metric, float]:
    return {_metric(name): value for name, value in given.items()}


def _metric(key: str) -> Metric:
    """The metric of keys like `latency` and `latency_ms`."""
    return Metric(key.partition("_")[0])


def _narrow(file: _PolicyFile, policy: Policy) -> Iterator[tuple[str, tuple[Key, ...]]]:
    """Tolerances that are not above the noise floor: no measurement could pass, or none fail."""
    for metric in MEASURED:
        floor = policy.noise_floor_of(metric)
        for where, table in _tables(file):
            tolerance = table.tolerance_percent.get(metric.value)
            if tolerance is not None and tolerance <= floor:
                key = (*where, "tolerance_percent", metric.value)
                problem = f"{tolerance:g} is not above the noise floor for {metric}, {floor:g}"
                yield f"{_dotted(key)}: {problem}", key
        default = DEFAULT_RULE.tolerance_percent.get(metric, math.inf)
        if metric.value not in file.tolerance_percent and default <= floor:
            problem = f"the one for {metric}, {floor:g}, is not below its tolerance, {default:g}"
            yield f"'noise_floor_percent': {problem}", ("noise_floor_percent",)


def _ungated(file: _PolicyFile, policy: Policy) -> Iterator[tuple[str, tuple[Key, ...]]]:
    """Absolute floors of what no rule has a tolerance for: they would do nothing."""
    gated = {metric for rule in policy.rules for metric in rule.tolerance_percent}
    for where, table in _tables(file):
        for name in table.absolute_floor:
            if _metric(name) not in gated:
                key = (*where, "absolute_floor", name)
                problem = f"no tolerance_percent for {_metric(name)}, so it is not gated"
                yield f"{_dotted(key)}: {problem}", key


def _tables(file: _PolicyFile) -> list[tuple[tuple[Key, ...], _PolicyFile | _CaseFile]]:
    """What has limits of its own: the whole file, and each `[[case]]`."""
    return [((), file), *((("case", index), case) for index, case in enumerate(file.case))]


def _explain(error: ValidationError) -> tuple[str, tuple[Key, ...]]:
    """What is wrong with the first wrong key, and where that is."""
    first = error.errors(include_url=False)[0]
    key: tuple[Key, ...] = first["loc"]
    wrong_name = key[-1:] == ("[key]",)
    if wrong_name:
        key = key[:-1]
    if wrong_name or first["type"] == "unexpected_keyword_argument":
        names = [part for part in key if isinstance(part, str)]
        known = _KNOWN[names[-2] if len(names) > 1 else ""]
        hint = did_you_mean(names[-1], known)
        return f"unknown key {_dotted(key)}.{hint} Known: {', '.join(known)}.", key
    if first["type"].startswith("missing"):
        return f"{_dotted(key)} is missing", key
    return f"{_dotted(key)}: {first['msg']} (it is {_shown(first['input'])})", key


def _dotted(key: tuple[Key, ...]) -> str:
    """`'case[1].pattern'`, where the first `[[case]]` is number 1."""
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key)
    return repr(text.removeprefix("."))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
