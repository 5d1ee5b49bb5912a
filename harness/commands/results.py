"""What several commands do with a stored run: judge it, and print what came out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from harness.claims import Judgement
    from harness.summary import RunResult

    Results = tuple[RunResult, tuple[Judgement, ...]]


def load_results(folder: Path) -> Results:
    """What a run says, read from what is stored."""
    from harness.claim_ledger import load_claims
    from harness.claims import judge_claims
    from harness.store import load_run
    from harness.summary import summarize

    result = summarize(load_run(folder))
    return result, judge_claims(load_claims(), result)


def print_results(results: Results, *, as_json: bool) -> None:
    """Prints the document, or the case table and the headline claims."""
    from json import dumps

    from reports.document import run_document
    from reports.text import render_cases, render_headlines

    result, judgements = results
    if as_json:
        typer.echo(dumps(run_document(result, judgements), indent=1))
        return
    typer.echo(render_cases(result))
    typer.echo("")
    typer.echo(render_headlines(judgements))


def write_pages(folder: Path, results: Results) -> Path:
    """Writes summary and report, and gives the report's path."""
    from harness.store import write_text
    from reports.html import render_report
    from reports.table import render_csv

    write_text(folder / "summary.csv", render_csv(results[0]))
    return write_text(folder / "report.html", render_report([results]))
