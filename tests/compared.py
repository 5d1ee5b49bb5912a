"""Pages of comparisons in memory, for the tests of what a page says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from factories import make_cell, make_comparison_run

from harness.gate import judge_comparison
from harness.gate_result import Cell, GateVerdict, Metric
from harness.pairing import CellCases
from harness.policy import Policy
from harness.record import Record, Stop, StopReason
from harness.store import StoredRun
from harness.summary import summarize
from reports.page import RunPage

NEW_SHA256 = "c3" * 32
NEW_SIZE_BYTES = 97_666_000
CELL = make_cell()


def make_stops(cells: Sequence[CellCases], reason: StopReason = StopReason.DECIDED) -> list[Stop]:
    """Why both cases of each cell were measured no further."""
    return [
        Stop(
            schema=1,
            case=case.id,
            at="2026-03-01T11:00:00+00:00",
            reason=reason,
            rounds=8,
            half_width_percent=0.5,
        )
        for cell in cells
        for case in cell.cases
    ]


def compare(
    records: Sequence[Record] | None = None,
    *,
    cells: Sequence[CellCases] = (CELL,),
    stops: Sequence[Stop] | None = None,
    title: str = "/new/mobilebert.tflite against /old/mobilebert.tflite",
    **changes: object,
) -> StoredRun:
    """A finished comparison of two different files, the candidate's a little smaller."""
    run = make_comparison_run(records, cells=cells, **changes)  # type: ignore[arg-type]  # passed on
    models = {
        name: replace(facts, sha256=NEW_SHA256, size_bytes=NEW_SIZE_BYTES)
        if name.startswith("candidate-")
        else facts
        for name, facts in run.info.models.items()
    }
    candidates = {cell.candidate.id for cell in cells}
    return replace(
        run,
        folder=Path("/runs/ab"),
        info=replace(run.info, models=models, plan=replace(run.info.plan, title=title)),
        records=tuple(_of_new_file(r) if r.case in candidates else r for r in run.records),
        stops=tuple(make_stops(cells) if stops is None else stops),
    )


def page_of(run: StoredRun, policy: Policy | None = None) -> RunPage:
    """What `report` makes of it."""
    used = policy or Policy()
    gate = judge_comparison(run, used, strict=False)
    return RunPage(result=summarize(run), gate=gate, policy=used)


def make_latency(case: str = "a/xnnpack/threads4", **changes: object) -> Cell:
    """A latency that passed 1 % slower than before, with an interval of 1.5 % to both sides."""
    cell = Cell(
        case=case,
        metric=Metric.LATENCY,
        verdict=GateVerdict.PASS,
        reason="below the tolerance of 5 %",
        estimate_percent=1.0,
        low_percent=-0.5,
        high_percent=2.5,
        noise_floor_percent=1.0,
        tolerance_percent=5.0,
        pairs=8,
        baseline=20.0,
        candidate=20.2,
    )
    return replace(cell, **changes)  # type: ignore[arg-type]  # fields of several types


def _of_new_file(record: Record) -> Record:
    seen = record.measurement
    if seen is not None:
        seen = replace(seen, model_mb=float(f"{NEW_SIZE_BYTES / 1e6:.6g}"))
    return replace(record, model_sha256=NEW_SHA256, measurement=seen)
