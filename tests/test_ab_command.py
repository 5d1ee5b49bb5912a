"""`ab`, `gate` and `aa` as their users start them: real processes, the real stand-in tool."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from fakes import write_tool
from noisy_tool import write_noisy_tool
from phone_runs import COMMAND
from work_model import model_with_work

ENVIRONMENT = os.environ | {"ADB_SERVER_SOCKET": "tcp:127.0.0.1:1"}


def command(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *map(str, words)],
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def ab(baseline: Path, candidate: Path, tool: Path, out: Path, *more: object) -> list[str]:
    words = [
        COMMAND, "ab", "--device", "host", "--baseline", baseline, "--candidate", candidate,
        "--baseline-tool", tool, "--threads", "1", "--allow", "cpu-busy", "--out", out, *more,
    ]  # fmt: skip
    return [str(word) for word in words]


def run_ab(*words: Any) -> subprocess.CompletedProcess[str]:
    return command(*ab(*words)[1:])


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    baseline, candidate = tmp_path / "baseline.tflite", tmp_path / "candidate.tflite"
    for path in (baseline, candidate):
        path.write_bytes(model_with_work())
    return baseline, candidate


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    return write_noisy_tool(tmp_path / "tool", change_percent=0.0, seed=1, scale=100.0)


@pytest.fixture
def slow_tool(tmp_path: Path) -> Path:
    return write_noisy_tool(tmp_path / "slow", change_percent=30.0, seed=1, scale=100.0)


def test_a_comparison_is_stored_judged_and_told(
    models: tuple[Path, Path], tool: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    done = run_ab(*models, tool, out, "--json")

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["gate"]["verdict"] == "pass"
    assert [case["id"].split("/")[0] for case in document["cases"]] == [
        "baseline-baseline",
        "candidate-candidate",
        "control-control",
    ]
    judged = command("gate", out, "--json")
    assert judged.returncode == 0
    assert json.loads(judged.stdout) == document["gate"]
    names = {path.name for path in out.iterdir()}
    assert {"run.json", "records.jsonl", "stops.jsonl", "logs", "report.html"} <= names


def test_a_regression_exits_with_1_and_is_told_to_other_programs(
    models: tuple[Path, Path], slow_tool: Path, tmp_path: Path
) -> None:
    out, summary = tmp_path / "run", tmp_path / "summary.md"
    assert run_ab(*models, slow_tool, out).returncode == 0

    judged = command(
        "gate", out, "--junit", tmp_path / "j.xml", "--markdown", tmp_path / "m.md",
        "--bmf", tmp_path / "b.json", "--openmetrics", tmp_path / "o.txt",
        "--benchmark-action", tmp_path / "a.json", "--github",
        GITHUB_STEP_SUMMARY=str(summary),
    )  # fmt: skip

    assert judged.returncode == 1, judged.stdout
    assert "fail: a regression is proven" in judged.stdout
    assert "::error " in judged.stdout
    assert int(ElementTree.parse(tmp_path / "j.xml").getroot().get("failures", "0")) == 1
    for name in ("m.md", "b.json", "o.txt", "a.json", "summary.md"):
        assert (tmp_path / name).stat().st_size > 0


def test_a_policy_may_tolerate_more(
    models: tuple[Path, Path], slow_tool: Path, tmp_path: Path
) -> None:
    out, policy = tmp_path / "run", tmp_path / "policy.toml"
    assert run_ab(*models, slow_tool, out).returncode == 0
    policy.write_text("tolerance_percent = { latency = 80 }\nnoise_floor_percent = 60\n")

    judged = command("gate", out, "--policy", policy)

    assert judged.returncode in (0, 2), judged.stderr


def test_a_killed_comparison_is_neither_green_nor_red_and_continues(
    models: tuple[Path, Path], tool: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process = subprocess.Popen(
        ab(*models, tool, out), env=ENVIRONMENT, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for_records(out, 9)
    process.send_signal(signal.SIGKILL)
    process.wait()

    assert command("gate", out).returncode == 3
    done = run_ab(*models, tool, out, "--resume")
    assert done.returncode == 0, done.stderr
    assert command("gate", out).returncode == 0
    lines = (out / "records.jsonl").read_text(encoding="utf-8").splitlines()
    started = [(r["case"], r["round"], r["purpose"]) for r in map(json.loads, lines) if r["valid"]]
    twice = [key for key in started if started.count(key) > 1 and not key[0].startswith("control")]
    assert len({key[1] for key in twice}) <= 1  # the pair that was cut off


def wait_for_records(out: Path, count: int) -> None:
    path, deadline = out / "records.jsonl", time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.02)
    pytest.fail(f"no {count} records within a minute")


def test_a_candidate_that_crashes_is_neither_green_nor_red(
    models: tuple[Path, Path], tool: Path, tmp_path: Path
) -> None:
    crashing = write_tool(
        tmp_path / "crashing",
        f'case "$*" in *--help*) exec "{tool}" --help;; esac\nkill -SEGV $$',
    )
    out = tmp_path / "run"

    done = run_ab(*models, tool, out, "--candidate-tool", crashing)

    assert done.returncode == 3
    judged = command("gate", out, "--json")
    assert judged.returncode == 3
    (cell,) = json.loads(judged.stdout)["cells"]
    assert (cell["verdict"], "signal" in cell["reason"]) == ("infrastructure", True)


def test_a_model_that_the_candidates_lack_is_not_green(tool: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, names in ((old, ("one", "two")), (new, ("one", "three"))):
        folder.mkdir()
        for name in names:
            (folder / f"{name}.tflite").write_bytes(model_with_work())
    out = tmp_path / "run"

    done = run_ab(old, new, tool, out)

    assert done.returncode == 3
    judged = command("gate", out, "--json")
    assert judged.returncode == 3
    document = json.loads(judged.stdout)
    verdicts = {
        cell["case"].partition("/")[0]: cell["verdict"]
        for cell in document["cells"]
        if cell["metric"] == "latency"
    }
    assert verdicts == {"one": "pass", "two": "infrastructure"}
    assert "new, not gated: three" in document["notes"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["ab", "--device", "host", "--baseline", "nix", "--candidate", "bert-base"], 2, "'nix'"),
        (["ab", "--device", "host", "--baseline", "{folder}", "--candidate", "x"], 2, "folder"),
        (["ab", "--device", "host", "--baseline", "a.tflite", "--candidate", "b.tflite"], 2, "a.t"),
        (["ab", "--device", "host", "--resume", "--baseline", "x", "--candidate", "x"], 2, "--out"),
        (["ab", "--candidate", "bert-base"], 2, "--baseline"),
        (["ab", "--baseline", "bert-base", "--candidate", "mobilebert"], 3, "no adb server"),
        (["gate", "{folder}"], 2, "holds no run"),
        (["gate", "{folder}", "--policy", "nix.toml"], 2, "nix.toml"),
        (["aa", "--device", "host", "--model", "mobilbert"], 2, "Did you mean 'mobilebert'"),
        (["aa", "--device", "host", "--comparisons", "0"], 2, "--comparisons"),
    ],
)
def test_wrong_input_is_told_with_its_exit_code(
    words: list[str], code: int, message: str, tmp_path: Path
) -> None:
    done = command(*[word.format(folder=tmp_path) for word in words])

    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_tool_that_is_missing_is_neither_green_nor_red(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    done = run_ab(*models, tmp_path / "nix", tmp_path / "run")

    assert done.returncode in (2, 3)
    assert "nix" in done.stderr


def test_a_model_against_itself_tells_the_devices_noise(
    models: tuple[Path, Path], tool: Path, tmp_path: Path
) -> None:
    done = command(
        "aa", "--device", "host", "--model-file", models[0], "--threads", "1",
        "--benchmark-model", tool, "--comparisons", "3", "--allow", "cpu-busy",
        "--out", tmp_path / "aa", "--json",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    noise = json.loads(done.stdout)
    assert (noise["comparisons"], noise["red"], noise["unmeasured"]) == (3, 0, 0)
    assert noise["red_at_most_percent"] == pytest.approx(100 * (1 - 0.05 ** (1 / 3)))
    (cell,) = noise["cells"]
    assert cell["comparisons"] == 3
    assert cell["detectable_percent"] > 0
    assert sorted(path.name for path in (tmp_path / "aa").iterdir()) == [
        "comparison-001",
        "comparison-002",
        "comparison-003",
        "report.html",
    ]
    page = (tmp_path / "aa" / "report.html").read_text(encoding="utf-8")
    assert "0 of 3 comparisons of a model with itself failed" in page
    assert "baseline against itself" in page


def test_two_stored_runs_are_compared_as_advice(models: tuple[Path, Path], tmp_path: Path) -> None:
    for name in ("before", "after"):
        tool = write_noisy_tool(tmp_path / f"tool-{name}", change_percent=0, seed=3, scale=100.0)
        done = command(
            "run", "--device", "host", "--model-file", models[0], "--threads", "1", "--rounds", "8",
            "--benchmark-model", tool, "--allow", "cpu-busy", "--out", tmp_path / name,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    judged = command("gate", tmp_path / "after", "--baseline", tmp_path / "before", "--json")

    assert judged.returncode in (0, 3)
    document = json.loads(judged.stdout)
    assert document["advisory"]
    assert "two sessions are compared" in document["notes"][0]


def test_a_run_is_no_comparison(models: tuple[Path, Path], tmp_path: Path) -> None:
    done = command(
        "run", "--device", "host", "--model-file", models[0], "--threads", "1", "--rounds", "1",
        "--num-runs", "3", "--allow", "cpu-busy", "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.returncode == 0

    judged = command("gate", tmp_path / "run")

    assert judged.returncode == 2
    assert "is no comparison" in judged.stderr
