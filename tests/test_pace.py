"""Tests of what a run says before each invocation: what is next, and what time is left."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from factories import make_case, make_record
from fakes import FakeDevice, SilentProgress, good_log

from harness.compare import run_comparison
from harness.comparison_plan import build_comparison
from harness.cooling import Clock
from harness.device import Invocation
from harness.execute import run_plan
from harness.measurement import ToolLog
from harness.pace import Pace
from harness.plan import Plan, Sweep, build_plan, expand
from harness.policy import Policy
from harness.record import Purpose
from harness.runner import Step, Tally
from harness.schedule import Slot
from harness.session import open_session
from harness.settings import Settings

ONE, TWO = make_case(threads=1), make_case(threads=2)
# All flags that a case takes, and those that output checks and operators take beside them.
FLAGS = frozenset(
    [
        "graph",
        "num_threads",
        "num_runs",
        "min_secs",
        "max_secs",
        "warmup_runs",
        "warmup_min_secs",
        "use_xnnpack",
        "input_layer",
        "input_layer_shape",
        "input_layer_value_files",
        "input_layer_value_range",
        "use_gpu",
        "use_nnapi",
        "run_delay",
        "output_filepath",
        "enable_op_profiling",
        "print_preinvoke_state",
        "print_postinvoke_state",
        "verbose",
        "require_full_delegation",
        "use_hexagon",
    ]
)


class Watcher(SilentProgress):
    """Remembers each step as it was announced."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []

    def starts(self, step: Step) -> None:
        self.steps.append(step)


class Bench:
    """An invocation takes a second for each thread, and else no time passes."""

    def __init__(self, flags: frozenset[str] | None = None) -> None:
        self.now_s = 0.0
        self.device = FakeDevice(self._answer, flags)
        self.clock = Clock(now=lambda: self.now_s, sleep=lambda _seconds: None)

    def _answer(self, invocation: Invocation) -> ToolLog:
        self.now_s += invocation.threads
        log = good_log(5000, threads=invocation.threads)
        return dataclasses.replace(log, wall_s=float(invocation.threads))


def run(
    plan: Plan, folder: Path, bench: Bench, policy: Policy | None = None, *, resume: bool = False
) -> list[Step]:
    watcher = Watcher()
    opening = open_session(
        plan, bench.device, folder, folder, lambda _name, _cached: None, resume=resume
    )
    with opening as session:
        if policy is None:
            run_plan(session, watcher, bench.clock)
        else:
            run_comparison(session, policy, watcher, bench.clock)
    return watcher.steps


def make_plan(tiny: Path, **settings: object) -> Plan:
    sweep = Sweep(model_files=(str(tiny),), threads=(1, 2))
    chosen = dataclasses.replace(Settings(rounds=3), **settings)  # type: ignore[arg-type]  # fields
    return build_plan("test", expand(sweep, cpu_count=4, where="test"), chosen, "test")


def places(steps: list[Step]) -> list[tuple[int, int]]:
    return [(step.slot.round, step.slot.case.threads) for step in steps]


def following(step: Step) -> tuple[int, int] | Purpose | None:
    if isinstance(step.next, Slot):
        return step.next.round, step.next.case.threads
    return step.next


def test_what_a_step_announces_is_what_comes(tiny: Path, tmp_path: Path) -> None:
    steps = run(make_plan(tiny), tmp_path / "run", Bench())

    assert [following(step) for step in steps] == [*places(steps)[1:], None]


def test_the_time_left_is_told_once_each_case_was_measured(tiny: Path, tmp_path: Path) -> None:
    steps = run(make_plan(tiny, target_ci_percent=0.0), tmp_path / "run", Bench())

    threads = [step.slot.case.threads for step in steps]
    known = [float(sum(threads[position:])) for position in range(len(steps))]
    assert [step.left_s for step in steps] == [None, None, *known[2:]]


