"""Comparisons on a device that is slow, hot or broken on one side: what is measured and redone."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import FakeDevice, SilentProgress, good_log

from harness.checks import Verdict
from harness.compare import run_comparison
from harness.comparison_plan import build_comparison
from harness.cooling import Clock
from harness.device import Invocation, Observation
from harness.gate import judge_comparison
from harness.gate_result import GateResult, GateVerdict, Metric
from harness.measurement import ToolLog
from harness.pairing import cells_of, pairs_of
from harness.plan import Plan, Sweep
from harness.policy import Policy
from harness.record import Purpose
from harness.session import open_session
from harness.settings import Settings
from harness.store import StoredRun, load_run

# Latencies that scatter by 1 %, alike in every test.
NOISE = (1.0, 0.991, 1.004, 1.009, 0.996, 1.002, 0.993, 1.007, 0.999, 1.005, 0.995)

Latency = Callable[[bool, int], ToolLog]


def make_plan(tiny: Path, folder: Path, max_pairs: int = 24) -> Plan:
    sides = folder / "baseline.tflite", folder / "candidate.tflite"
    for side in sides:
        side.write_bytes(tiny.read_bytes())
    axes = Sweep(threads=(1,))
    settings = Settings(rounds=max_pairs, target_ci_percent=0.0)
    return build_comparison(str(sides[0]), str(sides[1]), axes, settings, cpu_count=2)


def steady(candidate_us: float) -> Callable[[bool, int], ToolLog]:
    """A baseline of 5 ms, and a candidate of so many us."""

    def answer(is_candidate: bool, count: int) -> ToolLog:
        return good_log(round((candidate_us if is_candidate else 5000) * NOISE[count % 11]))

    return answer


class Bench:
    """A device that answers by arm; `hot` says whether it throttles after an invocation."""

    def __init__(self, answer: Latency, hot: Callable[[bool, int], bool] | None = None) -> None:
        self.count = 0
        self._answer = answer
        self._hot = hot or (lambda _is_candidate, _count: False)
        self._throttles = False
        self.device = FakeDevice(self._run, look=self._look)

    def _run(self, invocation: Invocation) -> ToolLog:
        self.count += 1
        is_candidate = "candidate" in invocation.flags[0]
        self._throttles = self._hot(is_candidate, self.count)
        return self._answer(is_candidate, self.count)

    def _look(self) -> Observation:
        status, self._throttles = (2 if self._throttles else 0), False
        return Observation(load_1min=0.5, thermal_status=status)

    def compare(self, plan: Plan, folder: Path, *, resume: bool = False) -> StoredRun:
        seconds = itertools.count()
        clock = Clock(now=lambda: float(next(seconds)), sleep=lambda _seconds: None)
        opening = open_session(
            plan, self.device, folder, folder, lambda _name, _cached: None, resume=resume
        )
        with opening as session:
            run_comparison(session, Policy(), SilentProgress(), clock)
        return load_run(folder)


def judged(run: StoredRun) -> GateResult:
    return judge_comparison(run, Policy(), strict=False)


def latency_verdict(run: StoredRun) -> tuple[GateVerdict, str]:
    (cell,) = [cell for cell in judged(run).cells if cell.metric == Metric.LATENCY]
    return cell.verdict, cell.reason


def pairs(run: StoredRun, purpose: Purpose = Purpose.LATENCY) -> int:
    (cell,) = cells_of(run.info.plan)
    return len(pairs_of(cell, run.records, purpose))


def test_equal_sides_are_decided_at_the_first_look(tiny: Path, tmp_path: Path) -> None:
    run = Bench(steady(5000)).compare(make_plan(tiny, tmp_path), tmp_path / "run")

    assert (pairs(run), pairs(run, Purpose.CONFIRMATION)) == (8, 0)
    assert {stop.reason.value for stop in run.stops} == {"decided"}
    assert len(run.stops) == 3  # with the control
    (cell,) = cells_of(run.info.plan)
    firsts = Counter(
        next(r.case for r in run.records if r.round == number and r.case in ids(run))
        for number in range(8)
    )
    assert firsts == {cell.baseline.id: 4, cell.candidate.id: 4}


def ids(run: StoredRun) -> set[str]:
    (cell,) = cells_of(run.info.plan)
    return {case.id for case in cell.cases}


def test_a_slow_candidate_is_confirmed_with_fresh_pairs(tiny: Path, tmp_path: Path) -> None:
    run = Bench(steady(5500)).compare(make_plan(tiny, tmp_path), tmp_path / "run")

    assert (pairs(run), pairs(run, Purpose.CONFIRMATION)) == (8, 8)
    first = [r for r in run.records if r.purpose == Purpose.LATENCY]
    assert all(record.valid for record in first)


def test_a_slowdown_that_goes_away_is_not_confirmed(tiny: Path, tmp_path: Path) -> None:
    def answer(is_candidate: bool, count: int) -> ToolLog:
        slow = is_candidate and count <= 24
        return good_log(round((5500 if slow else 5000) * NOISE[count % 11]))

    run = Bench(answer).compare(make_plan(tiny, tmp_path), tmp_path / "run")

    assert (pairs(run), pairs(run, Purpose.CONFIRMATION)) == (8, 8)
    assert judged(run).verdict != GateVerdict.FAIL


def test_the_first_side_is_measured_again_with_the_one_that_heat_spoilt(
    tiny: Path, tmp_path: Path
) -> None:
    hot = Bench(steady(5000), hot=lambda is_candidate, count: is_candidate and count in (5, 6))
    run = hot.compare(make_plan(tiny, tmp_path), tmp_path / "run")

    spoilt = [record for record in run.records if not record.valid]
    assert len(spoilt) == 1
    redone = [r for r in run.records if r.round == spoilt[0].round and r.attempt == 1]
    assert {record.case for record in redone} == ids(run)
    assert pairs(run) == 8


def test_a_candidate_that_is_always_hot_is_kept_marked_and_told(tiny: Path, tmp_path: Path) -> None:
    hot = Bench(steady(5000), hot=lambda is_candidate, _count: is_candidate)
    run = hot.compare(make_plan(tiny, tmp_path), tmp_path / "run")

    dropped = [record for record in run.records if not record.valid]
    assert 6 <= len(dropped) <= 0.25 * 24 + 2
    assert any(record.valid and record.throttled for record in run.records)
    result = judged(run)
    assert result.exit_code == 3
    assert any("runs hotter" in note for note in result.notes), result.notes


def test_a_candidate_that_crashes_is_given_up(tiny: Path, tmp_path: Path) -> None:
    def answer(is_candidate: bool, count: int) -> ToolLog:
        if is_candidate:
            return ToolLog(stdout="", stderr="", exit_code=-11, wall_s=0.1)
        return steady(5000)(is_candidate, count)

    run = Bench(answer).compare(make_plan(tiny, tmp_path), tmp_path / "run")

    assert pairs(run) == 0
    assert {stop.reason.value for stop in run.stops} == {"given-up"}
    assert latency_verdict(run)[0] == GateVerdict.INFRASTRUCTURE
    assert judged(run).exit_code == 3


@pytest.mark.parametrize("cut_after", [3, 9, 20])
def test_a_comparison_that_is_continued_measures_what_one_measures(
    tiny: Path, tmp_path: Path, cut_after: int
) -> None:
    plan, cut = make_plan(tiny, tmp_path), tmp_path / "cut"

    def answer(is_candidate: bool, count: int) -> ToolLog:
        if count == cut_after:
            raise KeyboardInterrupt
        return steady(5000)(is_candidate, count)

    with pytest.raises(KeyboardInterrupt):
        Bench(answer).compare(plan, cut)
    unfinished = judged(load_run(cut))
    run = Bench(steady(5000)).compare(plan, cut, resume=True)
    whole = Bench(steady(5000)).compare(plan, tmp_path / "whole")

    assert unfinished.exit_code == 3
    assert pairs(run) == pairs(whole) == 8
    measured, expected = (
        {(record.purpose, record.round, record.case) for record in one.records if record.valid}
        for one in (run, whole)
    )
    assert measured == expected


def test_evidence_that_is_not_proven_is_never_green(tiny: Path, tmp_path: Path) -> None:
    run = Bench(steady(5000)).compare(make_plan(tiny, tmp_path), tmp_path / "run")

    # The fake device says that it has another model.
    verdict, reason = latency_verdict(run)
    assert verdict == GateVerdict.INFRASTRUCTURE
    assert f"the baseline's evidence is {Verdict.CONTRADICTED}" in reason


def test_another_tool_is_started_for_the_candidate(tiny: Path, tmp_path: Path) -> None:
    plan, bench, other = make_plan(tiny, tmp_path), Bench(steady(5000)), Bench(steady(5000))
    opening = open_session(
        plan,
        bench.device,
        tmp_path / "run",
        tmp_path,
        lambda _name, _cached: None,
        resume=False,
        candidate_device=other.device,
    )
    with opening as session:
        run_comparison(session, Policy(), SilentProgress())

    assert {"candidate" in call.flags[0] for call in bench.device.invocations} == {False}
    assert {"candidate" in call.flags[0] for call in other.device.invocations} == {True}
    run = load_run(tmp_path / "run")
    assert run.info.candidate_tool is not None
    assert dataclasses.asdict(run.info.candidate_tool) == dataclasses.asdict(run.info.tool)
