"""The command line: parses arguments, prints, and turns errors into exit codes.

Nothing heavy is imported here or at the top of a command's module: `--help` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from importlib import metadata
from types import FrameType
from typing import Annotated

import typer

from android_runner.errors import DeviceError
from harness.commands import aa, ab, claims, devices, gate, models, report, restore, run, tool
from harness.errors import BenchError
from models.errors import ModelError

EXIT_INTERRUPTED = 130
EXIT_INFRASTRUCTURE = 3

app = typer.Typer(
    name="mbert-bench",
    help="Measures how fast and how big TFLite transformer models are, with proof of what ran.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.command()(report.report)
app.command()(claims.claims)
app.command()(ab.ab)
app.command()(gate.gate)
app.command()(aa.aa)
app.command()(devices.devices)
app.command()(devices.doctor)
app.command()(restore.restore)
app.add_typer(models.app, name="models")
app.add_typer(tool.app, name="tool")


def _version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it so
    if wanted:
        typer.echo(f"mbert-bench {metadata.version('mbert-bench')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it, exit.")
    ] = False,
) -> None:
    """Measures how fast and how big TFLite transformer models are, with proof of what ran."""


def main() -> None:
    """The console script. Exit codes: 0 ok, 1 regression proven (`gate`), 2 usage,
    3 infrastructure, 4 inconclusive (`gate --strict`), 130 interrupted."""
    signal.signal(signal.SIGTERM, _interrupt)  # a CI that cancels a job gets its partial results
    try:
        app()
    except (BenchError, DeviceError, ModelError) as error:
        from reports.cells import visible  # a message may quote a log, and a log anything

        typer.echo(f"error: {visible(str(error))}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has gone, which is its right
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception:  # a bug of ours must not look like a proven regression (exit code 1)
        traceback.print_exc()
        typer.echo("error: this is a bug in mbert-bench; please report the lines above", err=True)
        sys.exit(EXIT_INFRASTRUCTURE)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
