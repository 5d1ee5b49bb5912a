from __future__ import annotations

from collections.abc import Sequence

import pytest

from android_runner.cpu_mask import Mask, parse_affinity
from android_runner.errors import LinkLostError
from android_runner.shell import Completed
from harness.phone_invocation import watch_affinity

# What the kernel says before `taskset` has done its work, after it, and of a second thread.
BEFORE = "/proc/7/task/7/status:Cpus_allowed:\tff\n"
PINNED = "/proc/7/task/7/status:Cpus_allowed:\tf0\n"
THREADS = f"{PINNED}/proc/7/task/8/status:Cpus_allowed:\tc0\n"
ENDED = ""


class Replies:
    """A shell that gives one answer after the other, and the last one for ever."""

    serial = "FAKE1"

    def __init__(self, *answers: str | Exception) -> None:
        self._answers = list(answers)
        self.asked = 0

    def run(self, argv: Sequence[str], *, deadline_s: float = 20) -> Completed:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Completed(exit_code=0, stdout=answer, stderr="")


@pytest.mark.parametrize(
    ("answers", "seen"),
    [
        pytest.param((PINNED,), PINNED, id="pinned from the beginning"),
        pytest.param((BEFORE, PINNED), PINNED, id="pinned after a moment"),
        pytest.param((PINNED, THREADS), THREADS, id="the last look counts"),
        pytest.param((PINNED, BEFORE), BEFORE, id="also if it unpins itself"),
        pytest.param((BEFORE,), BEFORE, id="never pinned"),
        pytest.param((PINNED, ENDED), PINNED, id="ended soon"),
        pytest.param((BEFORE, PINNED, ENDED), PINNED, id="ended soon after it was pinned"),
        pytest.param((BEFORE, ENDED), ENDED, id="ended before anything was known"),
        pytest.param((ENDED,), ENDED, id="ended at once"),
        pytest.param((LinkLostError("FAKE1", "sh", "closed"),), ENDED, id="the link is lost"),
        pytest.param((PINNED, LinkLostError("FAKE1", "sh", "closed")), ENDED, id="lost later"),
    ],
)
def test_tells_the_cpus_of_a_tool_that_was_just_started(
    answers: tuple[str | Exception, ...], seen: str
) -> None:
    assert watch_affinity(Replies(*answers), "/x/run.pid", Mask(0xF0)) == parse_affinity(seen)


def test_looks_twice_at_a_tool_that_is_pinned() -> None:
    shell = Replies(PINNED)

    watch_affinity(shell, "/x/run.pid", Mask(0xF0))

    assert shell.asked == 2
