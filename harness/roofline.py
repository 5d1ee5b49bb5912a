"""How much of what the CPUs can do at most a latency amounts to; more than all of it is a mistake.

The peak of a phone is a formula: the widest arithmetic of its fastest CPUs at their highest clocks.
That of a host was measured when the run began.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from android_runner.cpu_mask import Mask, parse_mask_word
from android_runner.pixels import Pixel, load_pixels, peak_gflops
from harness.checks import Check, Verdict
from harness.device import ClusterState
from harness.plan import Case
from harness.record import ModelFacts, Record, RunInfo
from models.catalog import Quantization

_ON_CPU = ("default", "xnnpack", "cpu")

# No core exceeds its formula. A measured peak is only what one product reached at one moment: a
# model can have shapes that suit the CPU better, and clocks and other work change.
_FORMULA_LIMIT_PERCENT = 100.0
_MEASURED_LIMIT_PERCENT = 115.0
# Of int8 over fp32: of 128 bits, Arm's SMMLA (v8.6) makes 32 multiply-accumulates and FMLA makes 4.
# A core without SMMLA reaches half of that, or less.
_INT8_FACTOR = 8


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """The rate of a case and the peak of its CPUs, in 10^9 operations per second.

    A multiply-accumulate counts as two. `peak_source` says where the peak is from, or why there
    is none; it is that of products of `numbers`, `fp32` or `int8`. A share above `limit_percent`
    cannot be, if the case is known to compute with these (`comparable`): others may be faster.
    `arithmetic` shows how the rate came about.
    """

    gflops: float
    peak_gflops: float | None
    peak_source: str
    limit_percent: float = _FORMULA_LIMIT_PERCENT
    numbers: str = "fp32"
    comparable: bool = True
    arithmetic: str = ""

    @property
    def share_percent(self) -> float | None:
        """The rate in percent of the peak."""
        return None if self.peak_gflops is None else 100 * self.gflops / self.peak_gflops


@dataclass(frozen=True, kw_only=True)
class _Peak:
    gflops: float | None
    source: str


def runs_on_cpus(case: Case) -> bool:
    """Whether a case's delegate computes on the CPUs, whose peak can be known."""
    return case.delegate.partition(":")[0] in _ON_CPU


def find_roofline(
    case: Case, latency_ms: float, model: ModelFacts, info: RunInfo, record: Record
) -> Roofline | None:
    """The rate that a latency amounts to; None without a count of multiply-accumulates.

    `record` tells on which CPUs the case ran, and how fast they can be.
    """
    if model.macs <= 0 or latency_ms <= 0:
        return None
    phone = info.device.kind == "phone"
    gflops = 2 * model.macs / latency_ms / 1e6
    fp32 = case.quantization == Quantization.FP32 or model.weight_types == ("float32",)
    int8 = not fp32 and "int8" in model.weight_types and (phone or bool(info.peak_int8_gops))
    peak = _find_peak(case, info, record, int8=int8)
    return Roofline(
        gflops=gflops,
        peak_gflops=peak.gflops,
        peak_source=peak.source,
        limit_percent=_FORMULA_LIMIT_PERCENT if phone else _MEASURED_LIMIT_PERCENT,
        numbers="int8" if int8 else "fp32",
        comparable=fp32 or int8,
        arithmetic=f"2 x {model.macs} MACs / {latency_ms:.6g} ms = {gflops:.4g} GFLOP/s",
    )


def check_roofline(roofline: Roofline | None) -> Check:
    """A rate that the CPUs cannot have shows that something else ran, or nothing."""
    if roofline is None:
        return Check(
            name="roofline",
            requested="no more than the CPUs can do",
            observed="unknown: the model's multiplications were not counted",
            verdict=Verdict.UNPROVEN,
        )
    raw = f"{roofline.arithmetic}\npeak: {roofline.peak_source}".strip()
    share, peak = roofline.share_percent, roofline.peak_gflops
    if share is None or peak is None:
        return Check(
            name="roofline",
            requested="no more than the CPUs can do",
            observed=f"{roofline.gflops:.4g} GFLOP/s; no peak: {roofline.peak_source}",
            verdict=Verdict.UNPROVEN,
            raw=raw,
        )
    observed = f"{roofline.gflops:.4g} GFLOP/s, {share:.0f} %"
    verdict = Verdict.PROVEN
    if share > roofline.limit_percent:
        verdict = Verdict.CONTRADICTED if roofline.comparable else Verdict.UNPROVEN
        observed += "" if roofline.comparable else "; arithmetic other than fp32 can be faster"
    limit = f"{roofline.limit_percent:.0f} % of {peak:.4g} GFLOP/s in {roofline.numbers}"
    return Check(
        name="roofline",
        requested=f"at most {limit}",
        observed=observed,
        verdict=verdict,
        raw=raw,
    )


