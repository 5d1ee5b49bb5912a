"""The cases of a run as the rows of a table, strings to print."""

from __future__ import annotations

from dataclasses import dataclass

from harness.checks import Verdict
from harness.summary import RunResult, Status
from reports.cells import NOTHING, Chip, Number, aligned, interval, one_line, verdict_chip
from reports.labels import case_anchor, model_label, setting_label

_STATUS_TONES = {Status.OK: "none", Status.FAILED: "bad", Status.PARTIAL: "mixed"}


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """One case in the table. `anchor` is the place of its evidence in the page."""

    anchor: str
    model: str
    setting: str
    status: Chip
    problem: str
    latency: Number
    interval: str
    count: str
    init: Number
    first: Number
    memory: Number
    size: Number
    parameters: Number
    macs: Number
    evidence: Chip

    @property
    def has_problem(self) -> bool:
        """Whether it was not measured in all rounds, or is not proven."""
        return (self.status.word, self.evidence.word) != (Status.OK, Verdict.PROVEN)


def build_case_rows(result: RunResult, prefix: str) -> tuple[CaseRow, ...]:
    """The table, in the plan's order."""
    cases = result.cases
    models = [case.model for case in cases]
    columns = zip(
        cases,
        aligned([case.latency_ms.value if case.latency_ms else None for case in cases]),
        aligned([case.init_ms for case in cases]),
        aligned([case.first_ms for case in cases]),
        aligned([case.peak_memory_mb for case in cases]),
        aligned([model.size_bytes / 1e6 if model else None for model in models]),
        aligned([model.parameters / 1e6 if model else None for model in models]),
        aligned([model.macs / 1e9 if model else None for model in models]),
        strict=True,
    )
    return tuple(
        CaseRow(
            anchor=case_anchor(prefix, index),
            model=model_label(case.case),
            setting=setting_label(case.case),
            status=Chip(word=case.status.value, tone=_STATUS_TONES[case.status]),
            problem=one_line(f"{case.failure.kind}: {case.failure.message}", 160)
            if case.failure
            else "",
            latency=latency,
            interval=interval(case.latency_ms) if case.latency_ms else NOTHING,
            count=f"{len(case.sample_ms)}",
            init=init,
            first=first,
            memory=memory,
            size=size,
            parameters=parameters,
            macs=macs,
            evidence=verdict_chip(case.evidence.verdict if case.evidence else None),
        )
        for index, (case, latency, init, first, memory, size, parameters, macs) in enumerate(
            columns
        )
    )
