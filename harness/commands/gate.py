"""`mbert-bench gate`: a verdict and an exit code from what is stored."""

from __future__ import annotations

import json as json_module
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.commands import options

if TYPE_CHECKING:
    from harness.gate_result import GateResult
    from harness.policy import Policy

_FILES = "What other programs read"


def gate(
    run: Annotated[Path, typer.Argument(help="A comparison of `ab`, or with --baseline a run.")],
    baseline: Annotated[
        Path | None, typer.Option(help="A stored run to compare with; advisory.")
    ] = None,
    policy: options.PolicyFile = None,
    junit: Annotated[
        Path | None, typer.Option(help="JUnit XML.", metavar="FILE", rich_help_panel=_FILES)
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(help="For a comment.", metavar="FILE", rich_help_panel=_FILES),
    ] = None,
    github: Annotated[
        bool,
        typer.Option(
            "--github",
            help="Annotations, and the summary in $GITHUB_STEP_SUMMARY.",
            rich_help_panel=_FILES,
        ),
    ] = False,
    bmf: Annotated[
        Path | None,
        typer.Option(help="Bencher metric format.", metavar="FILE", rich_help_panel=_FILES),
    ] = None,
    benchmark_action: Annotated[
        Path | None,
        typer.Option(
            help="github-action-benchmark (customSmallerIsBetter).",
            metavar="FILE",
            rich_help_panel=_FILES,
        ),
    ] = None,
    openmetrics: Annotated[
        Path | None, typer.Option(help="OpenMetrics.", metavar="FILE", rich_help_panel=_FILES)
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 4 where it cannot tell.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Judges a comparison: pass, fail or inconclusive, and what could not be measured.

    Exit codes: 0 no regression, 1 regression proven, 2 usage, 3 not all was measured or proven,
    4 inconclusive (--strict).
    """
    from harness.ci.bencher import render_bencher
    from harness.ci.benchmark_action import render_benchmark_action
    from harness.ci.github import render_annotations, render_summary
    from harness.ci.junit import render_junit
    from harness.ci.markdown import render_comment
    from harness.ci.openmetrics import render_openmetrics
    from harness.commands.printing import print_result
    from harness.policy_file import load_policy
    from harness.store import write_text
    from reports.exports.gate_document import gate_document
    from reports.texts.gate import render_gate

    result = _judge(run, baseline, load_policy(policy), strict=strict)
    files = (
        (junit, render_junit),
        (markdown, render_comment),
        (bmf, render_bencher),
        (benchmark_action, render_benchmark_action),
        (openmetrics, render_openmetrics),
    )
    for path, render in files:
        if path is not None:
            write_text(path, render(result))
    if json:
        typer.echo(json_module.dumps(gate_document(result), indent=1))
    else:
        print_result(render_gate(result))
    if github:
        # On stdout, where GitHub looks for them; a document there must stay alone.
        typer.echo(render_annotations(result), err=json)
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            _append(Path(summary), render_summary(result))
    raise typer.Exit(result.exit_code)


def _judge(run: Path, baseline: Path | None, policy: Policy, *, strict: bool) -> GateResult:
    from harness.errors import UsageError
    from harness.gate import judge_comparison
    from harness.gate_stored import judge_runs
    from harness.store import load_run

    stored = load_run(run)
    if baseline is not None:
        return judge_runs(load_run(baseline), stored, policy, strict=strict)
    if not stored.info.plan.is_comparison:
        message = (
            f"{str(run)!r} is no comparison: make one with `mbert-bench ab`, or name a stored run "
            "to compare it with (--baseline)."
        )
        raise UsageError(message)
    return judge_comparison(stored, policy, strict=strict)


def _append(path: Path, text: str) -> None:
    from harness.errors import OutputError

    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise OutputError(path, error) from error
