"""Results of a gate for the tests of its outputs: an ordinary one, and hostile ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from harness.gate_result import Cell, GateResult, GateVerdict, Metric

CONSUMERS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "ci" / "consumers.json").read_text(encoding="utf-8")
)

BIG = "mobilebert-qa-seq128-fp32/xnnpack/threads4/cpus-big"
GPU = "mobilebert-qa-seq128-fp32/gpu/threads1"

SLOWER = Cell(
    case=BIG,
    metric=Metric.LATENCY,
    verdict=GateVerdict.FAIL,
    reason="the slowdown is above the noise floor of 1 %",
    estimate_percent=6.25,
    low_percent=4.9,
    high_percent=7.5,
    noise_floor_percent=1.0,
    tolerance_percent=5.0,
    pairs=12,
    baseline=16.0,
    candidate=17.0,
    confirmed=True,
)
QUIET = Cell(
    case=BIG,
    metric=Metric.INIT,
    verdict=GateVerdict.PASS,
    reason="within the tolerance",
    estimate_percent=-0.2,
    low_percent=-1.0,
    high_percent=0.6,
    noise_floor_percent=2.0,
    tolerance_percent=10.0,
    pairs=12,
    baseline=100.0,
    candidate=99.8,
)
LARGER = Cell(
    case=BIG,
    metric=Metric.SIZE,
    verdict=GateVerdict.PASS,
    reason="within the tolerance",
    estimate_percent=0.0102342,
    tolerance_percent=1.0,
    baseline=97_712_345.0,
    candidate=97_722_345.0,
)
SPLIT = Cell(
    case=BIG,
    metric=Metric.PARTITIONS,
    verdict=GateVerdict.FAIL,
    reason="two partitions more",
    estimate_percent=200.0,
    tolerance_percent=0.0,
    baseline=1.0,
    candidate=3.0,
)
NODES = Cell(
    case=BIG,
    metric=Metric.UNDELEGATED,
    verdict=GateVerdict.PASS,
    reason="unchanged",
    estimate_percent=0.0,
    tolerance_percent=0.0,
    baseline=3.0,
    candidate=3.0,
)
UNDECIDED = Cell(
    case=GPU,
    metric=Metric.LATENCY,
    verdict=GateVerdict.INCONCLUSIVE,
    reason="24 pairs do not decide it",
    estimate_percent=3.0,
    low_percent=-1.0,
    high_percent=7.0,
    noise_floor_percent=1.0,
    tolerance_percent=5.0,
    pairs=24,
    baseline=8.0,
    candidate=8.24,
)
LOST = Cell(
    case=GPU,
    metric=Metric.MEMORY,
    verdict=GateVerdict.INFRASTRUCTURE,
    reason="the phone is gone",
    candidate=120.5,
)
RESULT = GateResult(
    verdict=GateVerdict.FAIL,
    exit_code=1,
    cells=(SLOWER, QUIET, LARGER, SPLIT, NODES, UNDECIDED, LOST),
    minimum_detectable_percent=2.13,
    title="main.tflite against pr.tflite",
    device="Pixel 4",
    notes=("The candidate was throttled more often.",),
)
EMPTY = GateResult(verdict=GateVerdict.PASS, exit_code=0, cells=())

# What breaks markup, commands, tables and terminals.
HOSTILE_TEXT = (
    "@octocat #1 !2 | a`b``c | <script>alert(1)</script> </code> &amp; ]]> ::error::x %0A "
    "\x00\x1b[31m\r\n\u202e\ufffe\ud800 [l](http://x) *a* __b__ ~~c~~ www.x.org \\| \\ \" ' # $x"
)


def hostile(text: str = HOSTILE_TEXT) -> GateResult:
    """A result in which all that is not ours is this text."""
    cells = tuple(
        Cell(
            case=f"{index}{text}/gpu/threads4",
            metric=metric,
            verdict=verdict,
            reason=text,
            candidate=1.5,
        )
        for index, (metric, verdict) in enumerate(zip(Metric, [*GateVerdict] * 2, strict=True))
    )
    return GateResult(
        verdict=GateVerdict.FAIL,
        exit_code=1,
        cells=cells,
        title=text,
        device=text,
        notes=(text, text),
    )


def many(count: int) -> GateResult:
    """A result with so many failed cells, whose texts are long."""
    cells = tuple(
        Cell(
            case=f"{index}-{'m' * 200}/gpu/threads4",
            metric=Metric.LATENCY,
            verdict=GateVerdict.FAIL,
            reason="`" * 400,
        )
        for index in range(count)
    )
    notes = ("`" * 2000,) * 1000
    return GateResult(verdict=GateVerdict.FAIL, exit_code=1, cells=cells, notes=notes)


_NUMBERS = st.none() | st.floats()

RESULTS = st.builds(
    GateResult,
    verdict=st.sampled_from(GateVerdict),
    exit_code=st.integers(0, 4),
    cells=st.lists(
        st.builds(
            Cell,
            case=st.text(),
            metric=st.sampled_from(Metric),
            verdict=st.sampled_from(GateVerdict),
            reason=st.text(),
            estimate_percent=_NUMBERS,
            low_percent=_NUMBERS,
            high_percent=_NUMBERS,
            noise_floor_percent=_NUMBERS,
            tolerance_percent=_NUMBERS,
            pairs=st.integers(0, 1000),
            baseline=_NUMBERS,
            candidate=_NUMBERS,
            confirmed=st.none() | st.booleans(),
        ),
        max_size=4,
    ).map(tuple),
    minimum_detectable_percent=_NUMBERS,
    advisory=st.booleans(),
    title=st.text(),
    device=st.text(),
    notes=st.lists(st.text(), max_size=3).map(tuple),
)
