"""A comparison as strings to print: its verdict, what was compared, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.ci import words
from harness.gate_result import Cell, GateResult, GateVerdict, Metric
from harness.gate_rules import combine
from harness.noise import is_with_itself
from harness.pairing import CellCases, cells_of
from harness.plan import Case
from harness.policy import Policy
from harness.record import Purpose
from harness.sequential import looks_up_to
from harness.store import StoredRun
from reports.cells import NOTHING, Chip, one_line
from reports.charts.changes import changes_chart
from reports.comparison_command import comparison_title
from reports.labels import setting_label
from reports.page import RunPage
from reports.run_names import device_text, short_hash, tool_text
from reports.views.comparison_cells import (
    CaseCells,
    CasePairs,
    build_pairs,
    cell_labels,
    chip_of,
    group_cells,
)
from reports.views.comparison_next import NextStep, next_steps
from reports.views.control import build_control
from reports.views.environment import TIERS, Fact
from reports.views.noise import NoiseView, build_noise
from reports.views.visible import VisibleRow, build_visible

_MEANINGS = {
    GateVerdict.PASS: "No regression: every cell is proven to be below its tolerance.",
    GateVerdict.FAIL: "A regression is proven: what failed is worse than noise explains.",
    GateVerdict.INCONCLUSIVE: "Not decided: neither a regression nor its absence is proven.",
    GateVerdict.INFRASTRUCTURE: "Neither green nor red: something was not measured, or what was "
    "measured is not proven.",
}
_OPEN_SIDES = 4
_OPEN_REMARKS = 12


@dataclass(frozen=True, kw_only=True)
class SideRow:
    """One side of what was compared: a model file and the tool that ran it."""

    arm: str
    model: str
    sha256: str
    size: str
    tool: str


@dataclass(frozen=True, kw_only=True)
class ComparisonView:
    """All that the page says of a comparison. What is in `..._folded` is not to be looked at first.

    The charts are SVG elements, empty where there is nothing to draw.
    """

    title: str
    verdict: Chip
    meaning: str
    counts: str
    exit_code: str
    smallest: str
    against_itself: str
    facts: tuple[Fact, ...]
    steps: tuple[NextStep, ...]
    sides: tuple[SideRow, ...]
    sides_folded: tuple[SideRow, ...]
    changes: str
    changes_left: str
    groups: tuple[CaseCells, ...]
    groups_folded: tuple[CaseCells, ...]
    pairs: tuple[CasePairs, ...]
    pairs_folded: tuple[CasePairs, ...]
    pairs_left: str
    control: str
    control_sentence: str
    visible: tuple[VisibleRow, ...]
    visible_left: str
    noise: NoiseView | None
    remarks: tuple[str, ...]
    remarks_folded: tuple[str, ...]


def build_comparison_view(page: RunPage, prefix: str) -> ComparisonView | None:
    """The comparison of a run; None for a run that compares nothing, and for mere advice."""
    run, gate, policy = page.result.run, page.gate, page.policy
    cells = cells_of(run.info.plan)
    if gate is None or gate.advisory or not cells:
        return None
    drawn = changes_chart(gate.cells, cell_labels(cells), f"{prefix}-chart-changes")
    groups, groups_folded = group_cells(gate.cells)
    pairs, pairs_folded, pairs_left = build_pairs(run, gate, policy, prefix)
    visible, visible_left = build_visible(run, policy)
    control, sentence = build_control(run, prefix)
    sides, remarks = _sides(run, cells), words.remarks(gate)
    return ComparisonView(
        title=one_line(comparison_title(run.info, cells), 160),
        verdict=chip_of(gate.verdict),
        meaning=_MEANINGS[gate.verdict],
        counts=words.counts(gate.cells),
        exit_code=_exit_code(gate, policy),
        smallest=words.smallest_change(gate),
        against_itself=_against_itself(run),
        facts=_facts(run, gate, cells),
        steps=next_steps(page, gate),
        sides=sides[: 2 * _OPEN_SIDES],
        sides_folded=sides[2 * _OPEN_SIDES :],
        changes=drawn[0] if drawn else "",
        changes_left=_left(drawn[1] if drawn else 0, "in the table below"),
        groups=groups,
        groups_folded=groups_folded,
        pairs=pairs,
        pairs_folded=pairs_folded,
        pairs_left=_left(pairs_left, "without a chart"),
        control=control,
        control_sentence=sentence,
        visible=visible,
        visible_left=_left(visible_left, "not listed"),
        noise=build_noise(page.noise) if page.noise is not None else None,
        remarks=remarks[:_OPEN_REMARKS],
        remarks_folded=remarks[_OPEN_REMARKS:],
    )


def _left(count: int, where: str) -> str:
    if count <= 0:
        return ""
    return f"{count} other {'case is' if count == 1 else 'cases are'} {where}."


def _exit_code(gate: GateResult, policy: Policy) -> str:
    strict = combine(gate.cells, policy, strict=True)[1]
    also = "" if strict == gate.exit_code else f", with --strict {strict}"
    return f"mbert-bench gate exits with {gate.exit_code}{also}"


def _against_itself(run: StoredRun) -> str:
    if not is_with_itself(run):
        return ""
    return (
        "Baseline and candidate are the same model and the same tool, to the byte: all differences "
        "are noise, and a failure would be a false alarm."
    )


def _facts(run: StoredRun, gate: GateResult, cells: Sequence[CellCases]) -> tuple[Fact, ...]:
    info = run.info
    found = {
        "device": device_text(info.device),
        "tier": TIERS.get(info.device.tier, info.device.tier),
        "pairs": _pairs(run, gate.cells),
        "settings": "; ".join(dict.fromkeys(setting_label(cell.baseline) for cell in cells)),
    }
    return tuple(Fact(name=name, value=one_line(value, 200)) for name, value in found.items())


def _pairs(run: StoredRun, cells: Sequence[Cell]) -> str:
    planned = run.info.plan.settings.rounds
    used = [cell.pairs for cell in cells if cell.metric is Metric.LATENCY]
    few, many = min(used, default=0), max(used, default=0)
    counted = f"{few}" if few == many else f"{few} to {many}"
    looks = ", ".join(map(str, looks_up_to(planned)))
    text = f"{counted} of at most {planned} per case; planned looks at {looks}"
    again = {
        record.case
        for record in run.records
        if record.valid and record.purpose is Purpose.CONFIRMATION
    }
    count = sum({case.id for case in cell.cases} <= again for cell in cells_of(run.info.plan))
    return f"{text}; {count} measured again with fresh pairs" if count else text


def _sides(run: StoredRun, cells: Sequence[CellCases]) -> tuple[SideRow, ...]:
    """Baseline and candidate of each pair of model files, once."""
    found: dict[tuple[str, str], tuple[Case, Case]] = {}
    for cell in cells:
        found.setdefault((cell.baseline.model_id, cell.candidate.model_id), cell.cases)
    return tuple(_side(run, case) for cases in found.values() for case in cases)


def _side(run: StoredRun, case: Case) -> SideRow:
    facts = run.info.models.get(case.model_id)
    return SideRow(
        arm=f"{case.arm}",
        model=one_line(case.model_file or _built(case), 120),
        sha256=short_hash(facts.sha256) if facts else "not to be had",
        size=f"{facts.size_bytes:,} bytes" if facts else NOTHING,
        tool=tool_text(run.info.tool_of(case)),
    )


def _built(case: Case) -> str:
    """The id of the model that was built, without the side that it stands on."""
    return case.model_id.removeprefix(f"{case.arm}-")
