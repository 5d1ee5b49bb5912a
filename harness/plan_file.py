"""Plans as TOML files, the built-in ones and a user's own.

title = "my plan"
[settings]                     # fields of `Settings`
rounds = 10
[[sweep]]                      # each gives the cross product of its axes
model = ["bert-base", "mobilebert@paper"]
threads = [1, "all"]           # also: task, seq_len, quantization, delegate, cpus, model_file
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from harness.errors import PlanError, did_you_mean
from harness.plan import Plan, Sweep, Threads, build_plan, expand
from harness.settings import Settings

_BUILT_IN = Path(__file__).with_name("plans")
DEFAULT_PLAN = "quick"


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """Axes and settings that the command line puts in the place of the plan's; None keeps them."""

    model: tuple[str, ...] | None = None
    model_file: tuple[str, ...] | None = None
    task: tuple[str, ...] | None = None
    seq_len: tuple[int, ...] | None = None
    quantization: tuple[str, ...] | None = None
    delegate: tuple[str, ...] | None = None
    threads: tuple[Threads, ...] | None = None
    cpus: tuple[str, ...] | None = None
    rounds: int | None = None
    num_runs: int | None = None
    target_ci_percent: float | None = None
    budget_s: float | None = None
    sustained_s: float | None = None
    op_profile: bool | None = None
    allow: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in vars(self).values())


def _as_list(value: object) -> object:
    return value if isinstance(value, (list, tuple)) else [value]


type_of_words = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


@dataclass(frozen=True, kw_only=True)
class _SweepFile:
    __pydantic_config__ = ConfigDict(extra="forbid", strict=False)

    model: type_of_words = ()
    model_file: type_of_words = ()
    task: type_of_words | None = None
    seq_len: Annotated[tuple[int, ...], BeforeValidator(_as_list)] | None = None
    quantization: type_of_words | None = None
    delegate: type_of_words | None = None
    threads: Annotated[tuple[Threads, ...], BeforeValidator(_as_list)] | None = None
    cpus: type_of_words | None = None


@dataclass(frozen=True, kw_only=True)
class _PlanFile:
    __pydantic_config__ = ConfigDict(extra="forbid")

    title: str
    sweep: tuple[_SweepFile, ...]
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)


def built_in_plans() -> list[str]:
    """The names that `--plan` knows."""
    return sorted(path.stem for path in _BUILT_IN.glob("*.toml"))


def load_plan(name: str, overrides: Overrides, *, cpu_count: int) -> Plan:
    """Gives the built-in plan of this name, or the plan in the file.

    Raises `PlanError`, which names the file and the key, and the errors of `models.errors`.
    """
    path = _find(name)
    file = _parse(path)
    where = f"plan {name!r}"
    settings = _settings(file.settings, overrides, where)
    sweeps = [_sweep(sweep, overrides, path.parent) for sweep in file.sweep]
    cases = [case for sweep in sweeps for case in expand(sweep, cpu_count=cpu_count, where=where)]
    if overrides:  # two sweeps that differed in the overridden axis are now the same
        cases = list(dict.fromkeys(cases))
    return build_plan(file.title, cases, settings, where)


def _find(name: str) -> Path:
    if name in built_in_plans():
        return _BUILT_IN / f"{name}.toml"
    if not name.endswith(".toml"):
        known = built_in_plans()
        hint = did_you_mean(name, known)
        raise PlanError(f"--plan {name}", f"no such plan.{hint} Known: {', '.join(known)}.")
    return Path(name)


def _parse(path: Path) -> _PlanFile:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"plan {str(path)!r}", f"cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"plan {str(path)!r}", f"is no TOML: {error}") from error
    try:
        return TypeAdapter(_PlanFile).validate_python(content)
    except ValidationError as error:
        raise PlanError(f"plan {str(path)!r}", _explain(error)) from error


def _settings(given: dict[str, Any], overrides: Overrides, where: str) -> Settings:
    fields = [field.name for field in dataclasses.fields(Settings)]
    for key in given:
        if key not in fields:
            raise PlanError(where, f"unknown key 'settings.{key}'.{did_you_mean(key, fields)}")
    try:
        settings = TypeAdapter(Settings).validate_python(given)
    except ValidationError as error:
        raise PlanError(where, f"settings: {_explain(error)}") from error
    chosen = {
        name: value for name in fields if (value := getattr(overrides, name, None)) is not None
    }
    return dataclasses.replace(settings, **chosen)


def _sweep(file: _SweepFile, overrides: Overrides, folder: Path) -> Sweep:
    models, model_files = file.model, tuple(str(folder / name) for name in file.model_file)
    if overrides.model is not None or overrides.model_file is not None:
        models, model_files = overrides.model or (), overrides.model_file or ()
    axes = {
        "tasks": overrides.task or file.task,
        "sequence_lengths": overrides.seq_len or file.seq_len,
        "quantizations": overrides.quantization or file.quantization,
        "delegates": overrides.delegate or file.delegate,
        "threads": overrides.threads or file.threads,
        "cpus": overrides.cpus or file.cpus,
    }
    given = {axis: values for axis, values in axes.items() if values is not None}
    return Sweep(models=models, model_files=model_files, **given)  # type: ignore[arg-type]  # mixed


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "unexpected_keyword_argument":
        known = [field.name for field in dataclasses.fields(_SweepFile)]
        known += [field.name for field in dataclasses.fields(_PlanFile)]
        return f"unknown key {key!r}.{did_you_mean(key.rpartition('.')[2], known)}"
    return f"{key!r}: {first['msg']} (it is {first['input']!r})"
