"""Gives the device that is meant: this machine, or a phone that is leased and put in order."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from android_runner.adb_server import server_address
from android_runner.discovery import AttachedPhone, choose_phone, list_phones
from android_runner.errors import NoPhoneError
from android_runner.fetch import fetch_tool, official_url
from android_runner.journal import state_folder
from android_runner.lease import lease
from android_runner.link import Link
from android_runner.properties import read_phone_info
from android_runner.restore import restore_pending
from android_runner.tool_cache import latest_tool
from harness import machine
from harness.device import Device
from harness.host import Host
from harness.peak import measure_peak_gflops
from harness.phone import Phone

HOST = "host"

_BUSY_OVER_S = 0.15
_BUSY_LOOKS = 2

# Told what a person should know before anything is measured.
OnNote = Callable[[str], None]


@contextlib.contextmanager
def open_device(
    name: str | None, tool: Path | None, cache: Path, on_note: OnNote
) -> Iterator[Device]:
    """The device, for this process alone while the block lasts; as `open_with_tools` does it."""
    with open_with_tools(name, (tool,), cache, on_note) as (device,):
        yield device


@contextlib.contextmanager
def open_with_tools(
    name: str | None, tools: Sequence[Path | None], cache: Path, on_note: OnNote
) -> Iterator[list[Device]]:
    """The same device with each of these tools, for this process alone while the block lasts.

    A phone that an earlier run has left changed is put back first. Raises the errors of
    `discovery`, `lease`, `restore` and `fetch`, and what `Host` and `Phone` raise for the tool.
    """
    if name == HOST:
        yield [Host(tool) for tool in tools]
        return
    link, chosen = find_phone(name)
    with lease(chosen.lease_key):
        for restored in restore_pending(link, state_folder()):
            on_note(f"put back from an earlier run: {restored.entry.title} ({restored.how})")
        about = chosen.info or read_phone_info(link)
        abi = about.abi or "arm64-v8a"
        paths = [tool or _official_tool(abi, cache, on_note) for tool in tools]
        phones = [Phone(link, about, path) for path in paths]
        yield [*phones]
        phones[0].tidy()


@contextlib.contextmanager
def held_steady(device: Device, folder: Path, patience_s: float) -> Iterator[tuple[str, ...]]:
    """Holds a phone in a steady state while the block lasts; a host is left as it is.

    Gives what could not be done to hold it.
    """
    if isinstance(device, Phone):
        with device.steady(folder, patience_s) as notes:
            yield notes
    else:
        yield ()


def busy_percent(device: Device) -> float | None:
    """The share of a host's CPU time that others use; a moment's work does not count."""
    if not isinstance(device, Host):
        return None
    looks = [machine.busy_percent(_BUSY_OVER_S) for _ in range(_BUSY_LOOKS)]
    return min((look for look in looks if look is not None), default=None)


def peak_gflops(device: Device, threads: int, *, int8: bool = False) -> float | None:
    """What a host's CPUs reach at most with so many threads, measured now."""
    return measure_peak_gflops(threads, int8=int8) if isinstance(device, Host) else None


def find_phone(name: str | None) -> tuple[Link, AttachedPhone]:
    """The phone that is meant by a name, or by the environment, or the only one."""
    with contextlib.suppress(NoPhoneError):
        choose_phone(name, {}, ())  # a misspelt alias is told without asking adb
    address = server_address()
    attached = list_phones(address, lambda serial: Link(serial, address))
    serial = choose_phone(name, os.environ, attached)
    chosen = next(phone for phone in attached if phone.serial == serial)
    return Link(serial, address), chosen


def _official_tool(abi: str, cache: Path, on_note: OnNote) -> Path:
    """The official build that was fetched last, so that results stay comparable."""
    source = official_url(abi)
    kept = latest_tool(cache / "tools", source)
    if kept is None:
        on_note(f"fetching the official benchmark_model for {abi}")
        kept = fetch_tool(source, cache)
    return kept.path
