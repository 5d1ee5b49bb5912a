"""`mbert-bench` against phones of the lab, as a process that a test can disturb."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.lab import Lab
from lab.phone import LabPhone

ROOT = Path(__file__).parents[1]
COMMAND = str(Path(sys.executable).with_name("mbert-bench"))
STAND_IN = ROOT / "android_runner" / "litert_benchmark_model.py"
TINY = ROOT / "tests" / "data" / "models" / "tiny.tflite"

# What stays on a phone by intention: files by their content, for the next run.
_STORE = "mbert-bench"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """What `--json` has printed."""
        loaded: dict[str, Any] = json.loads(self.stdout)
        return loaded


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The command with the lab's server, a state folder and an output folder of its own."""

    lab: Lab
    folder: Path

    @property
    def out(self) -> Path:
        """The run directory."""
        return self.folder / "run"

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Starts `mbert-bench` with these words."""
        environment = os.environ | self.lab.server.environment
        environment |= {"MBERT_BENCH_STATE": str(self.folder / "state")}
        return subprocess.Popen(
            [COMMAND, *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def do(self, *arguments: object) -> Ended:
        """Runs `mbert-bench` to its end."""
        return end(self.start(*arguments))

    def start_run(self, phone: LabPhone, *more: object, tool: Path = STAND_IN) -> Any:
        """Starts a run of one small case on a phone, with a plan that has little patience."""
        plan = self.folder / "plan.toml"
        if not plan.exists():
            write_plan(plan)
        return self.start(
            "run", "--device", phone.serial, "--plan", plan, "--benchmark-model", tool,
            "--out", self.out, "--json", "--allow", "uptime", *more,
        )  # fmt: skip

    def run(self, phone: LabPhone, *more: object, tool: Path = STAND_IN) -> Ended:
        """A run to its end."""
        return end(self.start_run(phone, *more, tool=tool))

    def wait_for_records(self, count: int) -> None:
        """Waits until the run has so many invocations on the disk."""
        path, deadline = self.out / "records.jsonl", time.monotonic() + 60
        while time.monotonic() < deadline:
            if path.exists() and path.read_bytes().count(b"\n") >= count:
                return
            time.sleep(0.02)
        raise AssertionError(f"no {count} records within a minute")

    def records(self) -> list[dict[str, Any]]:
        """The invocations on the disk."""
        text = (self.out / "records.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


def write_plan(path: Path, **settings: object) -> None:
    """A plan of one small model: an invocation takes about a second, a lost phone ten."""
    chosen = {
        "rounds": 4,
        "num_runs": 200,
        "warmup_runs": 1,
        "warmup_min_secs": 0.5,
        "timeout_s": 20,
        "patience_s": 10,
        **settings,
    }
    lines = [f"{name} = {value}" for name, value in chosen.items()]
    text = "\n".join(['title = "lab"', "[settings]", *lines, "[[sweep]]"])
    path.write_text(f'{text}\nmodel_file = "{TINY}"\nthreads = 1\n', encoding="utf-8")


def end(process: subprocess.Popen[str], timeout_s: float = 120) -> Ended:
    """Waits for the command's end."""
    stdout, stderr = process.communicate(timeout=timeout_s)
    return Ended(code=process.returncode, stdout=stdout, stderr=stderr)


def state_of(phone: LabPhone) -> dict[str, Any]:
    """All of a phone that a run must leave as it was: everything but the store of files."""
    state: dict[str, Any] = dict(phone.snapshot())
    files = state["files"]
    state["files"] = {name: files[name] for name in files if not name.startswith(_STORE)}
    return state
