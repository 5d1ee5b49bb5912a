from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_cell, make_comparison_run, make_control

from harness.pair_schedule import Block, blocks_of_round
from harness.pairing import CellCases
from harness.plan import Arm, Plan
from harness.record import Purpose

CELLS = [make_cell(name) for name in ("one", "two", "three")]
PLAN = make_comparison_run(cells=CELLS).info.plan


def seeded(seed: int) -> Plan:
    return replace(PLAN, settings=replace(PLAN.settings, seed=seed))


def firsts(plan: Plan, name: str, rounds: int, purpose: Purpose = Purpose.LATENCY) -> list[Arm]:
    """Which side of a cell comes first in each round."""
    return [
        block.cases[0].arm
        for number in range(rounds)
        for block in blocks_of_round(plan, CELLS, number, purpose)
        if block.cell is not None and block.cell.name == name and block.cases[0].arm is not None
    ]


def names(blocks: list[Block]) -> list[str]:
    return [block.cell.name if block.cell is not None else "control" for block in blocks]


def test_a_round_has_each_cell_as_a_pair_and_the_control_alone() -> None:
    blocks = blocks_of_round(PLAN, CELLS, 0)

    assert sorted(names(blocks)) == sorted([*(cell.name for cell in CELLS), "control"])
    for block in blocks:
        if block.cell is None:
            assert block.cases == (make_control(),)
        else:
            assert block.cases in (block.cell.cases, block.cell.cases[::-1])


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_each_side_comes_first_in_two_of_every_four_rounds(seed: int, cell: CellCases) -> None:
    order = firsts(seeded(seed), cell.name, 24)

    assert len(order) == 24
    assert all(order[start : start + 4].count(Arm.BASELINE) == 2 for start in range(0, 24, 4))


def test_a_seed_gives_the_same_order_always_and_another_one_another() -> None:
    orders = [
        [blocks_of_round(seeded(seed), CELLS, number) for number in range(12)] for seed in (1, 1, 2)
    ]

    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_the_sides_of_a_cell_do_not_depend_on_the_cells_that_are_left() -> None:
    for number in range(8):
        (alone,) = [b for b in blocks_of_round(PLAN, CELLS[:1], number) if b.cell is not None]
        assert alone in blocks_of_round(PLAN, CELLS, number)


def test_cells_take_turns_in_all_places_of_a_round() -> None:
    rounds = [names(blocks_of_round(PLAN, CELLS, number)) for number in range(40)]

    for place in range(4):
        assert {order[place] for order in rounds} == {"control", *(cell.name for cell in CELLS)}


def test_cells_and_fresh_pairs_have_orders_of_their_own() -> None:
    orders = [firsts(PLAN, cell.name, 24) for cell in CELLS]
    fresh = firsts(PLAN, CELLS[0].name, 24, Purpose.CONFIRMATION)

    assert orders[0] != orders[1]
    assert orders[0] != fresh


def test_a_plan_without_a_control_has_pairs_only() -> None:
    plan = replace(PLAN, cases=PLAN.cases[:-1])

    assert None not in [block.cell for block in blocks_of_round(plan, CELLS, 0)]


def test_without_cells_only_the_control_is_left() -> None:
    assert blocks_of_round(PLAN, [], 3) == [Block(cell=None, cases=(make_control(),))]
