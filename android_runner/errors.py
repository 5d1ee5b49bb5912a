"""What can go wrong with a device or its tool.

DeviceError                   exit code
├── ToolNotFoundError         2   no file at this path
├── ToolNotExecutableError    2   a file that cannot be started
├── WrongToolError            2   another program of the same name
├── ToolProbeError            3   `--help` did not come back
├── ToolNotStartedError       2   the phone cannot start it: another ABI, a missing library
├── ToolLacksFlagError        2   this build of the tool cannot do what a case asks
├── BinaryError               2   a file that is no program
├── WrongAbiError             2   a program for other devices than this
├── ToolSourceError           2   a tool cannot be fetched by what was given
├── FetchFailedError          3   a tool could not be fetched
├── HashMismatchError         2   a tool is not the file that was asked for
├── CpusError                 2   these CPUs cannot be chosen here
├── NoPhoneError              3   the phone that was asked for is not attached, or none is
├── UnknownAliasError         2   no phone has such a name
├── AmbiguousPhoneError       2   several phones fit
├── LeaseStoreError           2   the folder of leases cannot be written
├── AdbServerAddressError     2   a variable of adb's says something that is no TCP address
├── AdbServerError            3   no adb server listens there, and none could be started
├── JournalError              3   the journal of changes cannot be written or understood
└── PhoneError                3   a phone, or the link to it; each names the serial
    ├── PhoneNotReadyError    3   attached, but it cannot be used in this state
    ├── LeaseHeldError        3   another process has the phone
    ├── LinkLostError         3   the link broke, however it showed
    ├── DeadlineError         3   a command did not end in time; it is dead now
    ├── CommandFailedError    3   a command ended with an exit code that means failure
    ├── PhoneTooOldError      3   its Android cannot tell how a command ended
    ├── NoRoomError           3   its storage is too full for a file
    ├── PushFailedError       3   a file could not be brought there whole
    ├── NotRestoredError      3   changes of ours are still on the phone; says how to undo them
    ├── OtherPhoneError       3   another phone answers at the address of the one we began with
    └── InvocationLostError   3   the tool is gone without a result; the phone is back
        ├── ProcessLostError  3   the tool was killed from outside
        └── PhoneRebootedError 3  the phone has booted again meanwhile
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class DeviceError(Exception):
    """Anything that goes wrong with a device or its tool."""

    exit_code = 2


class CpusError(DeviceError):
    """The CPUs that were asked for cannot be chosen on this device."""

    def __init__(self, cpus: str, why: str) -> None:
        super().__init__(f"Cannot run on CPUs {cpus!r}: {why}.")


class NoPhoneError(DeviceError):
    """The phone that was asked for is not attached, or none is; `attached` has a line for each."""

    exit_code = 3

    def __init__(self, wanted: str | None, attached: Sequence[str]) -> None:
        what = "No phone is attached" if wanted is None else f"No phone {wanted!r} is attached"
        if attached:
            super().__init__(f"{what}. Attached:\n{_indented(attached)}")
            return
        super().__init__(
            f"{what}: adb sees none. Connect one with USB debugging on (a charging cable carries "
            "no data), or measure on this machine with `--device host`."
        )


class UnknownAliasError(DeviceError):
    """No phone has this name; `near` are names that look like it."""

    def __init__(self, name: str, near: Sequence[str]) -> None:
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        super().__init__(
            f"There is no phone called {name!r}.{hint} Give `host`, an alias from pixel3 to "
            "pixel9a, a serial of `mbert-bench devices`, or `any`."
        )


class AmbiguousPhoneError(DeviceError):
    """Several phones fit and none was chosen; `attached` has a line for each."""

    def __init__(self, wanted: str | None, attached: Sequence[str]) -> None:
        what = "Several phones are attached" if wanted is None else f"Several phones are {wanted!r}"
        super().__init__(
            f"{what}: name one with `--device SERIAL` or ANDROID_SERIAL.\n{_indented(attached)}"
        )


class LeaseStoreError(DeviceError):
    """The folder in which phones are leased cannot be used."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"Cannot lock {str(path)!r}: {error.strerror or error}. "
            "Set MBERT_BENCH_STATE to a folder that you may write."
        )


class PhoneError(DeviceError):
    """Anything that goes wrong with a phone; `serial` says with which."""

    exit_code = 3

    def __init__(self, serial: str, message: str) -> None:
        self.serial = serial
        super().__init__(f"Phone {serial!r}: {message}")


