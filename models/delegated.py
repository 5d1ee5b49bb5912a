"""How much of a file XNNPACK takes on this machine.

The runtime reads any file, also a broken one, and may take its process with it, so this module is
run as a child: `-m models.delegated FILE` prints a JSON object.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

# Far above what loading the largest model takes.
_TIMEOUT_S = 300


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """What the default delegate made of a file: `left` counts the operators that the CPU's own
    kernels run, by name."""

    nodes: int
    partitions: int
    left: dict[str, int]

    @property
    def delegated(self) -> int:
        """The number of nodes that are inside a partition."""
        return self.nodes - sum(self.left.values())

    @property
    def share_percent(self) -> float:
        """The delegated nodes in percent of all."""
        return 100 * self.delegated / self.nodes if self.nodes else 0.0


def find_delegation(path: Path) -> Delegation | None:
    """Loads a file in a process of its own; None where it cannot be loaded."""
    # -P: a folder `models` in the current directory must not be taken for ours.
    argv = [sys.executable, "-P", "-m", "models.delegated", str(path.absolute())]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
        )
        return TypeAdapter(Delegation).validate_json(done.stdout) if not done.returncode else None
    except (subprocess.TimeoutExpired, ValidationError):
        return None


def read_delegation(operators: list[dict[str, Any]]) -> Delegation:
    """Tells which nodes a plan's partitions cover, by walking from their outputs to their inputs.

    The runtime lists the nodes of the file and behind them one for each partition.
    """
    kernels = [operator for operator in operators if operator["op_name"] == "DELEGATE"]
    nodes = [operator for operator in operators if operator["op_name"] != "DELEGATE"]
    producers = {int(tensor): node for node in nodes for tensor in node["outputs"]}
    taken: set[int] = set()
    for kernel in kernels:
        seen = {int(tensor) for tensor in kernel["inputs"]}
        pending = [int(tensor) for tensor in kernel["outputs"]]
        while pending:
            tensor = pending.pop()
            if tensor in seen or tensor not in producers:
                continue
            seen.add(tensor)
            taken.add(int(producers[tensor]["index"]))
            pending += [int(source) for source in producers[tensor]["inputs"]]
    left = Counter(str(node["op_name"]) for node in nodes if int(node["index"]) not in taken)
    return Delegation(nodes=len(nodes), partitions=len(kernels), left=dict(left.most_common()))


def main(path: str) -> str:
    """Loads a file with the default delegate: the child process's whole work."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path)
    interpreter.allocate_tensors()
    found = read_delegation(interpreter._get_ops_details())
    return json.dumps({"nodes": found.nodes, "partitions": found.partitions, "left": found.left})


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1]))
