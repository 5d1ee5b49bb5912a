"""The case table for a terminal: what the cases differ in has columns, the rest is said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.checks import Verdict
from harness.plan import Case
from harness.summary import CaseResult, RunResult, Status, latency_ratio
from reports.cells import interval, number, one_line
from reports.labels import setting_label
from reports.texts.layout import WIDTH, align, fits, underline, wrap

# What tells cases apart, by the heading of its column. The model always has one.
_AXES = {
    "model": "model",
    "task": "task",
    "sequence_length": "tokens",
    "quantization": "weights",
    "delegate": "delegate",
    "threads": "threads",
    "cpus": "cpus",
}
_HEAD = ("latency", "95 % interval", "n", "size", "evidence")
# How an id is written where its cases differ, for example MODEL-qa-seq128-fp32/xnnpack/threadsN.
_PLACES = {"sequence_length": "N", "threads": "N"}
_COMPARED = ("delegate", "threads")
_MOST_SPEED_LINES = 2


def case_lines(result: RunResult) -> list[str]:
    """What all cases have in common, and a row for each: latency, size, and what is proven.

    Where columns for all that differs do not fit, the models have lines of their own, or else the
    cases have their ids.
    """
    cases = [found.case for found in result.cases]
    axes = [axis for axis in _AXES if _differ(cases, axis)] or ["model"]
    ids = _id_pattern(cases, axes)
    if ids is None:
        return _with_ids(result)
    head = (*(_AXES[axis] for axis in axes), *_HEAD)
    rows = [(*_name(found.case, axes), *_values(found)) for found in result.cases]
    lines = underline(align([head, *rows], len(axes)))
    if not fits([head, *rows]):
        lines = _below([_cell(case, axes[0]) for case in cases], axes[0], axes[1:], result)
        if axes[0] != "model" or max(map(len, lines)) > WIDTH:
            return _with_ids(result)
    return [*wrap(f"{_common(cases, axes)}{ids}", "", "  "), "", *lines]


def speed_lines(result: RunResult) -> list[str]:
    """How much faster a delegate, or a number of threads, is than the first one of the plan.

    `~` is a difference inside the noise. Said only where it is short: of models that differ in
    this and in nothing else.
    """
    cases = [found.case for found in result.cases]
    differing = [axis for axis in list(_AXES)[1:] if _differ(cases, axis)]
    if len(differing) != 1 or differing[0] not in _COMPARED:
        return []
    (axis,) = differing
    firsts = {found.case.model: found for found in reversed(result.cases)}
    base = getattr(cases[0], axis)
    said: dict[str, list[str]] = {}
    for found in result.cases:
        first = firsts[found.case.model]
        speed = _speed(first, found) if getattr(first.case, axis) == base else None
        if speed is not None:
            against = f"{setting_label(found.case, [axis])} against {one_line(str(base))}"
            said.setdefault(against, []).append(f"{one_line(found.case.model)} {speed}")
    lines = [
        line
        for against, speeds in said.items()
        for line in wrap(f"speed of {against}: {', '.join(speeds)}", "", "  ")
    ]
    return ["", *lines] if 0 < len(lines) <= _MOST_SPEED_LINES else []


def _with_ids(result: RunResult) -> list[str]:
    ids = [one_line(found.case.id) for found in result.cases]
    rows = [(name, *_values(found)) for name, found in zip(ids, result.cases, strict=True)]
    table = [("case", *_HEAD), *rows]
    return underline(align(table)) if fits(table) else _below(ids, "case", (), result)


def _below(
    headings: Sequence[str], title: str, axes: Sequence[str], result: RunResult
) -> list[str]:
    """A table in which the model, or the id, stands above the rows of its cases."""
    head = (*(_AXES[axis] for axis in axes), *_HEAD)
    rows = [(*_name(found.case, axes), *_values(found)) for found in result.cases]
    header, *lines = (f"  {line}" for line in align([head, *rows], len(axes)))
    table = [title, header, "-" * max(len(header), *map(len, lines))]
    for position, (heading, line) in enumerate(zip(headings, lines, strict=True)):
        if position == 0 or heading != headings[position - 1]:
            table += wrap(heading, "")
        table.append(line)
    return table


def _values(found: CaseResult) -> tuple[str, ...]:
    size = f"{found.model.size_bytes / 1e6:.1f} MB" if found.model else "-"
    evidence = found.evidence.verdict.value if found.evidence else "-"
    if found.latency_ms is None:
        return ("failed", "-", "0", size, evidence)
    latency = found.latency_ms
    bounds = "-" if latency.low is None else f"{interval(latency)} ms"
    times = f"{latency.n} (partial)" if found.status == Status.PARTIAL else str(latency.n)
    return (f"{number(latency.value)} ms", bounds, times, size, evidence)


def _speed(first: CaseResult, other: CaseResult) -> str | None:
    """`1.91 x`, or `~`; None of a case with itself, and where it is not known or not true."""
    wrong = Verdict.CONTRADICTED
    if first is other or any(c.evidence and c.evidence.verdict == wrong for c in (first, other)):
        return None
    ratio = latency_ratio(first, other)
    if ratio is None or ratio.low is None or ratio.high is None:
        return None
    return "~" if ratio.low <= 1 <= ratio.high else f"{number(ratio.value)} x"


def _differ(cases: Sequence[Case], axis: str) -> bool:
    return len({getattr(case, axis) for case in cases}) > 1


def _name(case: Case, axes: Sequence[str]) -> tuple[str, ...]:
    return tuple(_cell(case, axis) for axis in axes)


def _cell(case: Case, axis: str) -> str:
    value = getattr(case, axis)
    return "-" if value is None else one_line(str(value))


def _common(cases: Sequence[Case], axes: Sequence[str]) -> str:
    """What has no column because it is the same everywhere; CPUs left alone go unsaid."""
    case = cases[0]
    others = [axis for axis in _AXES if axis not in axes and getattr(case, axis) is not None]
    said = [axis for axis in others if (axis, getattr(case, axis)) != ("cpus", "auto")]
    words = ", ".join(setting_label(case, [axis]) for axis in said)
    if len(cases) == 1:
        return f"the case: {words}; id: "
    return f"all cases: {words}; ids: " if words else "ids: "


def _id_pattern(cases: Sequence[Case], axes: Sequence[str]) -> str | None:
    """How the ids of all cases are made; None where they are not made alike."""
    optional = ("arm", "task", "sequence_length", "quantization")
    shapes = {(*(getattr(c, name) is None for name in optional), c.cpus == "auto") for c in cases}
    if len(shapes) > 1 or any(case.arm for case in cases):
        return None
    places = {axis: _PLACES.get(axis, _AXES[axis].upper()) for axis in axes if _differ(cases, axis)}
    pattern = replace(cases[0], **places).id  # type: ignore[arg-type]  # words for the id alone
    return one_line(pattern) if len(pattern) < WIDTH else None
