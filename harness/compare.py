"""Runs a comparison: outputs first, then pairs until each cell is decided, then fresh ones."""

from __future__ import annotations

from harness.cooling import Clock
from harness.extras import check_outputs
from harness.gate import is_suspect
from harness.pair_rounds import PairRounds
from harness.pairing import cells_of, pairs_of
from harness.policy import Policy
from harness.record import Purpose, Record
from harness.runner import Progress, Runner
from harness.session import Session


def run_comparison(
    session: Session, policy: Policy, progress: Progress, clock: Clock | None = None
) -> list[Record]:
    """Measures what of the comparison is not measured yet; gives all records that count.

    The policy decides when enough is measured, and what must be confirmed by fresh pairs. Raises
    as `run_plan` does.
    """
    plan = session.info.plan
    runner, cells = Runner(session, progress, clock or Clock()), cells_of(plan)
    check_outputs(runner)
    PairRounds(runner, cells, Purpose.LATENCY, policy).run()
    suspects = [
        cell
        for cell in cells
        if is_suspect(
            cell.name,
            pairs_of(cell, runner.records, Purpose.LATENCY),
            policy,
            plan.settings.rounds,
        )
    ]
    PairRounds(runner, suspects, Purpose.CONFIRMATION, policy).run()
    return runner.records
