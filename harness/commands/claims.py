"""`mbert-bench claims`: the ledger of published numbers, with verdicts from a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def claims(
    run: Annotated[
        Path | None, typer.Argument(help="A run's folder; without one, only counts are checked.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the ledger as JSON.")] = False,
) -> None:
    """Checks every published claim against a run."""
    from json import dumps

    from harness.claim_ledger import load_claims
    from harness.claims import judge_claims
    from harness.commands.printing import print_result
    from harness.commands.results import load_results
    from harness.record import SCHEMA
    from reports.exports.document import claims_document
    from reports.texts.results import render_headlines, render_ledger

    judgements = judge_claims(load_claims(), None) if run is None else load_results(run).judgements
    if json:
        document = {
            "schema": SCHEMA,
            "run": str(run) if run is not None else None,
            "claims": claims_document(judgements),
        }
        typer.echo(dumps(document, indent=1))
        return
    print_result(f"{render_headlines(judgements)}\n\n{render_ledger(judgements)}")
