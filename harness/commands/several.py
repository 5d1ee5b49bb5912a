"""`run` on several devices at once: one process each, with a run directory each."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import typer

from harness.commands.printing import print_result
from harness.errors import UsageError

# What the whole command exits with where the devices' processes differ: the first of these that
# one of them gave. A regression or a usage error is not hidden by an unplugged cable.
_GRAVEST_FIRST = (130, 1, 2, 3, 4)


def run_on_each(names: tuple[str, ...], options: Mapping[str, Any]) -> None:
    """Runs `mbert-bench run` for each device with the same options, and exits.

    The devices share nothing: each has its process, its lease and its folder `OUT/DEVICE`.
    With `--json` one document holds all of theirs.
    """
    if len(set(names)) < len(names):
        message = f"--device names a device twice: {', '.join(names)}."
        raise UsageError(message)
    processes = [
        _start({**options, "device": name, "out": _folder(options["out"], name)}) for name in names
    ]
    outputs: dict[str, str] = {}
    readers = [
        threading.Thread(target=_relay, args=(name, process, outputs))
        for name, process in zip(names, processes, strict=True)
    ]
    try:
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    except KeyboardInterrupt:  # the terminal has interrupted them too; they keep what they have
        for reader in readers:
            reader.join()
    codes = [process.wait() for process in processes]
    if options["json"]:
        documents = [json.loads(outputs[name]) for name in names if outputs[name].strip()]
        typer.echo(json.dumps({"schema": 1, "runs": documents}, indent=1))
    else:
        for name in names:
            print_result(f"== {name}\n{outputs[name]}")
    raise typer.Exit(next((code for code in _GRAVEST_FIRST if code in codes), 0))


def _folder(out: Path | None, name: str) -> Path | None:
    """A folder for each device; a serial may hold colons and slashes."""
    if out is None:
        return None
    kept = "".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".")
    return out / (kept or "device")


def _start(options: Mapping[str, Any]) -> subprocess.Popen[str]:
    argv = [sys.executable, "-P", "-c", "from harness.cli import main; main()", "run"]
    for option, value in options.items():
        argv += _as_words(f"--{option.replace('_', '-')}", value)
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _as_words(option: str, value: Any) -> list[str]:  # noqa: ANN401  # whatever typer gives
    if value is None or value is False:
        return []
    if value is True:
        return [option]
    values = value if isinstance(value, (list, tuple)) else [value]
    return [f"{option}={item}" for item in values]


def _relay(name: str, process: subprocess.Popen[str], outputs: dict[str, str]) -> None:
    """Passes on what the process says, a line at a time, and keeps its result."""
    assert process.stdout is not None
    assert process.stderr is not None
    messages = threading.Thread(target=_pass_on, args=(name, process.stderr))
    messages.start()
    outputs[name] = process.stdout.read()
    messages.join()


def _pass_on(name: str, stream: IO[str]) -> None:
    for line in stream:
        typer.echo(f"{name}: {line.rstrip()}", err=True)
