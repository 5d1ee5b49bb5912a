"""The plan of a comparison: which model stands against which, on the axes of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import UsageError
from harness.plan import Arm, Case, Plan, Sweep, build_plan, expand
from harness.settings import Settings
from models.control import CONTROL_FILE

_WHERE = "the comparison"
_ENDING = ".tflite"


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One side as it was given: a folder with its files by stem, a file, or a model's name."""

    text: str
    folder: dict[str, Path] | None = None
    file: Path | None = None

    def sweep(self, axes: Sweep) -> Sweep:
        """The axes with this side's one model."""
        if self.file is not None:
            return replace(axes, model_files=(str(self.file),))
        return replace(axes, models=(self.text,))


def build_comparison(
    baseline: str, candidate: str, axes: Sweep, settings: Settings, *, cpu_count: int
) -> Plan:
    """Each side is a .tflite file, a folder of them, or a model's name; `axes` name no model.

    Of two folders, files of the same name are compared: a candidate that is missing is a cell that
    cannot be measured, one that is new is only named. A control case is added.

    Raises `UsageError` for sides that cannot be compared, and the errors of `expand`.
    """
    sides = [(_read_side(baseline), _read_side(candidate))]
    not_compared: tuple[str, ...] = ()
    old, new = sides[0]
    if old.folder is not None and new.folder is not None:
        sides = [
            (_Side(text=name, file=file), _Side(text=name, file=Path(candidate, file.name)))
            for name, file in old.folder.items()
        ]
        not_compared = tuple(name for name in new.folder if name not in old.folder)
    elif old.folder is not None or new.folder is not None:
        message = f"Only one of {baseline!r} and {candidate!r} is a folder: give two, or none."
        raise UsageError(message)
    cases = [case for one, other in sides for case in _pair_up(one, other, axes, cpu_count)]
    plan = build_plan(f"{candidate} against {baseline}", cases, settings, _WHERE)
    control = _control_for(cases[0])
    return replace(plan, cases=(*cases, control), not_compared=not_compared)


def compare_with_itself(plan: Plan) -> Plan:
    """Every case of a plan as the baseline and the candidate of a cell, with a control."""
    cases = [case for one in plan.cases for case in _arms_of(one, one)]
    return replace(plan, cases=(*cases, _control_for(cases[0])))


def _read_side(text: str) -> _Side:
    _refuse_odd(text)
    path = Path(text)
    if path.is_dir():
        # Hidden files are none of the user's: macOS adds `._model.tflite` to archives.
        found = [f for f in sorted(path.glob(f"*{_ENDING}")) if not f.name.startswith(".")]
        # A link that leads nowhere stays: what it should be is missing, and that must be told.
        files = {file.name.removesuffix(_ENDING): file for file in found if not file.is_dir()}
        if not files:
            message = f"The folder {text!r} holds no {_ENDING} file."
            raise UsageError(message)
        for file in files.values():
            _refuse_odd(str(file))
        return _Side(text=text, folder=files)
    if path.is_file():
        return _Side(text=text, file=path)
    if text.endswith(_ENDING):
        message = f"There is no file {text!r}."
        raise UsageError(message)
    return _Side(text=text)


def _refuse_odd(text: str) -> None:
    """An empty text would be the folder one is in; what is no UTF-8 cannot be stored."""
    if not text or any("\ud800" <= character <= "\udfff" for character in text):
        message = f"{text!r} is no name that can be stored: name a model, a file or a folder."
        raise UsageError(message)


def _pair_up(old: _Side, new: _Side, axes: Sweep, cpu_count: int) -> list[Case]:
    """The cases of both sides, each baseline before its candidate."""
    both = [expand(side.sweep(axes), cpu_count=cpu_count, where=_WHERE) for side in (old, new)]
    if len(both[0]) != len(both[1]):
        message = (
            f"{old.text!r} and {new.text!r} give {len(both[0])} and {len(both[1])} cases: a file "
            "has one task, one sequence length and one quantization, so name one of each."
        )
        raise UsageError(message)
    return [case for one, other in zip(*both, strict=True) for case in _arms_of(one, other)]


def _arms_of(old: Case, new: Case) -> tuple[Case, Case]:
    model = old.model if old.model == new.model else f"{new.model} vs {old.model}"
    pair = replace(old, model=model).model_id
    return replace(old, arm=Arm.BASELINE, pair=pair), replace(new, arm=Arm.CANDIDATE, pair=pair)


def _control_for(case: Case) -> Case:
    """The control runs as the first case does, so that it sees the same CPUs and clocks."""
    return Case(
        model="control",
        task=None,
        sequence_length=None,
        quantization=None,
        delegate=case.delegate,
        threads=case.threads,
        cpus=case.cpus,
        model_file=str(CONTROL_FILE),
        arm=Arm.CONTROL,
        pair="control",
    )
