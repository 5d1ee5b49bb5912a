"""`mbert-bench run`: measure a plan on a device."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.commands import options
from harness.commands.words import read_duration, split_numbers, split_threads, split_words

if TYPE_CHECKING:
    from harness.plan import Plan
    from harness.plan_file import Overrides

EXIT_CASES_FAILED = 3
EXIT_INTERRUPTED = 130

_AXIS, _CARE = options.AXIS, options.CARE


def run(
    context: typer.Context,
    device: options.Devices = None,
    plan: Annotated[
        str | None, typer.Option(help="Built-in: quick (default), paper, sweep; or a TOML file.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="M,… from `models list`.", rich_help_panel=_AXIS)
    ] = None,
    task: options.Task = None,
    seq_len: options.SeqLen = None,
    quantization: options.Quantization = None,
    delegate: options.Delegate = None,
    threads: options.Threads = None,
    cpus: options.Cpus = None,
    model_file: Annotated[
        list[Path] | None,
        typer.Option(help="Any .tflite file; may be repeated.", rich_help_panel=_AXIS),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="At most so many invocations.", rich_help_panel=_CARE)
    ] = None,
    num_runs: options.NumRuns = None,
    target_ci: Annotated[
        float | None,
        typer.Option(
            help="Stop when an interval is within ±PCT % (2); 0 for all rounds.",
            metavar="PCT",
            rich_help_panel=_CARE,
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Leave out the last cases where 40m would not do.",
            metavar="TIME",
            rich_help_panel=_CARE,
        ),
    ] = None,
    sustained: Annotated[
        str | None,
        typer.Option(
            help="Then measure each case for 10m without pauses.",
            metavar="TIME",
            rich_help_panel=_CARE,
        ),
    ] = None,
    op_profile: Annotated[
        bool,
        typer.Option("--op-profile", help="Then time the operators.", rich_help_panel=_CARE),
    ] = False,
    allow: options.Allow = None,
    benchmark_model: Annotated[
        Path | None, typer.Option(help="An official binary in the place of the stand-in.")
    ] = None,
    out: options.Out = None,
    resume: options.Resume = False,
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Measures models on a device, writes a report, and checks the published claims.

    Exit codes: 0 ok, 2 usage, 3 a case failed or the machine did, 130 interrupted.
    """
    from android_runner.errors import PhoneError
    from harness.commands.measuring import measure
    from harness.commands.results import load_results, print_results, write_pages
    from harness.commands.several import run_on_each
    from harness.console import stderr_console
    from harness.errors import UsageError
    from harness.execute import run_plan
    from harness.open_device import open_device
    from harness.plan_file import Overrides
    from harness.preflight import check_allowed_ids
    from harness.session import default_folder
    from models.build import cache_folder
    from reports.cells import visible

    names = split_words(device) or ()
    if len(names) > 1:
        run_on_each(names, context.params)
    overrides = Overrides(
        model=split_words(model),
        model_file=tuple(str(path) for path in model_file) if model_file else None,
        task=split_words(task),
        seq_len=split_numbers(seq_len, "--seq-len"),
        quantization=split_words(quantization),
        delegate=split_words(delegate),
        threads=split_threads(threads),
        cpus=split_words(cpus),
        rounds=rounds,
        num_runs=num_runs,
        target_ci_percent=target_ci,
        budget_s=read_duration(budget, "--budget"),
        sustained_s=read_duration(sustained, "--sustained"),
        op_profile=op_profile or None,
        allow=split_words(",".join(allow)) if allow else None,
    )
    if resume and out is None:
        message = "--resume needs --out, the folder of the run to continue."
        raise UsageError(message)
    console = stderr_console()
    cache = cache_folder()

    def note(text: str) -> None:
        console.print(visible(text), markup=False)

    with open_device(device, benchmark_model, cache, note) as opened:
        cpu_count = opened.info().cpu_count
        chosen = _choose_plan(plan, overrides, cpu_count, out if resume else None)
        if dry_run:
            check_allowed_ids(chosen.settings.allow)
            _print_schedule(chosen)
            return
        folder = out or default_folder(opened)
        ended = measure(chosen, [opened], folder, cache, console, run_plan, resume=resume)
    results = load_results(folder)
    print_results(results, as_json=json)
    page = write_pages(folder, results)
    console.print(f"\nreport: {page}", markup=False)
    if ended is not None:
        again = ["run", "--device", device or opened.info().name, "--resume", "--out", str(folder)]
        if benchmark_model is not None:
            again += ["--benchmark-model", str(benchmark_model)]
        line = shlex.join(["mbert-bench", *again])
        console.print(f"not finished; continue with `{line}`", markup=False)
        if isinstance(ended, PhoneError):
            raise ended
        raise typer.Exit(EXIT_INTERRUPTED)
    if results.result.failed:
        raise typer.Exit(EXIT_CASES_FAILED)


def _choose_plan(
    name: str | None, overrides: Overrides, cpu_count: int, resumed: Path | None
) -> Plan:
    """The plan that was asked for; of a run that is continued its own, unless one is named."""
    from harness.plan_file import DEFAULT_PLAN, load_plan
    from harness.session import stored_plan

    if resumed is not None:
        stored = stored_plan(resumed)
        if stored is not None and name is None and not overrides:
            return stored
    return load_plan(name or DEFAULT_PLAN, overrides, cpu_count=cpu_count)


def _print_schedule(plan: Plan) -> None:
    from harness.expectation import expected_plan_s
    from harness.schedule import schedule
    from reports.texts.progress import duration

    for slot in schedule(plan):
        typer.echo(f"round {slot.round + 1:>3}  {slot.case.id}")
    settings = plan.settings
    invocations = len(plan.cases) * settings.rounds
    least_s, most_s = expected_plan_s(plan)
    soon = ""
    if settings.target_ci_percent > 0:
        target = f"±{settings.target_ci_percent:g} %"
        soon = f"{duration(least_s)} where every interval is soon within {target}, "
    lines = [
        f"{len(plan.cases)} cases x at most {settings.rounds} rounds = {invocations} invocations "
        f"of {settings.num_runs} runs, order by seed {settings.seed}",
        f"expected: {soon}at most {duration(most_s)}; guessed from the models' arithmetic for a "
        "phone's CPUs, before anything is measured",
    ]
    if settings.budget_s is not None:
        lines.append(f"budget: {duration(settings.budget_s)}; the last cases are left out first")
    typer.echo("\n".join(lines), err=True)
