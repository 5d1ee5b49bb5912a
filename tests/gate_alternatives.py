"""Simulated comparisons of a candidate with its baseline, and what gates make of the same traces.

    python tests/gate_alternatives.py [CELLS]

prints how often this gate and the usual alternatives are red, for each noise profile.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from noise_model import (
    INVOCATION_S,
    P1,
    P2,
    P3,
    Floats,
    Profile,
    Slot,
    simulate_medians,
    simulate_runs,
    tool_median,
)
from scipy import stats

from harness.gate_result import Cell, GateVerdict, Metric
from harness.gate_rules import confirm, needs_confirmation, paired_cell
from harness.policy import CellLimits, Policy
from harness.sequential import LOOKS, pair_order

PROFILES = {"P1": P1, "P2": P2, "P3": P3}
LATENCY_MS = 100.0
# The alternatives have no rule for how long to measure. This is a little more than ours needs.
ALTERNATIVE_PAIRS = 12
_LIMITS = Policy().limits_for("case", Metric.LATENCY)
assert _LIMITS is not None
LIMITS: CellLimits = _LIMITS
_BATCH = 250  # cells at once, which bounds the memory
_CHANGES_PERCENT = (-5.0, 0.0, 3.0, 5.0, 10.0)

# Runs in ms: cells, pairs, runs of an invocation.
Gate = Callable[[Floats, Floats], "np.ndarray"]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How many of the trials had an event, with the exact 95 % interval of Clopper and Pearson."""

    events: int
    trials: int

    @property
    def low(self) -> float:
        if self.events == 0:
            return 0.0
        return float(stats.beta.ppf(0.025, self.events, self.trials - self.events + 1))

    @property
    def high(self) -> float:
        if self.events == self.trials:
            return 1.0
        return float(stats.beta.ppf(0.975, self.events + 1, self.trials - self.events))

    def __str__(self) -> str:
        share = self.events / self.trials
        return f"{share:.2%} ({self.low:.2%} to {self.high:.2%})"


def rate_of(verdict: GateVerdict, cells: Sequence[Cell]) -> Rate:
    return Rate(events=sum(cell.verdict == verdict for cell in cells), trials=len(cells))


def simulate_traces(
    profile: Profile,
    change_percent: float,
    *,
    cells: int,
    generator: np.random.Generator,
    pairs: int = LOOKS[-1],
    blocked: bool = False,
    heating_percent_per_minute: float = 0.0,
) -> Iterator[tuple[Floats, Floats]]:
    """The runs of baseline and candidate in ms, batch by batch: cells, pairs, runs.

    Each cell has a session of its own. `blocked` measures all of the baseline first.
    """
    # Without noise inside invocations, their medians are their levels.
    level_profile = replace(profile, run_percent=0.0, spike_share=0.0)
    for done in range(0, cells, _BATCH):
        order = pair_order(int(generator.integers(2**32)), pairs)
        arms = [arm for pair in order for arm in ((0, 1) if pair == "AB" else (1, 0))]
        if blocked:
            arms.sort()
        slots: list[Slot] = [(index * INVOCATION_S, arm) for index, arm in enumerate(arms)]
        levels = simulate_medians(
            level_profile,
            slots,
            (LATENCY_MS, LATENCY_MS * (1 + change_percent / 100)),
            sessions=min(_BATCH, cells - done),
            generator=generator,
            heating_percent_per_minute=heating_percent_per_minute,
        )
        runs = levels[..., np.newaxis] * simulate_runs(profile, levels.shape, generator)
        candidate = np.array(arms) == 1
        yield runs[:, ~candidate], runs[:, candidate]


def cells_of(baseline: Floats, candidate: Floats) -> list[Cell]:
    """What our rule makes of the medians that the tool prints for these runs."""
    medians = zip(tool_median(baseline).tolist(), tool_median(candidate).tolist(), strict=True)
    return [
        paired_cell("case", Metric.LATENCY, dict(enumerate(a)), dict(enumerate(b)), LIMITS)
        for a, b in medians
    ]


def measure_cells(
    profile: Profile,
    change_percent: float,
    *,
    cells: int,
    generator: np.random.Generator,
) -> list[Cell]:
    """The cells of so many first measurements."""
    batches = simulate_traces(profile, change_percent, cells=cells, generator=generator)
    return [cell for batch in batches for cell in cells_of(*batch)]


