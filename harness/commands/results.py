"""What several commands do with a stored run: judge it, and print what came out."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from harness.policy import Policy
    from reports.page import RunPage


def load_results(folder: Path, policy: Policy | None = None) -> RunPage:
    """What a run says, read from what is stored; of a comparison also what the gate says of it,
    by this policy or the default one, and of one with itself the device's noise."""
    from harness.claim_ledger import load_claims
    from harness.claims import judge_claims
    from harness.gate import judge_comparison
    from harness.noise import find_noise, is_with_itself
    from harness.policy_file import load_policy
    from harness.store import load_run
    from harness.summary import summarize
    from reports.page import RunPage

    run, used = load_run(folder), policy or load_policy(None)
    # It stays to the end of the command: the collector need not look through it again and again.
    gc.freeze()
    result, gate, noise = summarize(run), None, None
    if run.info.plan.is_comparison:
        gate = judge_comparison(run, used, strict=False)
        noise = find_noise([run], used) if is_with_itself(run) else None
    judgements = judge_claims(load_claims(), result)
    return RunPage(result=result, judgements=judgements, gate=gate, policy=used, noise=noise)


def pool_noise(pages: list[RunPage]) -> list[RunPage]:
    """Comparisons of the same models with themselves tell the device's noise together: what all
    of them say stands in the first one's page."""
    from dataclasses import replace

    from harness.noise import find_noise

    runs = [page.result.run for page in pages]
    plans = {(run.info.plan.cases, run.info.device.name, run.info.tool.sha256) for run in runs}
    if len(plans) != 1 or any(page.noise is None for page in pages):
        return pages
    noise = find_noise(runs, pages[0].policy)
    return [replace(page, noise=None if n else noise) for n, page in enumerate(pages)]


def print_results(page: RunPage, *, as_json: bool) -> None:
    """Prints the document, or tables: of a comparison what the gate says, of another run its cases
    and the headline claims."""
    from json import dumps

    from harness.commands.printing import print_result
    from reports.exports.document import run_document
    from reports.exports.gate_document import gate_document
    from reports.texts.gate import render_gate
    from reports.texts.results import render_cases, render_headlines

    if as_json:
        document = run_document(page.result, page.judgements)
        if page.gate is not None:
            document["gate"] = gate_document(page.gate)
        typer.echo(dumps(document, indent=1))
    elif page.gate is not None:
        print_result(render_gate(page.gate))
    else:
        print_result(render_cases(page.result))
        print_result("")
        print_result(render_headlines(page.judgements))


def write_pages(folder: Path, page: RunPage) -> Path:
    """Writes summary and report, and gives the report's path."""
    from harness.store import write_text
    from reports.exports.table import render_csv
    from reports.html import render_report

    write_text(folder / "summary.csv", render_csv(page.result))
    return write_text(folder / "report.html", render_report([page]))
