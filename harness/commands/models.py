"""`mbert-bench models`: what can be built, build it, look into a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.catalog import ModelSpec
    from models.checkpoint import Checkpoint
    from models.inspect import ModelInfo, TensorInfo

app = typer.Typer(help="Lists, builds and inspects models.", no_args_is_help=True)


@app.command("list")
def list_models(
    json: Annotated[bool, typer.Option("--json", help="Print the catalogue as JSON.")] = False,
) -> None:
    """Lists the catalogue: parameters, multiplications and variants."""
    from json import dumps

    from models.catalog import CATALOG

    rows = [
        {
            "name": entry.name,
            "title": entry.title,
            "parameters": entry.config.parameters,
            "macs_128": entry.config.macs(128),
            "checkpoint": entry.checkpoint,
            "source": entry.source,
            "variants": [list(group) for group in entry.variants],
        }
        for entry in CATALOG.values()
    ]
    if json:
        typer.echo(dumps({"schema": 1, "models": rows}, indent=1))
        return
    typer.echo(f"{'name':<16} {'parameters':>12} {'MACs at 128':>15}  variants (default first)")
    for row, entry in zip(rows, CATALOG.values(), strict=True):
        variants = "  ".join("|".join(group) for group in entry.variants) or "-"
        typer.echo(f"{row['name']:<16} {row['parameters']:>12,} {row['macs_128']:>15,}  {variants}")
        typer.echo(f"{'':<16} {entry.title}; {entry.source}")
    typer.echo("\nCounts are the encoder's, without pooler and task head.")
    typer.echo("Name a variant with @, for example mobilebert@paper+layernorm+gelu.")


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="NAME or NAME@VARIANT+…, see `models list`.")],
    out: Annotated[Path, typer.Option(help="The .tflite file to write.")],
    task: Annotated[str, typer.Option(help="qa, encoder, masked-lm, pretraining, …")] = "qa",
    seq_len: Annotated[int, typer.Option(help="Tokens.")] = 128,
    quantization: Annotated[str, typer.Option(help="fp32, fp16, dynamic")] = "fp32",
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
    file: Annotated[Path, typer.Argument(help="Any .tflite file.")],
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Shows inputs, outputs, size, parameters, multiplications and operators of a file."""
    from dataclasses import asdict
    from json import dumps

    from models.inspect import inspect_model

    info = inspect_model(file)
    if json:
        document = {"schema": 1, **asdict(info), "path": str(info.path)}
        typer.echo(dumps(document, indent=1))
        return
    for line in _lines(info):
        typer.echo(line)


def _lines(info: ModelInfo) -> list[str]:
    lines = [f"file         {info.path}", f"size         {info.size_bytes:,} bytes"]
    if info.facts is not None:
        facts = info.facts
        built = "-".join((facts.name + (f"@{facts.variant}" if facts.variant else ""), facts.task))
        lines.append(f"built as     {built}, {facts.quantization}, weights: {facts.weights}")
        lines.append(f"parameters   {facts.parameters:,} and {facts.head_parameters:,} in the head")
    lines += [
        f"weights      {info.constants:,} values in the file",
        f"MACs         {info.macs:,}",
        *(f"input        {_tensor(tensor)}" for tensor in info.inputs),
        *(f"output       {_tensor(tensor)}" for tensor in info.outputs),
        f"operators    {sum(info.operators.values()):,}",
    ]
    return lines + [f"  {count:>5}  {name}" for name, count in info.operators.items()]


def _tensor(tensor: TensorInfo) -> str:
    shape = "x".join(map(str, tensor.shape)) or "scalar"
    rows = f", values below {tensor.rows:,}" if tensor.rows is not None else ""
    return f"{tensor.name!r} {tensor.dtype} [{shape}]{rows}"
