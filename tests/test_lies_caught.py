"""A tool that lies is caught by `mbert-bench run`, on this machine and on a phone of the lab."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lying_tools
import pytest
from lab.lab import Lab
from lab.phone import LabPhone
from lying_tools import ON_A_PHONE, Lie, write_liar
from phone_runs import COMMAND, Bench
from work_model import model_with_work


@dataclass(frozen=True, kw_only=True)
class Caught:
    """What gives a liar away: a check with its verdict, or the kind of a failure."""

    lie: Lie
    check: str = ""
    verdict: str = "contradicted"
    failure: str = ""
    num_runs: int = 300
    threads: int = 2
    tries: int = 1


CAUGHT = (
    Caught(lie=lying_tools.ignores_threads, check="threads"),
    Caught(lie=lying_tools.falls_back, check="delegate"),
    Caught(lie=lying_tools.falls_back_silently, check="delegate", verdict="unproven"),
    Caught(lie=lying_tools.runs_another_model, check="loaded model"),
    Caught(lie=lying_tools.runs_another_model_and_denies_it, check="output"),
    Caught(lie=lying_tools.prints_warmup_twice, failure="implausible"),
    Caught(lie=lying_tools.reports_warmup_twice, check="runs"),
    Caught(lie=lying_tools.reports_zero, failure="implausible"),
    Caught(lie=lying_tools.answers_zeros, check="output"),
    Caught(lie=lying_tools.answers_for_other_inputs, check="output"),
    Caught(lie=lying_tools.writes_no_output, check="output", verdict="unproven"),
    Caught(lie=lying_tools.ignores_runs, check="runs"),
    Caught(lie=lying_tools.ignores_a_flag, failure="unconsumed-flags"),
)
# By what only this machine has: the CPU time of a process, and a measured peak. The runs must be
# most of the process's time. Other work may take the second CPU that would give one away.
LONG = 20_000
CAUGHT_HERE = (
    Caught(
        lie=lying_tools.runs_with_other_threads, check="threads", num_runs=LONG, threads=1, tries=4
    ),
    Caught(lie=lying_tools.reports_a_tenth, check="roofline", num_runs=LONG),
)
HONEST = Caught(lie=lying_tools.tells_the_truth, num_runs=LONG)


def name_of(caught: Caught) -> str:
    return caught.lie.__name__


def write_model(folder: Path) -> Path:
    model = folder / "work.tflite"
    model.write_bytes(model_with_work())
    return model


def arguments_of(caught: Caught, model: Path, tool: Path, out: Path) -> list[str]:
    return [
        "run", "--model-file", str(model), "--delegate", "xnnpack",
        "--threads", str(caught.threads),
        "--rounds", "1", "--num-runs", str(caught.num_runs), "--benchmark-model", str(tool),
        "--allow", "cpu-busy", "--out", str(out), "--json",
    ]  # fmt: skip


def run_here(caught: Caught, tool: Path, out: Path) -> dict[str, Any]:
    model = write_model(tool.parent)
    done = subprocess.run(
        [COMMAND, *arguments_of(caught, model, tool, out), "--device", "host"],
        env=os.environ | {"ADB_SERVER_SOCKET": "tcp:127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def is_caught(caught: Caught, document: dict[str, Any]) -> bool:
    (case,) = document["cases"]
    evidence = case["evidence"] or {"checks": []}
    verdicts = {check["name"]: check["verdict"] for check in evidence["checks"]}
    return bool(caught.failure) or verdicts.get(caught.check) == caught.verdict


def assert_caught(caught: Caught, document: dict[str, Any], out: Path) -> None:
    (case,) = document["cases"]
    if caught.failure:
        assert (case["status"], case["latency_ms"]) == ("failed", None)
        assert case["failure"]["kind"] == caught.failure
        return
    checks = {check["name"]: check["verdict"] for check in case["evidence"]["checks"]}
    assert checks[caught.check] == caught.verdict, case["evidence"]
    # The phones of the lab are faster than any phone can be, which contradicts itself as well.
    assert case["evidence"]["verdict"] in (caught.verdict, "contradicted")
    assert caught.verdict in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("caught", [*CAUGHT, *CAUGHT_HERE], ids=name_of)
def test_a_liar_is_caught_on_this_machine(caught: Caught, tmp_path: Path) -> None:
    tool = write_liar(tmp_path / "liar", caught.lie, another_model=model_with_work(width=64))

    for number in range(caught.tries):
        out = tmp_path / f"run{number}"
        document = run_here(caught, tool, out)
        if is_caught(caught, document):
            break

    assert_caught(caught, document, out)


def test_an_honest_tool_is_not(tmp_path: Path) -> None:
    tool = write_liar(tmp_path / "honest", HONEST.lie)

    document = run_here(HONEST, tool, tmp_path / "run")

    (case,) = document["cases"]
    assert case["evidence"]["verdict"] == "proven", case["evidence"]


@pytest.mark.lab
@pytest.mark.parametrize("caught", CAUGHT, ids=name_of)
def test_a_liar_is_caught_on_a_phone(
    caught: Caught, lab: Lab, pixel4: LabPhone, tmp_path: Path
) -> None:
    bench = Bench(lab=lab, folder=tmp_path)
    tool = write_liar(
        tmp_path / "liar",
        caught.lie,
        another_model=model_with_work(width=64),
        interpreter=ON_A_PHONE,
    )

    arguments = arguments_of(caught, write_model(tmp_path), tool, bench.out)
    done = bench.do(*arguments, "--device", pixel4.serial)

    assert_caught(caught, done.document, bench.out)
