"""Invocations beside the rounds: outputs before them, operators and sustained series after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.attempt import Ask, Finish
from harness.measurement import OutputComparison, ToolLog
from harness.op_profile import read_op_profile
from harness.output_check import compare_outputs, tolerance_percent
from harness.pace import Pace
from harness.plan import Case
from harness.record import Failure, Purpose, Record
from harness.reference_output import ReferenceOutput
from harness.runner import Runner, Step
from harness.schedule import Slot
from harness.settings import Settings
from models.inspect import ModelInfo

_OUTPUT_FLAG = "output_filepath"
_MEMORY_FLAG = "report_peak_memory_footprint"
_PROFILE_FLAG = "enable_op_profiling"
_PROFILE_FILE_FLAG = "profiling_output_csv_file"

# The failure of an invocation that gave no table of operators.
_NO_PROFILE = "no-profile"

# A sustained series is made of invocations of about this length, or shorter ones to have enough.
_SERIES_STEP_S = 5.0
_SERIES_STEPS = 24


def check_outputs(runner: Runner) -> None:
    """Compares the output of each model file and delegate once with the reference.

    The tool's own peak memory is read along the way, where it can tell. Builds that cannot write
    their output, or do not say whether they can, are not asked.
    """
    pairs = _first_of_each(runner.session.info.plan.cases)
    to_check = [
        (number, case) for number, case in enumerate(pairs, start=1) if _is_checkable(case, runner)
    ]
    for position, (number, case) in enumerate(to_check):
        coming = [Slot(round=0, case=one) for _, one in to_check[position + 1 :]]
        flags = runner.session.device_of(case).tool().flags or frozenset()
        settings = replace(
            runner.session.info.plan.settings,
            num_runs=1,
            min_secs=0.0,
            warmup_runs=1,
            warmup_min_secs=0.0,
        )
        ask = Ask(
            purpose=Purpose.OUTPUT,
            settings=settings,
            more=(f"{_MEMORY_FLAG}=true",) if _MEMORY_FLAG in flags else (),
            captured=_OUTPUT_FLAG,
            finish=_output_finish(case, runner),
        )
        step = Step(
            slot=Slot(round=0, case=case),
            purpose=Purpose.OUTPUT,
            number=number,
            total=len(pairs),
            next=coming[0] if coming else Purpose.LATENCY,
        )
        runner.run(step, ask, cool=False)


def profile_operators(runner: Runner, cases: Sequence[Case]) -> None:
    """One invocation of each case with the tool's profiler on; its latency counts nowhere."""
    flags = runner.session.device.tool().flags or frozenset()
    settings, pace = runner.session.info.plan.settings, Pace(runner.records)
    series_s = settings.sustained_s
    after = None if series_s is None else Purpose.SUSTAINED
    slots = [Slot(round=0, case=case) for case in cases]
    to_do = [slot for slot in slots if not runner.has(slot, Purpose.OPERATORS)]
    for position, slot in enumerate(to_do):
        coming = to_do[position + 1 :]
        left_s = pace.of(one.case for one in to_do[position:])
        ask = Ask(
            purpose=Purpose.OPERATORS,
            settings=settings,
            more=(f"{_PROFILE_FLAG}=true",),
            captured=_PROFILE_FILE_FLAG if _PROFILE_FILE_FLAG in flags else None,
            finish=_read_operators,
        )
        step = Step(
            slot=slot,
            purpose=Purpose.OPERATORS,
            number=slots.index(slot) + 1,
            total=len(slots),
            next=coming[0] if coming else after,
            left_s=None if left_s is None else left_s + (series_s or 0.0) * len(slots),
        )
        runner.run(step, ask)


def run_series(runner: Runner, cases: Sequence[Case], duration_s: float) -> None:
    """For each case invocations back to back for so long, after the device has cooled once."""
    for number, case in enumerate(cases, start=1):
        settings = _series_settings(runner.session.info.plan.settings, duration_s)
        ask = Ask(purpose=Purpose.SUSTAINED, settings=settings)
        done = [r for r in runner.records if r.case == case.id and r.purpose == Purpose.SUSTAINED]
        if done:  # a series that was cut off cannot go on: the device has cooled meanwhile
            continue
        ends_at, round_ = None, 0
        after = cases[number] if number < len(cases) else None
        while ends_at is None or runner.clock.now() < ends_at:
            here_s = duration_s if ends_at is None else max(0.0, ends_at - runner.clock.now())
            step = Step(
                slot=Slot(round=round_, case=case),
                purpose=Purpose.SUSTAINED,
                number=number,
                total=len(cases),
                next=None if after is None else Slot(round=0, case=after),
                left_s=here_s + (len(cases) - number) * duration_s,
            )
            record = runner.run(step, ask, cool=ends_at is None)
            if not record.valid:
                break
            if ends_at is None:
                ends_at = runner.clock.now() + duration_s - record.wall_s
            round_ += 1


def _is_checkable(case: Case, runner: Runner) -> bool:
    """Whether there is a model, a tool that writes its output, and no check by a session before."""
    flags = runner.session.device_of(case).tool().flags or frozenset()
    done = runner.has(Slot(round=0, case=case), Purpose.OUTPUT)
    return _OUTPUT_FLAG in flags and case.model_id not in runner.session.missing and not done


def _series_settings(settings: Settings, duration_s: float) -> Settings:
    return replace(
        settings,
        num_runs=1,
        min_secs=min(_SERIES_STEP_S, duration_s / _SERIES_STEPS),
        warmup_runs=1,
        warmup_min_secs=0.0,
    )


def _first_of_each(cases: Sequence[Case]) -> list[Case]:
    """For each model file and delegate the case with the most threads."""
    chosen: dict[tuple[str, str], Case] = {}
    for case in sorted(cases, key=lambda case: -case.threads):
        chosen.setdefault((case.model_id, case.delegate), case)
    return list(chosen.values())


def _output_finish(case: Case, runner: Runner) -> Finish:
    def finish(record: Record, _log: ToolLog, captured: Path | None) -> Record:
        if not record.valid:
            return record
        info = runner.session.ready[case.model_id].info
        reference = runner.session.reference(case)
        return replace(record, output=_compare(case, info, reference, captured))

    return finish


def _compare(
    case: Case, info: ModelInfo, reference: ReferenceOutput | str, captured: Path | None
) -> OutputComparison:
    tolerance = tolerance_percent(case.quantization, case.delegate)
    if isinstance(reference, str):
        return OutputComparison(
            reference="none", tolerance_percent=tolerance, problem=f"no reference: {reference}"
        )
    if captured is None:
        problem = "the tool wrote no output"
        return OutputComparison(
            reference=reference.name, tolerance_percent=tolerance, problem=problem
        )
    return compare_outputs(
        captured.read_bytes(),
        reference.content,
        info.outputs,
        reference.outputs,
        tolerance_percent=tolerance,
        reference=reference.name,
    )


def _read_operators(record: Record, log: ToolLog, captured: Path | None) -> Record:
    """The table from the tool's file where it has written one, else from its output."""
    if not record.valid:
        return record
    text = log.stdout if captured is None else captured.read_text("utf-8", errors="replace")
    operators = read_op_profile(text)
    if operators:
        return replace(record, operators=operators)
    message = "the tool gave no table of operators, although its profiler was asked for"
    return replace(record, valid=False, failure=Failure(kind=_NO_PROFILE, message=message))
