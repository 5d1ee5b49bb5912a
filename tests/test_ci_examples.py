"""The examples: their YAML, the commands in them, and the script that tries again."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from harness.cli import app

FOLDER = Path(__file__).parents[1] / "examples" / "ci"
SCRIPT = FOLDER / "gate.sh"
NAMES = ["action.yml", "aws-device-farm.yml", "github-workflow.yml", "gitlab-ci.yml"]

# Writes down how it is called, and exits with the next of the codes of its command.
FAKE = """\
#!/bin/sh
echo "$*" >>"$FAKE_CALLS"
eval "codes=\\$FAKE_$1"
count=$(grep -c "^$1 " "$FAKE_CALLS")
exit "$(echo "$codes" | cut -d' ' -f"$count")"
"""


def load(name: str) -> dict[Any, Any]:
    yaml = importlib.import_module("yaml")  # ships no types
    document = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def scripts(node: object) -> Iterator[str]:
    """Every script in a document, whichever service names it how."""
    if isinstance(node, list):
        for each in node:
            yield from scripts(each)
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("run", "script", "commands"):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from scripts(value)


def commands(text: str) -> Iterator[list[str]]:
    """The arguments of each mbert-bench in a script, without redirections and `"$@"`."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["mbert-bench"]:
            yield [word for word in words[1:] if not word.startswith(">") and word != "$@"]


COMMANDS = [
    (name, command)
    for name in NAMES
    for script in scripts(load(name))
    for command in commands(script)
] + [("gate.sh", command) for command in commands(SCRIPT.read_text(encoding="utf-8"))]


def test_there_is_an_example_for_each_service() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.yml")) == NAMES


def test_both_commands_are_in_the_script_and_in_the_job_without_it() -> None:
    found = [(name, command[0]) for name, command in COMMANDS]

    assert found == [
        ("gitlab-ci.yml", "ab"),
        ("gitlab-ci.yml", "gate"),
        ("gate.sh", "ab"),
        ("gate.sh", "gate"),
    ]


def parse(arguments: list[str]) -> None:
    """Parses them as the command line does, which refuses what it does not know."""
    group = typer.main.get_command(app)
    known: dict[str, Any] = getattr(group, "commands", {})
    assert arguments[0] in known, f"there is no command {arguments[0]!r}"
    known[arguments[0]].make_context(arguments[0], arguments[1:])


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_the_command_line_takes_what_the_examples_call(name: str, command: list[str]) -> None:
    parse(list(command))


def test_the_gate_takes_what_the_action_hands_on() -> None:
    action = load("action.yml")
    (call,) = (line for line in scripts(action) if "gate.sh" in line)
    _, suggested = action["inputs"]["options"]["description"].split("for example: ")

    options = [word for word in shlex.split(call)[5:] if word != "$OPTIONS"]
    assert options == ["--github"]
    parse(["gate", "run", *options, *shlex.split(suggested)])


def test_the_action_has_the_inputs_that_the_workflow_gives() -> None:
    (step,) = (
        step
        for step in load("github-workflow.yml")["jobs"]["gate"]["steps"]
        if "with" in step and step["uses"].startswith("./")
    )
    inputs = load("action.yml")["inputs"]

    assert set(step["with"]) <= set(inputs)
    assert {name for name, each in inputs.items() if each.get("required")} <= set(step["with"])


def test_a_run_is_not_measured_into_the_folder_of_an_earlier_job() -> None:
    measure, upload = load("action.yml")["runs"]["steps"]

    assert measure["env"]["RESULTS"].startswith("${{ runner.temp }}/")
    assert upload["with"]["path"] == measure["env"]["RESULTS"]


def test_device_farm_measures_on_its_phone_and_keeps_the_results() -> None:
    spec = load("aws-device-farm.yml")
    called = spec["phases"]["test"]["commands"]

    assert 'export MBERT_BENCH_DEVICE="$DEVICEFARM_DEVICE_UDID"' in called
    assert called[-1] == 'sh gate.sh main.tflite pr.tflite "$DEVICEFARM_LOG_DIR/gate"'
    assert spec["artifacts"] == ["$DEVICEFARM_LOG_DIR"]


