"""Several runs beside each other as lines for a terminal, within 100 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.statistics import Estimate
from harness.summary import Status
from reports.cells import interval, number, one_line
from reports.findings.aligned import AlignedCase, AlignedCell, Alignment, align_runs, is_in_noise
from reports.findings.aligned_conditions import (
    IN_THE_NOISE,
    deciding_rows,
    describe_ratios,
    identity_rows,
    model_rows,
    warn_of_differences,
)
from reports.page import RunPage
from reports.texts.layout import align, underline, wrap

_NOTHING = "-"
# So many runs beside the first one fit into the width; more of them stand in a table below.
_OTHERS_IN_A_TABLE = 3
_MODELS_NAMED = 4


def render_aligned(pages: Sequence[RunPage]) -> str:
    """Which runs they are, what differs, and the cases that two or more of them have; empty for
    fewer than two runs."""
    found = align_runs(pages)
    if found is None:
        return ""
    left_out = [line for text in found.left_out for line in wrap(text, "")]
    if not found.runs:
        return "\n".join(left_out)
    return "\n".join([*_heading(found), *left_out, *_tables(found), *_notes(found)])


def _heading(found: Alignment) -> Iterator[str]:
    yield f"{len(found.runs)} runs side by side"
    rows = (*identity_rows(found.runs), *deciding_rows(found.runs))
    for index, run in enumerate(found.runs):
        what = ", ".join(row.values[index] for row in rows)
        yield from wrap(f"{run.name}: {what}", "  ", "    ")
    for warning in warn_of_differences(found.runs):
        yield from wrap(warning, "")
    models = [row.name for row in model_rows(found.runs) if row.differs]
    if models:
        named = ", ".join(models[:_MODELS_NAMED])
        more = len(models) - _MODELS_NAMED
        yield from wrap(f"other model files: {named}{f' and {more} more' if more > 0 else ''}", "")


def _tables(found: Alignment) -> Iterator[str]:
    shared = [case for case in found.cases if case.shared]
    if not shared:
        return
    for start in range(1, len(found.runs), _OTHERS_IN_A_TABLE):
        columns = range(start, min(start + _OTHERS_IN_A_TABLE, len(found.runs)))
        yield ""
        rows = [_head(found, columns), *(_row(case, found, columns) for case in shared)]
        yield from underline(align(rows))


def _head(found: Alignment, columns: Sequence[int]) -> tuple[str, ...]:
    first, cells = found.runs[0], []
    for index in columns:
        run = found.runs[index]
        cells.append(run.name)
        if _has_ratios(found, index):
            cells.append(f"{run.number}/{first.number}")
    return ("case", first.name, *cells)


def _row(case: AlignedCase, found: Alignment, columns: Sequence[int]) -> tuple[str, ...]:
    cells = []
    for index in columns:
        cells.append(_value(case.cells[index]))
        if _has_ratios(found, index):
            # With one more run there is room for the interval.
            cells.append(_ratio(case.cells[index].ratio, with_interval=len(columns) == 1))
    return (one_line(case.id), _value(case.cells[0]), *cells)


def _has_ratios(found: Alignment, index: int) -> bool:
    footing = found.runs[index].footing
    return footing is not None and not footing.problem


def _value(cell: AlignedCell) -> str:
    if cell.result is None:
        return _NOTHING
    if cell.result.latency_ms is None:
        return "failed"
    partial = "*" if cell.result.status is Status.PARTIAL else ""
    marks = f"{partial}{'!' if cell.contradicted else ''}"
    return f"{marks} {number(cell.result.latency_ms.value)} ms".lstrip()


def _ratio(ratio: Estimate | str | None, *, with_interval: bool) -> str:
    if not isinstance(ratio, Estimate):
        return _NOTHING
    if is_in_noise(ratio):
        return IN_THE_NOISE
    value = f"{number(ratio.value)} x"
    return f"{value} ({interval(ratio)})" if with_interval else value


def _notes(found: Alignment) -> Iterator[str]:
    """What the marks mean, and what is not in the tables."""
    yield ""
    cells = [cell for case in found.cases if case.shared for cell in case.cells]
    if any(cell.contradicted for cell in cells):
        yield "!: what ran is not what was asked for, so there is no ratio"
    if any(cell.result and cell.result.status is Status.PARTIAL for cell in cells):
        yield "*: partial, some of its invocations are missing"
    reasons = Counter(cell.ratio for cell in cells if isinstance(cell.ratio, str))
    for reason, count in reasons.items():
        yield f"no ratio of {'1 case' if count == 1 else f'{count} cases'}: {reason}"
    alone = sum(not case.shared for case in found.cases)
    if alone:
        yield "1 case is in one run only" if alone == 1 else f"{alone} cases are in one run only"
    text = describe_ratios(found)
    if text:
        yield from wrap(text, "")
