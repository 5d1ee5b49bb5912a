"""`mbert-bench aa`: how noisy a device is, by comparing a model with itself again and again."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from harness.commands import options
from harness.commands.words import split_words

EXIT_INFRASTRUCTURE = 3
EXIT_INTERRUPTED = 130
_DEFAULT_MODEL = "mobilebert"


def aa(
    device: options.OneDevice = None,
    model: Annotated[str | None, typer.Option(help="M,… (mobilebert)")] = None,
    model_file: Annotated[
        list[Path] | None, typer.Option(help="Any .tflite file; may be repeated.")
    ] = None,
    comparisons: Annotated[
        int, typer.Option(help="How many comparisons, each in a folder.", min=1, max=1000)
    ] = 10,
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
    benchmark_model: Annotated[
        Path | None, typer.Option(help="An official binary in the place of the stand-in.")
    ] = None,
    out: options.Out = None,
    resume: options.Resume = False,
    json: options.Json = False,
) -> None:
    """Compares models with themselves: false alarms, and the smallest slowdown that is visible.

    Exit codes: 0 measured, 2 usage, 3 not all was measured, 130 interrupted.
    """
    from dataclasses import replace

    from harness.commands.ab import comparison_settings, read_axes
    from harness.commands.comparisons import measure_comparison, write_noise_page
    from harness.comparison_plan import compare_with_itself
    from harness.console import stderr_console
    from harness.errors import RunFolderError, UsageError
    from harness.noise import find_noise
    from harness.open_device import open_device
    from harness.plan import build_plan, expand
    from harness.policy_file import load_policy
    from harness.session import default_folder
    from harness.store import load_run
    from models.build import cache_folder
    from reports.cells import visible
    from reports.texts.noise import noise_document, render_noise

    if resume and out is None:
        message = "--resume needs --out, the folder to continue."
        raise UsageError(message)
    limits, console, cache = load_policy(policy), stderr_console(), cache_folder()
    files = tuple(str(path) for path in model_file or ())
    names = split_words(model) or (() if files else (_DEFAULT_MODEL,))
    axes = read_axes(task, seq_len, quantization, delegate, threads, cpus)
    axes = replace(axes, models=names, model_files=files)
    settings = comparison_settings(max_pairs, num_runs, seed, allow)

    def note(text: str) -> None:
        console.print(visible(text), markup=False)

    ended = None
    with open_device(device, benchmark_model, cache, note) as opened:
        cases = expand(axes, cpu_count=opened.info().cpu_count, where="the comparison")
        plan = compare_with_itself(build_plan("against itself", cases, settings, "aa"))
        folder = out or default_folder(opened)
        if folder.exists() and any(folder.iterdir()) and not resume:
            remedy = "Choose another --out, or continue with --resume."
            raise RunFolderError(folder, "is not empty", remedy)
        folders = [folder / f"comparison-{number:03d}" for number in range(1, comparisons + 1)]
        for number, one in enumerate(folders):
            console.print(f"comparison {number + 1} of {comparisons}")
            seeded = replace(plan, settings=replace(settings, seed=seed + number))
            ended = measure_comparison(seeded, [opened], one, cache, limits, resume=resume)
            if ended is not None:
                break
    runs = [load_run(one) for one in folders if (one / "run.json").exists()]
    noise = find_noise(runs, limits)
    if runs:
        page = write_noise_page(folder, [run.folder for run in runs], limits, noise)
        console.print(f"report: {page}", markup=False)
    if json:
        typer.echo(json_module.dumps(noise_document(noise, str(folder)), indent=1))
    else:
        typer.echo(render_noise(noise))
    if isinstance(ended, KeyboardInterrupt):
        raise typer.Exit(EXIT_INTERRUPTED)
    if ended is not None:
        raise ended
    if noise.unmeasured:
        raise typer.Exit(EXIT_INFRASTRUCTURE)
