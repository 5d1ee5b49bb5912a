"""A device's own noise, from comparisons of a model with itself: every alarm in them is false."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.gate import judge_comparison
from harness.gate_result import MEASURED, Cell, GateResult, GateVerdict, Metric
from harness.gate_rules import limits_at
from harness.pairing import CellCases, Pair, cells_of, pairs_of, values_of
from harness.policy import CellLimits, Policy
from harness.record import Purpose, RunInfo
from harness.sequential import looks_up_to, minimum_detectable_percent
from harness.store import StoredRun

_CONFIDENCE = 0.95
# Two sessions differ by this many standard deviations between them in 5 of 100 cases.
_TWO_SESSIONS = 1.96 * math.sqrt(2)
_JUDGED = (GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE)


@dataclass(frozen=True, kw_only=True)
class CellNoise:
    """The latency of one cell over all comparisons.

    Of `comparisons` that gave it a verdict, `failed` are false alarms and `inconclusive` could not
    tell. `pairs` is the mean number of pairs until a verdict, `scatter_percent` the standard
    deviation of a pair's ratio, `sessions_percent` that of the baseline's latency between
    comparisons. `detectable_percent` is the smallest slowdown that is found with 80 % probability;
    None where there are too few pairs.
    """

    cell: str
    comparisons: int
    failed: int
    inconclusive: int
    pairs: float
    latency_ms: float
    scatter_percent: float
    sessions_percent: float | None
    detectable_percent: float | None
    tolerance_percent: float


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What comparisons of a model with itself say of a device.

    `red` of `comparisons` had a false alarm, in any metric but the size. The upper bounds hold with
    95 % (Clopper and Pearson), for a comparison and for a cell of one metric of pairs, of which
    `judged_cells` had a verdict. `unmeasured` comparisons count in neither; `problems` say why.
    """

    comparisons: int
    unmeasured: int
    red: int
    red_at_most_percent: float | None
    judged_cells: int
    false_alarms: tuple[str, ...]
    cell_at_most_percent: float | None
    problems: tuple[str, ...]
    cells: tuple[CellNoise, ...]
    advice: tuple[str, ...]


def find_noise(runs: Sequence[StoredRun], policy: Policy) -> Noise:
    """Judges each comparison as the gate does. `runs` are of one plan, seeds aside."""
    results = [judge_comparison(run, policy, strict=False) for run in runs]
    measured = [result for result in results if _is_measured(result)]
    alarms = [cell for result in measured for cell in _alarms(result)]
    red = sum(bool(_alarms(result)) for result in measured)
    # Counts are the same each time: they would dilute the rate, unless they are not.
    judged = [
        cell
        for result in measured
        for cell in result.cells
        if (cell.metric in MEASURED and cell.verdict in _JUDGED) or cell in alarms
    ]
    missing = [c for r in results for c in r.cells if c.verdict == GateVerdict.INFRASTRUCTURE]
    cells = tuple(_cell_noises(runs, results, policy))
    return Noise(
        comparisons=len(measured),
        unmeasured=len(results) - len(measured),
        red=red,
        red_at_most_percent=_at_most_percent(red, len(measured)),
        judged_cells=len(judged),
        false_alarms=tuple(_told(cell) for cell in alarms),
        cell_at_most_percent=_at_most_percent(len(alarms), len(judged)),
        problems=tuple(dict.fromkeys(map(_told, missing))),
        cells=cells,
        advice=tuple(_advise(cells, red)),
    )


def is_with_itself(run: StoredRun) -> bool:
    """Whether both sides of every cell are the same model file, started with the same tool."""
    info = run.info
    other = info.candidate_tool
    if other is not None and other.sha256 != info.tool.sha256:
        return False
    cells = cells_of(info.plan)
    return bool(cells) and all(_is_same_file(info, cell) for cell in cells)


def upper_bound(events: int, trials: int, confidence: float = _CONFIDENCE) -> float:
    """The one-sided upper bound of a probability (Clopper and Pearson): with it, so few events or
    fewer come about in 1 - `confidence` of all cases. Raises ValueError without trials."""
    if trials < 1 or not 0 <= events <= trials:
        message = f"{events} events in {trials} trials have no probability"
        raise ValueError(message)
    if events == trials:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):  # to the last digit of a float
        middle = (low + high) / 2
        fewer = sum(_binomial(k, trials, middle) for k in range(events + 1))
        low, high = (middle, high) if fewer > 1 - confidence else (low, middle)
    return high


def _binomial(events: int, trials: int, probability: float) -> float:
    """By logarithms: the number of orders soon exceeds what a float can hold."""
    orders = math.lgamma(trials + 1) - math.lgamma(events + 1) - math.lgamma(trials - events + 1)
    none = (trials - events) * math.log1p(-probability)
    return math.exp(orders + events * math.log(probability) + none)


