"""What the sweeps of a run show, in sentences for the page and for its charts."""

from __future__ import annotations

from collections.abc import Sequence

from harness.statistics import Estimate
from reports.cells import number, one_line
from reports.findings.ratios import IN_THE_NOISE, RatioCell, is_in_noise, ratio_cell
from reports.findings.scaling import Sweep
from reports.labels import setting_label, varying

_AXES = ("task", "sequence_length", "quantization", "delegate", "threads", "cpus")


def name_sweeps(sweeps: Sequence[Sweep], swept: str) -> list[tuple[str, str]]:
    """Model and setting of each sweep along this axis; of settings only what tells them apart."""
    axes = varying([sweep.common for sweep in sweeps], [axis for axis in _AXES if axis != swept])
    return [
        (
            one_line(" ".join(filter(None, (sweep.common.arm, sweep.common.model))), 60),
            setting_label(sweep.common, axes),
        )
        for sweep in sweeps
    ]


def growth_cell(sweep: Sweep) -> RatioCell:
    """`S^1.23` with what it rests on, or the ratio of the two lengths that there are."""
    if sweep.overall is not None and is_in_noise(sweep.overall):
        return RatioCell(value=IN_THE_NOISE, note="no growth outside the noise")
    count = len(sweep.measured)
    if sweep.fit is not None:
        miss = number(sweep.fit.largest_miss_percent)
        return RatioCell(
            value=f"grows as {_power(sweep)}", note=f"{count} lengths, at most {miss} % off"
        )
    ratio = ratio_cell(sweep.overall)
    ends = f"{sweep.measured[-1].at} against {sweep.measured[0].at} tokens"
    return RatioCell(value=ratio.value, note=f"{ends}, {ratio.note}; {count} lengths give no fit")


def find_speedup(sweeps: Sequence[Sweep]) -> str:
    """The least and the largest speedup with the most threads of each sweep."""
    shown = [
        (
            sweep.overall.value,
            f"{number(sweep.overall.value)}× with {sweep.measured[-1].at} threads ({name})",
        )
        for sweep, name in _named(sweeps, "threads")
        if sweep.overall is not None and not is_in_noise(sweep.overall)
    ]
    return _sentences("Speedup with the most threads", shown, sweeps)


def find_growth(sweeps: Sequence[Sweep]) -> str:
    """The least and the largest growth; of two lengths the ratio of their latencies."""
    named = _named(sweeps, "sequence_length")
    fitted = [
        (sweep.fit.exponent, f"{_power(sweep)} ({name})")
        for sweep, name in named
        if sweep.fit is not None
    ]
    pairs = [
        (
            sweep.overall.value,
            f"{number(sweep.overall.value)}× for {sweep.measured[-1].at} against "
            f"{sweep.measured[0].at} tokens ({name})",
        )
        for sweep, name in named
        if sweep.fit is None and sweep.overall is not None and not is_in_noise(sweep.overall)
    ]
    parts = [_range("Growth of the latency with the tokens S", fitted)] if fitted else []
    return " ".join([*parts, _sentences("Latency, without a fit", pairs, sweeps)]).strip()


def _named(sweeps: Sequence[Sweep], swept: str) -> list[tuple[Sweep, str]]:
    names = [", ".join(filter(None, name)) for name in name_sweeps(sweeps, swept)]
    return list(zip(sweeps, names, strict=True))


def _sentences(subject: str, shown: Sequence[tuple[float, str]], sweeps: Sequence[Sweep]) -> str:
    parts = [_range(subject, shown)] if shown else []
    noisy = sum(_is_noise(sweep.overall) for sweep in sweeps)
    if noisy:
        them = "the sweep" if len(sweeps) == 1 else f"{noisy} of {len(sweeps)} sweeps"
        parts.append(f"In {them} the first and the last do not differ outside the noise (~).")
    return " ".join(parts)


def _range(subject: str, shown: Sequence[tuple[float, str]]) -> str:
    least, most = min(shown), max(shown)
    if least == most:
        return f"{subject}: {least[1]}."
    return f"{subject}: from {least[1]} to {most[1]}."


def _is_noise(ratio: Estimate | None) -> bool:
    return ratio is not None and is_in_noise(ratio)


def _power(sweep: Sweep) -> str:
    assert sweep.fit is not None
    return f"S^{sweep.fit.exponent:.2f}"
