"""Comparisons in memory and what the gate says of them, for its tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from factories import (
    make_cell,
    make_comparison_run,
)

from harness.gate import judge_comparison
from harness.gate_result import Cell, GateResult, GateVerdict, Metric
from harness.pairing import CellCases, Pair, pairs_of
from harness.policy import Policy
from harness.record import Purpose, Record
from harness.store import StoredRun, claim_folder, load_run

CELL, OTHER = make_cell(), make_cell("other")
POLICY = Policy()
PASS, FAIL = GateVerdict.PASS, GateVerdict.FAIL
UNCLEAR, INFRA = GateVerdict.INCONCLUSIVE, GateVerdict.INFRASTRUCTURE
FRESH = Purpose.CONFIRMATION
# So noisy that the tolerance can neither be ruled out nor proven, whatever the change.
WILD = 30.0


def judge(
    records: Sequence[Record], policy: Policy = POLICY, *, strict: bool = False, **changes: object
) -> GateResult:
    run = make_comparison_run(records, **changes)  # type: ignore[arg-type]  # passed on
    return judge_comparison(run, policy, strict=strict)


def verdicts(result: GateResult, cell: CellCases = CELL) -> dict[Metric, GateVerdict]:
    return {one.metric: one.verdict for one in result.cells if one.case == cell.name}


def latency(result: GateResult) -> Cell:
    (cell,) = [c for c in result.cells if c.metric == Metric.LATENCY and c.case == CELL.name]
    return cell


def outcome(result: GateResult) -> tuple[GateVerdict, int]:
    return result.verdict, result.exit_code


def changed(records: Sequence[Record], **changes: object) -> list[Record]:
    """The records with other measurements of the candidate."""
    return [
        dataclasses.replace(r, measurement=dataclasses.replace(r.measurement, **changes))  # type: ignore[arg-type]  # fields of several types
        if r.measurement is not None and r.case == CELL.candidate.id
        else r
        for r in records
    ]


def stored_pairs(records: Sequence[Record]) -> list[Pair]:
    return pairs_of(CELL, records, Purpose.LATENCY)


def write_and_load(run: StoredRun, folder: Path) -> StoredRun:
    written = claim_folder(folder, resume=False)
    written.create(run.info)
    for record in run.records:
        written.append(record)
    written.close()
    return load_run(folder)
