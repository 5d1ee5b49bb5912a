"""The benchmark tool: which flags a build of it has, and the flags that a case needs.

Flags differ from version to version, and a flag that a build does not know is ignored with exit
code 0. So a build is asked once with `--help`, and only flags that it has are sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from android_runner.tool_errors import ToolLacksFlagError, WrongToolError

# A line of the usage text, `\t--num_runs=50   \tint32\toptional\t…` (tools/command_line_flags.cc).
_FLAG = re.compile(r"^\s*--([A-Za-z0-9_-]+)=", re.MULTILINE)

# Flags of LiteRT's CompiledModel tool that TFLite's never had.
_LITERT_ONLY = {"use_npu", "use_cpu"}

# What each kind of delegate asks of the tool; `external` also takes the library's path.
_DELEGATE_FLAGS = {
    "xnnpack": "use_xnnpack=true",
    "cpu": "use_xnnpack=false",
    "gpu": "use_gpu=true",
    "nnapi": "use_nnapi=true",
    "hexagon": "use_hexagon=true",
}
DELEGATES = ("default", *_DELEGATE_FLAGS, "external:/path")


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One build of the tool on a device.

    `flags` are those that its usage text lists, None where it lists none (builds before 2.6).
    `stand_in` is true for our own tool on the LiteRT runtime for Python.
    """

    path: str
    sha256: str
    stand_in: bool
    flags: frozenset[str] | None

    def has(self, flag: str) -> bool:
        """Whether the flag can be sent; a build that cannot tell is taken at its word later."""
        return self.flags is None or flag in self.flags


@dataclass(frozen=True, kw_only=True)
class ToolInput:
    """What one input of the model is fed: a file of raw bytes, all values in [low, high]."""

    name: str
    shape: tuple[int, ...]
    file: str
    low: int | None
    high: int | None


@dataclass(frozen=True, kw_only=True)
class ToolOptions:
    """What one invocation asks of the tool; fields are named like the flags.

    `more` are further flags as `name=value`.
    """

    graph: str
    num_threads: int
    num_runs: int
    min_secs: float
    max_secs: float
    warmup_runs: int
    warmup_min_secs: float
    delegate: str
    inputs: tuple[ToolInput, ...]
    more: tuple[str, ...] = ()


def is_delegate(text: str) -> bool:
    """Whether `--delegate` knows the word."""
    kind, colon, path = text.partition(":")
    if kind == "external":
        return bool(colon and path)
    return text in DELEGATES


def read_flags(path: Path, usage: str) -> frozenset[str] | None:
    """The flags in a usage text. Raises `WrongToolError` for the LiteRT tool of the same name."""
    flags = list_flags(usage)
    if is_litert_tool(flags):
        raise WrongToolError(path)
    return flags or None


def list_flags(usage: str) -> frozenset[str]:
    """The flags that a usage text lists, whichever tool's it is."""
    return frozenset(_FLAG.findall(usage))


def is_litert_tool(flags: frozenset[str]) -> bool:
    """Whether these are the flags of LiteRT's CompiledModel tool of the same file name."""
    return flags >= _LITERT_ONLY


def build_flags(options: ToolOptions, tool: Tool) -> tuple[str, ...]:
    """The tool's arguments. Raises `ToolLacksFlagError` for what this build cannot do."""
    flags = [
        f"--graph={options.graph}",
        f"--num_threads={options.num_threads}",
        f"--num_runs={options.num_runs}",
        f"--min_secs={options.min_secs:g}",
        f"--max_secs={options.max_secs:g}",
        f"--warmup_runs={options.warmup_runs}",
        f"--warmup_min_secs={options.warmup_min_secs:g}",
        *_delegate_flags(options.delegate),
        *_input_flags(options.inputs, tool),
        *(f"--{flag}" for flag in options.more),
    ]
    for flag in flags:
        name = flag[2:].partition("=")[0]
        if not tool.has(name):
            asked = any(extra.startswith(f"{name}=") for extra in options.more)
            purpose = f"--{flag[2:]}" if asked else f"delegate {options.delegate!r}"
            raise ToolLacksFlagError(flag=name, purpose=purpose)
    return tuple(flags)


def _delegate_flags(delegate: str) -> list[str]:
    kind, _, path = delegate.partition(":")
    if kind == "external":
        return [f"--external_delegate_path={path}"]
    return [f"--{_DELEGATE_FLAGS[kind]}"] if kind in _DELEGATE_FLAGS else []


def _input_flags(inputs: tuple[ToolInput, ...], tool: Tool) -> list[str]:
    """All inputs in the model's order; values from files where the build has them (2.2 on)."""
    if not inputs:
        return []
    names = [tensor.name for tensor in inputs]
    shapes = [",".join(map(str, tensor.shape)) for tensor in inputs]
    flags = [f"--input_layer={','.join(names)}", f"--input_layer_shape={':'.join(shapes)}"]
    # A colon in a name is doubled (utils of the tool; its help text says otherwise).
    escaped = [name.replace(":", "::") for name in names]
    if tool.has("input_layer_value_files"):
        files = [f"{name}:{tensor.file}" for name, tensor in zip(escaped, inputs, strict=True)]
        return [*flags, f"--input_layer_value_files={','.join(files)}"]
    if not tool.has("input_layer_value_range"):
        raise ToolLacksFlagError(flag="input_layer_value_range", purpose="a valid input")
    ranges = [
        f"{name},{tensor.low},{tensor.high}"
        for name, tensor in zip(names, inputs, strict=True)
        if tensor.low is not None
    ]
    return [*flags, f"--input_layer_value_range={':'.join(ranges)}"]
