"""Runs a plan: outputs first, then the rounds, then what was asked for beside them."""

from __future__ import annotations

from harness.cooling import Clock
from harness.expectation import extra_time_s
from harness.extras import check_outputs, profile_operators, run_series
from harness.record import Record
from harness.rounds import Rounds
from harness.runner import Progress, Runner
from harness.session import Session


def run_plan(session: Session, progress: Progress, clock: Clock | None = None) -> list[Record]:
    """Runs what of the plan is not measured yet; gives all records that count.

    A failing case is recorded and the sweep goes on. Raises `StoreError` when nothing more can be
    recorded, `PhoneRebootedError` when the session must be opened anew, other `PhoneError`s when
    the phone is lost, and lets KeyboardInterrupt pass; what was recorded is on the disk then.
    """
    settings = session.info.plan.settings
    runner = Runner(session, progress, clock or Clock())
    check_outputs(runner)
    measured = Rounds(runner, extra_time_s(session.info.plan)).run()
    if settings.op_profile:
        profile_operators(runner, measured)
    if settings.sustained_s is not None:
        run_series(runner, measured, settings.sustained_s)
    return runner.records
