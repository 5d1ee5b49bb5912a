"""The command as its users start it: a real process, real files, the real stand-in tool."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import required
from fakes import replaying_tool, write_tool

COMMAND = str(Path(sys.executable).with_name("mbert-bench"))

CASE_FIELDS = {
    "id", "model", "task", "sequence_length", "quantization", "delegate", "threads", "cpus",
    "status", "failure", "n", "latency_ms", "init_ms", "first_ms", "peak_memory_mb",
    "model_bytes", "parameters", "macs", "evidence", "warnings", "stop", "heat", "output",
    "roofline", "energy", "energy_problem", "operators", "sustained",
}  # fmt: skip
CLAIM_FIELDS = {
    "id", "statement", "source", "published", "unit", "measured", "verdict", "conditions",
    "setting", "others",
}  # fmt: skip


# Nothing listens there, and a server of ours must not be started for a test.
NO_ADB = {"ADB_SERVER_SOCKET": "tcp:127.0.0.1:1"}


def bench(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    words = [COMMAND, *map(str, arguments)]
    if words[1:2] == ["run"] and not {"--help", "--resume"} & set(words):
        words += ["--allow", "cpu-busy"]  # other tests may run at the same time
    return subprocess.run(
        words,
        cwd=cwd,
        env=os.environ | NO_ADB,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run_tiny(tiny: Path, out: Path, *more: object) -> subprocess.CompletedProcess[str]:
    return bench(
        "run", "--device", "host", "--model-file", tiny, "--threads", "1", "--num-runs", "3",
        "--out", out, *more,
    )  # fmt: skip


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def test_prints_the_contracted_document(tiny: Path, tmp_path: Path) -> None:
    done = run_tiny(tiny, tmp_path / "run", "--rounds", "6", "--delegate", "xnnpack,cpu", "--json")

    assert done.returncode == 0, done.stderr
    result = document(done)
    assert list(result) == ["schema", "run", "device", "preflight", "cases", "claims"]
    assert set(result["device"]) == {
        "kind", "name", "serial", "model", "soc", "fingerprint", "tier",
    }  # fmt: skip
    assert (result["schema"], result["device"]["kind"]) == (1, "host")
    assert [case["delegate"] for case in result["cases"]] == ["xnnpack", "cpu"]
    for case in result["cases"]:
        assert set(case) == CASE_FIELDS
        assert (case["status"], case["n"], case["failure"]) == ("ok", 6, None)
        assert case["latency_ms"]["low"] <= case["latency_ms"]["median"]
        assert case["latency_ms"]["median"] <= case["latency_ms"]["high"]
        assert case["latency_ms"]["low"] > 0
        assert case["init_ms"] > 0
        assert case["model_bytes"] == tiny.stat().st_size
        assert case["sequence_length"] == 8
        assert case["evidence"]["verdict"] == "proven"
        names = [check["name"] for check in case["evidence"]["checks"]]
        assert names == [
            "model", "loaded model", "tool", "flags", "threads", "cpus", "delegate", "runs",
            "roofline", "output",
        ]  # fmt: skip
    assert all(set(claim) == CLAIM_FIELDS for claim in result["claims"])


def test_leaves_a_complete_run_directory(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = run_tiny(tiny, out, "--rounds", "2")

    assert done.returncode == 0
    names = {path.name for path in out.iterdir()}
    assert {"run.json", "records.jsonl", "logs", "report.html", "summary.csv"} <= names
    # Beside the rounds there is the output check, which keeps the output as well.
    assert len((out / "records.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    assert len(list((out / "logs").iterdir())) == 7
    assert str(out / "report.html") in done.stderr
    assert "tiny/xnnpack/threads1" in done.stdout


def test_a_stored_run_is_reported_and_judged_again(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = run_tiny(tiny, out, "--rounds", "2", "--json")

    again = bench("report", out, "--json")
    assert document(again) == document(first)
    page = tmp_path / "page.html"
    assert bench("report", out, "--out", page).returncode == 0
    assert page.read_text(encoding="utf-8").startswith("<!")
    ledger = document(bench("claims", out, "--json"))
    assert ledger["claims"] == document(first)["claims"]


def test_without_a_run_the_ledger_checks_what_can_be_counted() -> None:
    claims = {claim["id"]: claim for claim in document(bench("claims", "--json"))["claims"]}

    ratio = claims["mobilebert-parameter-ratio"]
    assert (ratio["verdict"], ratio["measured"]["value"]) == ("supported", 4.29399)
    assert claims["mobilebert-latency"]["verdict"] == "not-measured"


def test_a_dry_run_shows_the_order_and_writes_nothing(tiny: Path, tmp_path: Path) -> None:
    done = run_tiny(tiny, tmp_path / "run", "--rounds", "3", "--dry-run")

    assert done.returncode == 0
    assert done.stdout.count("tiny/xnnpack/threads1") == 3
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "--device", "host", "--model", "mobilbert"], 2, "Did you mean 'mobilebert'"),
        (["run", "--device", "pixel99"], 2, "no phone called 'pixel99'"),
        (["run", "--device", "1A2B3C"], 3, "no adb server at 127.0.0.1:1"),
        (["run"], 3, "no adb server at 127.0.0.1:1"),
        (["devices"], 3, "no adb server"),
        (["run", "--device", "host,host"], 2, "names a device twice"),
        (["run", "--device", "host", "--delegate", "gpuu"], 2, "no delegate 'gpuu'"),
        (["run", "--device", "host", "--plan", "quik"], 2, "Did you mean 'quick'"),
        (["run", "--device", "host", "--plan", "none.toml"], 2, "cannot be read"),
        (["run", "--device", "host", "--seq-len", "1000", "--model", "bert-base"], 2, "1 to 512"),
        (["run", "--device", "host", "--threads", "two"], 2, "no whole number"),
        (["run", "--device", "host", "--rounds", "0"], 2, "rounds is 0"),
        (["run", "--device", "host", "--model", "bert-base,bert-base"], 2, "stands twice"),
        (["run", "--device", "host", "--resume", "--out", "none"], 2, "holds no run"),
        (["run", "--device", "host", "--resume"], 2, "--resume needs --out"),
        (["run", "--device", "host", "--benchmark-model", "none"], 2, "no benchmark tool"),
        (["run", "--device", "host", "--bogus"], 2, "No such option"),
        (["report", "none"], 2, "holds no run"),
        (["models", "inspect", "none.tflite"], 2, "cannot be read"),
        (["models", "build", "bert-bas", "--out", "x"], 2, "Did you mean 'bert-base'"),
        (["models", "build", "bert-base", "--task", "x", "--out", "x"], 2, "choose qa, encoder"),
        (["models", "build", "mobilebert@fast", "--out", "x"], 2, "no variant 'fast'"),
    ],
)
def test_bad_input_is_told_and_leaves_nothing(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    done = bench(*arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (code, "")
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_plan_with_an_unknown_key_names_it(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('title = "x"\n[[sweep]]\nmodel = "bert-base"\nthread = 1\n', encoding="utf-8")

    done = bench("run", "--device", "host", "--plan", plan, "--out", tmp_path / "run")

    assert done.returncode == 2
    assert "unknown key 'sweep.0.thread'. Did you mean 'threads'?" in done.stderr


def test_a_file_that_is_no_model_is_refused_before_anything_runs(tmp_path: Path) -> None:
    text = tmp_path / "notes.tflite"
    text.write_text("not a model at all", encoding="utf-8")

    done = bench(
        "run", "--device", "host", "--model-file", text, "--threads", "1", "--out", tmp_path / "run"
    )

    assert done.returncode == 2
    assert "is not a TFLite model" in done.stderr
    assert not (tmp_path / "run" / "records.jsonl").exists()


def test_an_unwritable_folder_is_told(tiny: Path) -> None:
    done = run_tiny(tiny, Path("/proc/mbert"), "--rounds", "1")

    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_a_folder_of_another_plan_is_not_resumed(tiny: Path, tmp_path: Path) -> None:
    run_tiny(tiny, tmp_path / "run", "--rounds", "1")

    done = run_tiny(tiny, tmp_path / "run", "--rounds", "2", "--resume")

    assert done.returncode == 2
    assert "holds a run of another plan" in done.stderr


@pytest.mark.parametrize(
    ("capture", "kind", "message"),
    [
        ("gather_oob", "invoke-failed", "gather index out of bounds"),
        ("unknown_flag", "unconsumed-flags", "--use_warp_drive=true"),
        ("use_gpu_absent", "unconsumed-flags", "--use_gpu=true"),
        ("killed", "signal", "SIGKILL"),
        ("missing", "model-rejected", "Could not open"),
        ("truncated", "model-rejected", "not a valid Flatbuffer"),
        ("resize", "model-rejected", "RESHAPE"),
        ("full_deleg", "benchmarking-failed", "Disallowed CPU fallback"),
    ],
)
def test_a_real_log_ends_as_what_it_is(
    tiny: Path, tmp_path: Path, capture: str, kind: str, message: str
) -> None:
    tool = replaying_tool(tmp_path / "benchmark_model", capture)

    done = run_tiny(
        tiny, tmp_path / "run", "--benchmark-model", tool, "--delegate", "default", "--json"
    )

    assert done.returncode == 3
    (case,) = document(done)["cases"]
    assert (case["status"], case["n"], case["latency_ms"]) == ("failed", 0, None)
    assert case["failure"]["kind"] == kind
    assert message in case["failure"]["message"]


def test_a_good_log_of_the_official_tool_is_a_result(tiny: Path, tmp_path: Path) -> None:
    tool = replaying_tool(tmp_path / "benchmark_model", "ok")

    done = run_tiny(
        tiny, tmp_path / "run", "--benchmark-model", tool, "--delegate", "default",
        "--rounds", "6", "--num-runs", "20", "--json",
    )  # fmt: skip

    assert done.returncode == 0
    (case,) = document(done)["cases"]
    assert case["latency_ms"] == {"median": 66.6514, "low": 66.6514, "high": 66.6514}
    assert case["init_ms"] == 5.993
    assert case["first_ms"] == 64.617


def test_a_delegate_that_the_build_lacks_fails_with_that_reason(tiny: Path, tmp_path: Path) -> None:
    done = run_tiny(tiny, tmp_path / "run", "--delegate", "gpu,cpu", "--rounds", "1", "--json")

    assert done.returncode == 3
    gpu, cpu = document(done)["cases"]
    assert gpu["failure"]["kind"] == "not-started"
    assert "--use_gpu" in gpu["failure"]["message"]
    assert cpu["status"] == "ok"


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        ("kill -SEGV $$", "signal", "SIGSEGV"),
        ("exit 0", "no-result", "nothing"),
        ("echo begun; sleep 60", "timeout", "still running after 0.5 s"),
        ("exit 5", "exit-code", "5"),
    ],
)
def test_a_tool_that_misbehaves_is_recorded_as_such(
    tiny: Path, tmp_path: Path, script: str, kind: str, message: str
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        f'title = "x"\n[settings]\nrounds = 2\ntimeout_s = 0.5\n[[sweep]]\nmodel_file = "{tiny}"\n',
        encoding="utf-8",
    )
    tool = write_tool(tmp_path / "tool", f'case "$*" in *--help*) exit 1;; esac\n{script}')

    done = bench(
        "run", "--device", "host", "--plan", plan, "--benchmark-model", tool,
        "--out", tmp_path / "run", "--json",
    )  # fmt: skip

    assert done.returncode == 3
    (case,) = document(done)["cases"]
    assert case["failure"]["kind"] == kind
    assert message in case["failure"]["message"]


def test_a_tool_that_does_not_answer_is_infrastructure(tiny: Path, tmp_path: Path) -> None:
    tool = write_tool(tmp_path / "tool", "kill -ABRT $$")

    done = run_tiny(tiny, tmp_path / "run", "--benchmark-model", tool)

    assert done.returncode == 3
    assert "does not answer `--help`: it was ended by signal 6" in done.stderr


def wait_for_records(out: Path, count: int) -> None:
    path, deadline = out / "records.jsonl", time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.02)
    pytest.fail(f"no {count} records within a minute")


def start_tiny(tiny: Path, out: Path) -> subprocess.Popen[str]:
    argv = [
        COMMAND, "run", "--device", "host", "--model-file", tiny, "--threads", "1,2",
        "--num-runs", "3", "--rounds", "6", "--allow", "cpu-busy", "--out", out,
    ]  # fmt: skip
    return subprocess.Popen(
        list(map(str, argv)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_partial_results(
    tiny: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "run"
    process = start_tiny(tiny, out)
    wait_for_records(out, 2)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "partial" in stdout or "failed" in stdout
    assert "--resume --out" in stderr
    assert "Traceback" not in stderr
    assert (out / "report.html").exists()


def test_a_killed_run_continues_to_the_same_records(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    for records in (1, 4, 7):
        process = (
            start_tiny(tiny, out)
            if records == 1
            else subprocess.Popen(
                [COMMAND, "run", "--device", "host", "--resume", "--out", str(out)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        wait_for_records(out, records)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

    done = bench("run", "--device", "host", "--resume", "--out", out, "--json")

    assert done.returncode == 0, done.stderr
    assert [case["n"] for case in document(done)["cases"]] == [6, 6]
    lines = (out / "records.jsonl").read_text(encoding="utf-8").splitlines()
    timed = [r for r in map(json.loads, lines) if r["purpose"] == "latency"]
    valid = [(r["case"], r["round"]) for r in timed if r["valid"]]
    assert len(valid) == len(set(valid)) == 12


def test_a_full_disk_is_told_and_the_records_are_kept(tiny: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    script = (
        f'mount -t tmpfs -o size=200k none "{small}" || exit 99\n'
        f'"{COMMAND}" run --device host --model-file "{tiny}" --threads 1 --rounds 60 '
        f'--num-runs 2 --allow cpu-busy --out "{small}/run"\n'
        f'code=$?; cp "{small}/run/records.jsonl" "{tmp_path}"; exit $code'
    )
    try:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", script],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        possible = done.returncode != 99 and "unshare" not in done.stderr
    except FileNotFoundError:
        possible = False
    if not possible:
        if required("namespaces"):
            pytest.fail("no user namespace, so no small disk")
        pytest.skip("this system gives no user namespace, so no small disk")

    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert "--resume" in done.stderr
    lines = (tmp_path / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line)["schema"] == 1 for line in lines[:-1])


def test_several_devices_keep_their_options_and_share_nothing(tiny: Path, tmp_path: Path) -> None:
    done = bench(
        "run", "--device", "host,1A2B3C", "--model-file", tiny, "--threads", "1", "--rounds", "1",
        "--num-runs", "3", "--out", tmp_path, "--json",
    )  # fmt: skip

    assert done.returncode == 3, "one of them is not there"
    (run,) = document(done)["runs"]
    assert (run["device"]["name"], run["cases"][0]["status"]) == ("host", "ok")
    assert "1A2B3C: error: There is no adb server" in done.stderr
    assert (tmp_path / "host" / "run.json").exists()


def test_help_and_version_answer() -> None:
    assert "Commands" in bench("--help").stdout
    assert bench("--version").stdout.startswith("mbert-bench ")
    for command in (["run"], ["report"], ["claims"], ["models"], ["models", "build"]):
        assert bench(*command, "--help").returncode == 0


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from harness.cli import app\n"
        "heavy = {'numpy', 'pandas', 'tensorflow', 'matplotlib', 'pydantic', 'jinja2', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "[]\n"
