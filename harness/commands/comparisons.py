"""What `ab` and `aa` do with a comparison: measure it, judge it, print it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

# More of them would make a page that no browser likes; the others have pages of their own.
_MOST_ON_A_PAGE = 10

if TYPE_CHECKING:
    from android_runner.errors import PhoneError
    from harness.device import Device
    from harness.gate_result import GateResult
    from harness.noise import Noise
    from harness.plan import Plan
    from harness.policy import Policy
    from harness.preflight import PreflightError
    from harness.runner import Progress
    from harness.session import Session


def measure_comparison(
    plan: Plan, devices: list[Device], folder: Path, cache: Path, policy: Policy, *, resume: bool
) -> KeyboardInterrupt | PhoneError | PreflightError | None:
    """Measures the pairs of a plan in the folder; gives what has ended it early."""
    from harness.commands.measuring import measure
    from harness.compare import run_comparison
    from harness.console import stderr_console

    def execute(session: Session, progress: Progress) -> object:
        return run_comparison(session, policy, progress)

    return measure(plan, devices, folder, cache, stderr_console(), execute, resume=resume)


def print_comparison_order(plan: Plan) -> None:
    """The order of a comparison's pairs, without running one."""
    from harness.pair_schedule import blocks_of_round
    from harness.pairing import cells_of

    cells = cells_of(plan)
    for number in range(plan.settings.rounds):
        for block in blocks_of_round(plan, cells, number):
            for case in block.cases:
                typer.echo(f"round {number + 1:>3}  {case.id}")
    typer.echo(
        f"{len(cells)} cells x at most {plan.settings.rounds} pairs, order by seed "
        f"{plan.settings.seed}; a cell ends at the first planned look that decides it",
        err=True,
    )


def show_comparison(folder: Path, policy: Policy, *, as_json: bool) -> GateResult:
    """Writes report and table into the folder, and prints what the gate says."""
    from harness.commands.results import load_results, print_results, write_pages

    page = load_results(folder, policy)
    print_results(page, as_json=as_json)
    write_pages(folder, page)
    assert page.gate is not None
    return page.gate


def write_noise_page(folder: Path, comparisons: list[Path], policy: Policy, noise: Noise) -> Path:
    """Writes the page of each comparison of a model with itself into its folder, and one into
    `folder` with the noise that all of them tell and the first ten; gives the path of that one."""
    from dataclasses import replace

    from harness.commands.results import load_results, write_pages
    from harness.store import write_text
    from reports.html import render_report

    pages = []
    for number, one in enumerate(comparisons):
        page = load_results(one, policy)
        write_pages(one, page)
        if number < _MOST_ON_A_PAGE:
            pages.append(replace(page, noise=None if number else noise))
    return write_text(folder / "report.html", render_report(pages))
