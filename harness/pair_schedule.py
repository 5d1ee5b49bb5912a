"""The order of a comparison: which cells in a round, and which side of a pair comes first."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from harness.pairing import CellCases, control_of
from harness.plan import Case, Plan
from harness.record import Purpose
from harness.sequential import pair_order


@dataclass(frozen=True, kw_only=True)
class Block:
    """What is started back to back: a pair of a cell, or the control alone (no cell)."""

    cell: CellCases | None
    cases: tuple[Case, ...]


def blocks_of_round(
    plan: Plan, cells: Sequence[CellCases], number: int, purpose: Purpose = Purpose.LATENCY
) -> list[Block]:
    """A pair of each of these cells and the control, shuffled by the plan's seed.

    Which side of a cell comes first is balanced over every four rounds, and the same whatever
    other cells there still are.
    """
    seed = f"{plan.settings.seed} {purpose}"
    blocks = []
    for cell in cells:
        first = pair_order(f"{seed} {cell.name}", number + 1)[number]
        cases = cell.cases if first == "AB" else cell.cases[::-1]
        blocks.append(Block(cell=cell, cases=cases))
    control = control_of(plan)
    if control is not None:
        blocks.append(Block(cell=None, cases=(control,)))
    random.Random(f"{seed} {number}").shuffle(blocks)
    return blocks
