from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from harness.gate_result import GateVerdict
from harness.sequential import (
    LOOKS,
    Decision,
    Judged,
    Limits,
    decide,
    fail_alphas,
    judge,
    looks_up_to,
    minimum_detectable_percent,
    pair_order,
    pass_alphas,
)

DEFAULT = Limits(noise_floor_percent=1.0, tolerance_percent=5.0)
# Finds 3 % in place of 5 %, for about twice the pairs.
STRICT = Limits(noise_floor_percent=0.5, tolerance_percent=3.0, looks=(8, 12, 20, 30, 40))


def logs(*percents: float) -> list[float]:
    return [math.log1p(percent / 100) for percent in percents]


NOISE = logs(-0.4, 0.3, -0.2, 0.5, -0.1, 0.2, 0.4, -0.3)


def moved(sample: list[float], percent: float) -> list[float]:
    return [value + math.log1p(percent / 100) for value in sample]


@pytest.mark.parametrize(
    ("looks", "expected"),
    [(1, (0.01,)), (2, (0.004, 0.006)), (4, (0.004, 0.002, 0.002, 0.002))],
)
def test_false_alarms_of_all_looks_are_one_percent(looks: int, expected: tuple[float, ...]) -> None:
    assert fail_alphas(looks) == pytest.approx(expected)
    assert sum(pass_alphas(looks)) == pytest.approx(0.05)
    assert len(set(pass_alphas(looks))) == 1


def test_every_planned_look_can_fail_and_pass() -> None:
    for limits in (DEFAULT, STRICT):
        for index, pairs in enumerate(limits.looks):
            assert 2.0**-pairs <= fail_alphas(len(limits.looks))[index]
            assert 2.0**-pairs <= pass_alphas(len(limits.looks))[index]


@pytest.mark.parametrize(
    ("max_pairs", "expected"),
    [
        (24, LOOKS),
        (1, (1,)),
        (8, (8,)),
        (9, (9,)),
        (10, (8, 10)),
        (25, (8, 12, 18, 25)),
        (40, (8, 12, 18, 24, 40)),
        (60, (8, 12, 18, 24, 36, 60)),
    ],
)
def test_looks_end_with_the_most_pairs(max_pairs: int, expected: tuple[int, ...]) -> None:
    assert looks_up_to(max_pairs) == expected


@pytest.mark.parametrize("limits", [(5, 5), (6, 5), (-1, 5), (math.nan, 5), (1, math.inf)])
def test_refuses_limits_that_contradict_each_other(limits: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="below the tolerance"):
        Limits(noise_floor_percent=limits[0], tolerance_percent=limits[1])


@pytest.mark.parametrize("looks", [(), (8, 8), (12, 8), (0, 8)])
def test_refuses_looks_that_do_not_ascend(looks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="looks must be ascending"):
        replace(DEFAULT, looks=looks)


def test_a_floor_moves_both_limits_up_but_never_down() -> None:
    assert DEFAULT.at_least(3) == Limits(noise_floor_percent=3, tolerance_percent=7)
    assert DEFAULT.at_least(0.1) == DEFAULT


def test_each_four_pairs_have_both_orders_twice() -> None:
    order = pair_order(7, 24)

    blocks = [Counter(order[start : start + 4]) for start in range(0, 24, 4)]
    assert blocks == [Counter(AB=2, BA=2)] * 6
    assert len({tuple(order[start : start + 4]) for start in range(0, 24, 4)}) > 1


def test_the_order_is_that_of_its_seed_and_grows_at_its_end() -> None:
    assert pair_order("run/case", 18) == pair_order("run/case", 24)[:18]
    assert len({tuple(pair_order(seed, 24)) for seed in range(20)}) == 20
    assert pair_order(1, 0) == []


@pytest.mark.parametrize(
    ("percent", "verdict"),
    [(-20, "pass"), (0, "pass"), (3, "fail"), (20, "fail")],
)
def test_eight_quiet_pairs_are_enough(percent: float, verdict: str) -> None:
    decision = decide(moved(NOISE, percent), DEFAULT)

    assert (decision.verdict, decision.pairs, decision.look) == (verdict, 8, 0)


def test_says_what_was_decided_and_from_what() -> None:
    decision = decide([math.log(2)] * 8, DEFAULT)

    assert decision == Decision(
        verdict=GateVerdict.FAIL,
        reason="+100.0 % (+100.0 to +100.0 %), 8 pairs: above the noise floor of 1 %",
        pairs=8,
        look=0,
        next_look=None,
        estimate_percent=100.0,
        low_percent=100.0,
        high_percent=100.0,
    )


