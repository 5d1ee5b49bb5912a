"""Stored runs beside each other: which of them, which of their cases, and what may be compared.

Runs are of sessions of their own, so nothing is paired: a ratio is the exponential of the shift of
`harness.unpaired`, whose interval is widened by what two sessions differ by themselves
(`SESSION_NOISE_PERCENT` of `harness.gate_stored`). All ratios are to the first run.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.checks import Verdict
from harness.device import DeviceInfo
from harness.gate_stored import SESSION_NOISE_PERCENT
from harness.record import RunInfo
from harness.statistics import LEAST_FOR_INTERVAL, Estimate
from harness.summary import CaseResult
from harness.unpaired import shift
from reports.cells import one_line
from reports.page import RunPage


@dataclass(frozen=True, kw_only=True)
class Footing:
    """How a run stands to the first one. `problem` says why there are no ratios, else it is empty;
    `between_devices` that a ratio is one of two devices rather than of two models."""

    problem: str = ""
    between_devices: bool = False


@dataclass(frozen=True, kw_only=True)
class AlignedRun:
    """A run of the table; `number` counts from 1 in the page. The first one has no footing."""

    number: int
    page: RunPage
    footing: Footing | None

    @property
    def name(self) -> str:
        """What it is called wherever there is no room for more."""
        return f"run {self.number}"

    @property
    def info(self) -> RunInfo:
        """What the run is."""
        return self.page.result.run.info


@dataclass(frozen=True, kw_only=True)
class AlignedCell:
    """A case in one run: its index and its results, None where the run has no such case.

    `ratio` is to the first run, or says why there is none; it is None where nothing is compared.
    """

    index: int | None = None
    result: CaseResult | None = None
    ratio: Estimate | str | None = None

    @property
    def contradicted(self) -> bool:
        """Whether the evidence is against the value."""
        return self.result is not None and is_contradicted(self.result)


@dataclass(frozen=True, kw_only=True)
class AlignedCase:
    """A case by its id, with a cell for each run."""

    id: str
    cells: tuple[AlignedCell, ...]

    @property
    def shared(self) -> bool:
        """Whether two runs or more have it."""
        return sum(cell.result is not None for cell in self.cells) > 1


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """Runs beside each other. `left_out` says which runs of the page are not among them, and why.

    With fewer than two runs left there are no cases. `noise_percent` is by how much two sessions
    that measure the same differ.
    """

    runs: tuple[AlignedRun, ...]
    cases: tuple[AlignedCase, ...]
    left_out: tuple[str, ...]
    noise_percent: float


def align_runs(pages: Sequence[RunPage]) -> Alignment | None:
    """Puts the runs of a page beside each other; None for a page of fewer than two."""
    if len(pages) < 2:
        return None
    numbered, left_out = _choose(pages)
    if len(numbered) < 2:
        return Alignment(runs=(), cases=(), left_out=tuple(left_out), noise_percent=0.0)
    first = numbered[0][1].result.run.info
    runs = tuple(
        AlignedRun(
            number=number,
            page=page,
            footing=find_footing(first, page.result.run.info) if position else None,
        )
        for position, (number, page) in enumerate(numbered)
    )
    most = max(SESSION_NOISE_PERCENT.values())
    noise = SESSION_NOISE_PERCENT.get(first.device.tier, most)
    return Alignment(
        runs=runs,
        cases=tuple(_cases(runs, noise)),
        left_out=tuple(left_out),
        noise_percent=noise,
    )


def find_footing(first: RunInfo, other: RunInfo) -> Footing:
    """What a run may be compared with the first one on.

    Between different kinds of device, tiers or kinds of tool there is no ratio; between two devices
    there is one if all else that decides is the same.
    """
    tiers = [one_line(info.device.tier, 20) for info in (first, other)]
    if first.device.kind != other.device.kind:
        return Footing(problem="one is a host, the other a phone")
    if first.device.tier != other.device.tier:
        return Footing(problem=f"one is of tier {tiers[0]}, the other of tier {tiers[1]}")
    if first.tool.stand_in != other.tool.stand_in:
        return Footing(problem="one tool is the stand-in, the other is not")
    between_devices = identity(first.device) != identity(other.device)
    if between_devices and first.tool.sha256 != other.tool.sha256:
        return Footing(problem="both the device and the build of the tool are others")
    return Footing(between_devices=between_devices)


def identity(device: DeviceInfo) -> tuple[object, ...]:
    """What tells devices apart: two phones of one model have serials of their own."""
    cpus = device.cpu_count if device.kind == "host" else None
    return (device.kind, device.model or device.name, device.serial, cpus)


def is_contradicted(result: CaseResult) -> bool:
    """Whether what ran is not what was asked for."""
    return result.evidence is not None and result.evidence.verdict is Verdict.CONTRADICTED


def is_in_noise(ratio: Estimate) -> bool:
    """Whether it cannot be said on which side of 1 a ratio is."""
    return ratio.low is None or ratio.high is None or ratio.low <= 1 <= ratio.high


def _choose(pages: Sequence[RunPage]) -> tuple[list[tuple[int, RunPage]], list[str]]:
    """The runs to align by their number, and why the others are none of them."""
    chosen: list[tuple[int, RunPage]] = []
    left_out = []
    for number, page in enumerate(pages, start=1):
        run = page.result.run
        twins = (n for n, other in chosen if _same_measurements(other, page))
        if run.info.plan.is_comparison:
            left_out.append(
                f"Run {number} compares in pairs: its verdict stands with it, and its cases are "
                "not set beside those of other runs."
            )
        elif (twin := next(twins, None)) is not None:
            left_out.append(f"Run {number} holds the same measurements as run {twin}.")
        else:
            chosen.append((number, page))
    return chosen, left_out


def _same_measurements(one: RunPage, other: RunPage) -> bool:
    """A folder that is named twice, or its copy."""
    mine, yours = one.result.run, other.result.run
    return mine.info == yours.info and mine.records == yours.records


def _cases(runs: Sequence[AlignedRun], noise_percent: float) -> Iterator[AlignedCase]:
    """The union of all cases, in the order in which they first appear."""
    found = [
        {case.case.id: (index, case) for index, case in enumerate(run.page.result.cases)}
        for run in runs
    ]
    for name in dict.fromkeys(itertools.chain.from_iterable(found)):
        base = found[0].get(name)
        cells = []
        for run, cases in zip(runs, found, strict=True):
            if name not in cases:
                cells.append(AlignedCell())
                continue
            index, result = cases[name]
            ratio = None
            if base is not None and run.footing is not None and not run.footing.problem:
                ratio = _ratio(base[1], result, noise_percent)
            cells.append(AlignedCell(index=index, result=result, ratio=ratio))
        yield AlignedCase(id=name, cells=tuple(cells))


def _ratio(first: CaseResult, other: CaseResult, noise_percent: float) -> Estimate | str | None:
    """How many times slower the other one is, or why that is not said."""
    before, after = list(first.sample_ms.values()), list(other.sample_ms.values())
    if not before or not after:
        return None
    if is_contradicted(first) or is_contradicted(other):
        return "evidence contradicted"
    if not all(0 < value < math.inf for value in (*before, *after)):
        return "a latency that is no time"
    centre = shift([math.log(value) for value in before], [math.log(value) for value in after])
    if centre.low is None or centre.high is None:
        return f"fewer than {LEAST_FOR_INTERVAL} invocations"
    noise = math.log1p(noise_percent / 100)
    return Estimate(
        value=math.exp(centre.value),
        low=math.exp(centre.low - noise),
        high=math.exp(centre.high + noise),
        n=centre.n,
    )
