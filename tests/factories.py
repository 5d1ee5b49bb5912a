"""Runs in memory: every part has a sensible default, and a test says what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from android_runner.tool import Tool
from harness.claim_ledger import (
    UNITS,
    Claim,
    ClaimKind,
    Conditions,
    DeviceKind,
    Grade,
)
from harness.device import DeviceInfo, Observation
from harness.measurement import Delegation, Measurement, OutputComparison, Phase
from harness.pairing import CellCases
from harness.plan import Arm, Case, Plan
from harness.record import SCHEMA, Failure, ModelFacts, Purpose, Record, RunInfo, Stop, StopReason
from harness.settings import Settings
from harness.store import StoredRun
from harness.summary import RunResult, summarize
from models.control import CONTROL_FILE

MODEL_SHA256 = "a1" * 32
TOOL_SHA256 = "b2" * 32

Samples = Mapping[Case, Sequence[float]] | Mapping[Case, Sequence[float | None]]


def make_case(model: str = "mobilebert", **changes: object) -> Case:
    """`MODEL-qa-seq128-fp32` on XNNPACK with 4 threads."""
    case = Case(
        model=model,
        task="qa",
        sequence_length=128,
        quantization="fp32",
        delegate="xnnpack",
        threads=4,
        cpus="auto",
    )
    return replace(case, **changes)  # type: ignore[arg-type]  # fields of several types


def make_file_case(path: str = "/models/mine.tflite", **changes: object) -> Case:
    """A case of `--model-file`."""
    case = make_case(
        path.rpartition("/")[2].removesuffix(".tflite"),
        task=None,
        sequence_length=None,
        quantization=None,
        model_file=path,
    )
    return replace(case, **changes)  # type: ignore[arg-type]  # fields of several types


def make_facts(model: str = "mobilebert", **changes: object) -> ModelFacts:
    """The file of a model: BERT-Base's size and counts, or else MobileBERT's."""
    large = model == "bert-base"
    facts = ModelFacts(
        file=f"/cache/{model}.tflite",
        sha256=MODEL_SHA256,
        size_bytes=434_462_288 if large else 97_666_928,
        parameters=108_891_648 if large else 24_581_888,
        macs=11_173_625_856 if large else 2_692_743_168,
        operators=486 if large else 1049,
        sequence_length=128,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]  # fields of several types


def make_device(kind: str = "host", **changes: object) -> DeviceInfo:
    """This machine, or with `phone` a Pixel 4."""
    device = DeviceInfo(
        kind=kind,
        name="host" if kind == "host" else "pixel4",
        serial=None if kind == "host" else "9A221FFAZ004PX",
        model="Test CPU" if kind == "host" else "Pixel 4",
        soc=None if kind == "host" else "SM8150",
        fingerprint="Linux 6.1 x86_64" if kind == "host" else "google/flame/flame:13",
        tier="T0",
        cpu_count=8,
    )
    return replace(device, **changes)  # type: ignore[arg-type]  # fields of several types


PIXEL_4 = make_device("phone")


def make_tool(*, stand_in: bool = False, **changes: object) -> Tool:
    """The stand-in or an official binary; both know the flags of `make_record`."""
    tool = Tool(
        path="/opt/stand_in.py" if stand_in else "/opt/benchmark_model",
        sha256=TOOL_SHA256,
        stand_in=stand_in,
        flags=frozenset({"graph", "num_threads", "num_runs", "use_xnnpack"}),
    )
    return replace(tool, **changes)  # type: ignore[arg-type]  # fields of several types


def make_measurement(latency_ms: float = 20.0, **changes: object) -> Measurement:
    """Twenty runs with this median."""
    latency_us = round(latency_ms * 1000)
    measurement = Measurement(
        init_us=21_000,
        first_us=63_000,
        warmup=Phase(count=2, average_us=25_000.0),
        inference=Phase(count=20, average_us=latency_us + 100.0, median_us=latency_us),
        threads=4,
        delegations=(
            Delegation(
                delegate="XNNPACK", applied="partially", nodes=1046, nodes_total=1049, partitions=1
            ),
        ),
    )
    return replace(measurement, **changes)  # type: ignore[arg-type]  # fields of several types


def make_record(case: Case, round_: int = 0, latency_ms: float = 20.0, **changes: object) -> Record:
    """A valid invocation of a case; what it says of itself is what was asked for."""
    seen = Observation(load_1min=0.5, memory_available_mb=4000.0, cpu_mhz=2600.0)
    record = Record(
        schema=SCHEMA,
        case=case.id,
        round=round_,
        started_at=f"2026-03-01T10:{round_:02d}:00+00:00",
        wall_s=1.5,
        valid=True,
        failure=None,
        measurement=make_measurement(
            latency_ms,
            threads=case.threads,
            model_mb=float(f"{make_facts(case.model).size_bytes / 1e6:.6g}"),
        ),
        exit_code=0,
        peak_memory_mb=250.0,
        cpu_mask="ff",
        requested_mask="ff",
        flags=("--graph=/cache/model.tflite", f"--num_threads={case.threads}", "--num_runs=20"),
        model_sha256=MODEL_SHA256,
        tool_sha256=TOOL_SHA256,
        stdout=f"round{round_:03d}.stdout",
        stderr=f"round{round_:03d}.stderr",
        before=seen,
        after=seen,
    )
    return replace(record, **changes)  # type: ignore[arg-type]  # fields of several types


def make_output(case: Case, **changes: object) -> Record:
    """The invocation that compared the output of the case's model: it was the right one."""
    output = OutputComparison(
        reference=f"{case.model_id} on the host",
        tolerance_percent=1.0,
        error_percent=0.002,
        observed="start_logits: 0.5, 0.25, …",
        expected="start_logits: 0.5, 0.25, …",
    )
    return make_record(
        case,
        purpose=Purpose.OUTPUT,
        output=replace(output, **changes),  # type: ignore[arg-type]  # fields
        stdout="output.stdout",
    )