class PhoneNotReadyError(PhoneError):
    """The phone is attached, but not in a state in which it can be used."""

    def __init__(self, serial: str, state: str, remedy: str) -> None:
        self.state = state
        super().__init__(serial, f"it is not ready ({state}). {remedy}")


class LeaseHeldError(PhoneError):
    """Another process has the phone; two that measure at once measure each other."""

    def __init__(self, serial: str, holder: str) -> None:
        super().__init__(serial, f"it is in use by {holder}. Wait for it, or choose another phone.")


class LinkLostError(PhoneError):
    """The link to the phone broke during something; the phone itself may be well."""

    def __init__(self, serial: str, during: str, how: str) -> None:
        self.how = how
        super().__init__(
            serial,
            f"the link was lost during {during} ({how}). Check the cable and `adb devices`, then "
            "continue with `--resume`.",
        )


class DeadlineError(PhoneError):
    """A command on the phone did not end in time."""

    def __init__(
        self, serial: str, command: str, deadline_s: float, *, still_running: Sequence[int] = ()
    ) -> None:
        self.still_running = tuple(still_running)
        rest = f" Processes {list(still_running)} of it could not be killed." * bool(still_running)
        super().__init__(serial, f"`{command}` did not end within {deadline_s:g} s.{rest}")


class CommandFailedError(PhoneError):
    """A command on the phone failed; keeps what is needed to reproduce it."""

    def __init__(self, serial: str, command: str, exit_code: int, output: str) -> None:
        self.exit_code_on_phone = exit_code
        tail = "\n".join(output.strip().splitlines()[-5:]) or "(it printed nothing)"
        super().__init__(serial, f"`{command}` exited with {exit_code}:\n{tail}")


class AdbServerAddressError(DeviceError):
    """A variable that says where the adb server is cannot be followed."""

    def __init__(self, variable: str, value: str, why: str) -> None:
        super().__init__(
            f"{variable}={value!r} does not say where an adb server listens: {why}. Correct it, or "
            "unset it for the default, 127.0.0.1:5037."
        )


class AdbServerError(DeviceError):
    """There is no adb server; one is only ever started at adb's default address."""

    exit_code = 3

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"There is no adb server at {host}:{port}: {why}. Try `adb devices`.")


class PhoneTooOldError(PhoneError):
    """The phone's adbd has no shell that tells exit codes (it came with Android 7)."""

    def __init__(self, serial: str, features: Sequence[str]) -> None:
        super().__init__(
            serial,
            f"its adbd has no shell_v2, only {', '.join(features) or 'nothing'}; Android 7 or "
            "later is needed.",
        )


class NoRoomError(PhoneError):
    """The phone's storage is too full. `needed_bytes`; `free_bytes` is None where it is unknown."""

    def __init__(self, serial: str, needed_bytes: int, free_bytes: int | None) -> None:
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes
        free = "too little" if free_bytes is None else f"{free_bytes / 1e6:.1f} MB"
        super().__init__(
            serial,
            f"{needed_bytes / 1e6:.1f} MB are needed in /data/local/tmp and {free} is free. "
            "Remove something there and continue with `--resume`.",
        )


class PushFailedError(PhoneError):
    """A file did not arrive whole; nothing on the phone can be taken for it."""

    def __init__(self, serial: str, file: str, why: str) -> None:
        super().__init__(serial, f"{file!r} could not be pushed: {why}.")


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


class JournalError(DeviceError):
    """The journal of what was changed on a phone cannot be kept, or not be understood."""

    exit_code = 3

    def __init__(self, path: Path, why: str, remedy: str) -> None:
        super().__init__(f"The journal of changes {str(path)!r} {why}. {remedy}")


class NotRestoredError(PhoneError):
    """Some changes of ours could not be undone; each is named with the command that undoes it.

    They stay in the journal, so that the next run, or `mbert-bench restore`, tries again.
    """

    def __init__(self, serial: str, what: Sequence[str], why: str) -> None:
        self.what = tuple(what)
        lines = "\n".join(f"  {line}" for line in self.what)
        super().__init__(
            serial,
            f"not everything could be put back as it was ({why}).\n"
            f"Connect it and run `mbert-bench restore --device {serial}`, or by hand:\n{lines}",
        )


class OtherPhoneError(PhoneError):
    """Another phone answers at an address, such as one that a network has given to it."""

    def __init__(self, serial: str, expected: str, found: str) -> None:
        super().__init__(
            serial, f"another phone answers here now: {found!r} in the place of {expected!r}."
        )


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
