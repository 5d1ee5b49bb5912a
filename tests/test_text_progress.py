"""Tests of the lines that are said of a run while it goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from factories import make_case, make_failure, make_file_case, make_record

from harness.device import Observation
from harness.measurement import OutputComparison
from harness.record import THROTTLED, Failure, Purpose, Record
from harness.runner import Step, Tally
from harness.schedule import Slot
from reports.texts.progress import (
    describe,
    duration,
    event_line,
    outcome,
    phase,
    phase_line,
    screen_lines,
)

CASE, OTHER = make_case(), make_case("bert-base")
STEP = Step(
    slot=Slot(round=3, case=CASE),
    purpose=Purpose.LATENCY,
    number=24,
    total=120,
    rounds=20,
    next=Slot(round=3, case=OTHER),
    tally=Tally(total=6, ended=2, enough=1),
    left_s=725.0,
)
HOT = make_record(CASE, throttled="thermal status 2 after it")
REDONE = replace(HOT, valid=False, failure=Failure(kind=THROTTLED, message="it is redone"))


def checked(error_percent: float | None) -> Record:
    output = OutputComparison(reference="fp32", tolerance_percent=1.0, error_percent=error_percent)
    return make_record(CASE, purpose=Purpose.OUTPUT, output=output)


def test_the_display_tells_how_far_it_is_what_runs_and_what_is_next() -> None:
    seen = Observation(temperature_c=41.23, thermal_status=0)

    assert screen_lines(STEP, seen, "", 99) == [
        "[####................] 24 of at most 120  round 4 of at most 20",
        "now   mobilebert-qa-seq128-fp32/xnnpack/threads4",
        "next  bert-base-qa-seq128-fp32/xnnpack/threads4",
        "41.2 °C, thermal status none; 2 of 6 cases done, 1 precise enough; at most 12 min left",
    ]


def test_the_display_says_nothing_of_what_is_not_known() -> None:
    step = Step(slot=STEP.slot, purpose=Purpose.OUTPUT, number=1, total=3)

    assert screen_lines(step, Observation(), "", 99) == [
        "[....................] 1 of 3  output check",
        "now   mobilebert-qa-seq128-fp32/xnnpack/threads4",
        "next  the result",
    ]
    assert len(screen_lines(step, None, "", 99)) == 3


@pytest.mark.parametrize(
    ("following", "text"),
    [
        (Slot(round=4, case=OTHER), f"{OTHER.id}, next round"),
        (Purpose.LATENCY, "rounds"),
        (Purpose.OPERATORS, "operators"),
        (Purpose.SUSTAINED, "sustained"),
        (None, "the result"),
    ],
)
def test_what_is_next_may_be_another_round_or_another_phase(
    following: Slot | Purpose | None, text: str
) -> None:
    assert screen_lines(replace(STEP, next=following), None, "", 99)[2] == f"next  {text}"


def test_a_wait_stands_before_what_runs() -> None:
    line = screen_lines(STEP, None, "cooling: thermal status 2, at most 170 s more", 120)[1]

    assert line == f"now   cooling: thermal status 2, at most 170 s more; then {CASE.id}"


def test_a_status_that_android_does_not_know_is_shown_as_it_is() -> None:
    assert screen_lines(STEP, Observation(thermal_status=9), "", 99)[3].startswith(
        "thermal status 9; "
    )


@pytest.mark.parametrize("width", [1, 2, 20, 40, 79, 99])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    case = make_file_case(f"/m/{'very-' * 40}long.tflite")
    step = replace(STEP, slot=Slot(round=0, case=case), next=Slot(round=0, case=case))

    lines = screen_lines(step, Observation(temperature_c=40.0, thermal_status=1), "", width)

    assert max(map(len, lines)) <= width
    assert width < 79 or lines[1].endswith("long/xnnpack/threads4")


@pytest.mark.parametrize(
    ("purpose", "text"),
    [
        (Purpose.LATENCY, "round 4 of at most 20"),
        (Purpose.CONFIRMATION, "confirmation, round 4 of at most 20"),
        (Purpose.OUTPUT, "output check"),
        (Purpose.OPERATORS, "operators"),
        (Purpose.SUSTAINED, "sustained"),
    ],
)
def test_a_phase_has_a_name(purpose: Purpose, text: str) -> None:
    assert phase(replace(STEP, purpose=purpose)) == text


@pytest.mark.parametrize(
    ("record", "word", "text"),
    [
        (make_failure(CASE, 0, "timeout"), "failed", "failed: timeout"),
        (REDONE, "redone", "throttled, is redone: thermal status 2 after it"),
        (HOT, "throttled", "throttled: thermal status 2 after it"),
        (checked(2.0), "wrong", "the output is wrong"),
        (checked(None), "not known", "the output is not known"),
    ],
)
def test_what_went_wrong_has_a_word_and_a_reason(record: Record, word: str, text: str) -> None:
    assert (outcome(record), describe(record)) == (word, text)


@pytest.mark.parametrize("record", [make_record(CASE), checked(0.5)])
def test_what_ended_as_it_should_is_ok(record: Record) -> None:
    assert outcome(record) == "ok"


def test_a_round_is_a_line_of_what_came_out_and_what_is_left() -> None:
    outcomes = Counter({"ok": 5, "failed": 1})

    assert phase_line(STEP, outcomes, 31.4, 0.0, STEP) == (
        "round 4 of at most 20: 5 ok, 1 failed in 31 s; 2 of 6 cases done, 1 precise enough; "
        "at most 12 min left"
    )
    assert phase_line(STEP, outcomes, 200.0, 95.0, None) == (
        "round 4 of at most 20: 5 ok, 1 failed in 3 min, 2 min of them cooling"
    )


def test_an_event_has_its_place_in_the_run() -> None:
    assert event_line(STEP, "failed: timeout") == (
        f"[24/120] round 4 of at most 20, {CASE.id}: failed: timeout"
    )


def test_a_hostile_name_is_on_one_line_and_no_command() -> None:
    case = make_file_case("/m/\x1b[2J\n##[error]\u202ex.tflite")
    step = replace(STEP, slot=Slot(round=0, case=case), next=Slot(round=0, case=case))

    for line in (*screen_lines(step, None, "", 99), event_line(step, "failed")):
        assert line.isprintable()
    assert "##[" not in event_line(step, "failed")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h")],
)
def test_a_time_is_said_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text
