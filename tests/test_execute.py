from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fakes import Answer, FakeDevice, SilentProgress, good_log

from android_runner.errors import LinkLostError, PhoneRebootedError, ProcessLostError
from android_runner.tool_errors import ToolLacksFlagError
from harness.device import Invocation
from harness.errors import RunFolderError, StoreError
from harness.execute import run_plan
from harness.measurement import ToolLog
from harness.plan import Plan, Sweep, build_plan, expand
from harness.record import Record
from harness.schedule import schedule
from harness.session import Session, open_session
from harness.settings import Settings
from harness.store import load_run


def make_plan(tiny: Path, threads: Iterable[int] = (1, 2, 3), **settings: float) -> Plan:
    sweep = Sweep(model_files=(str(tiny),), threads=tuple(threads))
    cases = expand(sweep, cpu_count=4, where="test")
    chosen = dataclasses.replace(Settings(rounds=4), **settings)  # type: ignore[arg-type]  # fields
    return build_plan("test", cases, chosen, "test")


def start(
    plan: Plan, answer: Answer, folder: Path, *, resume: bool = False
) -> AbstractContextManager[Session]:
    device = FakeDevice(answer)
    return open_session(
        plan, device, folder, folder / "cache", lambda _name, _cached: None, resume=resume
    )


def answer_well(invocation: Invocation) -> ToolLog:
    return good_log(threads=int(invocation.flags[1].partition("=")[2]))


def crash_on(threads: int) -> Answer:
    def answer(invocation: Invocation) -> ToolLog:
        if f"--num_threads={threads}" in invocation.flags:
            return ToolLog(stdout="", stderr="ERROR: no", exit_code=-11)
        return answer_well(invocation)

    return answer


def run(started: AbstractContextManager[Session]) -> list[Record]:
    with started as session:
        return run_plan(session, SilentProgress())


def test_every_round_holds_every_case_once(tiny: Path) -> None:
    plan = make_plan(tiny, rounds=6)
    slots = schedule(plan)

    for number in range(6):
        cases = [slot.case for slot in slots if slot.round == number]
        assert sorted(cases) == sorted(plan.cases)


def test_over_two_rounds_each_case_has_the_same_mean_position(tiny: Path) -> None:
    slots = schedule(make_plan(tiny, rounds=6))
    rounds = [[slot.case for slot in slots if slot.round == number] for number in range(6)]

    for forward, backward in zip(rounds[::2], rounds[1::2], strict=True):
        assert forward == backward[::-1]


def test_the_order_depends_on_the_seed_alone(tiny: Path) -> None:
    orders = {
        seed: [slot.case.id for slot in schedule(make_plan(tiny, rounds=8, seed=seed))]
        for seed in range(3)
    }

    assert orders[0] == [slot.case.id for slot in schedule(make_plan(tiny, rounds=8, seed=0))]
    assert len({tuple(order) for order in orders.values()}) == 3


def test_records_every_invocation_on_disk(tiny: Path, tmp_path: Path) -> None:
    records = run(start(make_plan(tiny), answer_well, tmp_path / "run"))

    stored = load_run(tmp_path / "run")
    assert stored.records == tuple(records)
    assert len(records) == 12
    assert all(record.valid for record in records)
    assert {r.stdout for r in records} == {
        f.name for f in (tmp_path / "run" / "logs").glob("*.stdout")
    }


@pytest.mark.parametrize("here", [True, False])
def test_a_delegates_library_is_brought_to_the_device_unless_it_is_there(
    tiny: Path, tmp_path: Path, *, here: bool
) -> None:
    library = tmp_path / "libdelegate.so" if here else Path("/vendor/lib64/libdelegate.so")
    if here:
        library.write_bytes(b"library")
    sweep = Sweep(model_files=(str(tiny),), threads=(1,), delegates=(f"external:{library}",))
    cases = expand(sweep, cpu_count=4, where="test")
    plan = build_plan("test", cases, Settings(rounds=1), "test")

    (record,) = run(start(plan, answer_well, tmp_path / "run"))

    wanted = "/device/libdelegate.so" if here else str(library)
    assert f"--external_delegate_path={wanted}" in record.flags


def test_a_failing_case_is_recorded_and_given_up_and_the_sweep_goes_on(
    tiny: Path, tmp_path: Path
) -> None:
    records = run(start(make_plan(tiny), crash_on(2), tmp_path / "run"))

    failed = [record for record in records if not record.valid]
    assert len(failed) == 2
    assert {record.failure.kind for record in failed if record.failure} == {"signal"}
    assert sum(record.valid for record in records) == 8


def test_one_failure_costs_one_measurement(tiny: Path, tmp_path: Path) -> None:
    calls = iter([False, True, True, True])

    def answer(invocation: Invocation) -> ToolLog:
        return (
            answer_well(invocation) if next(calls) else ToolLog(stdout="", stderr="", exit_code=0)
        )

    records = run(start(make_plan(tiny, [1]), answer, tmp_path / "run"))

    assert [record.valid for record in records] == [False, True, True, True]


def test_a_case_that_never_starts_is_recorded_once(tiny: Path, tmp_path: Path) -> None:
    def answer(_invocation: Invocation) -> ToolLog:
        raise ToolLacksFlagError(flag="use_gpu", purpose="a GPU")

    records = run(start(make_plan(tiny, [1]), answer, tmp_path / "run"))

    (record,) = records
    assert record.failure is not None
    assert (record.failure.kind, record.stdout) == ("not-started", None)
    assert "--use_gpu" in record.failure.message


