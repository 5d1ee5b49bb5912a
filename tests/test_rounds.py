"""Runs on a device that heats, fails or is slow: which rounds are measured, redone and left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path

from fakes import Answer, FakeDevice, SilentProgress, good_log

from harness.cooling import Clock
from harness.device import ClusterState, Invocation, Observation
from harness.execute import run_plan
from harness.measurement import ToolLog
from harness.plan import Plan, Sweep, build_plan, expand
from harness.record import Record
from harness.session import open_session
from harness.settings import Settings
from harness.store import StoredRun, load_run
from harness.summary import Status, summarize


class SimulatedTime:
    """Time that passes when an invocation runs or something sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def pass_by(self, seconds: float) -> None:
        self.now_s += seconds

    def clock(self) -> Clock:
        return Clock(now=lambda: self.now_s, sleep=self.pass_by)


def make_plan(tiny: Path, threads: Iterable[int] = (1, 2), **settings: object) -> Plan:
    sweep = Sweep(model_files=(str(tiny),), threads=tuple(threads))
    cases = expand(sweep, cpu_count=4, where="test")
    chosen = dataclasses.replace(Settings(rounds=4), **settings)  # type: ignore[arg-type]  # fields
    return build_plan("test", cases, chosen, "test")


def threads_of(invocation: Invocation) -> int:
    return int(invocation.flags[1].partition("=")[2])


def answer_after(time: SimulatedTime, seconds: float, latency: Callable[[int], int]) -> Answer:
    """Each invocation takes so long and has this latency, by the number of invocations so far."""
    count = 0

    def answer(invocation: Invocation) -> ToolLog:
        nonlocal count
        time.pass_by(seconds)
        count += 1
        log = good_log(latency(count), threads=threads_of(invocation))
        return dataclasses.replace(log, wall_s=seconds)

    return answer


def run(plan: Plan, device: FakeDevice, folder: Path, time: SimulatedTime) -> list[Record]:
    opening = open_session(plan, device, folder, folder, lambda _name, _cached: None, resume=False)
    with opening as session:
        return run_plan(session, SilentProgress(), time.clock())


def stops(stored: StoredRun) -> list[tuple[str, int]]:
    return [(stop.reason.value, stop.rounds) for stop in stored.stops]


def test_all_rounds_are_measured_without_a_target(tiny: Path, tmp_path: Path) -> None:
    time, plan = SimulatedTime(), make_plan(tiny, rounds=12, target_ci_percent=0.0)
    device = FakeDevice(answer_after(time, 1, lambda _count: 5000))

    run(plan, device, tmp_path / "run", time)

    assert stops(load_run(tmp_path / "run")) == [("rounds", 12), ("rounds", 12)]


def test_a_precise_group_stops_and_another_goes_on(tiny: Path, tmp_path: Path) -> None:
    """One thread gives the same latency each time, two threads give 5 or 6 ms."""
    time, plan = SimulatedTime(), make_plan(tiny, rounds=10)
    counts = {1: 0, 2: 0}

    def answer(invocation: Invocation) -> ToolLog:
        threads = threads_of(invocation)
        counts[threads] += 1
        noisy = 1000 * (counts[2] % 2) if threads == 2 else 0
        return good_log(5000 + noisy, threads=threads)

    run(plan, FakeDevice(answer), tmp_path / "run", time)

    stored = load_run(tmp_path / "run")
    assert stops(stored) == [("precision", 8), ("rounds", 10)]
    assert next(stop.half_width_percent for stop in stored.stops) == 0
    warnings = summarize(stored).cases[1].warnings
    assert any("% after 10 rounds; ±2 % would take" in warning for warning in warnings)


