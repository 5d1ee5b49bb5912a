"""What can go wrong with the tool before it measures anything; part of the tree in `errors`."""

from __future__ import annotations

from pathlib import Path

from android_runner.errors import DeviceError


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


class ToolNotStartedError(DeviceError):
    """The tool cannot be started on this phone: another ABI, a missing library, …"""

    def __init__(self, serial: str, tool: str, why: str, remedy: str) -> None:
        super().__init__(f"{tool!r} does not start on phone {serial!r}: {why}. {remedy}")


class ToolLacksFlagError(DeviceError):
    """This build of the tool has no such flag, so the case cannot be measured with it."""

    def __init__(self, flag: str, purpose: str) -> None:
        super().__init__(
            f"the tool has no flag --{flag}, which {purpose} needs; use another build of the tool"
        )


class BinaryError(DeviceError):
    """The file is no program."""

    def __init__(self, name: str, why: str) -> None:
        self.why = why
        super().__init__(f"{name!r} is no benchmark tool: {why}. Get one with `tool fetch`.")


class WrongAbiError(DeviceError):
    """The program cannot run on this device."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"The benchmark tool {name!r} cannot run on this device: {why}. Get the right build "
            "with `tool fetch --abi ABI`."
        )


class ToolSourceError(DeviceError):
    """A tool cannot be fetched by what was given: no such ABI, address or hash."""

    def __init__(self, given: str, why: str) -> None:
        super().__init__(f"Cannot fetch a benchmark tool by {given!r}: {why}.")


class FetchFailedError(DeviceError):
    """A tool could not be fetched; what came of it is gone."""

    exit_code = 3

    def __init__(self, url: str, why: str, remedy: str | None = None) -> None:
        super().__init__(
            f"The benchmark tool could not be fetched from {url!r}: {why}. "
            + (remedy or "Try again, or download it yourself and pass the path of the file.")
        )


class HashMismatchError(DeviceError):
    """The file that came is not the one that was asked for."""

    def __init__(self, source: str, expected: str, actual: str) -> None:
        super().__init__(
            f"The benchmark tool from {source!r} has the sha256 {actual}, not {expected}. The "
            "official builds are replaced every night under the same address: pass the path of "
            "the file that you mean, or give the hash of this one if you trust it."
        )
