"""One start of the tool on a phone: detached, its CPUs read back, its files fetched and removed."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator

from android_runner.cpu_mask import (
    Mask,
    ThreadAffinity,
    all_cpus,
    quote_affinity,
    read_affinity,
)
from android_runner.detached import Detached, start
from android_runner.errors import DeadlineError, LinkLostError, PhoneError
from android_runner.link import Link
from android_runner.shell import Shell
from harness.device import Invocation
from harness.measurement import ToolLog

# Where each invocation has a folder of its own while it lasts.
RUNS = "/data/local/tmp/mbert-bench/runs"

# By then the tool has its threads and its affinity, and has not begun to measure.
_AFFINITY_AFTER_S = 0.15
_LOOK_EVERY_S = 0.03


def run_tool(link: Link, tool_path: str, mask: Mask, invocation: Invocation) -> ToolLog:
    """Runs the tool of the phone once, so that a dropped link is waited out.

    Raises `InvocationLostError` when the phone has lost it, the other errors of the link, and
    OSError when what it wrote cannot be saved here.
    """
    folder = f"{RUNS}/{secrets.token_hex(8)}"
    patience_s = invocation.patience_s
    # The names of the run's own files begin with `run`.
    names = [f"capture{number}" for number in range(len(invocation.captures))]
    captures = list(zip(names, invocation.captures, strict=True))
    argv = ["taskset", mask.hex, tool_path, *invocation.flags]
    argv += [f"--{capture.flag}={folder}/{name}" for name, capture in captures]
    try:
        started = time.monotonic()
        job = start(link, argv, folder, patience_s=patience_s)
        with _killed_if_left(job):
            threads = watch_affinity(link, f"{folder}/run.pid", mask)
            exit_code = _wait(job, invocation)
        wall_s = time.monotonic() - started
        stdout = job.stdout(patience_s=patience_s)
        stderr = job.stderr(patience_s=patience_s)
        written = [job.fetch(name, patience_s=patience_s) for name in names]
    finally:
        _remove(link, folder)
    invocation.stdout.write_bytes(stdout)
    invocation.stderr.write_bytes(stderr)
    for (_, capture), content in zip(captures, written, strict=True):
        capture.file.unlink(missing_ok=True)
        if content is not None:
            capture.file.write_bytes(content)
    return ToolLog(
        stdout=stdout.decode(errors="replace"),
        stderr=stderr.decode(errors="replace"),
        exit_code=exit_code,
        wall_s=wall_s,
        cpu_mask=all_cpus(threads).hex if threads else None,
        requested_mask=mask.hex,
        sources={"cpus": quote_affinity(threads)} if threads else {},
    )


def watch_affinity(shell: Shell, pid_file: str, asked: Mask) -> tuple[ThreadAffinity, ...]:
    """The CPUs of the threads of a tool that was just started, after a moment.

    If it has ended by then, what was read before counts, but only where it is the mask that was
    asked for: until `taskset` has set that, it is another one and says nothing. Empty where
    nothing was read, or the link was lost.
    """
    seen: tuple[ThreadAffinity, ...] = ()
    ends_at = time.monotonic() + _AFFINITY_AFTER_S
    try:
        while time.monotonic() < ends_at:
            if not seen:
                now = read_affinity(shell, pid_file)
                seen = now if all_cpus(now) == asked else ()
            time.sleep(_LOOK_EVERY_S)
        return read_affinity(shell, pid_file) or seen
    except (LinkLostError, DeadlineError):
        return ()


@contextlib.contextmanager
def _killed_if_left(job: Detached) -> Iterator[None]:
    """Ends the job when we are interrupted while it runs."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(PhoneError):  # the phone is gone, or has ended it
            job.kill()
        raise


def _wait(job: Detached, invocation: Invocation) -> int | None:
    """The job's exit code, None at the deadline."""
    try:
        return job.wait(invocation.timeout_s, patience_s=invocation.patience_s)
    except DeadlineError:
        return None


def _remove(link: Link, folder: str) -> None:
    with contextlib.suppress(LinkLostError, DeadlineError):  # swept by a later run
        link.run(["rm", "-rf", folder])
