"""Whether a candidate is slower than its baseline: fail, pass or inconclusive, after few pairs.

A pair is one invocation of each, back to back; its value is the logarithm of candidate over
baseline. The sample is judged at planned looks only, and each look spends its part of the error
probabilities, so that looking often does not make false alarms likely. A candidate fails where the
lower bound is above the noise floor, and passes where the upper bound is below the tolerance; the
bounds are those of the exact signed-rank test. With any symmetric noise, a candidate within the
noise floor fails with a probability of at most 1 %, one beyond the tolerance passes with 5 %.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.gate_result import GateVerdict
from harness.statistics import estimate, signed_rank_bounds

LOOKS = (8, 12, 18, 24)
ALPHA_FAIL = 0.01
ALPHA_PASS = 0.05
DETECTED = 0.8  # the probability that a minimum detectable slowdown is found with

_FIRST_SHARE = 0.4  # of ALPHA_FAIL: with less, eight pairs could not fail at all
_SIMULATED = 300
_SMOOTHING = 0.1  # by simulation: on average, the result is then found with 77 to 83 %
_BLOCK = ("AB", "AB", "BA", "BA")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is slower, in percent, and after how many pairs one looks. Raises ValueError where these
    contradict each other."""

    noise_floor_percent: float
    tolerance_percent: float
    looks: tuple[int, ...] = LOOKS

    def __post_init__(self) -> None:
        if not 0 <= self.noise_floor_percent < self.tolerance_percent < math.inf:
            limits = f"{self.noise_floor_percent!r} % and {self.tolerance_percent!r} %"
            message = f"the noise floor must be at least 0 and below the tolerance, got {limits}"
            raise ValueError(message)
        if not self.looks or list(self.looks) != sorted(set(self.looks)) or self.looks[0] < 1:
            message = f"looks must be ascending numbers of pairs from 1 on, got {self.looks!r}"
            raise ValueError(message)

    def at_least(self, floor_percent: float) -> Limits:
        """Both limits moved up together until the noise floor is `floor_percent`."""
        shift = max(0.0, floor_percent - self.noise_floor_percent)
        floor, tolerance = self.noise_floor_percent + shift, self.tolerance_percent + shift
        return replace(self, noise_floor_percent=floor, tolerance_percent=tolerance)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One look: the one-sided bounds in percent, and the verdict, None where it takes more pairs.

    Where there are too few pairs for bounds, they are -100 % and infinite.
    """

    verdict: GateVerdict | None
    pairs: int
    lower_percent: float
    upper_percent: float


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What all looks so far say. Changes are in percent; slower is positive.

    `look` is the index of the look that decided, `next_look` how many pairs the next one needs, if
    none has. The interval is the ordinary 95 % one of the pairs that were used.
    """

    verdict: GateVerdict
    reason: str
    pairs: int
    look: int | None = None
    next_look: int | None = None
    estimate_percent: float | None = None
    low_percent: float | None = None
    high_percent: float | None = None


