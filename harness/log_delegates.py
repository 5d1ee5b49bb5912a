"""What a log of `benchmark_model` says of delegates: which were applied, and to how much.

Two sources are put together. The tool itself speaks of the delegates it was told to apply
(`tensorflow/lite/tools/benchmark/benchmark_tflite_model.cc`); the runtime speaks of the nodes that
any delegate took, also one by default (`tensorflow/lite/core/subgraph.cc`). Their names differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.log_lines import Line
from harness.measurement import Delegation

# The runtime's name of a kernel, and the tool's name of its delegate. Others keep their own name:
# an EXTERNAL delegate's kernel has whatever name its vendor gave it.
_DELEGATES = {
    "TfLiteXNNPackDelegate": "XNNPACK",
    "TfLiteGpuDelegate": "GPU",
    "TfLiteGpuDelegateV2": "GPU",
    "TfLiteNnapiDelegate": "NNAPI",
    "TfLiteHexagonDelegate": "Hexagon",
    "TfLiteCoreMlDelegate": "COREML",
}

# TF 2.0-2.2 end after `delegate`, even if it took nothing; 2.3 says `w/ the delegate`.
_APPLIED = re.compile(
    r"(?:Explicitly applied|Applied) (?P<name>\S{1,80}) delegate"
    r"(?:, and the model graph will be (?P<applied>completely|partially) executed (?:by|w/) the "
    r"delegate(?: w/ (?P<partitions>[0-9]{1,9}) delegate kernels)?)?\."
)
_NOT_APPLIED = re.compile(
    r"Though (?P<name>\S{1,80}) delegate is (?:explicitly )?applied, the model graph will not be "
    r"executed by the delegate\."
)
_CREATED = re.compile(
    r"Created TensorFlow Lite (?:(XNNPACK) delegate for CPU|delegate for (GPU|NNAPI))\."
)
# `for the whole graph` since TF 2.10-2.14, `for subgraph 0` in LiteRT, with its name since 2.2.
_REPLACED = re.compile(
    r"Replacing (?P<nodes>[0-9]{1,9})(?: out of (?P<total>[0-9]{1,9}))? node\(s\) with delegate "
    r"\((?P<kernel>[^)]{1,80})\) node, yielding (?P<partitions>[0-9]{1,9}) partitions"
    r"(?: for (?P<graph>[^.]{1,200}))?\."
)


def read_delegations(lines: Iterable[Line]) -> tuple[Delegation, ...]:
    """One Delegation per delegate, in the order in which the log first names them."""
    stated: dict[str, Delegation] = {}
    replaced: dict[str, dict[str, Delegation]] = {}
    for line in lines:
        statement = _read_statement(line)
        if statement is not None:
            earlier = stated.get(statement.delegate)
            # A delegate that is only created says nothing that a later line would not.
            if earlier is None or earlier.applied is None:
                stated[statement.delegate] = statement
        elif match := _REPLACED.match(line.text):
            delegate = _DELEGATES.get(match["kernel"], match["kernel"])
            stated.setdefault(delegate, Delegation(delegate=delegate))
            graphs = replaced.setdefault(delegate, {})
            graph = match["graph"] or ""
            graphs[graph] = _larger(graphs.get(graph), _replacement(delegate, match))
    return tuple(
        _merge(statement, tuple(replaced.get(name, {}).values()))
        for name, statement in stated.items()
    )


def speaks_of_delegates(line: Line) -> bool:
    """Whether a delegation is read from this line."""
    return _read_statement(line) is not None or _REPLACED.match(line.text) is not None


def _read_statement(line: Line) -> Delegation | None:
    if match := _APPLIED.match(line.text):
        return Delegation(
            delegate=match["name"],
            applied=match["applied"],
            partitions=None if match["partitions"] is None else int(match["partitions"]),
        )
    if match := _NOT_APPLIED.match(line.text):
        return Delegation(delegate=match["name"], applied="not at all")
    if match := _CREATED.match(line.text):
        return Delegation(delegate=match[1] or match[2])
    return None


def _replacement(delegate: str, match: re.Match[str]) -> Delegation:
    return Delegation(
        delegate=delegate,
        nodes=int(match["nodes"]),
        nodes_total=None if match["total"] is None else int(match["total"]),
        partitions=int(match["partitions"]),
    )


def _larger(earlier: Delegation | None, later: Delegation) -> Delegation:
    """The one with more nodes: a delegate applied again finds only what it could not take."""
    if earlier is None or (later.nodes or 0) >= (earlier.nodes or 0):
        return later
    return earlier


def _merge(statement: Delegation, graphs: Sequence[Delegation]) -> Delegation:
    """The tool's statement with the runtime's numbers, summed over the graphs of the model."""
    if not graphs:
        return statement
    totals = [graph.nodes_total for graph in graphs if graph.nodes_total is not None]
    partitions = sum(graph.partitions or 0 for graph in graphs)
    return replace(
        statement,
        nodes=sum(graph.nodes or 0 for graph in graphs),
        nodes_total=sum(totals) if len(totals) == len(graphs) else None,
        partitions=partitions if statement.partitions is None else statement.partitions,
    )
