"""`mbert-bench report`: the page of stored runs, without measuring anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.commands import options


def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders that `run` or `ab` has written.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The page; default: report.html in the folder, of several runs.html."),
    ] = None,
    policy: options.PolicyFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Renders stored runs again as a page, or prints one as JSON.

    A policy is for comparisons, which are judged by it.
    """
    from harness.commands.aligned import drop_repeats, print_aligned, print_name
    from harness.commands.results import load_results, pool_noise, print_results
    from harness.errors import OutputError, UsageError
    from harness.policy_file import load_policy
    from reports.html import render_report

    runs = drop_repeats(runs)
    if json and len(runs) > 1:
        message = f"--json prints one run, but {len(runs)} are named."
        raise UsageError(message)
    limits = load_policy(policy)
    pages = pool_noise([load_results(folder, limits) for folder in runs])
    if policy is not None and all(page.gate is None for page in pages):
        message = f"--policy judges a comparison, but {str(runs[0])!r} is none."
        raise UsageError(message)
    if out is not None or not json:
        # A run keeps the page of its own beside the one that it shares.
        path = out or runs[0] / ("report.html" if len(runs) == 1 else "runs.html")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render_report(pages), encoding="utf-8")
        except OSError as error:
            raise OutputError(path, error) from error
        typer.echo(f"report: {path}", err=True)
    for number, page in enumerate(pages, start=1):
        print_name(number, pages)
        print_results(page, as_json=json)
    print_aligned(pages)
