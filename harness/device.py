"""What a device is to the harness: five methods, and the values that pass through them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from android_runner.tool import Tool
from harness.measurement import ToolLog


@dataclass(frozen=True, kw_only=True)
class DeviceInfo:
    """Who a device is; part of every result.

    `tier` says how well it is controlled: T0 not at all, T1 pinned to known CPUs, T2 clocks fixed
    and read back.
    """

    kind: str  # "host" or "phone"
    name: str
    serial: str | None
    model: str | None
    soc: str | None
    fingerprint: str | None
    tier: str
    cpu_count: int
    build_type: str | None = None
    emulator: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ClusterState:
    """A group of CPUs that share a clock: how fast it runs, may run, and could run, in kHz.

    `residency_ticks` counts, by frequency, how long it has run there since boot, in 10 ms.
    """

    policy: str
    cpus: tuple[int, ...]
    current_khz: int | None = None
    cap_khz: int | None = None
    highest_khz: int | None = None
    governor: str | None = None
    residency_ticks: dict[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Observation:
    """The state of a device at one moment; None is what it cannot tell.

    `temperature_c` is that of a phone's skin, or of a host's hottest zone. `thermal_status` is
    Android's, from 0 (none) to 6 (shutdown). `cpu_idle_s` is how long the CPUs have been
    idle since the boot, in all. `charge_uah` is the battery's charge counter, in microampere-hours.
    `sources` holds the raw text that a value was read from, by `thermal`, `clocks`, `battery`.
    """

    load_1min: float | None = None
    memory_available_mb: float | None = None
    cpu_mhz: float | None = None
    temperature_c: float | None = None
    thermal_status: int | None = None
    thermal_overridden: bool | None = None
    battery_percent: float | None = None
    battery_c: float | None = None
    battery_mocked: bool | None = None
    powered: bool | None = None
    screen_on: bool | None = None
    boot_id: str | None = None
    clusters: tuple[ClusterState, ...] = ()
    uptime_s: float | None = None
    storage_free_mb: float | None = None
    cpu_idle_s: float | None = None
    charge_uah: float | None = None
    voltage_mv: float | None = None
    sources: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file on a device, and the hash of what is there."""

    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Capture:
    """A file that the tool writes: the flag that takes its path, and where it is to be saved."""

    flag: str
    file: Path


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One start of the tool: its flags, the CPUs to run on, a deadline, and where its raw output
    is to be saved. `threads` are those in the flags; `auto` CPUs depend on them. A lost link is
    waited for up to `patience_s`, beside the deadline. For each of `captures` the device adds the
    flag with a path of its own; a file that the tool did not write is not saved."""

    flags: tuple[str, ...]
    cpus: str
    threads: int
    timeout_s: float
    patience_s: float
    stdout: Path
    stderr: Path
    captures: tuple[Capture, ...] = ()


class Device(Protocol):
    """This machine, or a phone.

    `info` says who it is, `tool` which build of the tool it will start, `put` brings a file there
    and gives back what is there now, `observe` reads its state, `invoke` starts the tool once.
    """

    def info(self) -> DeviceInfo: ...
    def tool(self) -> Tool: ...
    def put(self, file: Path) -> StoredFile: ...
    def observe(self) -> Observation: ...
    def invoke(self, invocation: Invocation) -> ToolLog: ...
