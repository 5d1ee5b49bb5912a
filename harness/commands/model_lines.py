"""What `mbert-bench models` says to people: the catalogue, a file, two files side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.delegated import Delegation
    from models.inspect import ModelInfo
    from models.tensors import TensorInfo

# Bytes that a weight takes; a file is a little larger, and smaller where tables are shared.
_BYTES = {"fp32": 4, "fp16": 2, "dynamic": 1, "int8": 1}


def weight_bytes(parameters: int) -> dict[str, int]:
    """The size of so many weights in each quantization."""
    return {quantization: size * parameters for quantization, size in _BYTES.items()}


def catalog_lines() -> Iterator[str]:
    """A row of numbers for each model, and below it where it comes from."""
    from models.catalog import CATALOG

    sizes = "".join(f"{name:>9}" for name in ("fp32 MB", "fp16 MB", "int8 MB"))
    yield f"{'name':<16} {'parameters':>12} {'MACs at 128':>15}{sizes}  variants (default first)"
    for entry in CATALOG.values():
        parameters = entry.config.parameters
        sizes = "".join(f"{size * parameters / 1e6:>9,.1f}" for size in (4, 2, 1))
        macs = entry.config.macs(128)
        variants = "  ".join("|".join(group) for group in entry.variants) or "-"
        yield f"{entry.name:<16} {parameters:>12,} {macs:>15,}{sizes}  {variants}"
        yield f"{'':<16} {entry.title}; {entry.source}"
        yield f"{'':<16} checkpoint: {entry.checkpoint or 'none is published'}"
    yield "\nCounts are the encoder's, without pooler and task head; sizes are its weights'."
    yield "dynamic is as large as int8; int8 is for latency only: its answers are not the model's."
    yield "Name a variant with @, for example mobilebert@paper+layernorm+gelu."


def file_lines(info: ModelInfo, delegation: Delegation | None) -> Iterator[str]:
    """What a file holds."""
    yield f"file         {info.path}"
    yield f"size         {info.size_bytes:,} bytes"
    if info.facts is not None:
        facts = info.facts
        built = "-".join((facts.name + (f"@{facts.variant}" if facts.variant else ""), facts.task))
        note = " (for latency only)" if facts.quantization == "int8" else ""
        yield f"built as     {built}, {facts.quantization}{note}, weights: {facts.weights}"
        yield f"parameters   {facts.parameters:,} and {facts.head_parameters:,} in the head"
    kinds = ", ".join(f"{kind} {size:,} bytes" for kind, size in info.weight_bytes.items())
    yield f"weights      {info.constants:,} values in the file: {kinds or 'none'}"
    for weight in info.largest:
        shape = "x".join(map(str, weight.shape)) or "scalar"
        yield f"  {weight.size_bytes:>13,} bytes  {weight.dtype} [{shape}]  {weight.name[:60]!r}"
    yield f"MACs         {info.macs:,}"
    for tensor in info.inputs:
        yield f"input        {_tensor(tensor)}"
    for tensor in info.outputs:
        yield f"output       {_tensor(tensor)}"
    yield f"XNNPACK      {_delegation(delegation)}"
    yield f"operators    {sum(info.operators.values()):,}"
    left = delegation.left if delegation else {}
    for name, count in info.operators.items():
        yield f"  {count:>5}  {name}" + (f" ({left[name]} not in XNNPACK)" if name in left else "")


def comparison_lines(
    infos: Sequence[ModelInfo], delegations: Sequence[Delegation | None]
) -> Iterator[str]:
    """Two files side by side; of operators, only those whose counts differ."""
    first, second = infos
    yield f"A  {first.path}"
    yield f"B  {second.path}"
    yield f"{'':<24}{'A':>16}{'B':>16}  {'B / A':>12}"
    yield _row("size, bytes", first.size_bytes, second.size_bytes)
    yield _row("parameters", first.parameters, second.parameters)
    yield _row("values in the file", first.constants, second.constants)
    for kind in dict.fromkeys((*first.weight_bytes, *second.weight_bytes)):
        sizes = (info.weight_bytes.get(kind, 0) for info in infos)
        yield _row(f"{kind}, bytes", *sizes)
    yield _row("MACs", first.macs, second.macs)
    totals = (sum(info.operators.values()) for info in infos)
    yield _row("operators", *totals)
    if delegations[0] and delegations[1]:
        yield _row("in XNNPACK", delegations[0].delegated, delegations[1].delegated)
        yield _row("partitions", delegations[0].partitions, delegations[1].partitions)
    for name in sorted({*first.operators, *second.operators}):
        counts = [info.operators.get(name, 0) for info in infos]
        if counts[0] != counts[1]:
            yield _row(f"  {name}", *counts)
    for what, tensors in (("inputs", "inputs"), ("outputs", "outputs")):
        pair = [", ".join(map(_tensor, getattr(info, tensors))) for info in infos]
        if pair[0] != pair[1]:
            yield f"{what} of A: {pair[0]}"
            yield f"{what} of B: {pair[1]}"


def _row(what: str, first: int, second: int) -> str:
    ratio = f"{second / first:.3f}" if first else "-"
    return f"{what:<24}{first:>16,}{second:>16,}  {ratio:>12}"


def _delegation(found: Delegation | None) -> str:
    if found is None:
        return "the file cannot be loaded here"
    return (
        f"{found.delegated:,} of {found.nodes:,} operators ({found.share_percent:.1f} %) in "
        f"{found.partitions} partition{'' if found.partitions == 1 else 's'}"
    )


def _tensor(tensor: TensorInfo) -> str:
    shape = "x".join(map(str, tensor.shape)) or "scalar"
    rows = f", values below {tensor.rows:,}" if tensor.rows is not None else ""
    return f"{tensor.name!r} {tensor.dtype} [{shape}]{rows}"
