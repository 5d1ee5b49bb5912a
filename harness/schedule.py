"""The order of a run: which case in which round."""

from __future__ import annotations

import random
from dataclasses import dataclass

from harness.plan import Case, Plan


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A place in the order of a run: one case in one round."""

    round: int
    case: Case


def schedule(plan: Plan) -> list[Slot]:
    """The order of all invocations: every case once per round, shuffled by the plan's seed.

    Every second round is the one before it backwards, so that over two rounds each case has the
    same mean position, and a machine that slowly warms up favours none.
    """
    shuffler = random.Random(plan.settings.seed)  # an order, not a secret
    slots: list[Slot] = []
    order: list[Case] = []
    for number in range(plan.settings.rounds):
        if number % 2 == 0:
            order = list(plan.cases)
            shuffler.shuffle(order)
        else:
            order.reverse()
        slots += [Slot(round=number, case=case) for case in order]
    return slots
