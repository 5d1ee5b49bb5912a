"""`mbert-bench tool`: gets the official benchmark tool, and says what a build of it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from android_runner.binary import BinaryInfo
    from android_runner.era import Build
    from android_runner.fetch import OnProgress

app = typer.Typer(help="Gets and inspects the official benchmark_model.", no_args_is_help=True)

_PROBE_TIMEOUT_S = 20


@app.command()
def fetch(
    abi: Annotated[
        str | None,
        typer.Option(help="arm64-v8a, armeabi-v7a, linux-x86_64, linux-aarch64, or host."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Another address, or the path of a downloaded file.")
    ] = None,
    sha256: Annotated[str | None, typer.Option(help="What the file must be.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write it to this file.")] = None,
) -> None:
    """Fetches the tool into the cache and prints its path. Without options: for a 64-bit phone."""
    from android_runner.binary import abi_problem, read_binary
    from android_runner.fetch import fetch_tool, host_abi, official_url
    from android_runner.tool_errors import WrongAbiError
    from harness.console import stderr_console
    from models.build import cache_folder
    from reports.cells import visible

    wanted_abi = host_abi() if abi == "host" else abi
    if url is None:
        wanted_abi = wanted_abi or "arm64-v8a"
        url = official_url(wanted_abi)
    with _progress(stderr_console()) as on_progress:
        tool = fetch_tool(url, cache_folder(), sha256=sha256, on_progress=on_progress)
    for warning in tool.warnings:
        typer.echo(f"warning: {visible(warning)}", err=True)
    if wanted_abi is not None:
        problem = abi_problem(read_binary(tool.path.read_bytes(), str(tool.path)), (wanted_abi,))
        if problem is not None:
            raise WrongAbiError(str(tool.path), problem)
    came = "fetched" if tool.downloaded else "in the cache already"
    typer.echo(f"{came}: {tool.size_bytes:,} bytes, sha256 {tool.sha256}", err=True)
    if out is not None:
        _write(tool.path, out)
    typer.echo(str(out or tool.path))


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A benchmark_model.")],
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Shows for which devices a build is, how old, and its flags. Runs its --help if it can."""
    import hashlib
    from dataclasses import asdict
    from json import dumps

    from android_runner.binary import read_binary
    from reports.cells import visible

    content = _read(file)
    info = read_binary(content, str(file))
    sha256 = hashlib.sha256(content).hexdigest()
    build, note = _probe(file.absolute(), info)
    if json:
        document = {
            "schema": 1,
            "path": str(file),
            "sha256": sha256,
            "binary": {**asdict(info), "complete": info.complete},
            "build": build and {**asdict(build), "flags": sorted(build.flags)},
            "note": note,
        }
        typer.echo(dumps(document, indent=1))
        return
    lines = [f"file         {file}", f"sha256       {sha256}", *_binary_lines(info)]
    lines += _build_lines(build) if build is not None else []
    lines += [f"note         {note}"] if note is not None else []
    for line in lines:
        typer.echo(visible(line))


@contextmanager
def _progress(console: Console) -> Iterator[OnProgress | None]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    if not console.is_terminal:
        yield None
        return
    columns = (BarColumn(30), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _write(tool: Path, out: Path) -> None:
    import shutil

    from harness.errors import OutputError

    unfinished = out.parent / f".{out.name}.part"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tool, unfinished)
        unfinished.chmod(0o755)
        unfinished.replace(out)
    except OSError as error:
        raise OutputError(out, error) from error
    finally:
        with suppress(OSError):  # not made, or renamed
            unfinished.unlink()


def _read(file: Path) -> bytes:
    from android_runner.tool_errors import BinaryError, ToolNotFoundError

    if not file.exists():
        raise ToolNotFoundError(file)
    if not file.is_file():
        raise BinaryError(str(file), "it is no file")
    try:
        return file.read_bytes()
    except OSError as error:
        raise BinaryError(str(file), f"it cannot be read ({error.strerror})") from error


def _probe(file: Path, info: BinaryInfo) -> tuple[Build | None, str | None]:
    """What its `--help` says, or why it was not asked or did not answer."""
    import subprocess
    import sys

    from android_runner.binary import abi_problem
    from android_runner.era import judge_usage
    from android_runner.fetch import host_abi
    from android_runner.start import start_problem

    problem = abi_problem(info, (host_abi(),))
    if problem is not None:
        return None, f"its flags can only be asked where it runs: {problem}"
    # The stand-in needs this program's Python. -P: no module beside it is imported.
    argv = [sys.executable, "-P", str(file)] if info.stand_in else [str(file)]
    try:
        done = subprocess.run(
            [*argv, "--help"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"its `--help` was still running after {_PROBE_TIMEOUT_S} s"
    except OSError as error:
        return None, f"it cannot be started here ({error.strerror})"
    stderr = done.stderr.decode(errors="replace")
    # A signal's number is negative here, and a shell's exit code elsewhere.
    exit_code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    failure = start_problem(exit_code, stderr)
    if failure is not None:
        return None, f"it does not start here ({failure.kind}: {failure.detail}). {failure.remedy}"
    build = judge_usage(done.stdout.decode(errors="replace") + stderr)
    if not build.flags:
        why = "as builds before TensorFlow 2.6" if exit_code in (0, 1) else f"exit code {exit_code}"
        return build, f"its `--help` lists no flags ({why})"
    return build, None


def _binary_lines(info: BinaryInfo) -> list[str]:
    lines = [f"size         {info.size_bytes:,} bytes"]
    if not info.complete:
        lines.append(f"CUT SHORT    it should have {info.expected_bytes:,} bytes")
    if info.kind == "script":
        return [*lines, f"kind         script for {info.interpreter or 'nothing'}"]
    lines.append(f"runs on      {' or '.join(info.targets)}")
    lines.append(f"loader       {info.interpreter or 'none (statically linked)'}")
    if info.android_api is not None:
        ndk = f", NDK {info.ndk}" if info.ndk else ""
        lines.append(f"built for    Android API {info.android_api}{ndk}")
    return [*lines, f"libraries    {', '.join(info.needed) or 'none'}"]


def _build_lines(build: Build) -> list[str]:
    from android_runner.era import ToolKind

    titles = {
        ToolKind.TFLITE: "TFLite's benchmark_model",
        ToolKind.PERFORMANCE_OPTIONS: "benchmark_model_performance_options: use benchmark_model",
        ToolKind.LITERT_COMPILED_MODEL: "LiteRT's CompiledModel tool of the same name: not usable",
        ToolKind.STAND_IN: "the stand-in of mbert-bench",
        ToolKind.UNKNOWN: "not a benchmark_model that is known here",
    }
    lines = [f"tool         {titles[build.kind]}"]
    if build.kind is ToolKind.TFLITE:
        lines.append(f"built from   {build.era or 'no known version: a build of its own'}")
    flags = sorted(build.flags)
    return [*lines, f"flags        {len(flags)}", *(f"  --{flag}" for flag in flags)]
