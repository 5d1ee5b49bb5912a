"""Short names for the cases of a run: only what tells them apart."""

from __future__ import annotations

from collections.abc import Sequence

from harness.plan import Case
from reports.cells import one_line

# What does not change a model's file but how it is run, in the order of the words.
SETTING_AXES = ("delegate", "threads", "cpus")

_LABEL_LIMIT = 60


def varying(cases: Sequence[Case], axes: Sequence[str] = SETTING_AXES) -> tuple[str, ...]:
    """The axes in which the cases differ; all of them where they differ in none."""
    found = tuple(axis for axis in axes if len({getattr(case, axis) for case in cases}) > 1)
    return found or tuple(axes)


def setting_label(case: Case, axes: Sequence[str] = SETTING_AXES) -> str:
    """How a case is run, for example `xnnpack, 4 threads, cpus big`; CPUs left alone go unsaid."""
    values = {axis: getattr(case, axis) for axis in axes if getattr(case, axis) is not None}
    if len(values) > 1 and values.get("cpus") == "auto":
        del values["cpus"]
    return one_line(", ".join(_word(axis, value) for axis, value in values.items()), _LABEL_LIMIT)


def model_label(case: Case) -> str:
    """The model file of a case, for example `mobilebert-qa-seq128-fp32`."""
    return one_line(case.model_id, _LABEL_LIMIT)


def case_label(case: Case) -> str:
    """The model file of a case and how it is run."""
    return f"{model_label(case)}, {setting_label(case)}"


def case_anchor(prefix: str, index: int) -> str:
    """The place in the page where the evidence of a run's case stands."""
    return f"{prefix}-case-{index + 1}"


def _word(axis: str, value: object) -> str:
    if axis == "threads":
        return "1 thread" if value == 1 else f"{value} threads"
    if axis == "cpus":
        return f"cpus {value}"
    if axis == "sequence_length":
        return f"{value} tokens"
    return str(value)
