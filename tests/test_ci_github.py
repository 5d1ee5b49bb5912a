"""Workflow commands, read as the runner of GitHub Actions reads them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from gate_samples import BIG, CONSUMERS, EMPTY, GPU, RESULT, RESULTS, hostile, many
from hypothesis import given, settings

from harness.ci.github import SUMMARY_LIMIT_BYTES, render_annotations, render_summary
from harness.gate_result import GateResult

LIMITS = CONSUMERS["github"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """What the runner understands."""

    name: str
    title: str
    message: str


def read(line: str) -> Command:
    """As the runner does it: properties end at the next `::`, a comma ends each of them."""
    assert line.startswith("::")
    head, _, data = line[2:].partition("::")
    name, _, properties = head.partition(" ")
    assert name in LIMITS["commands"]
    pairs = [each.split("=", 1) for each in properties.split(",") if each]
    assert [key for key, _ in pairs] == ["title"]
    title = unescape(pairs[0][1].replace("%3A", ":").replace("%2C", ","))
    return Command(name=name, title=title, message=unescape(data))


def unescape(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def read_all(result: GateResult) -> list[Command]:
    text = render_annotations(result)
    assert text.endswith("\n")
    return [read(line) for line in text.removesuffix("\n").split("\n")]


def test_there_is_one_annotation_for_each_verdict_and_a_total() -> None:
    assert read_all(RESULT) == [
        Command(
            name="error",
            title="mbert-bench, Pixel 4: 2 fail",
            message=(
                f"{BIG} latency +6.2 % (+4.9 to +7.5 %): the slowdown is above the noise floor of "
                "1 %. A second, fresh measurement agrees.\n"
                f"{BIG} partitions +2: two partitions more"
            ),
        ),
        Command(
            name="error",
            title="mbert-bench, Pixel 4: 1 infrastructure",
            message=f"{GPU} memory: the phone is gone",
        ),
        Command(
            name="warning",
            title="mbert-bench, Pixel 4: 1 inconclusive",
            message=f"{GPU} latency ~ (-1.0 to +7.0 %): 24 pairs do not decide it",
        ),
        Command(
            name="notice",
            title="mbert-bench gate, fail: a regression is proven",
            message=(
                "7 cells: 2 fail, 1 infrastructure, 1 inconclusive, 3 pass\n"
                "The smallest slowdown that this comparison would have found: 2.1 %.\n"
                "The candidate was throttled more often."
            ),
        ),
    ]


def test_a_green_gate_has_the_total_alone() -> None:
    assert [command.name for command in read_all(EMPTY)] == ["notice"]


def test_no_more_is_said_than_github_shows() -> None:
    commands = read_all(many(1000))

    assert (
        max(Counter(command.name for command in commands).values())
        <= (LIMITS["annotations_of_a_kind"])
    )
    assert max(len(command.message) for command in commands) <= LIMITS["message_characters"]


def test_what_is_not_listed_is_counted() -> None:
    short = GateResult(verdict=RESULT.verdict, exit_code=1, cells=RESULT.cells[:1] * 12)

    assert read_all(short)[0].message.split("\n")[-1] == "and 2 more"


def test_hostile_text_begins_no_command_of_its_own() -> None:
    commands = read_all(hostile())

    assert [command.name for command in commands] == ["error", "error", "warning", "notice"]
    assert "::error::x %0A" in commands[0].message
    assert "::error::x %0A" in commands[0].title


@settings(max_examples=100, deadline=None)
@given(RESULTS)
def test_every_line_is_a_command_whatever_is_in_the_result(result: GateResult) -> None:
    assert len(read_all(result)) <= 4


def test_the_summary_has_all_cells() -> None:
    rows = [line for line in render_summary(RESULT).splitlines() if line.startswith("| <code>")]

    assert len(rows) == len(RESULT.cells)


@pytest.mark.parametrize("count", [100, 3000])
def test_the_summary_stays_below_what_github_takes(count: int) -> None:
    size = len(render_summary(many(count)).encode("utf-8"))

    assert size <= SUMMARY_LIMIT_BYTES < LIMITS["summary_bytes"]
