"""Tests of what is shown while a run goes on: on a terminal, and in a log."""

from __future__ import annotations

import io
import threading
import time

import pytest
from factories import make_case, make_failure, make_file_case, make_record
from rich.console import Console
from screen import Screen

from harness.console import BuildProgress, RunProgress
from harness.cooling import Waiting
from harness.device import Observation
from harness.plan import Case
from harness.record import THROTTLED, Failure, Purpose
from harness.runner import Step, Tally
from harness.schedule import Slot

CASES = (make_case("bert-base"), make_case("mobilebert"))
WARM = Observation(temperature_c=40.5, thermal_status=0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(width: int = 100, **environment: str) -> Console:
    variables = {"TERM": "xterm-256color", **environment}
    return Console(
        file=Terminal(), width=width, highlight=False, soft_wrap=True, emoji=False,
        _environ=variables,
    )  # fmt: skip


def log(**environment: str) -> Console:
    return Console(
        file=io.StringIO(), highlight=False, soft_wrap=True, emoji=False, _environ=environment
    )


def written(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


class Time:
    """Stands still but for what is added."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def step(case: Case, round_: int = 0, number: int = 1, **changes: object) -> Step:
    known: dict[str, object] = {
        "purpose": Purpose.LATENCY, "total": 40, "rounds": 20, "next": None,
        "tally": Tally(total=2, ended=0, enough=0),
    }  # fmt: skip
    return Step(slot=Slot(round=round_, case=case), number=number, **{**known, **changes})  # type: ignore[arg-type]  # fields of several types


def measure(progress: RunProgress, now: Time, rounds: int, seconds: float = 10.0) -> None:
    """Runs both cases in as many rounds; each invocation takes so long."""
    for number in range(2 * rounds):
        case, left_s = CASES[number % 2], (2 * rounds - number) * seconds
        current = step(case, number // 2, number + 1, total=2 * rounds, left_s=left_s)
        progress.starts(current)
        now.now_s += seconds
        progress.ended(current, make_record(case, number // 2))


def test_a_log_has_a_line_for_each_round() -> None:
    console, now = log(), Time()
    progress = RunProgress(console, now)

    measure(progress, now, rounds=3)
    progress.close()

    assert written(console).splitlines() == [
        "round 1 of at most 20: 2 ok in 20 s; 0 of 2 cases done; at most 40 s left",
        "round 2 of at most 20: 2 ok in 20 s; 0 of 2 cases done; at most 20 s left",
        "round 3 of at most 20: 2 ok in 20 s",
    ]


def test_twenty_thousand_invocations_are_no_flood() -> None:
    console, now = log(), Time()
    progress = RunProgress(console, now)
    cases = [make_case(threads=n + 1) for n in range(1000)]

    for round_ in range(20):
        for number, case in enumerate(cases):
            current = step(case, round_, 1000 * round_ + number + 1, total=20_000)
            progress.starts(current)
            now.now_s += 2.0
            progress.ended(current, make_record(case, round_))
    progress.close()

    lines = written(console).splitlines()
    assert sum(line.startswith("round ") for line in lines) == 20
    # A round takes half an hour, in which a silent log would look like a hang.
    assert 100 < len(lines) < 150
    assert lines[0].startswith("[151/20000] so far, round 1 of at most 20: 151 ok in 5 min; ")


def test_a_log_has_each_failure_and_redo() -> None:
    console, now = log(), Time()
    progress = RunProgress(console, now)
    current = step(CASES[0])
    hot = make_record(
        CASES[0], valid=False, throttled="thermal status 3 after it",
        failure=Failure(kind=THROTTLED, message="it is redone"),
    )  # fmt: skip

    progress.starts(current)
    progress.ended(current, hot)
    progress.ended(current, make_failure(CASES[0], 0, "timeout"))
    progress.ended(current, make_record(CASES[0]))
    progress.close()

    place = f"[1/40] round 1 of at most 20, {CASES[0].id}"
    assert written(console).splitlines() == [
        f"{place}: throttled, is redone: thermal status 3 after it",
        f"{place}: failed: timeout",
        "round 1 of at most 20: 1 redone, 1 failed, 1 ok in 0 s",
    ]


def test_a_log_tells_the_first_waits_of_a_round_once_each_and_their_sum() -> None:
    console, now = log(), Time()
    progress = RunProgress(console, now)

    for number in range(6):
        current = step(CASES[0], 0, number + 1)
        progress.starts(current)
        for left_s in (180.0, 175.0):
            progress.cools(
                current, Waiting(why="46.1 °C, above the start's 41.0 °C", left_s=left_s)
            )
        progress.ended(current, make_record(CASES[0], waited_s=10.0))
    progress.close()

    lines = written(console).splitlines()
    assert lines[0] == (
        f"[1/40] round 1 of at most 20, {CASES[0].id}: cooling: 46.1 °C, above the start's "
        "41.0 °C, at most 3 min more"
    )
    assert [line.partition("]")[0] for line in lines[:-1]] == ["[1/40", "[2/40", "[3/40"]
    assert lines[-1] == "round 1 of at most 20: 6 ok in 0 s, 60 s of them cooling"


def test_a_phase_that_is_no_round_has_a_line_too() -> None:
    console, now = log(), Time()
    progress = RunProgress(console, now)
    for number, case in enumerate(CASES, start=1):
        checked = step(case, 0, number, purpose=Purpose.OUTPUT, total=2, tally=None)
        progress.starts(checked)
        progress.ended(checked, make_record(case, purpose=Purpose.OUTPUT))

    measure(progress, now, rounds=1)

    assert written(console) == "output check: 2 ok in 0 s; 0 of 2 cases done; at most 20 s left\n"


def test_a_terminal_shows_what_runs_and_the_last_known_heat() -> None:
    console, now = terminal(), Time()
    progress = RunProgress(console, now)
    first = step(CASES[0], next=Slot(round=0, case=CASES[1]))

    progress.starts(first)
    progress.ended(first, make_record(CASES[0], after=WARM))
    progress.starts(step(CASES[1], number=2, next=None, left_s=600.0))

    screen = Screen(written(console))
    assert screen.text.splitlines() == [
        "[....................] 2 of at most 40  round 1 of at most 20",
        f"now   {CASES[1].id}",
        "next  the result",
        "40.5 °C, thermal status none; 0 of 2 cases done; at most 10 min left",
    ]
    assert screen.unknown == []
    progress.close()


def test_a_terminal_keeps_nothing_but_what_went_wrong() -> None:
    console, now = terminal(), Time()
    progress = RunProgress(console, now)

    measure(progress, now, rounds=2)
    failing = step(CASES[0], 2, 5)
    progress.starts(failing)
    progress.cools(failing, Waiting(why="thermal status 2", left_s=100.0))
    progress.ended(failing, make_failure(CASES[0], 2, "timeout"))
    progress.close()

    shown = written(console)
    assert "round 2 of at most 20" in shown
    assert "cooling: thermal status 2, at most 2 min more" in shown
    assert Screen(shown).text == (f"[5/40] round 3 of at most 20, {CASES[0].id}: failed: timeout")


def test_nothing_is_drawn_while_an_invocation_runs() -> None:
    console = terminal()
    progress = RunProgress(console)
    before = threading.active_count()
    progress.builds("a-reference", cached=False)
    progress.ended(step(CASES[0]), make_record(CASES[0]))

    progress.starts(step(CASES[1]))
    shown = written(console)
    time.sleep(0.3)

    assert written(console) == shown
    assert threading.active_count() == before
    progress.close()


def test_a_model_can_be_built_while_the_display_is_on() -> None:
    console = terminal()
    progress = RunProgress(console)
    progress.starts(step(CASES[0]))

    progress.builds("bert-base-qa-seq128-fp32", cached=False)
    progress.ended(step(CASES[0]), make_record(CASES[0]))
    progress.starts(step(CASES[1]))
    progress.close()

    assert "building bert-base-qa-seq128-fp32 with TensorFlow" in written(console)
    assert Screen(written(console)).text == "TensorFlow took 0 s for bert-base-qa-seq128-fp32"


@pytest.mark.parametrize("width", [20, 60, 100])
def test_no_line_of_the_display_is_wider_than_the_terminal(width: int) -> None:
    console = terminal(width)
    progress = RunProgress(console)
    names = ("very-" * 40, "漢字" * 40, "x")
    for name in names:
        case = make_file_case(f"/m/{name}.tflite")
        progress.starts(step(case, next=Slot(round=0, case=case), left_s=5.0))

    for line in Screen(written(console)).lines:
        wide = sum("\u4e00" <= character <= "\u9fff" for character in line)
        assert len(line.rstrip()) + wide < width
    progress.close()


@pytest.mark.parametrize(
    "console",
    [log(), log(FORCE_COLOR="1", TERM="xterm-256color"), terminal(TERM="dumb")],
    ids=["a file", "a coloured file", "a dumb terminal"],
)
def test_what_is_no_screen_gets_lines(console: Console) -> None:
    now = Time()
    progress = RunProgress(console, now)
    progress.builds("a-model", cached=False)
    progress.built()

    measure(progress, now, rounds=1)
    progress.close()

    assert written(console).splitlines() == [
        "building a-model with TensorFlow (once; a large model takes minutes)",
        "TensorFlow took 0 s for a-model",
        "round 1 of at most 20: 2 ok in 20 s",
    ]


@pytest.mark.parametrize("console", [log(), terminal()], ids=["a log", "a terminal"])
def test_a_hostile_name_is_neither_markup_nor_an_escape_sequence(console: Console) -> None:
    case = make_file_case("/m/[red]x[bold] :bomb: \x1b[2J\x1b]0;title\x07\n::error::.tflite")
    progress = RunProgress(console)
    failed = make_failure(case, 0, "[bold]kind\x1b[5m")

    progress.builds(case.id, cached=False)
    progress.starts(step(case))
    progress.cools(step(case), Waiting(why="[red]hot\x1b[2J", left_s=5.0))
    progress.ended(step(case), failed)
    progress.close()

    shown = written(console)
    assert "[red]x[bold] :bomb: " in shown
    assert "[red]hot" in shown
    assert "[bold]kind" in shown
    assert Screen(shown).unknown == []
    assert not any(line.startswith("::") for line in Screen(shown).lines)


def test_a_model_in_the_cache_is_not_told_of() -> None:
    console = log()
    progress = BuildProgress(console)

    progress("a-model", cached=True)
    progress.close()

    assert written(console) == ""
