"""Tests of what a page advises after a comparison, and of the commands that it gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
from compared import CELL, compare, make_stops, page_of
from factories import make_cell, make_failure, make_file_case, make_pairs

from harness.noise import find_noise
from harness.pairing import CellCases
from harness.plan import Arm
from harness.policy import CaseRule, Policy
from harness.record import Failure, Purpose, StopReason
from harness.store import StoredRun
from reports.page import RunPage
from reports.views.comparison_next import NextStep, next_steps

WILD = 30.0
OTHER = make_cell("other")
SAME = CellCases(
    baseline=make_file_case(arm=Arm.BASELINE, pair="mine"),
    candidate=make_file_case(arm=Arm.CANDIDATE, pair="mine"),
)


def steps(run: StoredRun, policy: Policy | None = None) -> tuple[NextStep, ...]:
    return steps_of(page_of(run, policy))


def steps_of(page: RunPage) -> tuple[NextStep, ...]:
    assert page.gate is not None
    return next_steps(page, page.gate)


def against_itself(change_percent: float = 0.0) -> StoredRun:
    """A comparison of a file with itself."""
    pairs = make_pairs(SAME, change_percent)
    pairs += make_pairs(SAME, change_percent, purpose=Purpose.CONFIRMATION)
    run = compare(pairs, cells=[SAME], title="against itself")
    models = dict.fromkeys(run.info.models, run.info.models["baseline-mine"])
    old = models["baseline-mine"]
    records = tuple(replace(record, model_sha256=old.sha256) for record in run.records)
    return replace(run, info=replace(run.info, models=models), records=records)


def test_a_pass_asks_for_nothing() -> None:
    assert steps(compare()) == (NextStep(text="Nothing: no cell needs a second look."),)


def test_a_confirmed_slowdown_is_not_measured_again_but_looked_into() -> None:
    fresh = make_pairs(CELL, 8.0, purpose=Purpose.CONFIRMATION)

    confirmed, profile = steps(compare([*make_pairs(CELL, 8.0), *fresh]))

    assert "Fresh pairs have confirmed the failure" in confirmed.text
    line = " ".join(profile.command)
    assert line.startswith("mbert-bench run --device host --model-file /new/mobilebert.tflite")
    assert line.endswith("--op-profile")
    assert "--rounds 1 " in line


def test_a_larger_file_is_said_to_be_exact() -> None:
    policy = Policy(rules=(*Policy().rules, CaseRule(pattern="*", size_budget_bytes=1000)))

    (step,) = steps(compare(), policy)

    assert "are exact: measuring again gives the same" in step.text
    assert step.command == ()


def test_an_undecided_comparison_is_given_more_pairs_anew() -> None:
    records = [*make_pairs(CELL, 3.0, 24, scatter=WILD), *make_pairs(OTHER)]

    (step,) = steps(compare(records, cells=[CELL, OTHER]))

    assert step == NextStep(
        text="More pairs may decide what 24 did not. They must be a comparison of their own, since "
        "looks are planned in advance:",
        command=(
            "mbert-bench ab",
            "--device host",
            "--baseline /old/mobilebert.tflite",
            "--candidate /new/mobilebert.tflite",
            "--delegate xnnpack",
            "--threads 4",
            "--cpus auto",
            "--max-pairs 48",
            "--num-runs 20",
        ),
    )


def test_a_policy_is_to_be_given_again() -> None:
    records = make_pairs(CELL, 3.0, 24, scatter=WILD)

    (step,) = steps(compare(records), Policy(noise_floor_percent=1.5))

    assert step.text.endswith(", with the same --policy:")


def test_a_comparison_that_was_cut_off_is_continued() -> None:
    (step,) = steps(compare(make_pairs(CELL, 0.0, 3), stops=[]))

    assert step.text.startswith("The comparison was cut off. Continue it with this command")
    assert step.command[-2:] == ("--out /runs/ab", "--resume")


def test_where_its_command_is_not_known_it_says_so() -> None:
    (step,) = steps(compare(make_pairs(CELL, 0.0, 3), stops=[], title="./new against ./old"))

    assert "Continue it with the same command and --resume" in step.text
    assert step.command == ()


def test_fresh_pairs_that_are_missing_continue_it_too() -> None:
    (step,) = steps(compare(make_pairs(CELL, 8.0)))

    assert step.command[-1] == "--resume"


def test_what_failed_too_often_is_to_be_mended() -> None:
    records = [make_failure(CELL.candidate, n) for n in range(2)]

    found = steps(compare(records, stops=make_stops([CELL], StopReason.GIVEN_UP)))

    assert [step.text[:34] for step in found] == ["An invocation failed too often: Fa"]


def test_a_file_that_is_missing_is_named() -> None:
    run = compare([])
    why = Failure(kind="model-file", message="There is no file.")
    run = replace(run, info=replace(run.info, missing={CELL.candidate.model_id: why}))

    assert steps(run)[0].text.startswith("Without a model file: candidate-mobilebert. Give it")


def test_what_is_not_proven_is_not_said_to_be_cut_off() -> None:
    run = compare()
    wrong = tuple(replace(record, tool_sha256="e5" * 32) for record in run.records)

    (step,) = steps(replace(run, records=wrong))

    assert step.text.startswith("What is not proven never counts")


@pytest.mark.parametrize(("change_percent", "is_told"), [(-9.0, True), (-1.0, False)])
def test_a_great_improvement_becomes_the_baseline(change_percent: float, is_told: bool) -> None:
    text = " ".join(step.text for step in steps(compare(make_pairs(CELL, change_percent))))

    assert ("Make it the new baseline" in text) is is_told


def test_a_model_that_failed_against_itself_is_a_false_alarm() -> None:
    (step,) = steps(against_itself(8.0))

    assert "a failure is a false alarm" in step.text


@pytest.mark.parametrize(("count", "is_told"), [(1, True), (20, False)])
def test_few_comparisons_with_itself_ask_for_more(count: int, is_told: bool) -> None:
    run = against_itself()
    page = replace(page_of(run), noise=find_noise([run] * count, Policy()))

    (step,) = steps_of(page)

    assert (step.command[:1] == ("mbert-bench aa",)) is is_told
    assert (step.command[-1:] == ("--comparisons 20",)) is is_told
