"""A device's noise for a person and for a program."""

from __future__ import annotations

import dataclasses
from typing import Any

from harness.ci import words
from harness.noise import Noise
from reports.texts.layout import wrap

SCHEMA = 1
_LIMIT = 1000
_HEAD = (
    "comparisons", "false alarms", "unclear", "pairs", "latency", "scatter", "sessions", "visible"
)  # fmt: skip


def noise_document(noise: Noise, folder: str) -> dict[str, Any]:
    """All of it as JSON; what cannot be told is null."""
    return {"schema": SCHEMA, "run": folder, **dataclasses.asdict(noise)}


def render_noise(noise: Noise) -> str:
    """A table of cells, what the alarms were, their bounds, and what to do."""
    rows = [
        (
            f"{cell.comparisons}",
            f"{cell.failed}",
            f"{cell.inconclusive}",
            f"{cell.pairs:.1f}",
            f"{cell.latency_ms:.3g} ms",
            f"{cell.scatter_percent:.2f} %",
            _percent(cell.sessions_percent),
            _percent(cell.detectable_percent),
        )
        for cell in noise.cells
    ]
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    lines = ["cell", _line(_HEAD, widths), "-" * (sum(widths) + 2 * len(widths))]
    for cell, row in zip(noise.cells, rows, strict=True):
        lines += [*wrap(_harmless(cell.cell, words.LIMIT), ""), _line(row, widths)]
    lines += ["", *_wrap(describe_alarms(noise))]
    lines += [line for alarm in noise.false_alarms for line in _wrap(f"- {alarm}")]
    lines += [line for problem in noise.problems for line in _wrap(f"- {problem}")]
    lines += [
        "",
        *_wrap(
            "scatter: of a pair's ratio (standard deviation); sessions: of the latency between "
            "comparisons; visible: the smallest slowdown that is found with 80 % probability"
        ),
        "",
    ]
    return "\n".join([*lines, *(line for text in noise.advice for line in _wrap(text))])


def describe_alarms(noise: Noise) -> str:
    """How many comparisons and cells failed although nothing differed, with their upper bounds."""
    missing = f"{noise.unmeasured} could not be measured or proven" if noise.unmeasured else ""
    if noise.red_at_most_percent is None or noise.cell_at_most_percent is None:
        return f"No comparison was measured{missing and '; '}{missing}."
    return (
        f"{noise.red} of {noise.comparisons} comparisons of a model with itself failed (at most "
        f"{noise.red_at_most_percent:.2g} % do, with 95 % confidence); {len(noise.false_alarms)} "
        f"of {noise.judged_cells} judged cells did (at most {noise.cell_at_most_percent:.2g} %)"
        f"{missing and '; '}{missing}."
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} %"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  " + "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True))


def _wrap(text: str) -> list[str]:
    return wrap(_harmless(text, _LIMIT), "", "  ")


def _harmless(text: str, limit: int) -> str:
    """Names come from files and reasons quote logs: what cannot be seen is marked, and what would
    be a command to GitHub Actions (`::` at a line's start, `##[` anywhere) is none."""
    return words.clean(text.replace("::", ": :").replace("##[", "## ["), limit)