def confirm_cells(
    cells: Sequence[Cell],
    profile: Profile,
    change_percent: float,
    *,
    generator: np.random.Generator,
) -> list[Cell]:
    """The same cells, after fresh pairs of another session for those that need it."""
    suspects = [index for index, cell in enumerate(cells) if needs_confirmation(cell, LIMITS)]
    fresh = measure_cells(profile, change_percent, cells=len(suspects), generator=generator)
    final = list(cells)
    for index, second in zip(suspects, fresh, strict=True):
        final[index] = confirm(cells[index], second, LIMITS)
    return final


def mean_ratio(factor: float) -> Gate:
    """Red where the candidate's mean is over `factor` times the baseline's."""
    return lambda a, b: np.asarray(b.mean(axis=(1, 2)) > factor * a.mean(axis=(1, 2)))


def student_t(baseline: Floats, candidate: Floats) -> np.ndarray:
    """Red where Student's test of all iterations together gives p < 0.05 and it is slower."""
    a, b = _pooled(baseline), _pooled(candidate)
    return np.asarray((stats.ttest_ind(a, b, axis=1).pvalue < 0.05) & (b.mean(1) > a.mean(1)))


def mann_whitney(baseline: Floats, candidate: Floats) -> np.ndarray:
    """Red where the test of Mann and Whitney does the same."""
    a, b = _pooled(baseline), _pooled(candidate)
    p = stats.mannwhitneyu(a, b, axis=1, method="asymptotic").pvalue
    return np.asarray((p < 0.05) & (np.median(b, axis=1) > np.median(a, axis=1)))


ALTERNATIVES: dict[str, Gate] = {
    "mean ratio over 1.05": mean_ratio(1.05),
    "mean ratio over 1.10": mean_ratio(1.10),
    "mean ratio over 2.00": mean_ratio(2.0),
    "Student's t, pooled iterations, p < .05": student_t,
    "Mann-Whitney, pooled iterations, p < .05": mann_whitney,
}


def red_rates(
    profile: Profile, change_percent: float, *, cells: int, generator: np.random.Generator
) -> dict[str, Rate]:
    """How often each gate is red. Without `A then B`, they see the interleaved traces that ours
    sees."""
    ours: list[Cell] = []
    red: dict[str, int] = {}
    for baseline, candidate in simulate_traces(
        profile, change_percent, cells=cells, generator=generator
    ):
        ours += cells_of(baseline, candidate)
        for name, gate in ALTERNATIVES.items():
            few = slice(ALTERNATIVE_PAIRS)
            red[name] = red.get(name, 0) + int(gate(baseline[:, few], candidate[:, few]).sum())
    for batch in simulate_traces(
        profile,
        change_percent,
        cells=cells,
        generator=generator,
        pairs=ALTERNATIVE_PAIRS,
        blocked=True,
    ):
        for name, gate in ALTERNATIVES.items():
            blocked = f"{name}, A then B"
            red[blocked] = red.get(blocked, 0) + int(gate(*batch).sum())
    final = confirm_cells(ours, profile, change_percent, generator=generator)
    return {
        "this gate, not confirmed": rate_of(GateVerdict.FAIL, ours),
        "this gate": rate_of(GateVerdict.FAIL, final),
    } | {name: Rate(events=events, trials=cells) for name, events in red.items()}


def main() -> None:
    """Prints a table per profile: red cells in percent, with the interval."""
    cells = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    for name, profile in PROFILES.items():
        generator = np.random.default_rng(7)
        columns = [
            red_rates(profile, change, cells=cells, generator=generator)
            for change in _CHANGES_PERCENT
        ]
        heads = "".join(f"{f'{change:+g} %':>28}" for change in _CHANGES_PERCENT)
        sys.stdout.write(f"\n{name}, red of {cells} cells{'':28}{heads}\n")
        for gate in columns[0]:
            rates = "".join(f"{column[gate]!s:>28}" for column in columns)
            sys.stdout.write(f"{gate:50}{rates}\n")


def _pooled(runs: Floats) -> Floats:
    return runs.reshape(len(runs), -1)


if __name__ == "__main__":
    main()