def test_one_pair_within_the_noise_floor_keeps_eight_from_failing() -> None:
    sample = logs(0.9, 8, 8, 8, 8, 8, 8, 8)

    judged = judge(sample, 0, DEFAULT)
    assert judged.verdict is None
    assert (judged.lower_percent, judged.upper_percent) == pytest.approx((0.9, 8))
    assert decide(sample, DEFAULT).next_look == 12
    assert decide(sample + logs(8, 8, 8, 8), DEFAULT).verdict == GateVerdict.FAIL


def test_looks_only_at_planned_numbers_of_pairs() -> None:
    eleven = logs(20) + NOISE[1:] + NOISE[:3]

    assert decide(eleven, replace(DEFAULT, looks=(11,))).verdict == GateVerdict.PASS
    planned = decide(eleven, DEFAULT)
    assert (planned.verdict, planned.look) == (GateVerdict.INCONCLUSIVE, None)
    assert (planned.pairs, planned.next_look) == (11, 12)


def test_pairs_after_the_deciding_look_change_nothing() -> None:
    more = moved(NOISE, 5) + logs(-50, -50, -50, -50)

    assert decide(more, DEFAULT) == decide(more[:8], DEFAULT)


def test_is_inconclusive_for_good_after_the_last_look() -> None:
    decision = decide(logs(-20, 26) * 15, DEFAULT)

    assert decision.verdict == GateVerdict.INCONCLUSIVE
    assert (decision.pairs, decision.next_look) == (24, None)
    assert "neither above the noise floor of 1 % nor below 5 % for sure" in decision.reason


def test_no_pairs_are_inconclusive() -> None:
    decision = decide([], DEFAULT)

    assert (decision.verdict, decision.pairs, decision.next_look) == ("inconclusive", 0, 8)


def test_too_few_pairs_for_bounds_never_decide() -> None:
    few = replace(DEFAULT, looks=(3,))

    assert judge(logs(90, 90, 90), 0, few) == Judged(
        verdict=None, pairs=3, lower_percent=-100, upper_percent=math.inf
    )
    assert decide(logs(90, 90, 90), few).verdict == GateVerdict.INCONCLUSIVE


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_refuses_what_is_no_ratio(bad: float) -> None:
    with pytest.raises(ValueError, match="8 finite logarithms"):
        decide([*NOISE[:7], bad], DEFAULT)
    with pytest.raises(ValueError, match="look 1 needs 12"):
        judge(NOISE, 1, DEFAULT)


def test_strict_limits_see_less() -> None:
    quiet = moved([value / 4 for value in NOISE], 0.8)

    assert decide(quiet, DEFAULT).verdict == GateVerdict.PASS
    assert decide(quiet, STRICT).verdict == GateVerdict.FAIL


def test_without_noise_the_noise_floor_itself_is_detectable() -> None:
    assert minimum_detectable_percent(logs(*[2.0] * 8), DEFAULT) == pytest.approx(1)
    assert minimum_detectable_percent(logs(*[2.0] * 8), STRICT) == pytest.approx(0.5)


def test_more_noise_hides_larger_slowdowns() -> None:
    noise = np.random.default_rng(2).normal(0, 1, 16)
    found = [
        minimum_detectable_percent((noise * sd).tolist(), DEFAULT) for sd in (0.005, 0.02, 0.06)
    ]

    assert None not in found
    assert found == sorted(found, key=lambda value: value or 0)
    assert found[0] != found[2]


def test_the_detectable_slowdown_is_always_the_same_and_knows_no_shift() -> None:
    first = minimum_detectable_percent(NOISE, DEFAULT)

    assert first == minimum_detectable_percent(NOISE, DEFAULT)
    assert first == pytest.approx(minimum_detectable_percent(moved(NOISE, 10), DEFAULT))


@pytest.mark.parametrize("n", range(6))
def test_tells_no_detectable_slowdown_from_five_pairs(n: int) -> None:
    assert minimum_detectable_percent(NOISE[:n], DEFAULT) is None


def test_tells_none_where_the_limits_never_fail() -> None:
    assert minimum_detectable_percent(NOISE, replace(DEFAULT, looks=(5,))) is None
