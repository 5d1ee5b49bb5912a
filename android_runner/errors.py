"""What can go wrong with the tool before it measures anything.

DeviceError                   exit code
├── ToolNotFoundError         2   no file at this path
├── ToolNotExecutableError    2   a file that cannot be started
├── WrongToolError            2   another program of the same name
├── ToolProbeError            3   `--help` did not come back
├── ToolLacksFlagError        2   this build of the tool cannot do what a case asks
└── CpusError                 2   these CPUs cannot be chosen here
"""

from __future__ import annotations

from pathlib import Path


class DeviceError(Exception):
    """Anything that goes wrong with a device or its tool."""

    exit_code = 2


class ToolNotFoundError(DeviceError):
    """There is no tool at this path."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"There is no benchmark tool at {str(path)!r}. Give the path of an official "
            "`benchmark_model` binary, or leave --benchmark-model out to use the stand-in."
        )


class ToolNotExecutableError(DeviceError):
    """The file cannot be started as a program."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The benchmark tool {str(path)!r} cannot be started ({why}). "
            "Is it a binary for this machine, with `chmod +x`?"
        )


class WrongToolError(DeviceError):
    """The program is LiteRT's CompiledModel tool, which has the same file name."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{str(path)!r} is LiteRT's CompiledModel benchmark: it has the same name, other "
            "flags, and takes no input values. Use TFLite's `benchmark_model`."
        )


class ToolProbeError(DeviceError):
    """The tool did not answer `--help`."""

    exit_code = 3

    def __init__(self, path: Path, how: str) -> None:
        super().__init__(f"The benchmark tool {str(path)!r} does not answer `--help`: {how}.")


class ToolLacksFlagError(DeviceError):
    """This build of the tool has no such flag, so the case cannot be measured with it."""

    def __init__(self, flag: str, purpose: str) -> None:
        super().__init__(
            f"the tool has no flag --{flag}, which {purpose} needs; use another build of the tool"
        )


class CpusError(DeviceError):
    """The CPUs that were asked for cannot be chosen on this device."""

    def __init__(self, cpus: str, why: str) -> None:
        super().__init__(f"Cannot run on CPUs {cpus!r}: {why}.")
