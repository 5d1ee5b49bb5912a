"""`mbert-bench run`: measure a plan on a device."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.commands.words import read_duration, split_numbers, split_threads, split_words

if TYPE_CHECKING:
    from rich.console import Console

    from android_runner.errors import PhoneError
    from harness.commands.results import Results
    from harness.device import Device
    from harness.plan import Plan
    from harness.plan_file import Overrides

EXIT_CASES_FAILED = 3
EXIT_INTERRUPTED = 130

# A phone that reboots is held steady anew and the run goes on, this often in all.
_BOOTS = 3

_AXIS = "Axes (in the place of the plan's)"
_CARE = "How carefully (in the place of the plan's)"


def run(
    context: typer.Context,
    device: Annotated[
        str | None,
        typer.Option(help="host, an alias (pixel4), a serial, any; several with commas."),
    ] = None,
    plan: Annotated[
        str | None, typer.Option(help="Built-in: quick (default), paper, sweep; or a TOML file.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="M,… from `models list`.", rich_help_panel=_AXIS)
    ] = None,
    task: Annotated[str | None, typer.Option(help="qa, encoder", rich_help_panel=_AXIS)] = None,
    seq_len: Annotated[str | None, typer.Option(help="N,… tokens", rich_help_panel=_AXIS)] = None,
    quantization: Annotated[
        str | None, typer.Option(help="fp32, fp16, dynamic", rich_help_panel=_AXIS)
    ] = None,
    delegate: Annotated[
        str | None,
        typer.Option(
            help="default, xnnpack, cpu, gpu, nnapi, hexagon, external:/path",
            rich_help_panel=_AXIS,
        ),
    ] = None,
    threads: Annotated[
        str | None,
        typer.Option(help="N,… or all (one per CPU), or '4 or all'", rich_help_panel=_AXIS),
    ] = None,
    cpus: Annotated[
        str | None,
        typer.Option(help="auto, all, big, mid, little, prime, HEXMASK", rich_help_panel=_AXIS),
    ] = None,
    model_file: Annotated[
        list[Path] | None,
        typer.Option(help="Any .tflite file; may be repeated.", rich_help_panel=_AXIS),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="At most so many invocations.", rich_help_panel=_CARE)
    ] = None,
    num_runs: Annotated[
        int | None, typer.Option(help="Inferences inside an invocation.", rich_help_panel=_CARE)
    ] = None,
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
    allow: Annotated[
        list[str] | None,
        typer.Option(
            help="A preflight check that may fail; may be repeated.",
            metavar="ID",
            rich_help_panel=_CARE,
        ),
    ] = None,
    benchmark_model: Annotated[
        Path | None, typer.Option(help="An official binary in the place of the stand-in.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run directory: absent or empty.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the order, run nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measures models on a device, writes a report, and checks the published claims.

    Exit codes: 0 ok, 2 usage, 3 a case failed or the machine did, 130 interrupted.
    """
    from android_runner.errors import PhoneError
    from harness.commands.results import load_results, print_results
    from harness.commands.several import run_on_each
    from harness.console import stderr_console
    from harness.errors import UsageError
    from harness.open_device import open_device
    from harness.plan_file import Overrides
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
            _print_schedule(chosen)
            return
        folder = out or default_folder(opened)
        ended = _measure(chosen, opened, folder, cache, console, resume=resume)
    results = load_results(folder)
    print_results(results, as_json=json)
    page = _write_pages(folder, results)
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
    if results[0].failed:
        raise typer.Exit(EXIT_CASES_FAILED)


def _measure(
    plan: Plan, device: Device, folder: Path, cache: Path, console: Console, *, resume: bool
) -> KeyboardInterrupt | PhoneError | None:
    """Runs the plan. Gives what has ended it early: what was measured is shown all the same."""
    from android_runner.errors import PhoneError, PhoneRebootedError
    from harness.console import BuildProgress, RunProgress, duration
    from harness.execute import run_plan
    from harness.phone import Phone
    from harness.preflight import settling_s
    from harness.session import open_session
    from reports.cells import visible

    builds = BuildProgress(console)
    progress = RunProgress(console)
    begun = False
    try:
        for boots_left in reversed(range(_BOOTS)):
            opening = open_session(plan, device, folder, cache, builds, resume=resume or begun)
            try:
                with opening as session:
                    builds.close()
                    for text in session.info.notes:
                        console.print(f"not held steady: {visible(text)}", markup=False)
                    for check in session.info.preflight:
                        if check.allowed:
                            text = f"allowed: {check.id} ({check.observed})"
                            console.print(visible(text), markup=False)
                    begun = True
                    run_plan(session, progress)
                break
            except PhoneRebootedError as error:
                if not isinstance(device, Phone) or boots_left == 0:
                    raise
                console.print(visible(str(error)), markup=False)
                device.wait_until_booted(plan.settings.patience_s)
                pause_s = settling_s(device.observe(), plan.settings.allow)
                if pause_s > 0:
                    console.print(f"waiting {duration(pause_s)}: after its start it is busy")
                    time.sleep(pause_s)
    except (KeyboardInterrupt, PhoneError) as error:
        if not begun:
            raise
        return error
    finally:
        builds.close()
        progress.close()
    return None


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
    from harness.console import duration
    from harness.expectation import expected_plan_s
    from harness.schedule import schedule

    for slot in schedule(plan):
        typer.echo(f"round {slot.round + 1:>3}  {slot.case.id}")
    settings = plan.settings
    invocations = len(plan.cases) * settings.rounds
    least_s, most_s = expected_plan_s(plan)
    lines = [
        f"{len(plan.cases)} cases x at most {settings.rounds} rounds = {invocations} invocations "
        f"of {settings.num_runs} runs, order by seed {settings.seed}",
        f"expected: {duration(least_s)} where every interval is soon within "
        f"±{settings.target_ci_percent:g} %, at most {duration(most_s)}; guessed from the models' "
        "arithmetic, before anything is measured",
    ]
    if settings.budget_s is not None:
        lines.append(f"budget: {duration(settings.budget_s)}; the last cases are left out first")
    typer.echo("\n".join(lines), err=True)


def _write_pages(folder: Path, results: Results) -> Path:
    """Writes summary and report, and gives the report's path."""
    from harness.store import write_text
    from reports.html import render_report
    from reports.table import render_csv

    write_text(folder / "summary.csv", render_csv(results[0]))
    return write_text(folder / "report.html", render_report([results]))