@pytest.mark.parametrize("name", [*NAMES, "gate.sh"])
def test_nothing_secret_and_no_index_is_named(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8").lower()

    assert re.search(r"secrets\.|token|password|index-url|https?://", text) is None


def test_actions_are_pinned_to_a_major_version() -> None:
    workflow, action = load("github-workflow.yml"), load("action.yml")
    steps = [*workflow["jobs"]["gate"]["steps"], *action["runs"]["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]

    assert used
    for name in used:
        assert name.startswith("./") or re.fullmatch(r"actions/[\w-]+@v\d+", name), name


@pytest.mark.parametrize("name", NAMES)
def test_no_input_is_put_into_the_text_of_a_script(name: str) -> None:
    assert not any("${{" in script for script in scripts(load(name)))


def test_a_fork_never_runs_on_a_machine_of_ones_own() -> None:
    (job,) = load("github-workflow.yml")["jobs"].values()

    assert job["runs-on"] == ["self-hosted", "android-phone"]
    assert job["if"] == "github.event.pull_request.head.repo.full_name == github.repository"


def test_gitlab_retries_what_infrastructure_broke_and_nothing_else() -> None:
    (job,) = load("gitlab-ci.yml").values()

    assert job["retry"] == {"max": 1, "exit_codes": 3}
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["reports"] == {"junit": "junit.xml", "metrics": "metrics.txt"}


def run_gate(tmp_path: Path, ab: str, gate: str, *options: str) -> tuple[int, list[str]]:
    """The exit code of gate.sh, and the calls of mbert-bench, with these exit codes in turn."""
    tool = tmp_path / "bin" / "mbert-bench"
    tool.parent.mkdir()
    tool.write_text(FAKE, encoding="utf-8")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    calls = tmp_path / "calls"
    environment = {
        "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}",
        "FAKE_CALLS": str(calls),
        "FAKE_ab": ab,
        "FAKE_gate": gate,
        "MBERT_BENCH_DEVICE": "any",
    }
    done = subprocess.run(
        ["sh", str(SCRIPT), "main.tflite", "my pr.tflite", "out", *options],
        env=environment,
        cwd=tmp_path,
        check=False,
        capture_output=True,
        timeout=60,
    )
    return done.returncode, calls.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("ab", "gate", "code", "calls"),
    [
        ("0", "0", 0, ["ab", "gate"]),
        ("0", "1", 1, ["ab", "gate"]),
        ("0", "4", 4, ["ab", "gate"]),
        ("2", "", 2, ["ab"]),
        ("130", "", 130, ["ab"]),
        ("3", "1", 1, ["ab", "gate"]),
        ("3 0", "3 0", 0, ["ab", "gate", "ab", "gate"]),
        ("3 0", "2 0", 0, ["ab", "gate", "ab", "gate"]),
        ("0 0", "3 1", 1, ["ab", "gate", "ab", "gate"]),
        ("3 3", "3 3", 3, ["ab", "gate", "ab", "gate"]),
        ("3 3", "0 0", 3, ["ab", "gate", "ab", "gate"]),
    ],
)
def test_only_infrastructure_is_tried_again_and_only_once(
    tmp_path: Path, ab: str, gate: str, code: int, calls: list[str]
) -> None:
    found, called = run_gate(tmp_path, ab, gate)

    assert (found, [call.split()[0] for call in called]) == (code, calls)


def test_a_second_attempt_measures_into_a_folder_of_its_own(tmp_path: Path) -> None:
    _, called = run_gate(tmp_path, "3 0", "3 0", "--github", "--policy", "p.toml")

    ab = "ab --device any --baseline main.tflite --candidate my pr.tflite --out out/attempt-{}"
    gate = (
        "gate out/attempt-{} --junit out/junit.xml --markdown out/gate.md "
        "--openmetrics out/metrics.txt --json --github --policy p.toml"
    )
    assert called == [ab.format(1), gate.format(1), ab.format(2), gate.format(2)]


def test_too_few_arguments_are_a_usage_error() -> None:
    done = subprocess.run(
        ["sh", str(SCRIPT), "main.tflite"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
