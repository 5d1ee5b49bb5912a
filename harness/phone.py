"""A phone as a device: brings files there, and holds it steady while the tool runs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from android_runner.binary import abi_problem, read_binary
from android_runner.changes import Change, usual_changes
from android_runner.clocks import Root, lock_clocks, read_clocks
from android_runner.cpu import Topology, read_topology, resolve_cpus
from android_runner.cpu_mask import parse_affinity
from android_runner.errors import (
    DeadlineError,
    LinkLostError,
    PhoneError,
    PhoneRebootedError,
)
from android_runner.identity import identify, is_booted
from android_runner.journal import open_journal, state_folder
from android_runner.link import Link
from android_runner.observe import observe_phone
from android_runner.pixels import find_pixel
from android_runner.properties import PhoneInfo
from android_runner.push import Store
from android_runner.restore import Patience
from android_runner.start import start_problem
from android_runner.steady_state import Tier, steady
from android_runner.tool import Tool, read_flags
from android_runner.tool_errors import ToolNotFoundError, ToolNotStartedError, WrongAbiError
from harness.device import DeviceInfo, Invocation, Observation, StoredFile
from harness.measurement import ToolLog
from harness.phone_invocation import RUNS, run_tool
from harness.phone_state import describe_state

# `; true` keeps a shell from becoming the grep, whose number would be another.
_OWN_AFFINITY = "grep -H '^Cpus_allowed:' /proc/$$/task/*/status; true"
_PROBE_TIMEOUT_S = 60  # the first start loads the whole file from flash
# What is kept on a phone between runs: not older, and not more in all.
_KEEP_DAYS = 30
_KEEP_BYTES = 4_000_000_000


@dataclass(frozen=True, kw_only=True)
class _Held:
    """The boot in which the phone is held steady, and how long a lost link is waited for."""

    boot_id: str
    patience_s: float


class Phone:
    """One phone behind a link. `tool_path` is a build of the tool for its ABI, on this host.

    Making it pushes the tool and asks it for its flags. Raises `ToolNotFoundError`,
    `WrongAbiError`, `ToolNotStartedError`, `WrongToolError`, and the errors of `Link` and `Store`.
    """

    def __init__(self, link: Link, about: PhoneInfo, tool_path: Path) -> None:
        self._link = link
        self._about = about
        self._pixel = find_pixel(about.device)
        self._store = Store(link)
        self._tier = Tier.UNCONTROLLED
        self._held: _Held | None = None
        self._topology: Topology = read_topology(link, self._pixel)
        self._tool_path = tool_path
        self._stand_in = _check_tool(tool_path, about)
        self._flags = self._ask_for_flags()

    def info(self) -> DeviceInfo:
        """Describes the phone; the tier is that of the steady state that holds now."""
        about = self._about
        return DeviceInfo(
            kind="phone",
            name=self._pixel.alias if self._pixel else about.device or about.serial,
            serial=about.serialno or about.serial,
            model=about.model,
            soc=about.soc,
            fingerprint=about.fingerprint,
            tier=self._tier.value,
            cpu_count=self._topology.cpu_count or 1,
            build_type=about.build_type,
            emulator=about.emulator,
        )

    def tool(self) -> Tool:
        """The tool; its hash is that of the file on the phone."""
        stored = self.put(self._tool_path)
        return Tool(
            path=stored.path, sha256=stored.sha256, stand_in=self._stand_in, flags=self._flags
        )

    def put(self, file: Path) -> StoredFile:
        """Brings a file to the phone; its hash was taken there."""
        path = self._store.put(file, executable=file == self._tool_path)
        return StoredFile(path=path, sha256=PurePosixPath(path).parent.name)

    def observe(self) -> Observation:
        """Reads the phone's state, in one round trip; a link that is lost meanwhile is waited for
        as long as the steady state allows.

        Raises `PhoneRebootedError` where the phone has booted instead.
        """
        try:
            return self._observe()
        except (LinkLostError, DeadlineError):
            if self._held is None:
                raise
            self._link.wait_until_back(self._held.patience_s)
            if identify(self._link).boot_id != self._held.boot_id:
                raise PhoneRebootedError(self._link.serial, "a look at its state") from None
            return self._observe()

    def _observe(self) -> Observation:
        sensor = self._pixel.skin_sensor if self._pixel else None
        return describe_state(observe_phone(self._link, skin_sensor=sensor))

    def invoke(self, invocation: Invocation) -> ToolLog:
        """Runs the tool once, detached, so that a dropped link is waited out.

        Raises `CpusError`, `InvocationLostError` when the phone has lost it, the other errors of
        the link, and OSError when the log cannot be saved here.
        """
        mask = resolve_cpus(invocation.cpus, self._topology, invocation.threads)
        return run_tool(self._link, self.tool().path, mask, invocation)

    @contextlib.contextmanager
    def steady(self, folder: Path, patience_s: float) -> Iterator[tuple[str, ...]]:
        """Holds the phone in a steady state; what is changed is in the folder's journal first.

        Gives what could not be done. At the end a lost phone is waited for, to put it back.

        Raises `NotRestoredError` at the end when something could not be put back.
        """
        identity = identify(self._link)
        patience = Patience(limit_s=patience_s, wait_for_phone=self._link.wait_until_back)
        with (
            open_journal(folder, identity, state_folder()) as journal,
            steady(
                self._link, journal, self._changes(), pinned=self._pins(), patience=patience
            ) as state,
        ):
            self._tier = state.tier
            self._held = _Held(boot_id=identity.boot_id, patience_s=patience_s)
            try:
                yield state.notes
            finally:
                self._held = None

    def wait_until_booted(self, patience_s: float) -> None:
        """Waits for a phone that boots. Raises `LinkLostError` when it does not in time."""
        ends_at = time.monotonic() + patience_s
        self._link.wait_until_back(patience_s)
        while not is_booted(self._link):
            if time.monotonic() > ends_at:
                raise LinkLostError(self._link.serial, "its boot", "Android is not up")
            time.sleep(1)

    def tidy(self) -> None:
        """Removes from the phone what has not been used for long."""
        with contextlib.suppress(PhoneError):  # nothing depends on it
            self._store.clean(_KEEP_DAYS, _KEEP_BYTES)
            self._link.run(["rmdir", RUNS])

    def _ask_for_flags(self) -> frozenset[str] | None:
        path = self._store.put(self._tool_path, executable=True)
        done = self._link.run([path, "--help"], deadline_s=_PROBE_TIMEOUT_S)
        problem = start_problem(done.exit_code, done.stderr)
        if problem is not None:
            raise ToolNotStartedError(
                self._link.serial, str(self._tool_path), problem.detail, problem.remedy
            )
        return read_flags(self._tool_path, done.stdout + done.stderr)

    def _changes(self) -> tuple[Change, ...]:
        """What is changed to hold the phone steady: its clocks too where adbd is root.

        Another kind of root would ask the phone's owner on its screen.
        """
        if self._link.run(["id", "-u"]).stdout.strip() != "0":
            return usual_changes()
        return (*usual_changes(), *lock_clocks(read_clocks(self._link), Root.ADBD))

    def _pins(self) -> bool:
        """Whether a mask that is asked for is the one that a process gets."""
        mask = resolve_cpus("auto", self._topology, 1)
        done = self._link.run(["taskset", mask.hex, "sh", "-c", _OWN_AFFINITY])
        threads = parse_affinity(done.stdout)
        return bool(threads) and all(thread.mask == mask for thread in threads)


def _check_tool(path: Path, about: PhoneInfo) -> bool:
    """Refuses a file that cannot run on this phone; says whether it is the stand-in."""
    if not path.is_file():
        raise ToolNotFoundError(path)
    binary = read_binary(path.read_bytes(), str(path))
    why = abi_problem(binary, about.abis) if about.abis else None
    if why is not None:
        raise WrongAbiError(str(path), why)
    return binary.stand_in
