"""Reports of several kinds of runs, for tests of the page in a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from factories import (
    PIXEL_4,
    make_case,
    make_cell,
    make_comparison_run,
    make_device,
    make_measurement,
    make_pairs,
    make_record,
    make_run,
)

from harness.claim_ledger import load_claims
from harness.claims import judge_claims
from harness.device import DeviceInfo
from harness.gate import judge_comparison
from harness.measurement import OperatorTime
from harness.plan import Case
from harness.policy import Policy
from harness.record import Purpose, Record
from harness.store import StoredRun
from harness.summary import summarize
from reports.html import render_report
from reports.page import RunPage

STEADY = (20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6)
MANY = 500


def _times(factor: float) -> list[float]:
    return [value * factor for value in STEADY]


def judged(run: StoredRun) -> RunPage:
    """The page of a run: with the verdicts on claims, and the gate's if it compares."""
    result = summarize(run)
    gate = None
    if run.info.plan.is_comparison:
        gate = judge_comparison(run, Policy(), strict=False)
    return RunPage(result=result, judgements=judge_claims(load_claims(), result), gate=gate)


def quick_run() -> StoredRun:
    """Three models on this machine, all measured, none with a problem of its own."""
    samples = {
        make_case(model, threads=threads): _times(factor / threads)
        for model, factor in (("bert-base", 6.0), ("mobilebert", 1.5), ("mobilebert-tiny", 1.0))
        for threads in (1, 2)
    }
    return make_run(samples)


def paper_run(device: DeviceInfo = PIXEL_4) -> StoredRun:
    """Latencies up to 1,218 ms, a case that failed, a partial one, one without interval whose
    threads were others than asked for; operators, and a series of one case.

    What only a phone's records hold is not there, so on a phone no case is proven.
    """
    first, tiny = make_case(), make_case("mobilebert-tiny")
    samples: dict[Case, Sequence[float | None]] = {
        make_case("bert-base"): _times(16.5),
        first: _times(3.0),
        make_case("mobilebert@paper"): _times(3.05),
        make_case(threads=1): [None] * 7,
        make_case("bert-base", delegate="cpu"): _times(60.0),
        make_case(delegate="cpu"): [161.0, None, 162.0, 163.0, 161.5, 162.5, 163.5],
        tiny: list(STEADY[:3]),
        make_case("mobilebert-tiny", delegate="cpu"): _times(5.0),
    }
    lying = make_record(tiny, 3, 20.2, measurement=make_measurement(20.2, threads=2))
    more = [lying, *_extras(first)]
    return _on_cpu(make_run(samples, device=device, stand_in=False, more_records=more))


def _on_cpu(run: StoredRun) -> StoredRun:
    """The run with no word of a delegate where none was asked for."""
    records = [
        replace(record, measurement=replace(record.measurement, delegations=()))
        if "/cpu/" in record.case and record.measurement is not None
        else record
        for record in run.records
    ]
    return replace(run, records=tuple(records))


def _extras(case: Case) -> list[Record]:
    operators = tuple(
        OperatorTime(
            graph=graph, operator=name, nodes=nodes, average_ms=time, share_percent=time * 2
        )
        for graph in ("primary", "XNNPACK")
        for name, nodes, time in (
            ("FULLY_CONNECTED", 1171, 31.5),
            ("ADD", 24, 9.25),
            ("MUL", 3, 0.5),
        )
    )
    return [
        make_record(case, purpose=Purpose.OPERATORS, operators=operators),
        *(make_record(case, n, 60 + n / 2, purpose=Purpose.SUSTAINED) for n in range(12)),
    ]


def comparison_run() -> StoredRun:
    """One model that became slower, and one that did not."""
    slower, same = make_cell(), make_cell("mobilebert-tiny")
    records = [*make_pairs(slower, 12.0, 24), *make_pairs(same, 0.0, 24)]
    return make_comparison_run(records, cells=[slower, same])


def sweep_run() -> StoredRun:
    """A hundred models in five settings."""
    return make_run(
        {
            make_case(f"model{n:03d}", threads=threads): [n / 10 + 20 / threads] * 2
            for n in range(MANY // 5)
            for threads in (1, 2, 4, 6, 8)
        }
    )


def _render(*runs: StoredRun) -> str:
    return render_report([judged(run) for run in runs])


PAGES: Mapping[str, Callable[[], str]] = {
    "quick": lambda: _render(quick_run()),
    "paper": lambda: _render(paper_run()),
    "mixed": lambda: _render(paper_run(make_device())),
    "comparison": lambda: _render(comparison_run()),
    "several": lambda: _render(quick_run(), paper_run()),
    "sweep": lambda: _render(sweep_run()),
}


def write_all(folder: Path) -> None:
    """Writes each of them, to be looked at."""
    for name, render in PAGES.items():
        (folder / f"{name}.html").write_text(render(), encoding="utf-8")
