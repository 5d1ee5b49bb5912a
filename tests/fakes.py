"""Stand-ins for the outside world, written once."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from android_runner.tool import Tool
from harness.cooling import Waiting
from harness.device import DeviceInfo, Invocation, Observation, StoredFile
from harness.measurement import ToolLog
from harness.record import Record
from harness.runner import Step

CAPTURES = Path(__file__).parent / "data" / "benchmark_model"

HOST = DeviceInfo(
    kind="host",
    name="host",
    serial=None,
    model="Test CPU",
    soc=None,
    fingerprint="Linux 6 x86_64",
    tier="T0",
    cpu_count=2,
)

# What the fake device answers with: the log of one invocation.
Answer = Callable[[Invocation], ToolLog]


class FakeDevice:
    """A device whose tool answers by a function; remembers what it was asked.

    Its state is what `look` gives, which may depend on the invocations so far.
    """

    def __init__(
        self,
        answer: Answer,
        flags: frozenset[str] | None = None,
        look: Callable[[], Observation] = lambda: Observation(load_1min=0.5),
    ) -> None:
        self._answer = answer
        self._flags = flags
        self._look = look
        self.invocations: list[Invocation] = []

    def info(self) -> DeviceInfo:
        return HOST

    def tool(self) -> Tool:
        return Tool(path="/tool", sha256="t" * 64, stand_in=False, flags=self._flags)

    def put(self, file: Path) -> StoredFile:
        return StoredFile(path=f"/device/{file.name}", sha256="m" * 64)

    def observe(self) -> Observation:
        return self._look()

    def invoke(self, invocation: Invocation) -> ToolLog:
        self.invocations.append(invocation)
        invocation.stdout.write_text("", encoding="utf-8")
        invocation.stderr.write_text("", encoding="utf-8")
        return self._answer(invocation)


class SilentProgress:
    """Sees a run and remembers what ended."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str, bool]] = []
        self.waits: list[Waiting] = []

    def starts(self, step: Step) -> None: ...

    def cools(self, step: Step, waiting: Waiting) -> None:
        self.waits.append(waiting)

    def ended(self, step: Step, record: Record) -> None:
        self.seen.append((step.slot.round, step.slot.case.id, record.valid))


def good_log(latency_us: int = 5000, runs: int = 20, threads: int = 1) -> ToolLog:
    """A log such as a tool of the percentile era prints, with every run equally long."""
    count = (
        f"count={{n}} first={latency_us} curr={latency_us} min={latency_us} max={latency_us} "
        f"avg={latency_us} std=0 p5={latency_us} median={latency_us} p95={latency_us}"
    )
    stdout = "\n".join(
        (
            "INFO: STARTING!",
            f"INFO: #threads used for CPU inference: [{threads}]",
            "INFO: Running benchmark for at least 2 iterations and at least 0.3 seconds but "
            "terminate if exceeding 60 seconds.",
            f"INFO: {count.format(n=2)}",
            "",
            f"INFO: {count.format(n=runs)}",
            "",
            f"INFO: Inference timings in us: Init: 800, First inference: {latency_us}, "
            f"Warmup (avg): {latency_us}, Inference (avg): {latency_us}",
            "",
        )
    )
    return ToolLog(stdout=stdout, stderr="", exit_code=0, wall_s=0.1)


def write_tool(path: Path, script: str) -> Path:
    """Writes an executable shell script."""
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def replaying_tool(path: Path, capture: str, *, answers_help: bool = True) -> Path:
    """A tool that prints a captured log and exits as the real one did."""
    usage = f'cat "{CAPTURES}/help.stderr" >&2; exit 1' if answers_help else "exit 1"
    return write_tool(
        path,
        f'case "$*" in *--help*) {usage};; esac\n'
        f'cat "{CAPTURES}/{capture}.stdout"; cat "{CAPTURES}/{capture}.stderr" >&2\n'
        f'exit "$(cat "{CAPTURES}/{capture}.rc")"',
    )