def test_the_phases_announce_each_other(tiny: Path, tmp_path: Path) -> None:
    plan = make_plan(tiny, rounds=1, op_profile=True, sustained_s=4.0)

    steps = run(plan, tmp_path / "run", Bench(FLAGS))

    changes = [(step.purpose, step.next) for step in steps if not isinstance(step.next, Slot)]
    assert changes[:3] == [
        (Purpose.OUTPUT, Purpose.LATENCY),
        (Purpose.LATENCY, Purpose.OPERATORS),
        (Purpose.OPERATORS, Purpose.SUSTAINED),
    ]
    assert set(changes[3:]) == {(Purpose.SUSTAINED, None)}
    assert next(s.left_s for s in steps if s.purpose == Purpose.OPERATORS) == 3 + 2 * 4.0
    assert steps[-1].left_s is not None
    assert steps[-1].left_s <= 4.0


def test_cases_that_are_precise_are_counted_and_cost_no_time(tiny: Path, tmp_path: Path) -> None:
    bench = Bench()
    bench.device = FakeDevice(lambda invocation: uneven(bench, invocation))

    steps = run(make_plan(tiny, rounds=10), tmp_path / "run", bench)

    assert steps[0].tally == Tally(total=2, ended=0, enough=0)
    assert steps[-1].tally == Tally(total=2, ended=1, enough=1)
    assert [(step.slot.case.threads, step.left_s) for step in steps[-2:]] == [(2, 4.0), (2, 2.0)]


def uneven(bench: Bench, invocation: Invocation) -> ToolLog:
    """Two threads never give the same latency."""
    bench.now_s += invocation.threads
    count = len(bench.device.invocations)
    latency = 5000 if invocation.threads == 1 else 1000 * count
    return good_log(latency, threads=invocation.threads)


def test_a_budget_bounds_the_time_left(tiny: Path, tmp_path: Path) -> None:
    plan = make_plan(tiny, rounds=3, budget_s=7.0, target_ci_percent=0.0)

    steps = run(plan, tmp_path / "run", Bench())

    told = [step.left_s for step in steps if step.left_s is not None]
    assert max(told) <= 4.0


def test_a_run_that_is_continued_knows_its_pace_at_once(tiny: Path, tmp_path: Path) -> None:
    plan = make_plan(tiny, target_ci_percent=0.0)
    bench = Bench()

    def stop_at_third(invocation: Invocation) -> ToolLog:
        if len(bench.device.invocations) > 3:
            raise KeyboardInterrupt
        return good_log(5000, threads=invocation.threads)

    bench.device = FakeDevice(stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        run(plan, tmp_path / "run", bench)
    again = run(plan, tmp_path / "run", Bench(), resume=True)

    assert len(again) == 3
    assert again[0].left_s is not None


def test_pairs_announce_what_comes_and_count_their_cells(tiny: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(tiny.read_bytes())
    plan = build_comparison(
        str(tiny), str(other), Sweep(threads=(1,)), Settings(rounds=8, target_ci_percent=0.0),
        cpu_count=4,
    )  # fmt: skip

    steps = run(plan, tmp_path / "run", Bench(), Policy())

    assert len(steps) == 24  # eight pairs, and the control in each round
    announced = [step.next for step in steps]
    assert [(one.round, one.case.id) for one in announced[:-1] if isinstance(one, Slot)] == [
        (step.slot.round, step.slot.case.id) for step in steps[1:]
    ]
    assert announced[-1] is None
    assert {step.tally for step in steps} == {Tally(total=1, ended=0, enough=0)}
    assert (steps[0].left_s, steps[-1].left_s) == (None, 1.0)


def test_a_pace_is_the_mean_of_what_each_case_took() -> None:
    pace = Pace(
        [make_record(ONE, wall_s=2.0, waited_s=1.0), make_record(TWO, purpose=Purpose.OUTPUT)]
    )

    assert pace.of([ONE, ONE]) == 6.0
    assert pace.of([ONE, TWO]) is None
    pace.took(TWO, 4.0)
    pace.took(TWO, 6.0)
    assert pace.of([ONE, TWO]) == 8.0