def make_failure(
    case: Case, round_: int = 0, kind: str = "signal", message: str = "No result: killed."
) -> Record:
    """An invocation without a measurement."""
    return make_record(
        case,
        round_,
        valid=False,
        measurement=None,
        exit_code=None,
        failure=Failure(kind=kind, message=message),
    )


def make_info(cases: Sequence[Case], **changes: object) -> RunInfo:
    """A run of these cases on this machine with the stand-in; each has a model file."""
    info = RunInfo(
        schema=SCHEMA,
        created_at="2026-03-01T10:00:00+00:00",
        plan=Plan(title="quick", cases=tuple(cases), settings=Settings(num_runs=20)),
        device=make_device(),
        tool=make_tool(stand_in=True),
        models={case.model_id: make_facts(case.model) for case in cases},
        missing={},
        versions={"python": "3.11.9", "mbert-bench": "0.1.0"},
        peak_gflops=dict.fromkeys((1, 2, 4, 8), 1000.0),
    )
    return replace(info, **changes)  # type: ignore[arg-type]  # fields of several types


def make_stop(case: Case, rounds: int = 10, **changes: object) -> Stop:
    """A case that was measured in all rounds."""
    stop = Stop(
        schema=SCHEMA,
        case=case.id,
        at="2026-03-01T10:20:00+00:00",
        reason=StopReason.ROUNDS,
        rounds=rounds,
        half_width_percent=0.5,
    )
    return replace(stop, **changes)  # type: ignore[arg-type]  # fields of several types


def make_run(
    samples: Samples | None = None,
    *,
    stand_in: bool = True,
    rounds: int | None = None,
    more_records: Sequence[Record] = (),
    **changes: object,
) -> StoredRun:
    """A stored run. `samples` gives each case's latencies in ms by round, None for a failure.

    The plan has as many rounds as the longest sample, or `rounds`; `changes` are of `RunInfo`.
    """
    given = {make_case(): [20.0] * 10} if samples is None else samples
    info = make_info(list(given), **{"tool": make_tool(stand_in=stand_in), **changes})
    if "plan" not in changes:
        longest = max(map(len, given.values()), default=0)
        settings = replace(info.plan.settings, rounds=rounds or longest or 10)
        info = replace(info, plan=replace(info.plan, settings=settings))
    records = [
        make_failure(case, round_) if value is None else make_record(case, round_, value)
        for case, sample in given.items()
        for round_, value in enumerate(sample)
    ]
    checked = {(case.model_id, case.delegate): case for case in reversed(list(given))}
    records += [make_output(case) for case in reversed(list(checked.values()))]
    stops = [make_stop(case, len(sample)) for case, sample in given.items()]
    return StoredRun(
        folder=Path("/runs/one"), info=info, records=(*records, *more_records), stops=tuple(stops)
    )


