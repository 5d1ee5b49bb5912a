"""A run of 20,000 invocations, made out of a real one for the benchmark of its page.

The invocations of the real run are repeated over 250 cases with seeded noise, and written by the
store itself. Noise is of times, memory and temperature: what was observed of delegates, hashes or
flags stays as it was.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.device import Observation
from harness.measurement import Measurement, Phase
from harness.plan import Case, Plan
from harness.record import ModelFacts, Purpose, Record, Stop, StopReason
from harness.store import RunFolder, StoredRun, claim_folder
from models.catalog import CATALOG

CASES = 250
ROUNDS = 80
SEQUENCE_LENGTHS = (64, 128, 256, 384, 512)
THREADS = (1, 2, 3, 4, 8)


@dataclass(frozen=True, kw_only=True)
class Base:
    """A case of the large run, the real case behind it, and how many times larger it is."""

    case: Case
    real: Case
    factor: float
    facts: ModelFacts


def multiply(real: StoredRun, folder: Path) -> int:
    """Writes the large run and gives the number of its records."""
    bases = list(itertools.islice(_bases(real), CASES))
    settings = replace(real.info.plan.settings, rounds=ROUNDS, target_ci_percent=0.0)
    plan = Plan(title="20,000", cases=tuple(base.case for base in bases), settings=settings)
    run = claim_folder(folder, resume=False)
    try:
        models = {base.case.model_id: base.facts for base in bases}
        run.create(replace(real.info, plan=plan, models=models))
        return _write_records(run, real, bases)
    finally:
        run.close()


def _bases(real: StoredRun) -> Iterator[Base]:
    """Cases of the catalogue's models, each with a real case of the same delegate."""
    measured = [case for case in real.info.plan.cases if any(r.valid for r in real.of_case(case))]
    of_delegate = {case.delegate: case for case in reversed(measured)}
    axes = itertools.product(CATALOG, SEQUENCE_LENGTHS, THREADS, of_delegate.items())
    for model, length, threads, (delegate, case) in axes:
        factor = (1 + list(CATALOG).index(model)) * length / 128
        named = replace(
            case,
            model=model,
            task="qa",
            sequence_length=length,
            quantization="fp32",
            model_file=None,
            delegate=delegate,
            threads=threads,
        )
        facts = real.info.models[case.model_id]
        facts = replace(
            facts,
            file=f"/cache/{named.model_id}.tflite",
            sha256=hashlib.sha256(named.model_id.encode()).hexdigest(),
            size_bytes=round(facts.size_bytes * factor),
            macs=round(facts.macs * factor),
            sequence_length=length,
        )
        yield Base(case=named, real=case, factor=factor, facts=facts)


def _write_records(run: RunFolder, real: StoredRun, bases: list[Base]) -> int:
    noise = random.Random(20_000)
    at = datetime.datetime.fromisoformat(real.records[0].started_at)
    count = 0
    checked = {(base.case.model_id, base.case.delegate): base for base in reversed(bases)}
    for base in checked.values():
        output = real.output_check(base.real)
        if output is not None:
            run.append(_noisy(output, base, 0, at, noise))
            count += 1
    mine = {
        case: [r for r in real.records if r.case == case.id and r.purpose == Purpose.LATENCY]
        for case in {base.real for base in bases}
    }
    for number in range(ROUNDS):
        for base in bases:
            record = mine[base.real][number % len(mine[base.real])]
            run.append(_noisy(record, base, number, at, noise))
            count += 1
            at += datetime.timedelta(seconds=record.wall_s + record.waited_s + 0.1)
    for base in bases:
        run.append_stop(
            Stop(
                schema=real.info.schema,
                case=base.case.id,
                at=at.isoformat(timespec="milliseconds"),
                reason=StopReason.ROUNDS,
                rounds=ROUNDS,
                half_width_percent=None,
            )
        )
    return count


def _noisy(
    record: Record, base: Base, number: int, at: datetime.datetime, noise: random.Random
) -> Record:
    stretch = base.factor * noise.lognormvariate(0, 0.02)
    measurement = record.measurement
    if measurement is not None:
        measurement = _stretch(measurement, stretch, base)
    name = f"{base.case.id.replace('/', '_')}-{record.purpose}{number:03d}"
    memory_mb = record.peak_memory_mb
    return replace(
        record,
        case=base.case.id,
        round=number,
        started_at=at.isoformat(timespec="milliseconds"),
        measurement=measurement,
        peak_memory_mb=None if memory_mb is None else memory_mb * noise.uniform(0.99, 1.01),
        flags=(f"--graph={base.facts.file}", *record.flags[1:]),
        model_sha256=base.facts.sha256,
        stdout=f"{name}.stdout",
        stderr=f"{name}.stderr",
        before=_warm(record.before, noise),
        after=_warm(record.after, noise),
    )


def _stretch(measurement: Measurement, stretch: float, base: Base) -> Measurement:
    inference = _stretch_phase(measurement.inference, stretch)
    line = f"INFO: count={inference.count} first={inference.first_us} curr={inference.last_us}"
    return replace(
        measurement,
        init_us=round(measurement.init_us * stretch),
        first_us=None if measurement.first_us is None else round(measurement.first_us * stretch),
        warmup=_stretch_phase(measurement.warmup, stretch),
        inference=inference,
        threads=base.case.threads,
        model_mb=float(f"{base.facts.size_bytes / 1e6:.6g}"),
        sources={**measurement.sources, "runs": f"{line} avg={inference.average_us}"},
    )


def _stretch_phase(phase: Phase, stretch: float) -> Phase:
    times = {name: value for name, value in vars(phase).items() if name.endswith("_us")}
    longer = {name: value and max(1, round(value * stretch)) for name, value in times.items()}
    return replace(phase, **longer)


def _warm(seen: Observation | None, noise: random.Random) -> Observation | None:
    if seen is None or seen.temperature_c is None:
        return seen
    return replace(seen, temperature_c=round(seen.temperature_c + noise.gauss(0, 0.3), 1))
