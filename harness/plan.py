"""What is to be measured: cases (what), settings (how often and how carefully), and the plan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from android_runner.tool import DELEGATES, is_delegate
from harness.errors import PlanError, did_you_mean
from harness.settings import Settings, check_settings
from models.catalog import ModelSpec, Quantization, Task, parse_model

# A count, `all` CPUs of the device, or `4 or all`: 4, or all where there are fewer.
Threads = int | str
_AT_MOST = re.compile(r"([0-9]{1,4}) or all")


class Arm(StrEnum):
    """What a case of a comparison stands for. The control is the same in all comparisons."""

    BASELINE = "baseline"
    CANDIDATE = "candidate"
    CONTROL = "control"


@dataclass(frozen=True, kw_only=True, order=True)
class Case:
    """One point of the sweep: what is run, not how often and not where.

    A case of `--model-file` has the file's path; its model name is the file's stem, and task,
    sequence length and quantization are the file's own business (None). A case of a comparison
    has an arm, and `pair` names what its baseline and its candidate have in common.
    """

    model: str
    task: str | None
    sequence_length: int | None
    quantization: str | None
    delegate: str
    threads: int
    cpus: str
    model_file: str | None = None
    arm: Arm | None = None
    pair: str | None = None

    @property
    def model_id(self) -> str:
        """The model with what decides its file, for example `mobilebert-qa-seq128-fp32`."""
        length = None if self.sequence_length is None else f"seq{self.sequence_length}"
        parts = (self.arm, self.model, self.task, length, self.quantization)
        return "-".join(part for part in parts if part is not None)

    @property
    def id(self) -> str:
        """A name for tables and logs, different for different cases of one plan."""
        return f"{self.model_id}/{self._where}"

    @property
    def cell(self) -> str:
        """The name of what a comparison judges: the same for its baseline and its candidate."""
        return f"{self.pair or self.model_id}/{self._where}"

    @property
    def group(self) -> tuple[object, ...]:
        """All but the model. Cases of one group are compared with each other, so they are measured
        next to each other and equally often."""
        axes = (self.task, self.sequence_length, self.quantization, self.pair)
        return (*axes, self.delegate, self.threads, self.cpus)

    @property
    def spec(self) -> ModelSpec | None:
        """What to build, None for a case of a file."""
        if self.task is None or self.sequence_length is None or self.quantization is None:
            return None
        name, variant = parse_model(self.model)
        return ModelSpec(
            name=name,
            variant=variant,
            task=Task(self.task),
            sequence_length=self.sequence_length,
            quantization=Quantization(self.quantization),
        )

    @property
    def _where(self) -> str:
        pinned = "" if self.cpus == "auto" else f"/cpus-{self.cpus}"
        return f"{self.delegate}/threads{self.threads}{pinned}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured. The cases are all different, in the order in which they are shown.

    `not_compared` names what only one side of a comparison has.
    """

    title: str
    cases: tuple[Case, ...]
    settings: Settings
    not_compared: tuple[str, ...] = ()

    @property
    def is_comparison(self) -> bool:
        """Whether its cases are baselines and candidates, measured in pairs."""
        return any(case.arm is not None for case in self.cases)

    def same_output(self, case: Case) -> list[Case]:
        """The cases with this one's model file and delegate, whose outputs are compared once."""
        wanted = (case.model_id, case.delegate)
        return [other for other in self.cases if (other.model_id, other.delegate) == wanted]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Axes whose cross product gives cases."""

    models: tuple[str, ...] = ()
    model_files: tuple[str, ...] = ()
    tasks: tuple[str, ...] = (Task.QA.value,)
    sequence_lengths: tuple[int, ...] = (128,)
    quantizations: tuple[str, ...] = (Quantization.FP32.value,)
    delegates: tuple[str, ...] = ("xnnpack",)
    threads: tuple[Threads, ...] = ("all",)
    cpus: tuple[str, ...] = ("auto",)


_CPU_WORDS = ("auto", "all", "big", "mid", "little", "prime")
_MASK = re.compile(r"[0-9a-fA-F]{1,32}")


def expand(sweep: Sweep, *, cpu_count: int, where: str) -> list[Case]:
    """The cases of a sweep. Raises `PlanError` for words that are unknown or stand twice, and
    the errors of `models.errors` for models."""
    for axis, values in vars(sweep).items():
        _refuse_repeats(values, axis, where)
    _check_words("task", sweep.tasks, [task.value for task in Task], where)
    known = [quantization.value for quantization in Quantization]
    _check_words("quantization", sweep.quantizations, known, where)
    for delegate in sweep.delegates:
        if not is_delegate(delegate):
            raise PlanError(where, _unknown("delegate", delegate, DELEGATES))
    for cpus in sweep.cpus:
        if cpus not in _CPU_WORDS and not _MASK.fullmatch(cpus):
            raise PlanError(where, _unknown("choice of cpus", cpus, [*_CPU_WORDS, "a hex mask"]))
    threads = _resolve_threads(sweep.threads, cpu_count, where)
    built = [
        (_canonical(model), task, length, quantization, None)
        for model in sweep.models
        for task in sweep.tasks
        for length in sweep.sequence_lengths
        for quantization in sweep.quantizations
    ]
    files = [(_stem(file), None, None, None, file) for file in sweep.model_files]
    return [
        Case(
            model=model,
            task=task,
            sequence_length=length,
            quantization=quantization,
            delegate=delegate,
            threads=count,
            cpus=cpus,
            model_file=file,
        )
        for model, task, length, quantization, file in [*built, *files]
        for delegate in sweep.delegates
        for count in threads
        for cpus in sweep.cpus
    ]


def build_plan(title: str, cases: Sequence[Case], settings: Settings, where: str) -> Plan:
    """Puts a plan together. Raises `PlanError` without cases, or with one twice."""
    if not cases:
        raise PlanError(where, "it holds no case: name at least one model")
    seen: dict[str, Case] = {}
    for case in cases:
        if case.id in seen:
            raise PlanError(where, f"the case {case.id} stands twice; leave one of them out")
        seen[case.id] = case
    check_settings(settings, where)
    return Plan(title=title, cases=tuple(cases), settings=settings)


def _resolve_threads(threads: Sequence[Threads], cpu_count: int, where: str) -> list[int]:
    resolved: list[int] = []
    for count in threads:
        number = _thread_count(count, cpu_count)
        if number is None or not 1 <= number <= 1024:
            why = f"threads {count!r} is neither a count from 1, nor 'all', nor like '4 or all'"
            raise PlanError(where, why)
        if number not in resolved:  # on one CPU, `[1, "all"]` is one case
            resolved.append(number)
    return resolved


def _thread_count(count: Threads, cpu_count: int) -> int | None:
    if isinstance(count, int):
        return count
    if count == "all":
        return cpu_count
    at_most = _AT_MOST.fullmatch(count)
    return min(int(at_most[1]), cpu_count) if at_most else None


def _canonical(model: str) -> str:
    name, variant = parse_model(model)
    return f"{name}@{variant}" if variant else name


def _stem(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".tflite")


def _refuse_repeats(values: Sequence[object], axis: str, where: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise PlanError(where, f"{value!r} stands twice in {axis}, which gives a case twice")


def _check_words(axis: str, words: Sequence[str], known: Sequence[str], where: str) -> None:
    for word in words:
        if word not in known:
            raise PlanError(where, _unknown(axis, word, known))


def _unknown(axis: str, word: str, known: Sequence[str]) -> str:
    hint = did_you_mean(word, known)
    return f"there is no {axis} {word!r}.{hint} Known: {', '.join(known)}."