def _find_peak(case: Case, info: RunInfo, record: Record, *, int8: bool) -> _Peak:
    kind = case.delegate.partition(":")[0]
    if kind not in _ON_CPU:
        return _Peak(gflops=None, source=f"the {kind} delegate need not run on the CPUs")
    mask = parse_mask_word(record.cpu_mask or record.requested_mask or "")
    if info.device.kind == "phone":
        factor = _INT8_FACTOR if int8 else 1
        return _peak_of_phone(case.threads, mask, info.device.name, record, factor)
    measured = info.peak_int8_gops if int8 else info.peak_gflops
    return _peak_of_host(case.threads, mask, measured, "int8" if int8 else "fp32")


def _peak_of_host(
    threads: int, mask: Mask | None, measured: dict[int, float], numbers: str
) -> _Peak:
    """A peak of more threads is one too, only a less close one."""
    used = min(threads, len(mask.cpus)) if mask else threads
    found = min((count for count in measured if count >= used), default=None)
    if found is None:
        return _Peak(gflops=None, source=f"none was measured with {_threads(used)}")
    product = f"a matrix product in {numbers} with {_threads(found)}"
    source = f"{product} on this host, measured as the run began"
    return _Peak(gflops=measured[found], source=source)


def _peak_of_phone(
    threads: int, mask: Mask | None, name: str, record: Record, factor: int
) -> _Peak:
    """The sum over the fastest allowed CPUs, one for each thread; of all CPUs without a mask."""
    pixel = next((pixel for pixel in load_pixels() if pixel.alias == name), None)
    if pixel is None:
        return _Peak(gflops=None, source=f"the CPUs of {name!r} are not known")
    cores = {cpu: one for one in _cores(pixel, _clusters(record), factor) for cpu in one.cpus}
    allowed = mask.cpus if mask else tuple(cores)
    if not set(allowed) <= cores.keys():
        known, seen = Mask.of(cores).hex, Mask.of(allowed).hex
        return _Peak(gflops=None, source=f"{name} is known with the CPUs {known}, not {seen}")
    fastest = sorted(allowed, key=lambda cpu: (-cores[cpu].gflops, cpu))[:threads]
    terms = [
        f"{len(used)} x {core.gflops:.4g} (CPU {', '.join(map(str, used))}: {core.how})"
        for core in dict.fromkeys(cores[cpu] for cpu in fastest)
        if (used := [cpu for cpu in fastest if cpu in core.cpus])
    ]
    peak = sum(cores[cpu].gflops for cpu in fastest)
    return _Peak(gflops=peak, source=f"{' + '.join(terms)} = {peak:.4g} GFLOP/s, by formula")


@dataclass(frozen=True, kw_only=True)
class _Cores:
    """CPUs of one kind, and what each of them can do."""

    cpus: tuple[int, ...]
    gflops: float
    how: str


def _cores(pixel: Pixel, seen: dict[int, ClusterState], factor: int) -> Iterator[_Cores]:
    for cluster in pixel.clusters:
        state = seen.get(cluster.cpus[0])
        khz = state.highest_khz if state is not None else None
        ghz = (cluster.max_khz if khz is None else khz) / 1e6
        yield _Cores(
            cpus=cluster.cpus,
            gflops=factor * peak_gflops(cluster, khz),
            how=f"{cluster.core}, {factor * cluster.fp32_flops_per_cycle} a cycle at {ghz:.4g} GHz",
        )


def _clusters(record: Record) -> dict[int, ClusterState]:
    """The state of the clock of each CPU, as far as the phone told."""
    return {
        cpu: cluster
        for seen in (record.before, record.after)
        if seen is not None
        for cluster in seen.clusters
        if cluster.highest_khz is not None
        for cpu in cluster.cpus
    }


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