def test_an_invocation_that_the_phone_lost_is_tried_again(tiny: Path, tmp_path: Path) -> None:
    calls = iter(range(100))

    def answer(invocation: Invocation) -> ToolLog:
        if next(calls) in (1, 2):
            raise ProcessLostError("PHONE", "benchmark_model")
        return answer_well(invocation)

    records = run(start(make_plan(tiny, [1]), answer, tmp_path / "run"))

    assert [(record.round, record.valid) for record in records] == [
        (0, True),
        (1, False),
        (1, False),
        (1, True),
        (2, True),
        (3, True),
    ]
    assert {r.failure.kind for r in records if r.failure is not None} == {"process-lost"}
    stored = load_run(tmp_path / "run")
    (case,) = stored.info.plan.cases
    assert all(record.valid for record in stored.of_case(case))


def test_a_reboot_is_recorded_and_ends_the_session_that_it_took(tiny: Path, tmp_path: Path) -> None:
    def answer(_invocation: Invocation) -> ToolLog:
        raise PhoneRebootedError("PHONE", "benchmark_model")

    with pytest.raises(PhoneRebootedError):
        run(start(make_plan(tiny, [1]), answer, tmp_path / "run"))

    (record,) = load_run(tmp_path / "run").records
    assert record.failure is not None
    assert record.failure.kind == "phone-rebooted"


def test_a_phone_that_loses_every_invocation_does_not_stop_the_sweep(
    tiny: Path, tmp_path: Path
) -> None:
    def answer(_invocation: Invocation) -> ToolLog:
        raise ProcessLostError("PHONE", "benchmark_model")

    records = run(start(make_plan(tiny, [1], rounds=2), answer, tmp_path / "run"))

    assert [record.round for record in records] == [0, 0, 0, 1, 1, 1]


def test_a_phone_that_is_gone_ends_the_run_and_keeps_the_records(
    tiny: Path, tmp_path: Path
) -> None:
    calls = iter(range(100))

    def answer(invocation: Invocation) -> ToolLog:
        if next(calls) == 3:
            raise LinkLostError("PHONE", "the run", "end of file")
        return answer_well(invocation)

    with pytest.raises(LinkLostError, match="--resume"):
        run(start(make_plan(tiny), answer, tmp_path / "run"))

    assert len(load_run(tmp_path / "run").records) == 3


def test_an_interruption_keeps_what_there_is(tiny: Path, tmp_path: Path) -> None:
    calls = iter(range(100))

    def answer(invocation: Invocation) -> ToolLog:
        if next(calls) == 5:
            raise KeyboardInterrupt
        return answer_well(invocation)

    with pytest.raises(KeyboardInterrupt):
        run(start(make_plan(tiny), answer, tmp_path / "run"))

    assert len(load_run(tmp_path / "run").records) == 5


def test_a_resumed_run_repeats_nothing_and_leaves_nothing_out(tiny: Path, tmp_path: Path) -> None:
    plan = make_plan(tiny)
    calls = iter(range(100))

    def answer(invocation: Invocation) -> ToolLog:
        if next(calls) == 5:
            raise KeyboardInterrupt
        return answer_well(invocation)

    with pytest.raises(KeyboardInterrupt):
        run(start(plan, answer, tmp_path / "run"))

    records = run(start(plan, answer_well, tmp_path / "run", resume=True))

    undisturbed = [(slot.round, slot.case.id) for slot in schedule(plan)]
    assert [(record.round, record.case) for record in records] == undisturbed


def test_a_resumed_run_tries_again_what_failed(tiny: Path, tmp_path: Path) -> None:
    plan = make_plan(tiny, [1, 2])
    run(start(plan, crash_on(2), tmp_path / "run"))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "logs").iterdir()}

    records = run(start(plan, answer_well, tmp_path / "run", resume=True))

    assert sorted((r.case, r.round) for r in records) == sorted(
        (case.id, number) for case in plan.cases for number in range(4)
    )
    stored = load_run(tmp_path / "run")
    assert len(stored.records) == 8 + 2
    assert all(record.valid for case in plan.cases for record in stored.of_case(case))
    assert {path: path.stat().st_mtime_ns for path in before} == before, "logs stay as they are"


def test_a_run_is_not_continued_as_another(tiny: Path, tmp_path: Path) -> None:
    run(start(make_plan(tiny), answer_well, tmp_path / "run"))

    with pytest.raises(RunFolderError, match="holds a run of another plan"):
        run(start(make_plan(tiny, rounds=5), answer_well, tmp_path / "run", resume=True))


def test_two_processes_never_share_a_folder(tiny: Path, tmp_path: Path) -> None:
    with (
        start(make_plan(tiny), answer_well, tmp_path / "run"),
        pytest.raises(RunFolderError, match="written by another mbert-bench"),
    ):
        run(start(make_plan(tiny), answer_well, tmp_path / "run", resume=True))


def test_stops_once_every_interval_is_narrow_enough(tiny: Path, tmp_path: Path) -> None:
    plan = make_plan(tiny, [1, 2], rounds=20, target_ci_percent=5.0)

    records = run(start(plan, answer_well, tmp_path / "run"))

    assert len(records) == 2 * 8  # equal values have no width, but eight are the least


def test_a_full_disk_ends_the_run_and_keeps_the_records(tiny: Path, tmp_path: Path) -> None:
    with start(make_plan(tiny), answer_well, tmp_path / "run") as session:
        # A real device that is always full, in the place of the records.
        (tmp_path / "run" / "records.jsonl").symlink_to("/dev/full")

        with pytest.raises(StoreError, match="No space left on device"):
            run_plan(session, SilentProgress())
