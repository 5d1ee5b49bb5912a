"""What can go wrong with a device or its tool.

DeviceError                   exit code
├── ToolNotFoundError         2   no file at this path
├── ToolNotExecutableError    2   a file that cannot be started
├── WrongToolError            2   another program of the same name
├── ToolProbeError            3   `--help` did not come back
├── ToolLacksFlagError        2   this build of the tool cannot do what a case asks
├── CpusError                 2   these CPUs cannot be chosen here
└── PhoneError                3   a phone, or the link to it; each names the serial
    ├── LinkLostError         3   the link broke, however it showed
    ├── DeadlineError         3   a command did not end in time; it is dead now
    ├── CommandFailedError    3   a command ended with an exit code that means failure
    └── InvocationLostError   3   the tool is gone without a result; the phone is back
        ├── ProcessLostError  3   the tool was killed from outside
        └── PhoneRebootedError 3  the phone has booted again meanwhile
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


class PhoneError(DeviceError):
    """Anything that goes wrong with a phone; `serial` says with which."""

    exit_code = 3

    def __init__(self, serial: str, message: str) -> None:
        self.serial = serial
        super().__init__(f"Phone {serial!r}: {message}")


class LinkLostError(PhoneError):
    """The link to the phone broke during something; the phone itself may be well."""

    def __init__(self, serial: str, during: str, how: str) -> None:
        super().__init__(
            serial,
            f"the link was lost during {during} ({how}). Check the cable and `adb devices`, then "
            "continue with `--resume`.",
        )


class DeadlineError(PhoneError):
    """A command on the phone did not end in time."""

    def __init__(self, serial: str, command: str, deadline_s: float) -> None:
        super().__init__(serial, f"`{command}` did not end within {deadline_s:g} s.")


class CommandFailedError(PhoneError):
    """A command on the phone failed; keeps what is needed to reproduce it."""

    def __init__(self, serial: str, command: str, exit_code: int, output: str) -> None:
        self.exit_code_on_phone = exit_code
        tail = "\n".join(output.strip().splitlines()[-5:]) or "(it printed nothing)"
        super().__init__(serial, f"`{command}` exited with {exit_code}:\n{tail}")


class InvocationLostError(PhoneError):
    """The tool is gone without a result and the phone is back: worth another attempt.

    `kind` is what a record keeps of it.
    """

    kind = "invocation-lost"


class ProcessLostError(InvocationLostError):
    """The tool's process is gone and left no exit code: something killed it with its shell."""

    kind = "process-lost"

    def __init__(self, serial: str, command: str) -> None:
        super().__init__(
            serial,
            f"`{command}` is gone without an exit code. Was adbd restarted (a change of the USB "
            "mode does that), or did the phone run out of memory?",
        )


class PhoneRebootedError(InvocationLostError):
    """The phone has booted since the command was started."""

    kind = "phone-rebooted"

    def __init__(self, serial: str, command: str) -> None:
        super().__init__(serial, f"it has rebooted while `{command}` was running.")