def test_the_budget_leaves_out_the_last_cases_and_no_round(tiny: Path, tmp_path: Path) -> None:
    time = SimulatedTime()
    plan = make_plan(tiny, [1, 2, 3], rounds=20, budget_s=200.0)
    device = FakeDevice(answer_after(time, 10, lambda _count: 5000))

    run(plan, device, tmp_path / "run", time)

    # 200 s are 20 invocations: twice the 8 rounds that precision takes, after a first round of 3.
    stored = load_run(tmp_path / "run")
    assert stops(stored) == [("budget", 1), ("precision", 8), ("precision", 8)]
    result = summarize(stored)
    assert [case.status for case in result.cases] == [Status.OK, Status.OK, Status.PARTIAL]
    assert result.complete
    assert result.failed
    failure = result.cases[2].failure
    assert failure is not None
    assert failure.kind == "budget"
    assert time.now_s <= 200


def test_a_budget_that_is_over_ends_the_run(tiny: Path, tmp_path: Path) -> None:
    time, plan = SimulatedTime(), make_plan(tiny, [1], rounds=20, budget_s=45.0)
    device = FakeDevice(answer_after(time, 10, lambda _count: 5000))

    records = run(plan, device, tmp_path / "run", time)

    assert len(records) == 5
    assert stops(load_run(tmp_path / "run")) == [("budget", 5)]


class Heat:
    """A phone that is throttled after some invocations, by their number from 1."""

    def __init__(self, hot: Iterable[int]) -> None:
        self.hot = set(hot)
        self.device = FakeDevice(self._answer, look=self._look)
        self._looks = 0

    def _answer(self, invocation: Invocation) -> ToolLog:
        return good_log(threads=threads_of(invocation))

    def _look(self) -> Observation:
        count = len(self.device.invocations)
        # The second look after an invocation is the one before the next: it has cooled by then.
        self._looks = self._looks + 1 if count else 0
        capped = count in self.hot and self._looks % 2 == 1
        cap_khz = 1_800_000 if capped else 2_400_000
        cluster = ClusterState(policy="policy4", cpus=(4,), cap_khz=cap_khz, highest_khz=2_400_000)
        return Observation(thermal_status=0, clusters=(cluster,))


def test_a_throttled_invocation_is_redone_with_the_block_that_it_is_compared_in(
    tiny: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(tiny.read_bytes())
    sweep = Sweep(model_files=(str(tiny), str(other)), threads=(1,))
    plan = build_plan("test", expand(sweep, cpu_count=4, where="test"), Settings(rounds=4), "test")
    heat = Heat(hot=[4])  # the second of the second round

    records = run(plan, heat.device, tmp_path / "run", SimulatedTime())

    assert [(record.round, record.valid) for record in records] == [
        (0, True),
        (0, True),
        (1, True),
        (1, False),
        (1, True),
        (1, True),
        (2, True),
        (2, True),
        (3, True),
        (3, True),
    ]
    hot = records[3]
    assert hot.failure is not None
    assert (hot.failure.kind, hot.measurement is None) == ("throttled", False)
    result = summarize(load_run(tmp_path / "run"))
    assert [case.status for case in result.cases] == [Status.OK, Status.OK]
    assert sum(case.heat.redone for case in result.cases) == 1
    assert any("1 were redone, 0 are in the sample" in w for c in result.cases for w in c.warnings)


def test_when_the_redos_are_spent_the_case_is_marked(tiny: Path, tmp_path: Path) -> None:
    plan = make_plan(tiny, [1], rounds=8, target_ci_percent=0.0)
    heat = Heat(hot=range(1, 100))
    first = Observation(
        thermal_status=0,
        clusters=(ClusterState(policy="policy4", cpus=(4,), cap_khz=2_400_000),),
    )
    assert first.clusters[0].cap_khz == 2_400_000

    records = run(plan, heat.device, tmp_path / "run", SimulatedTime())

    redone = [record for record in records if not record.valid]
    assert len(redone) == 2  # a quarter of eight
    assert len(records) == 8 + 2
    assert all(record.throttled for record in records)
    (case,) = summarize(load_run(tmp_path / "run")).cases
    assert len(case.sample_ms) == 8
    assert (case.heat.throttled, case.heat.redone) == (10, 2)
    assert "heat slowed 10 of 10 invocations: 2 were redone, 8 are in the sample" in case.warnings
