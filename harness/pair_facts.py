"""What the records of a comparison say beside their times: evidence, counts, and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.evidence import Evidence, gather_evidence
from harness.pairing import CellCases, stored_pairs
from harness.plan import Case
from harness.record import THROTTLED, Failure, Purpose, Record
from harness.store import StoredRun

CONTINUE = "continue the comparison with `--resume`"
IN_PAIRS = (Purpose.LATENCY, Purpose.CONFIRMATION)


def evidence_of(run: StoredRun, cell: CellCases) -> tuple[Evidence | None, Evidence | None]:
    """The evidence of the baseline's and the candidate's invocations that are in pairs."""
    pairs = [pair for purpose in IN_PAIRS for pair in stored_pairs(cell, run, purpose)]
    return (
        _evidence(run, cell.baseline, [pair.baseline for pair in pairs]),
        _evidence(run, cell.candidate, [pair.candidate for pair in pairs]),
    )


def most_partitions(records: Sequence[Record]) -> int | None:
    """Into how many kernels the delegates cut the graph, at worst; None where none tells."""
    return max((p for _, p in _delegated(records) if p is not None), default=None)


def most_undelegated(records: Sequence[Record]) -> int | None:
    """How many nodes of the graph no delegate took, at worst; None where none tells.

    Not how many were taken: a graph with fewer nodes to take is no worse.
    """
    return max((left for left, _ in _delegated(records) if left is not None), default=None)


def own_failures(run: StoredRun, case: Case) -> list[Failure]:
    """Why invocations of pairs failed, in their order; what heat spoilt is not among them."""
    return [failure for failure in _failures(run, case) if failure.kind != THROTTLED]


def heat_failures(run: StoredRun, case: Case) -> int:
    """How many invocations of pairs do not count because heat slowed the device."""
    return sum(failure.kind == THROTTLED for failure in _failures(run, case))


def why_missing(run: StoredRun, cell: CellCases) -> str:
    """Why pairs lack: a model that could not be had, or the last failure of the side that failed
    more often."""
    for case in cell.cases:
        missing = run.info.missing.get(case.model_id)
        if missing is not None:
            return _told(case, missing)
    sides = [(case, own_failures(run, case) or _failures(run, case)) for case in cell.cases]
    case, failures = max(sides, key=lambda side: len(side[1]))
    if not failures:
        return f"the comparison was cut off; {CONTINUE}"
    return _told(case, failures[-1])


def _told(case: Case, failure: Failure) -> str:
    return f"the {case.arm} failed ({failure.kind}): {failure.message}"


def _failures(run: StoredRun, case: Case) -> list[Failure]:
    return [
        record.failure for record in run.invocations(case, *IN_PAIRS) if record.failure is not None
    ]


def _evidence(run: StoredRun, case: Case, used: Sequence[Record]) -> Evidence | None:
    """The evidence of these invocations of a case, and of its output."""
    return gather_evidence(case, run.info, used, run.output_check(case))


def _delegated(records: Sequence[Record]) -> Iterator[tuple[int | None, int | None]]:
    """Nodes left over and partitions of each invocation, over all of its delegates."""
    for record in records:
        seen = record.measurement.delegations if record.measurement else ()
        taken = [one.nodes for one in seen if one.nodes is not None]
        totals = [one.nodes_total for one in seen if one.nodes_total is not None]
        partitions = [one.partitions for one in seen if one.partitions is not None]
        # A second delegate counts what the first one has left, and the kernel that it made.
        left = max(0, max(totals) - sum(taken)) if taken and totals else None
        yield left, sum(partitions) if partitions else None
