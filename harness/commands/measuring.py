"""Measures a plan on a device, whatever becomes of the phone meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from android_runner.errors import PhoneError
    from harness.device import Device
    from harness.plan import Plan
    from harness.preflight import PreflightError
    from harness.runner import Progress
    from harness.session import Session

    # What measures a session: `run_plan`, or `run_comparison` with its policy.
    Execute = Callable[[Session, Progress], object]

# A phone that reboots is held steady anew and the run goes on, this often in all.
_BOOTS = 3


def measure(
    plan: Plan,
    devices: list[Device],
    folder: Path,
    cache: Path,
    console: Console,
    execute: Execute,
    *,
    resume: bool,
) -> KeyboardInterrupt | PhoneError | PreflightError | None:
    """Measures the plan in the folder. Gives what has ended it early: what was measured is shown
    all the same.

    A second device is the first one with the candidates' tool. Raises the errors of
    `open_session`, `StoreError`, and what ends a run before it has begun.
    """
    from android_runner.errors import PhoneError, PhoneRebootedError
    from harness.console import RunProgress
    from harness.preflight import PreflightError
    from harness.session import open_session

    progress = RunProgress(console)
    begun = False
    try:
        for boots_left in reversed(range(_BOOTS)):
            opening = open_session(
                plan,
                devices[0],
                folder,
                cache,
                progress.builds,
                resume=resume or begun,
                candidate_device=devices[1] if len(devices) > 1 else None,
            )
            try:
                with opening as session:
                    progress.built()
                    _print_notes(session, console)
                    begun = True
                    execute(session, progress)
                break
            except PhoneRebootedError as error:
                if boots_left == 0:
                    raise
                _wait_for_boot(plan, devices[0], error, console)
    except (KeyboardInterrupt, PhoneError, PreflightError) as error:
        if not begun:
            raise
        return error
    finally:
        progress.close()
    return None


def _print_notes(session: Session, console: Console) -> None:
    from reports.cells import visible

    for text in session.info.notes:
        console.print(f"not held steady: {visible(text)}", markup=False)
    for check in session.info.preflight:
        if check.allowed:
            console.print(visible(f"allowed: {check.id} ({check.observed})"), markup=False)


def _wait_for_boot(plan: Plan, device: Device, error: PhoneError, console: Console) -> None:
    """Until the phone is up and fit to measure again; raises the error for what is no phone."""
    from harness.phone import Phone
    from harness.preflight import settling_s
    from reports.cells import visible
    from reports.texts.progress import duration

    if not isinstance(device, Phone):
        raise error
    console.print(visible(str(error)), markup=False)
    device.wait_until_booted(plan.settings.patience_s)
    pause_s = settling_s(device.observe(), plan.settings.allow)
    if pause_s > 0:
        console.print(f"waiting {duration(pause_s)}: after its start it is busy")
        time.sleep(pause_s)
