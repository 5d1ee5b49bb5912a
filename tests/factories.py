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
from harness.measurement import Delegation, Measurement, Phase
from harness.plan import Case, Plan, Settings
from harness.store import SCHEMA, Failure, ModelFacts, Record, RunInfo, StoredRun
from harness.summary import RunResult, summarize

MODEL_SHA256 = "a1" * 32
TOOL_SHA256 = "b2" * 32


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
    name = path.rpartition("/")[2].removesuffix(".tflite")
    return make_case(
        name, task=None, sequence_length=None, quantization=None, model_file=path, **changes
    )


def make_model(**changes: object) -> ModelFacts:
    """MobileBERT's file."""
    model = ModelFacts(
        file="/cache/model.tflite",
        sha256=MODEL_SHA256,
        size_bytes=97_666_928,
        parameters=24_581_888,
        macs=2_692_743_168,
        operators=1049,
        sequence_length=128,
    )
    return replace(model, **changes)  # type: ignore[arg-type]  # fields of several types


def make_device(kind: str = "host", **changes: object) -> DeviceInfo:
    """This machine, or with `phone` a Pixel 4."""
    device = DeviceInfo(
        kind=kind,
        name="host" if kind == "host" else "pixel4",
        serial=None if kind == "host" else "9A221FFAZ004PX",
        model="AMD EPYC" if kind == "host" else "Pixel 4",
        soc=None if kind == "host" else "SM8150",
        fingerprint="Linux 6.1 x86_64" if kind == "host" else "google/flame/flame:13",
        tier="T0",
        cpu_count=8,
    )
    return replace(device, **changes)  # type: ignore[arg-type]  # fields of several types


def make_tool(**changes: object) -> Tool:
    """An official binary that knows the flags of `make_record`."""
    tool = Tool(
        path="/opt/benchmark_model",
        sha256=TOOL_SHA256,
        stand_in=False,
        flags=frozenset({"graph", "num_threads", "num_runs", "use_xnnpack"}),
    )
    return replace(tool, **changes)  # type: ignore[arg-type]  # fields of several types


def make_measurement(latency_us: int = 20_000, **changes: object) -> Measurement:
    """Twenty runs with this median."""
    measurement = Measurement(
        init_us=40_000,
        first_us=30_000,
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


def make_record(case: Case, round_: int = 0, latency_us: int = 20_000, **changes: object) -> Record:
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
        measurement=make_measurement(latency_us, threads=case.threads),
        exit_code=0,
        peak_memory_mb=230.0,
        cpu_mask="ff",
        flags=("--graph=/cache/model.tflite", f"--num_threads={case.threads}", "--num_runs=20"),
        model_sha256=MODEL_SHA256,
        tool_sha256=TOOL_SHA256,
        stdout=f"round{round_:03d}.stdout",
        stderr=f"round{round_:03d}.stderr",
        before=seen,
        after=seen,
    )
    return replace(record, **changes)  # type: ignore[arg-type]  # fields of several types


def make_failed_record(
    case: Case, round_: int = 0, kind: str = "timeout", message: str = "No result: too slow."
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
    """A run of these cases on a host; each has a model file."""
    info = RunInfo(
        schema=SCHEMA,
        created_at="2026-03-01T10:00:00+00:00",
        plan=Plan(title="quick", cases=tuple(cases), settings=Settings()),
        device=make_device(),
        tool=make_tool(),
        models={case.model_id: make_model() for case in cases},
        missing={},
        versions={"python": "3.11.9", "mbert-bench": "0.1.0"},
    )
    return replace(info, **changes)  # type: ignore[arg-type]  # fields of several types


def make_run(
    samples: Mapping[Case, Sequence[float | None]] | None = None,
    records: Sequence[Record] | None = None,
    **changes: object,
) -> StoredRun:
    """A stored run. `samples` gives each case's latencies in ms by round, None for a failure;
    `records` stands in the place of those made from it; `changes` are of `RunInfo`."""
    given = {make_case(): [20.0] * 10} if samples is None else samples
    info = make_info(list(given), **changes)
    if "plan" not in changes:
        rounds = max(map(len, given.values()))
        settings = replace(info.plan.settings, rounds=rounds or 10)
        info = replace(info, plan=replace(info.plan, settings=settings))
    made = [
        make_failed_record(case, round_)
        if latency_ms is None
        else make_record(case, round_, round(latency_ms * 1000), tool_sha256=info.tool.sha256)
        for case, sample in given.items()
        for round_, latency_ms in enumerate(sample)
    ]
    stored = made if records is None else list(records)
    return StoredRun(folder=Path("/runs/one"), info=info, records=tuple(stored))


def make_result(
    samples: Mapping[Case, Sequence[float | None]] | None = None, **changes: object
) -> RunResult:
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
