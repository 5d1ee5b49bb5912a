"""`mbert-bench report`: the page of stored runs, without measuring anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders that `run` has written.")],
    out: Annotated[
        Path | None, typer.Option(help="The page; default: report.html in the first folder.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Renders stored runs again as a page, or prints one as JSON."""
    from json import dumps

    from harness.claim_ledger import load_claims
    from harness.claims import judge_claims
    from harness.errors import OutputError, UsageError
    from harness.store import load_run
    from harness.summary import summarize
    from reports.document import run_document
    from reports.html import render_report
    from reports.text import render_cases, render_headlines

    if json and len(runs) > 1:
        message = f"--json prints one run, but {len(runs)} are named."
        raise UsageError(message)
    claims = load_claims()
    results = [summarize(load_run(folder)) for folder in runs]
    pages = [(result, judge_claims(claims, result)) for result in results]
    path = out or runs[0] / "report.html"
    if out is not None or not json:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render_report(pages), encoding="utf-8")
        except OSError as error:
            raise OutputError(path, error) from error
        typer.echo(f"report: {path}", err=True)
    for result, judgements in pages:
        if json:
            typer.echo(dumps(run_document(result, judgements), indent=1))
        else:
            typer.echo(render_cases(result))
            typer.echo("")
            typer.echo(render_headlines(judgements))
