"""`mbert-bench models`: what can be built, build it, look into a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.commands.model_lines import (
    catalog_lines,
    comparison_lines,
    file_lines,
    weight_bytes,
)

if TYPE_CHECKING:
    from models.catalog import ModelSpec
    from models.checkpoint import Checkpoint

TWO_FILES = "one file, or two to compare"

app = typer.Typer(help="Lists, builds and inspects models.", no_args_is_help=True)


@app.command("list")
def list_models(
    json: Annotated[bool, typer.Option("--json", help="Print the catalogue as JSON.")] = False,
) -> None:
    """Lists the catalogue: parameters, multiplications, sizes, variants and tasks."""
    from json import dumps

    from models.catalog import CATALOG

    rows = [
        {
            "name": entry.name,
            "title": entry.title,
            "parameters": entry.config.parameters,
            "macs_128": entry.config.macs(128),
            "weight_bytes": weight_bytes(entry.config.parameters),
            "checkpoint": entry.checkpoint,
            "source": entry.source,
            "variants": [list(group) for group in entry.variants],
            "tasks": list(entry.tasks),
        }
        for entry in CATALOG.values()
    ]
    if json:
        typer.echo(dumps({"schema": 1, "models": rows}, indent=1))
        return
    for line in catalog_lines():
        typer.echo(line)


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="NAME or NAME@VARIANT+…, see `models list`.")],
    out: Annotated[Path, typer.Option(help="The .tflite file to write.")],
    task: Annotated[str, typer.Option(help="qa, encoder, masked-lm, pretraining, …")] = "qa",
    seq_len: Annotated[int, typer.Option(help="Tokens.")] = 128,
    quantization: Annotated[
        str, typer.Option(help="fp32, fp16, dynamic, int8 (for latency only)")
    ] = "fp32",
    variant: Annotated[str | None, typer.Option(help="In the place of @….")] = None,
    weights: Annotated[
        Path | None, typer.Option(help="A checkpoint: config.json and model.safetensors.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of random weights.", min=0)] = 0,
) -> None:
    """Builds a TFLite file. The same arguments give the same bytes."""
    import shutil

    from harness.console import BuildProgress, stderr_console
    from harness.errors import OutputError
    from models.build import build_model, cache_folder, cached_path
    from models.catalog import (
        ModelSpec,
        Quantization,
        Task,
        canonical_variant,
        parse_choice,
        parse_model,
    )

    base, chosen = parse_model(name)
    if variant is not None:
        chosen = canonical_variant(base, variant)
    spec = ModelSpec(
        name=base,
        variant=chosen,
        task=parse_choice(base, "task", task, Task),
        sequence_length=seq_len,
        quantization=parse_choice(base, "quantization", quantization, Quantization),
        seed=seed,
    )
    checkpoint = None if weights is None else _checkpoint(weights, spec)
    cache = cache_folder()
    progress = BuildProgress(stderr_console())
    progress(spec.id, cached_path(spec, cache, checkpoint).exists())
    try:
        path = build_model(spec, cache, checkpoint)
    finally:
        progress.close()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = out.with_name(f".{out.name}.part")
        shutil.copyfile(path, unfinished)
        unfinished.replace(out)
    except OSError as error:
        raise OutputError(out, error) from error
    typer.echo(str(out))


def _checkpoint(folder: Path, spec: ModelSpec) -> Checkpoint:
    from models.catalog import find_entry
    from models.checkpoint import open_checkpoint
    from models.errors import BadSpecError

    if spec.variant:
        allowed = "its config.json tells what the weights of a checkpoint are for"
        raise BadSpecError(spec.model, "variant", spec.variant, allowed)
    return open_checkpoint(folder, find_entry(spec.name).config)


@app.command("fill-mask")
def fill_mask(
    name: Annotated[str, typer.Argument(help="NAME, see `models list`.")],
    weights: Annotated[
        Path, typer.Option(help="A checkpoint: config.json, model.safetensors, and a vocabulary.")
    ],
    text: Annotated[str, typer.Option(help="A text with one [MASK] or more.")],
    seq_len: Annotated[int, typer.Option(help="Tokens that the model takes.", min=1)] = 128,
    quantization: Annotated[str, typer.Option(help="fp32, fp16, dynamic, int8")] = "fp32",
    top: Annotated[int, typer.Option(help="Words for each gap.", min=1, max=100)] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """Says which words a checkpoint puts for [MASK], with the built file on this machine."""
    from dataclasses import asdict
    from json import dumps

    from models.build import build_model, cache_folder
    from models.catalog import ModelSpec, Quantization, Task, parse_choice, parse_model
    from models.fill_mask import fill_gaps, open_tokenizer, read_text

    base, variant = parse_model(name)
    spec = ModelSpec(
        name=base,
        variant=variant,
        task=Task.MASKED_LM,
        sequence_length=seq_len,
        quantization=parse_choice(base, "quantization", quantization, Quantization),
    )
    checkpoint = _checkpoint(weights, spec)
    spec = replace(spec, sequence_length=min(seq_len, checkpoint.config.positions))
    tokenizer = open_tokenizer(weights, checkpoint.config.vocabulary)
    given = read_text(tokenizer, text, spec.sequence_length)
    guesses = fill_gaps(build_model(spec, cache_folder(), checkpoint), tokenizer, given, top)
    if json:
        gaps = [[asdict(guess) for guess in gap] for gap in guesses]
        typer.echo(dumps({"schema": 1, "text": text, "gaps": gaps}, indent=1))
        return
    for number, gap in enumerate(guesses, start=1):
        typer.echo(f"gap {number}")
        for guess in gap:
            typer.echo(f"  {guess.probability:6.1%}  {guess.word}")


@app.command()
def inspect(
    files: Annotated[list[Path], typer.Argument(help="Any .tflite file, or two to compare.")],
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Shows what a file holds and how much of it XNNPACK takes here; two files side by side."""
    from dataclasses import asdict
    from json import dumps

    from models.delegated import find_delegation
    from models.inspect import inspect_model

    if len(files) > 2:
        raise typer.BadParameter(TWO_FILES)
    infos = [inspect_model(file) for file in files]
    delegations = [find_delegation(file) for file in files]
    if json:
        documents = [
            {**asdict(info), "path": str(info.path), "xnnpack": found and asdict(found)}
            for info, found in zip(infos, delegations, strict=True)
        ]
        one = documents[0] if len(documents) == 1 else {"files": documents}
        typer.echo(dumps({"schema": 1, **one}, indent=1))
        return
    if len(infos) == 1:
        lines = file_lines(infos[0], delegations[0])
    else:
        lines = comparison_lines(infos, delegations)
    for line in lines:
        typer.echo(line)