def _is_same_file(info: RunInfo, cell: CellCases) -> bool:
    old, new = (info.models.get(case.model_id) for case in cell.cases)
    if old is None or new is None:  # one that could not be had: it is said what it should be
        return replace(cell.candidate, arm=cell.baseline.arm) == cell.baseline
    return old.sha256 == new.sha256


def _alarms(result: GateResult) -> list[Cell]:
    """Cells that failed although nothing differs. A size beyond its budget is no alarm: it is."""
    failed = [cell for cell in result.cells if cell.verdict == GateVerdict.FAIL]
    return [cell for cell in failed if cell.metric != Metric.SIZE]


def _is_measured(result: GateResult) -> bool:
    """A comparison of which a part is missing counts only if the rest gave an alarm."""
    whole = all(cell.verdict != GateVerdict.INFRASTRUCTURE for cell in result.cells)
    return bool(result.cells) and (whole or bool(_alarms(result)))


def _told(cell: Cell) -> str:
    return f"{cell.case} {cell.metric}: {cell.reason}"


def _at_most_percent(events: int, trials: int) -> float | None:
    return 100 * upper_bound(events, trials) if trials else None


def _cell_noises(
    runs: Sequence[StoredRun], results: Sequence[GateResult], policy: Policy
) -> Iterator[CellNoise]:
    judged = [
        cell
        for result in results
        for cell in result.cells
        if cell.metric == Metric.LATENCY and cell.verdict in _JUDGED
    ]
    for cell in cells_of(runs[0].info.plan) if runs else ():
        limits = policy.limits_for(cell.name, Metric.LATENCY)
        pairs = [pairs_of(cell, run.records, Purpose.LATENCY) for run in runs]
        verdicts = [one.verdict for one in judged if one.case == cell.name]
        max_pairs = runs[0].info.plan.settings.rounds
        if limits is not None:
            yield from _cell_noise(cell.name, pairs, verdicts, limits, max_pairs)


def _cell_noise(
    name: str,
    pairs_of_runs: Sequence[Sequence[Pair]],
    verdicts: Sequence[GateVerdict],
    limits: CellLimits,
    max_pairs: int,
) -> Iterator[CellNoise]:
    """Nothing with fewer than two pairs, which have no scatter."""
    by_run = [pairs for pairs in pairs_of_runs if _log_ratios(pairs)]
    ratios = [ratio for pairs in by_run for ratio in _log_ratios(pairs)]
    if len(ratios) < 2:
        return
    levels = [statistics.median(values_of(p, Metric.LATENCY)[0].values()) for p in by_run]
    typical = statistics.median(levels)
    used = limits_at(limits, typical, looks_up_to(max_pairs))
    sessions = [math.log(level) for level in levels]
    yield CellNoise(
        cell=name,
        comparisons=len(verdicts),
        failed=verdicts.count(GateVerdict.FAIL),
        inconclusive=verdicts.count(GateVerdict.INCONCLUSIVE),
        pairs=statistics.fmean(map(len, by_run)),
        latency_ms=typical,
        scatter_percent=100 * statistics.stdev(ratios),
        sessions_percent=100 * statistics.stdev(sessions) if len(sessions) > 1 else None,
        detectable_percent=minimum_detectable_percent(ratios, used),
        tolerance_percent=used.tolerance_percent,
    )


def _log_ratios(pairs: Sequence[Pair]) -> list[float]:
    before, after = values_of(pairs, Metric.LATENCY)
    if not all(0 < value < math.inf for value in (*before.values(), *after.values())):
        return []
    return [math.log(after[number] / before[number]) for number in before]


def _advise(cells: Sequence[CellNoise], red: int) -> Iterator[str]:
    """What to do about it."""
    if red:
        yield (
            "A model failed against itself: look whether something else runs on the device, and "
            "whether it throttles, before its gate is trusted."
        )
    for cell in cells:
        found = cell.detectable_percent
        if found is None:
            yield f"{cell.cell}: too noisy or too few pairs to tell a detectable slowdown."
        elif found > cell.tolerance_percent:
            yield (
                f"{cell.cell}: a slowdown of the tolerance, {cell.tolerance_percent:.3g} %, may "
                f"pass unseen; pin CPUs or fix clocks, allow more pairs (--max-pairs), or set "
                f"this cell's tolerance to {math.ceil(found)} %."
            )
        else:
            yield (
                f"{cell.cell}: the tolerance of {cell.tolerance_percent:.3g} % suits it; "
                f"slowdowns from {found:.2g} % are found."
            )
        if cell.sessions_percent is not None:
            yield (
                f"{cell.cell}: two stored runs differ by up to "
                f"{_TWO_SESSIONS * cell.sessions_percent:.2g} % without a cause; compare in pairs."
            )
