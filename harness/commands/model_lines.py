"""What `mbert-bench models` says to people: the catalogue, a file, two files side by side.

Names in a file are anybody's: they are shown on one line, with marks for what cannot be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.delegated import Delegation
    from models.inspect import ModelInfo
    from models.tensors import TensorInfo

# Bytes that a weight takes; a file is a little larger, and smaller where tables are shared.
_BYTES = {"fp32": 4, "fp16": 2, "dynamic": 1, "int8": 1}
_INDENT = " " * 13  # of a fact's second line; its name has the room before


def weight_bytes(parameters: int) -> dict[str, int]:
    """The size of so many weights in each quantization."""
    return {quantization: size * parameters for quantization, size in _BYTES.items()}


def catalog_lines() -> Iterator[str]:
    """A row of numbers for each model, and below it where it comes from and what it can vary."""
    from models.catalog import CATALOG
    from reports.texts.layout import wrap

    sizes = "".join(f"{name:>10}" for name in ("fp32 MB", "fp16 MB", "int8 MB"))
    yield f"{'name':<16} {'parameters':>12} {'MACs at 128':>15}{sizes}"
    for entry in CATALOG.values():
        parameters = entry.config.parameters
        sizes = "".join(f"{size * parameters / 1e6:>10,.1f}" for size in (4, 2, 1))
        yield f"{entry.name:<16} {parameters:>12,} {entry.config.macs(128):>15,}{sizes}"
        yield from wrap(f"{entry.title}; {entry.source}", " " * 17)
        yield from wrap(f"checkpoint: {entry.checkpoint or 'none is published'}", " " * 17)
        if entry.variants:
            groups = ", ".join(" or ".join(group) for group in entry.variants)
            yield from wrap(f"variants: {groups}", " " * 17)
    yield "\nCounts are the encoder's, without pooler and task head; sizes are its weights'."
    yield "dynamic is as large as int8; int8 is for latency only: its answers are not the model's."
    yield "Name a variant with @, for example mobilebert@paper+layernorm+gelu; the first of each"
    yield "group is the default."


def file_lines(info: ModelInfo, delegation: Delegation | None) -> Iterator[str]:
    """What a file holds."""
    yield f"file         {_path(info)}"
    yield f"size         {info.size_bytes:,} bytes"
    if info.facts is not None:
        facts = info.facts
        built = "-".join((facts.name + (f"@{facts.variant}" if facts.variant else ""), facts.task))
        note = " (for latency only)" if facts.quantization == "int8" else ""
        yield from _fact(
            "built as", f"{built}, {facts.quantization}{note}, weights: {facts.weights}"
        )
        yield f"parameters   {facts.parameters:,} and {facts.head_parameters:,} in the head"
    kinds = ", ".join(f"{kind} {size:,} bytes" for kind, size in info.weight_bytes.items())
    yield from _fact("weights", f"{info.constants:,} values in the file: {kinds or 'none'}")
    for weight in info.largest:
        shape = "x".join(map(str, weight.shape)) or "scalar"
        line = f"{weight.size_bytes:>13,} bytes  {weight.dtype} [{shape}]  {weight.name[:60]!r}"
        yield from _lines(f"  {line}", " " * 23)
    yield f"MACs         {info.macs:,}"
    for tensor in info.inputs:
        yield from _fact("input", _tensor(tensor))
    for tensor in info.outputs:
        yield from _fact("output", _tensor(tensor))
    yield f"XNNPACK      {_delegation(delegation)}"
    yield f"operators    {sum(info.operators.values()):,}"
    left = delegation.left if delegation else {}
    for name, count in info.operators.items():
        taken = f" ({left[name]} not in XNNPACK)" if name in left else ""
        yield from _lines(f"  {count:>5}  {_visible(name)}{taken}", " " * 9)


def comparison_lines(
    infos: Sequence[ModelInfo], delegations: Sequence[Delegation | None]
) -> Iterator[str]:
    """Two files side by side; of operators, only those whose counts differ."""
    from reports.texts.layout import align, wrap

    first, second = infos
    yield f"A  {_path(first)}"
    yield f"B  {_path(second)}"
    rows = [("", "A", "B", "B / A"), *_compared(infos, delegations)]
    yield from align(rows)
    for what, tensors in (("inputs", "inputs"), ("outputs", "outputs")):
        pair = [", ".join(map(_tensor, getattr(info, tensors))) for info in infos]
        if pair[0] != pair[1]:
            yield from wrap(f"{what} of A: {pair[0]}", "", "  ")
            yield from wrap(f"{what} of B: {pair[1]}", "", "  ")


def _compared(
    infos: Sequence[ModelInfo], delegations: Sequence[Delegation | None]
) -> Iterator[tuple[str, ...]]:
    first, second = infos
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
            yield _row(f"  {_visible(name)}", *counts)


def _row(what: str, first: int, second: int) -> tuple[str, ...]:
    return (f"{what:<24}", f"{first:,}", f"{second:,}", f"{second / first:.3f}" if first else "-")


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
    return f"{tensor.name[:200]!r} {tensor.dtype} [{shape}]{rows}"


def _fact(name: str, text: str) -> list[str]:
    return _lines(f"{name:<13}{_visible(text)}", _INDENT)


def _lines(line: str, hanging: str) -> list[str]:
    """The line, or where it is too long several with all but the first set back."""
    from reports.texts.layout import WIDTH, wrap

    return [line] if len(line) <= WIDTH else wrap(line, "", hanging)


def _path(info: ModelInfo) -> str:
    """Never on several lines: a path is copied."""
    from reports.cells import visible

    return visible(str(info.path))


def _visible(text: str) -> str:
    from reports.cells import one_line

    return one_line(text, 2000)
