"""The order of a run: which case in which round."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from harness.plan import Case, Plan


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A place in the order of a run: one case in one round; `attempt` counts how often its pair was
    begun anew."""

    round: int
    case: Case
    attempt: int = 0


def schedule(plan: Plan) -> list[Slot]:
    """The order of all invocations: every case once per round."""
    return [slot for round_ in schedule_rounds(plan) for block in round_ for slot in block]


def schedule_rounds(plan: Plan) -> Iterator[list[list[Slot]]]:
    """The rounds as blocks. A block holds the cases of one group, which are compared with each
    other and so stay next to each other; the plan's seed shuffles blocks, and cases in them.

    Every second round is the one before it backwards, so that over two rounds each case has the
    same mean position, and a machine that slowly warms up favours none.
    """
    shuffler = random.Random(plan.settings.seed)  # an order, not a secret
    blocks: list[list[Case]] = []
    for number in range(plan.settings.rounds):
        if number % 2 == 0:
            groups: dict[object, list[Case]] = {}
            for case in plan.cases:
                groups.setdefault(case.group, []).append(case)
            blocks = list(groups.values())
            shuffler.shuffle(blocks)
            for block in blocks:
                shuffler.shuffle(block)
        else:
            blocks = [block[::-1] for block in reversed(blocks)]
        yield [[Slot(round=number, case=case) for case in block] for block in blocks]
