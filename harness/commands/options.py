"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AXIS = "Axes (in the place of the plan's)"
CARE = "How carefully (in the place of the plan's)"

Devices = Annotated[
    str | None, typer.Option(help="host, an alias (pixel4), a serial, any; several with commas.")
]
OneDevice = Annotated[str | None, typer.Option(help="host, an alias (pixel4), a serial, any.")]
Task = Annotated[str | None, typer.Option(help="qa, encoder, masked-lm, …", rich_help_panel=AXIS)]
SeqLen = Annotated[str | None, typer.Option(help="N,… tokens", rich_help_panel=AXIS)]
Quantization = Annotated[
    str | None, typer.Option(help="fp32, fp16, dynamic, int8", rich_help_panel=AXIS)
]
Delegate = Annotated[
    str | None,
    typer.Option(
        help="default, xnnpack, cpu, gpu, nnapi, hexagon, external:/path", rich_help_panel=AXIS
    ),
]
Threads = Annotated[
    str | None,
    typer.Option(help="N,… or all (one per CPU), or '4 or all'", rich_help_panel=AXIS),
]
Cpus = Annotated[
    str | None,
    typer.Option(help="auto, all, big, mid, little, prime, HEXMASK", rich_help_panel=AXIS),
]
NumRuns = Annotated[
    int | None, typer.Option(help="Inferences inside an invocation.", rich_help_panel=CARE)
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        help="A preflight check that may fail; may be repeated.",
        metavar="ID",
        rich_help_panel=CARE,
    ),
]
MaxPairs = Annotated[
    int, typer.Option(help="At most so many pairs; looks at 8, 12, 18, 24.", min=1, max=1000)
]
Seed = Annotated[int, typer.Option(help="Of the order of pairs.", min=0)]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="Tolerances, as a TOML file.", metavar="FILE")
]
Out = Annotated[Path | None, typer.Option(help="The run directory: absent or empty.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the order, run nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
