"""Each liar does what it says: seen in its log, in its output, or in its process."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import lying_tools
import pytest
from lying_tools import Lie, write_liar
from work_model import model_with_work

from android_runner.tool import ToolOptions, build_flags
from harness.device import Capture, Invocation
from harness.host import Host
from harness.inputs import write_inputs
from harness.log import LogError, parse_log
from harness.measurement import Delegation, FailureKind, Measurement, ToolLog
from harness.prepare import ReadyModel, tool_inputs
from models.inspect import inspect_model

RUNS, WARMUP_RUNS, THREADS = 40, 20, 2
XNNPACK = Delegation(delegate="XNNPACK", applied="partially", nodes=7, nodes_total=10, partitions=1)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A model to run, and a narrow one that a liar may run in its place."""

    model: Path
    narrow: bytes


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What came of one invocation; `output` is what the tool wrote, None for nothing."""

    log: ToolLog
    output: bytes | None

    @property
    def measurement(self) -> Measurement:
        return parse_log(self.log)

    @property
    def average_us(self) -> float:
        average_us = self.measurement.inference.average_us
        assert average_us is not None
        return average_us


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    model = tmp_path_factory.mktemp("model") / "work.tflite"
    model.write_bytes(model_with_work())
    return Bench(model=model, narrow=model_with_work(width=64))


@pytest.fixture(scope="module")
def honest(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return see(bench, tmp_path_factory.mktemp("honest"), None)


@pytest.fixture(scope="module")
def built_in(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return see(bench, tmp_path_factory.mktemp("built-in"), None, delegate="cpu")


def see(bench: Bench, folder: Path, lie: Lie | None, *, delegate: str = "xnnpack") -> Seen:
    """Invokes the liar, or the honest tool, as a run does it on this machine."""
    tool = None
    if lie is not None:
        tool = write_liar(folder / "benchmark_model", lie, another_model=bench.narrow)
    host = Host(tool)
    info = inspect_model(bench.model)
    inputs = write_inputs(info, folder, 0)
    assert inputs is not None
    options = ToolOptions(
        graph=str(bench.model),
        num_threads=THREADS,
        num_runs=RUNS,
        min_secs=0.0,
        max_secs=60.0,
        warmup_runs=WARMUP_RUNS,
        warmup_min_secs=0.0,
        delegate=delegate,
        inputs=tool_inputs(ReadyModel(path=bench.model, info=info, inputs=tuple(inputs)), host),
    )
    output = folder / "output"
    invocation = Invocation(
        flags=build_flags(options, host.tool()),
        cpus="auto",
        threads=THREADS,
        timeout_s=60,
        patience_s=0,
        stdout=folder / "stdout",
        stderr=folder / "stderr",
        captures=(Capture(flag="output_filepath", file=output),),
    )
    log = host.invoke(invocation)
    return Seen(log=log, output=output.read_bytes() if output.exists() else None)


def lines_with(seen: Seen, text: str) -> list[str]:
    return [line for line in seen.log.stdout.splitlines() if text in line]


def test_the_honest_tool_runs_what_was_asked_for(honest: Seen, built_in: Seen) -> None:
    measurement = honest.measurement

    assert (measurement.threads, measurement.delegations) == (THREADS, (XNNPACK,))
    assert (measurement.warmup.count, measurement.inference.count) == (WARMUP_RUNS, RUNS)
    assert built_in.measurement.delegations == ()
    assert None not in (honest.output, built_in.output)
    assert honest.output != built_in.output  # the last bits tell who has computed it


@pytest.mark.parametrize("lie", lying_tools.ALL)
def test_a_liar_has_the_help_of_the_stand_in(lie: Lie, bench: Bench, tmp_path: Path) -> None:
    liar = write_liar(tmp_path / "benchmark_model", lie, another_model=bench.narrow)

    assert Host(liar).tool().flags == Host().tool().flags


def test_ignores_threads(bench: Bench, tmp_path: Path) -> None:
    measurement = see(bench, tmp_path, lying_tools.ignores_threads).measurement

    assert measurement.threads is None
    assert "runs_asked" in measurement.sources  # other flags are repeated


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="a process tells no threads here")
def test_runs_with_other_threads(bench: Bench, tmp_path: Path) -> None:
    liar = write_liar(tmp_path / "benchmark_model", lying_tools.runs_with_other_threads)
    plain = write_liar(tmp_path / "honest", lying_tools.tells_the_truth)

    threads = {
        (path.name, count): most_threads(path, bench.model, count)
        for path in (plain, liar)
        for count in (1, 2)
    }

    assert threads["honest", 2] == threads["honest", 1] + 1
    assert threads["benchmark_model", 1] == threads["honest", 2]
    assert threads["benchmark_model", 2] == threads["honest", 1]


def most_threads(tool: Path, model: Path, count: int) -> int:
    """How many threads the process had after its warm-up, while it says that it has `count`."""
    argv = [str(tool), f"--graph={model}", f"--num_threads={count}", "--use_xnnpack=true"]
    argv += ["--input_layer=input_ids,input_mask,segment_ids", "--input_layer_shape=1,8:1,8:1,8"]
    argv += ["--input_layer_value_range=input_ids,0,49:input_mask,1,1:segment_ids,0,1"]
    argv += ["--num_runs=1", "--min_secs=60"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            said = b""
            while b"count=" not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            assert f"#threads used for CPU inference: [{count}]".encode() in said
            return len(list(Path(f"/proc/{process.pid}/task").iterdir()))
        finally:
            process.kill()


def test_falls_back(bench: Bench, built_in: Seen, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.falls_back)

    assert seen.output == built_in.output
    assert seen.measurement.delegations == (Delegation(delegate="XNNPACK", applied="not at all"),)
    assert lines_with(seen, "delegate is explicitly applied") == [
        "INFO: Though XNNPACK delegate is explicitly applied, the model graph will not be "
        "executed by the delegate."
    ]


def test_falls_back_silently(bench: Bench, built_in: Seen, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.falls_back_silently)

    assert seen.output == built_in.output
    assert seen.measurement.delegations == ()


def test_falls_back_and_denies_it(bench: Bench, built_in: Seen, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.falls_back_and_denies_it)

    assert seen.output == built_in.output
    assert seen.measurement.delegations == (Delegation(delegate="XNNPACK", applied="completely"),)


def test_runs_another_model(bench: Bench, honest: Seen, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.runs_another_model)

    assert seen.measurement.model_mb == pytest.approx(len(bench.narrow) / 1e6, rel=1e-5)
    assert_another_output(seen, honest)


def test_runs_another_model_and_denies_it(bench: Bench, honest: Seen, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.runs_another_model_and_denies_it)

    assert seen.measurement.model_mb == honest.measurement.model_mb
    for line in ("Loaded model", "Graph: "):
        assert lines_with(seen, line) == lines_with(honest, line)
    assert_another_output(seen, honest)


def test_prints_warmup_twice(bench: Bench, honest: Seen, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.prints_warmup_twice)

    assert seen.output == honest.output
    lines = lines_with(seen, "count=")
    assert len(lines) == 2
    assert len(set(lines)) == 1
    with pytest.raises(LogError, match=r"The summary's Inference \(avg\)"):
        parse_log(seen.log)


def test_reports_warmup_twice(bench: Bench, honest: Seen, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.reports_warmup_twice)

    assert seen.output == honest.output
    assert seen.measurement.inference == seen.measurement.warmup
    assert seen.measurement.inference.count == WARMUP_RUNS


def test_reports_zero(bench: Bench, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.reports_zero)

    assert lines_with(seen, "count=")[1].startswith(f"INFO: count={RUNS} curr=0(all same)")
    assert "Inference (avg): 0" in seen.log.stdout


def test_reports_a_tenth(bench: Bench, honest: Seen, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.reports_a_tenth)

    assert seen.output == honest.output
    measurement = seen.measurement
    assert measurement.inference.count == RUNS
    assert measurement.inference.min_us is not None
    assert honest.measurement.inference.min_us is not None
    assert measurement.inference.min_us < honest.measurement.inference.min_us / 2


def test_answers_zeros(bench: Bench, honest: Seen, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.answers_zeros)

    assert honest.output is not None
    assert seen.output == bytes(len(honest.output))
    assert seen.measurement.inference.count == RUNS


def test_answers_for_other_inputs(bench: Bench, honest: Seen, tmp_path: Path) -> None:
    assert_another_output(see(bench, tmp_path, lying_tools.answers_for_other_inputs), honest)


def test_writes_no_output(bench: Bench, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.writes_no_output)

    assert seen.output is None
    assert seen.measurement.inference.count == RUNS


def test_ignores_runs(bench: Bench, honest: Seen, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.ignores_runs)

    assert seen.measurement.inference.count == RUNS // 2
    assert lines_with(seen, "Min num runs") == lines_with(honest, "Min num runs")


def test_ignores_a_flag(bench: Bench, tmp_path: Path) -> None:
    seen = see(bench, tmp_path, lying_tools.ignores_a_flag)

    assert lines_with(seen, "WARN") == [f"WARN: Unconsumed cmdline flags: --num_runs={RUNS}"]
    with pytest.raises(LogError) as error:
        parse_log(seen.log)
    assert error.value.kind == FailureKind.UNCONSUMED_FLAGS


def assert_another_output(seen: Seen, honest: Seen) -> None:
    assert seen.output is not None
    assert honest.output is not None
    assert len(seen.output) == len(honest.output)
    assert seen.output != honest.output