def looks_up_to(max_pairs: int) -> tuple[int, ...]:
    """The planned looks for at most so many pairs, of which the last is `max_pairs`.

    After 24 they grow by half. None is shortly before the last. Raises ValueError below 1.
    """
    if max_pairs < 1:
        message = f"a comparison needs at least one pair, got {max_pairs!r}"
        raise ValueError(message)
    looks = list(LOOKS)
    while looks[-1] < max_pairs:
        looks.append(looks[-1] * 3 // 2)
    return (*(look for look in looks if look * 6 <= max_pairs * 5), max_pairs)


def fail_alphas(looks: int) -> tuple[float, ...]:
    """How the 1 % of false alarms is spent: 0.4 at the first look, the others share the rest."""
    if looks == 1:
        return (ALPHA_FAIL,)
    first = ALPHA_FAIL * _FIRST_SHARE
    return (first, *[(ALPHA_FAIL - first) / (looks - 1)] * (looks - 1))


def pass_alphas(looks: int) -> tuple[float, ...]:
    """How the 5 % of missed alarms is spent: in equal parts."""
    return (ALPHA_PASS / looks,) * looks


def pair_order(seed: int | str, pairs: int) -> list[str]:
    """Which comes first in each pair; `AB` is the baseline before the candidate.

    Of each four pairs, two have each order, shuffled; so what grows steadily, like heat, favours
    neither. More pairs with the same seed begin with the same order.
    """
    generator = random.Random(seed)
    order: list[str] = []
    while len(order) < pairs:
        order += generator.sample(_BLOCK, len(_BLOCK))
    return order[:pairs]


def judge(log_ratios: Sequence[float], look_index: int, limits: Limits) -> Judged:
    """One look at as many of the first pairs as it needs.

    Where both verdicts hold it fails: it is slower for certain. Raises ValueError with fewer pairs
    than the look needs, or one that is not finite.
    """
    pairs, looks = limits.looks[look_index], len(limits.looks)
    sample = log_ratios[:pairs]
    if len(sample) < pairs or not all(map(math.isfinite, sample)):
        message = f"look {look_index} needs {pairs} finite logarithms of ratios, got {sample!r}"
        raise ValueError(message)
    lower = to_percent(signed_rank_bounds(sample, fail_alphas(looks)[look_index])[0])
    upper = to_percent(signed_rank_bounds(sample, pass_alphas(looks)[look_index])[1])
    verdict = None
    if lower > limits.noise_floor_percent:
        verdict = GateVerdict.FAIL
    elif upper < limits.tolerance_percent:
        verdict = GateVerdict.PASS
    return Judged(verdict=verdict, pairs=pairs, lower_percent=lower, upper_percent=upper)


def decide(log_ratios: Sequence[float], limits: Limits) -> Decision:
    """All planned looks that the pairs suffice for, until one gives a verdict.

    Pairs beyond the look that decides are not used. Raises ValueError for one that is not finite.
    """
    for index, pairs in enumerate(limits.looks):
        if pairs > len(log_ratios):
            break
        judged = judge(log_ratios, index, limits)
        if judged.verdict is not None:
            return _describe(judged.verdict, log_ratios[:pairs], index, limits)
    sample = log_ratios[: limits.looks[-1]]
    return _describe(GateVerdict.INCONCLUSIVE, sample, None, limits)


def minimum_detectable_percent(log_ratios: Sequence[float], limits: Limits) -> float | None:
    """The smallest true slowdown, in percent, that fails with a probability of 80 %, if the noise
    is like in this sample. None with fewer than 6 pairs, or where the limits never let it fail.

    It is simulated, always alike: pairs are drawn from the sample's deviations from its estimate,
    with random signs. A slowdown moves all bounds alike, so each simulated comparison has one
    smallest slowdown that it fails with. 80 % of them do not exceed the result. No confirmation.
    """
    centre, n = estimate(log_ratios) if log_ratios else None, len(log_ratios)
    if centre is None or centre.low is None or centre.high is None:
        return None
    # Deviations from the estimate are smaller than those from the truth.
    deviations = (np.asarray(log_ratios) - centre.value) * math.sqrt(n / (n - 1))
    generator, size = np.random.default_rng(n), (_SIMULATED, limits.looks[-1])
    drawn = generator.choice(deviations, size) * generator.choice((-1, 1), size)
    # So few values would repeat too often.
    drawn += generator.normal(0, _SMOOTHING * (centre.high - centre.low) * math.sqrt(n), size)
    smallest = [_smallest_failing(sample, limits) for sample in drawn.tolist()]
    # The higher of two neighbours: there is nothing between a finite value and an infinite one.
    slowdown = float(np.quantile(smallest, DETECTED, method="higher"))
    return to_percent(slowdown) if math.isfinite(slowdown) else None


def _smallest_failing(sample: Sequence[float], limits: Limits) -> float:
    """The slowdown that this sample must be moved by, as a logarithm, to fail."""
    looks = limits.looks
    floor = math.log1p(limits.noise_floor_percent / 100)
    tolerance = math.log1p(limits.tolerance_percent / 100)
    smallest, not_passed = math.inf, -math.inf
    spent = zip(looks, fail_alphas(len(looks)), pass_alphas(len(looks)), strict=True)
    for pairs, fail_alpha, pass_alpha in spent:
        lower, _ = signed_rank_bounds(sample[:pairs], fail_alpha)
        _, upper = signed_rank_bounds(sample[:pairs], pass_alpha)
        # To fail at this look, it must not have passed at one before.
        smallest = min(smallest, max(floor - lower, not_passed))
        not_passed = max(not_passed, tolerance - upper)
    return smallest


def to_percent(log_ratio: float) -> float:
    """The change in percent that a logarithm of a ratio stands for."""
    return math.expm1(log_ratio) * 100


def conclusion(verdict: GateVerdict, limits: Limits) -> str:
    """What a verdict says of the bounds, in words."""
    floor, tolerance = limits.noise_floor_percent, limits.tolerance_percent
    if verdict is GateVerdict.FAIL:
        return f"above the noise floor of {floor:.3g} %"
    if verdict is GateVerdict.PASS:
        return f"below the tolerance of {tolerance:.3g} %"
    return f"neither above the noise floor of {floor:.3g} % nor below {tolerance:.3g} % for sure"


def _describe(
    verdict: GateVerdict, sample: Sequence[float], look: int | None, limits: Limits
) -> Decision:
    later = [pairs for pairs in limits.looks if pairs > len(sample)]
    next_look = later[0] if later and look is None else None
    if not sample:
        return Decision(verdict=verdict, reason="no pairs", pairs=0, next_look=next_look)
    centre = estimate(sample)
    bounds = (centre.low, centre.high)
    low, high = (None if bound is None else to_percent(bound) for bound in bounds)
    interval = "" if low is None or high is None else f" ({low:+.1f} to {high:+.1f} %)"
    more = f"; the next look is at {next_look} pairs" if next_look else ""
    value = to_percent(centre.value)
    found = f"{value:+.1f} %{interval}, {len(sample)} pairs: {conclusion(verdict, limits)}"
    return Decision(
        verdict=verdict,
        reason=f"{found}{more}",
        pairs=len(sample),
        look=look,
        next_look=next_look,
        estimate_percent=value,
        low_percent=low,
        high_percent=high,
    )
