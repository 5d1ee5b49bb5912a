"""What a comparison could have seen, case by case, as strings to print."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.ci import words
from harness.gate import detectable_percent
from harness.gate_result import Metric
from harness.gate_rules import asymmetric_throttle, limits_at
from harness.pair_facts import heat_failures
from harness.pairing import CellCases, cells_of, pairs_of, values_of
from harness.policy import Policy
from harness.record import Purpose, Record
from harness.sequential import looks_up_to
from harness.store import StoredRun
from reports.cells import NOTHING
from reports.views.comparison_cells import limit_text, records_by_cell

MOST_VISIBLE = 60
_NOT_KNOWN = "not known"


@dataclass(frozen=True, kw_only=True)
class VisibleRow:
    """What the gate could have seen in one case. `heat` counts the invocations that heat spoilt,
    and `finding` says whether it hit one side more than chance explains."""

    name: str
    pairs: str
    scatter: str
    smallest: str
    tolerance: str
    heat: str
    finding: str


def build_visible(run: StoredRun, policy: Policy) -> tuple[tuple[VisibleRow, ...], int]:
    """What could be seen of the latency in each case, and how many cases are not listed."""
    compared = [
        cell
        for cell in cells_of(run.info.plan)
        if policy.limits_for(cell.name, Metric.LATENCY) is not None
    ]
    records = records_by_cell(run)
    rows = [
        _visible(run, cell, policy, records.get(cell.name, ())) for cell in compared[:MOST_VISIBLE]
    ]
    return tuple(rows), max(0, len(compared) - MOST_VISIBLE)


def _visible(
    run: StoredRun, cell: CellCases, policy: Policy, records: Sequence[Record]
) -> VisibleRow:
    limits = policy.limits_for(cell.name, Metric.LATENCY)
    assert limits is not None
    pairs, planned = pairs_of(cell, records, Purpose.LATENCY), run.info.plan.settings.rounds
    smallest = detectable_percent(pairs, limits, planned)
    before, after = values_of(pairs, Metric.LATENCY)
    known = [n for n in before if 0 < before[n] < math.inf and 0 < after[n] < math.inf]
    ratios = [math.log(after[n] / before[n]) for n in known]
    used = limits.tolerance_percent
    if known:
        level = statistics.median(before[n] for n in known)
        used = limits_at(limits, level, looks_up_to(planned)).tolerance_percent
    of_cell = replace(run, records=tuple(records))
    dropped = [heat_failures(of_cell, case) for case in cell.cases]
    return VisibleRow(
        name=words.clean(cell.name),
        pairs=f"{len(pairs)}",
        scatter=f"{100 * statistics.stdev(ratios):.2f} %" if len(ratios) > 1 else NOTHING,
        smallest=_NOT_KNOWN if smallest is None else limit_text(smallest),
        tolerance=limit_text(used),
        heat=f"{dropped[0]} and {dropped[1]}" if any(dropped) else "none",
        finding=asymmetric_throttle(*dropped) or "",
    )
