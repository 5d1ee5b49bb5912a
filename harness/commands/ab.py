"""`mbert-bench ab`: a candidate against its baseline, in pairs, in one session on one device."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.commands import options
from harness.commands.words import split_numbers, split_threads, split_words

if TYPE_CHECKING:
    from harness.plan import Sweep
    from harness.settings import Settings

EXIT_INFRASTRUCTURE = 3
EXIT_INTERRUPTED = 130


def ab(
    baseline: Annotated[str, typer.Option(help="A .tflite file, a folder of them, or a model.")],
    candidate: Annotated[str, typer.Option(help="The same of what may be slower.")],
    device: options.OneDevice = None,
    task: options.Task = None,
    seq_len: options.SeqLen = None,
    quantization: options.Quantization = None,
    delegate: options.Delegate = None,
    threads: options.Threads = None,
    cpus: options.Cpus = None,
    num_runs: options.NumRuns = None,
    max_pairs: options.MaxPairs = 24,
    seed: options.Seed = 0,
    allow: options.Allow = None,
    policy: options.PolicyFile = None,
    baseline_tool: Annotated[
        Path | None, typer.Option(help="The baseline's build of the tool.")
    ] = None,
    candidate_tool: Annotated[
        Path | None, typer.Option(help="The candidate's, if it is another one.")
    ] = None,
    out: options.Out = None,
    resume: options.Resume = False,
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Measures a candidate and its baseline in pairs, until each cell is decided.

    `gate` judges what it stores.

    Exit codes: 0 measured, 2 usage, 3 not all was measured, 130 interrupted.
    """
    from harness.commands.comparisons import (
        measure_comparison,
        print_comparison_order,
        show_comparison,
    )
    from harness.comparison_plan import build_comparison
    from harness.console import stderr_console
    from harness.errors import UsageError
    from harness.gate_result import GateVerdict
    from harness.open_device import open_with_tools
    from harness.policy_file import load_policy
    from harness.session import default_folder
    from models.build import cache_folder
    from reports.cells import visible

    if resume and out is None:
        message = "--resume needs --out, the folder of the comparison to continue."
        raise UsageError(message)
    limits = load_policy(policy)
    console, cache = stderr_console(), cache_folder()
    settings = comparison_settings(max_pairs, num_runs, seed, allow)
    axes = read_axes(task, seq_len, quantization, delegate, threads, cpus)
    tools = [baseline_tool] if candidate_tool is None else [baseline_tool, candidate_tool]

    def note(text: str) -> None:
        console.print(visible(text), markup=False)

    with open_with_tools(device, tools, cache, note) as devices:
        plan = build_comparison(
            baseline, candidate, axes, settings, cpu_count=devices[0].info().cpu_count
        )
        if dry_run:
            print_comparison_order(plan)
            return
        folder = out or default_folder(devices[0])
        ended = measure_comparison(plan, devices, folder, cache, limits, resume=resume)
    result = show_comparison(folder, limits, as_json=json)
    console.print(f"\nreport: {folder / 'report.html'}", markup=False)
    again = shlex.join(["mbert-bench", "gate", str(folder)])
    console.print(f"for an exit code by its verdict: `{again}`", markup=False)
    if ended is not None:
        console.print("not finished; continue with the same command and --resume", markup=False)
        if isinstance(ended, KeyboardInterrupt):
            raise typer.Exit(EXIT_INTERRUPTED)
        raise ended
    if any(cell.verdict == GateVerdict.INFRASTRUCTURE for cell in result.cells):
        raise typer.Exit(EXIT_INFRASTRUCTURE)


def comparison_settings(
    max_pairs: int, num_runs: int | None, seed: int, allow: list[str] | None
) -> Settings:
    """The settings of a comparison: as many rounds as pairs, which planned looks end."""
    from harness.settings import Settings

    return Settings(
        rounds=max_pairs,
        num_runs=Settings.num_runs if num_runs is None else num_runs,
        seed=seed,
        target_ci_percent=0.0,
        allow=split_words(",".join(allow or ())) or (),
    )


def read_axes(
    task: str | None,
    seq_len: str | None,
    quantization: str | None,
    delegate: str | None,
    threads: str | None,
    cpus: str | None,
) -> Sweep:
    """The axes of the command line, without a model."""
    from harness.plan import Sweep

    given = {
        "tasks": split_words(task),
        "sequence_lengths": split_numbers(seq_len, "--seq-len"),
        "quantizations": split_words(quantization),
        "delegates": split_words(delegate),
        "threads": split_threads(threads),
        "cpus": split_words(cpus),
    }
    chosen = {axis: values for axis, values in given.items() if values is not None}
    return Sweep(**chosen)  # type: ignore[arg-type]  # of several types