def make_result(samples: Samples | None = None, **changes: object) -> RunResult:
    """The results of `make_run`."""
    return summarize(make_run(samples, **changes))  # type: ignore[arg-type]  # passed on


def make_claim(kind: ClaimKind = ClaimKind.LATENCY, **changes: object) -> Claim:
    """A headline claim: 62 ms, or with another kind 4.3 of its unit."""
    timed = kind in (ClaimKind.LATENCY, ClaimKind.LATENCY_RATIO)
    ratio = kind in (ClaimKind.LATENCY_RATIO, ClaimKind.PARAMETER_RATIO)
    claim = Claim(
        id=f"mobilebert-{kind}",
        statement=f"MobileBERT has a {kind}.",
        source="A paper, Table 4",
        grade=Grade.PRIMARY,
        kind=kind,
        published=62 if kind is ClaimKind.LATENCY else 4.3,
        unit=UNITS[kind],
        models=("mobilebert",),
        baselines=("bert-base",) if ratio else (),
        conditions=Conditions(
            device="Pixel 4" if timed else None,
            device_kind=DeviceKind.PHONE if timed else None,
            threads=4 if timed else None,
            sequence_length=128 if timed or kind is ClaimKind.FLOPS else None,
        ),
        tolerance_percent=0.0 if kind is ClaimKind.ACCURACY else 10.0,
        headline=True,
    )
    return replace(claim, **changes)  # type: ignore[arg-type]  # fields of several types


# How far pairs are from their mean, in percent: quiet, symmetric, and different from each other.
PAIR_NOISE_PERCENT = (0.31, -0.22, 0.13, -0.41, 0.24, -0.15, 0.46, -0.37)


def make_cell(name: str = "mobilebert", **changes: object) -> CellCases:
    """Two files of one name, from the folders `/old` and `/new`."""
    old, new = (make_file_case(f"/{side}/{name}.tflite", **changes) for side in ("old", "new"))
    return CellCases(
        baseline=replace(old, arm=Arm.BASELINE, pair=name),
        candidate=replace(new, arm=Arm.CANDIDATE, pair=name),
    )


def make_control(**changes: object) -> Case:
    """The case that is the same in all comparisons."""
    case = make_file_case(str(CONTROL_FILE), arm=Arm.CONTROL, pair="control")
    return replace(case, **changes)  # type: ignore[arg-type]  # fields of several types


def make_pair(
    cell: CellCases, round_: int, before_ms: float, after_ms: float, **changes: object
) -> list[Record]:
    """A valid invocation of each side; `changes` are of both records."""
    return [
        make_record(cell.baseline, round_, before_ms, **changes),
        make_record(cell.candidate, round_, after_ms, **changes),
    ]


def make_pairs(
    cell: CellCases,
    change_percent: float = 0.0,
    pairs: int = 8,
    *,
    scatter: float = 1.0,
    **changes: object,
) -> list[Record]:
    """So many pairs whose candidate is slower by this much, with `scatter` times the quiet noise.

    The baseline takes 20 ms.
    """
    factor = 1 + change_percent / 100
    return [
        record
        for number in range(pairs)
        for record in make_pair(
            cell,
            number,
            20.0,
            20.0 * factor * (1 + scatter * PAIR_NOISE_PERCENT[number % 8] / 100),
            **changes,
        )
    ]


def make_comparison_run(
    records: Sequence[Record] | None = None,
    *,
    cells: Sequence[CellCases] | None = None,
    rounds: int = 24,
    not_compared: tuple[str, ...] = (),
    **changes: object,
) -> StoredRun:
    """A stored comparison on this machine, of which every output was right.

    Without records, each cell has 8 quiet pairs of equal latency. `changes` are of `RunInfo`.
    """
    compared = [make_cell()] if cells is None else list(cells)
    cases = [case for cell in compared for case in cell.cases]
    if records is None:
        records = [record for cell in compared for record in make_pairs(cell)]
    plan = Plan(
        title="new against old",
        cases=(*cases, make_control()),
        settings=Settings(rounds=rounds, num_runs=20, target_ci_percent=0.0),
        not_compared=not_compared,
    )
    info = make_info(plan.cases, **{"plan": plan, **changes})
    outputs = [make_output(case) for case in plan.cases]
    return StoredRun(folder=Path("/runs/ab"), info=info, records=(*outputs, *records))
