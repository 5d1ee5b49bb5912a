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
    from harness.commands.results import load_results, print_results
    from harness.errors import OutputError, UsageError
    from reports.html import render_report

    if json and len(runs) > 1:
        message = f"--json prints one run, but {len(runs)} are named."
        raise UsageError(message)
    pages = [load_results(folder) for folder in runs]
    if out is not None or not json:
        path = out or runs[0] / "report.html"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render_report(pages), encoding="utf-8")
        except OSError as error:
            raise OutputError(path, error) from error
        typer.echo(f"report: {path}", err=True)
    for page in pages:
        print_results(page, as_json=json)
