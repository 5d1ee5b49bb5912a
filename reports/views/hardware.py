"""What each case makes of the hardware, as strings to print: share of the peak, memory, energy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.roofline import Roofline
from harness.summary import CaseResult, RunResult
from reports.cells import Number, aligned, number, one_line
from reports.labels import case_anchor, case_label, model_label, setting_label
from reports.views.latency import MOST_ROWS

_MOST_REASONS = 3
_OVER = 100.0


@dataclass(frozen=True, kw_only=True)
class HardwareRow:
    """One case. `bar` is its share of the peak as a width in percent, empty without a peak;
    `source` is the number of the peak's source where there are several, `problem` why a share
    cannot be taken as it is."""

    anchor: str
    model: str
    setting: str
    rate: Number
    peak: Number
    source: str
    share: Number
    bar: str
    problem: str
    memory: Number
    energy: Number
    energy_problem: str


@dataclass(frozen=True, kw_only=True)
class HardwareView:
    """The table; `sources` say where peaks are from, in the order of their numbers.

    `summary` is the line to open a long table with, empty for a short one that is open.
    """

    finding: str
    rows: tuple[HardwareRow, ...]
    sources: tuple[str, ...]
    has_energy: bool
    notes: tuple[str, ...]
    summary: str


def build_hardware(result: RunResult, prefix: str) -> HardwareView | None:
    """The cases that were measured, in the plan's order; None without one."""
    placed = [
        (index, case) for index, case in enumerate(result.cases) if case.latency_ms is not None
    ]
    if not placed:
        return None
    cases = [case for _, case in placed]
    rooflines = [case.roofline for case in cases]
    found = [roofline.peak_source for roofline in rooflines if roofline is not None]
    sources = {text: str(place) for place, text in enumerate(dict.fromkeys(found), start=1)}
    numbered = len(sources) > 1
    has_energy = any(case.energy is not None for case in cases)
    columns = zip(
        placed,
        aligned([roofline.gflops if roofline else None for roofline in rooflines]),
        aligned([roofline.peak_gflops if roofline else None for roofline in rooflines]),
        aligned([roofline.share_percent if roofline else None for roofline in rooflines]),
        aligned([case.peak_memory_mb for case in cases]),
        aligned([case.energy.joules_per_run if case.energy else None for case in cases]),
        strict=True,
    )
    rows = tuple(
        HardwareRow(
            anchor=case_anchor(prefix, index),
            model=model_label(case.case),
            setting=setting_label(case.case),
            rate=rate,
            peak=peak,
            source=sources[case.roofline.peak_source] if case.roofline and numbered else "",
            share=share,
            bar=_bar(case.roofline),
            problem=_problem(case.roofline),
            memory=memory,
            energy=energy,
            energy_problem=one_line(case.energy_problem or "", 160) if has_energy else "",
        )
        for (index, case), rate, peak, share, memory, energy in columns
    )
    return HardwareView(
        finding=_finding(cases),
        rows=rows,
        sources=tuple(map(one_line, sources)),
        has_energy=has_energy,
        notes=tuple(_notes(cases, len(result.cases), has_energy=has_energy)),
        summary=f"Table of {len(rows)} cases" if len(rows) > MOST_ROWS else "",
    )


def _bar(roofline: Roofline | None) -> str:
    share = roofline.share_percent if roofline else None
    return "" if share is None else f"{min(max(share, 0.0), _OVER):.1f}"


def _problem(roofline: Roofline | None) -> str:
    """What is wrong with a share over all of the peak, empty where nothing is."""
    share = roofline.share_percent if roofline else None
    if roofline is None or share is None or share <= _OVER:
        return ""
    if not roofline.comparable:
        return "over 100 %: arithmetic other than fp32 can be faster than this peak"
    if share <= roofline.limit_percent:
        return "over 100 %, which is implausible; a measured peak can be low by as much"
    return "implausible: no CPU does more than its peak; see the case's evidence"


def _finding(cases: Sequence[CaseResult]) -> str:
    """Which cases use the most and the least of what the CPUs can do."""
    shares = [
        (case.roofline.share_percent, case)
        for case in cases
        if case.roofline is not None and case.roofline.share_percent is not None
    ]
    if not shares:
        return "There is no peak to compare these rates with."
    plausible = [(share, case) for share, case in shares if share <= _OVER]
    parts = []
    if plausible:
        best = max(plausible, key=lambda pair: pair[0])
        least = min(plausible, key=lambda pair: pair[0])
        parts.append(f"Nearest to its peak: {_named(best)}")
        if least[1] is not best[1]:
            parts.append(f"farthest from it: {_named(least)}")
    over = len(shares) - len(plausible)
    if over:
        verb = "is" if over == 1 else "are"
        parts.append(f"{over} of {len(shares)} {verb} over 100 %, which the table explains")
    return f"{'; '.join(parts)}."


def _named(found: tuple[float, CaseResult]) -> str:
    return f"{case_label(found[1].case)}, with {number(found[0])} %"


def _notes(cases: Sequence[CaseResult], planned: int, *, has_energy: bool) -> Iterator[str]:
    if has_energy:
        yield (
            "Energy per run of the model is that of the whole phone, from its battery; the "
            "evidence of a case says over how many runs, and how uncertain it is."
        )
    else:
        yield from _why_no_energy(cases)
    if len(cases) < planned:
        yield f"{planned - len(cases)} of {planned} cases have no measurement and are left out."


def _why_no_energy(cases: Sequence[CaseResult]) -> Iterator[str]:
    reasons: dict[str, int] = {}
    for case in cases:
        if case.energy_problem:
            reasons[case.energy_problem] = reasons.get(case.energy_problem, 0) + 1
    if not reasons:
        return
    told = [
        one_line(reason, 160) if count == len(cases) else f"{one_line(reason, 160)} ({count} cases)"
        for reason, count in sorted(reasons.items(), key=lambda item: -item[1])[:_MOST_REASONS]
    ]
    more = "; and other reasons" if len(reasons) > _MOST_REASONS else ""
    yield f"Energy is not known: {'; '.join(told)}{more}."
