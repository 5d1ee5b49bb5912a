"""What runs, devices and tools are called, on one line."""

from __future__ import annotations

import datetime

from android_runner.tool import Tool
from harness.device import DeviceInfo
from harness.record import RunInfo
from reports.cells import NOTHING, one_line

_HASH_LENGTH = 12


def run_date(info: RunInfo) -> str:
    """When a run began, in UTC; what is no date is shown as it is."""
    try:
        moment = datetime.datetime.fromisoformat(info.created_at).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return one_line(info.created_at, 40)
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def device_name(device: DeviceInfo) -> str:
    """The device's model, or what it was asked for by."""
    return one_line(device.model or device.name, 80)


def device_text(device: DeviceInfo) -> str:
    """The device with what tells it from another of its model: `Pixel 4 (9A221FFAZ004PX)`."""
    if device.kind == "host":
        cpus = "1 CPU" if device.cpu_count == 1 else f"{device.cpu_count} CPUs"
        return f"{device_name(device)} (host, {cpus})"
    serial = one_line(device.serial, 40) if device.serial else "serial not told"
    return f"{device_name(device)} ({serial})"


def tool_text(tool: Tool) -> str:
    """The tool's kind and the beginning of its hash."""
    kind = "stand-in" if tool.stand_in else "benchmark_model"
    return f"{kind} {short_hash(tool.sha256)}"


def short_hash(sha256: str | None) -> str:
    """As much of a hash as tells files apart."""
    return NOTHING if not sha256 else one_line(sha256[:_HASH_LENGTH])
