from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.log import LogError, parse_log
from harness.measurement import FailureKind, Measurement, ToolLog

_LOGS = Path(__file__).parent / "data" / "benchmark_model"


def read(name: str) -> ToolLog:
    """The log of an invocation that had a result."""
    stdout = (_LOGS / f"{name}.stdout").read_text()
    return ToolLog(stdout=stdout, stderr="", exit_code=0)


# The operator profile is left out: most damage would land in it.
_RESULTS = [
    *(read(name) for name in ("ok", "peak", "verbose", "sample_tf_2_0", "sample_tf_2_2")),
    *(read(name) for name in ("sample_tf_2_3", "sample_litert_percentiles")),
]


@pytest.mark.parametrize(
    "text",
    [
        "count=" + "1" * 4_000_000,
        "Replacing 1 node(s) with delegate (" * 100_000,
        "The size of " + " is 1 bytes. It" * 200_000,
        "INFO: [" * 500_000,
        "ERROR: Node number 2 (GATHER) failed to prepare.\n" * 80_000,
        "WARN: linker: unused DT\n" * 160_000,
        "count=\n" * 500_000,
        "\r" * 4_000_000,
    ],
    ids=lambda text: text[:16],
)
def test_megabytes_of_odd_text_are_refused_in_no_time(text: str) -> None:
    start_s = time.perf_counter()

    with pytest.raises(LogError):
        parse_log(ToolLog(stdout=text, stderr=text, exit_code=0))

    assert time.perf_counter() - start_s < 10  # a pattern that backtracks needs hours


_EXIT_CODES = st.one_of(st.just(0), st.none(), st.integers(-70, 300))
_ODD_LINES = ["count=1 curr=73", "count=3 curr=0(all same)", "count=0 p5=0 median=0 p95=0"]
_LINES = st.sampled_from(
    [*_ODD_LINES, *sorted({line for log in _RESULTS for line in log.stdout.split("\n")})]
)


@st.composite
def _mutated(draw: st.DrawFn, text: str) -> str:
    """A real log with lines lost, repeated, moved or cut, and bytes overwritten."""
    lines = text.split("\n")
    for _ in range(draw(st.integers(0, 4))):
        index = draw(st.integers(0, len(lines) - 1))
        change = draw(st.sampled_from(["delete", "repeat", "swap", "cut", "splice", "insert"]))
        line = lines[index]
        at = draw(st.integers(0, len(line)))
        if change == "delete" and len(lines) > 1:
            del lines[index]
        elif change == "repeat":
            lines.insert(index, line)
        elif change == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[index], lines[other] = lines[other], line
        elif change == "cut":
            lines[index] = line[:at]
        elif change == "insert":
            lines.insert(index, draw(_LINES))
        else:
            piece = draw(st.text("0123456789-.e=+naif \r\n\0", max_size=6) | st.text(max_size=3))
            lines[index] = line[:at] + piece + line[at + len(piece) :]
    return "\n".join(lines)


def outcome(log: ToolLog) -> Measurement | LogError:
    try:
        return parse_log(log)
    except LogError as error:
        return error


def assert_trustworthy(log: ToolLog) -> None:
    """Whatever the log is, it gives a usable measurement or an error fit for a person."""
    result = outcome(log)
    if isinstance(result, LogError):
        assert isinstance(result.kind, FailureKind)
        assert 0 < len(str(result)) < 3000
        assert str(result).count("\n") <= 2
        return
    lines = f"{log.stdout}\n{log.stderr}".split("\n")
    phases = [line for line in lines if line.startswith(("count=", "INFO: count="))]
    assert log.exit_code == 0
    assert len(phases) == 2
    assert f"count={result.inference.count} " in phases[1]
    assert math.isfinite(result.latency_us)
    assert result.latency_us > 0


@settings(deadline=None, max_examples=150)
@given(stdout=st.text() | st.lists(_LINES).map("\n".join), stderr=st.text(), code=_EXIT_CODES)
def test_any_text_is_a_measurement_or_a_log_error(
    stdout: str, stderr: str, code: int | None
) -> None:
    assert_trustworthy(ToolLog(stdout=stdout, stderr=stderr, exit_code=code))


@settings(deadline=None, max_examples=400)
@given(data=st.data(), log=st.sampled_from(_RESULTS), code=_EXIT_CODES)
def test_a_damaged_log_is_a_measurement_or_a_log_error(
    data: st.DataObject, log: ToolLog, code: int | None
) -> None:
    stdout = data.draw(_mutated(log.stdout))

    assert_trustworthy(ToolLog(stdout=stdout, stderr=log.stderr, exit_code=code))


@settings(deadline=None, max_examples=400)
@given(data=st.data(), log=st.sampled_from(_RESULTS))
def test_a_damaged_number_is_never_taken_for_another(data: st.DataObject, log: ToolLog) -> None:
    """The latency stands in the phase line and in the summary: damage to one shows."""
    lines = log.stdout.split("\n")
    wanted = [i for i, line in enumerate(lines) if "count=" in line or "timings in us" in line]
    index = data.draw(st.sampled_from(wanted))
    lines[index] = data.draw(_mutated(lines[index]))

    result = outcome(ToolLog(stdout="\n".join(lines), stderr=log.stderr, exit_code=0))

    if isinstance(result, Measurement):
        expected_us = parse_log(log).inference.average_us
        assert result.inference.average_us == pytest.approx(expected_us, rel=1e-5)


@pytest.mark.parametrize("log", _RESULTS, ids=lambda log: log.stdout[-40:-1])
def test_every_damage_to_the_order_of_the_phases_is_refused(log: ToolLog) -> None:
    lines = log.stdout.split("\n")
    warmup, inference = (i for i, line in enumerate(lines) if "count=" in line)
    exchanged = [*lines]
    exchanged[warmup], exchanged[inference] = lines[inference], lines[warmup]
    only_warmup = [line for line in lines if line != lines[inference]]
    only_inference = [line for line in lines if line != lines[warmup]]
    twice = [*only_inference, lines[inference]]

    results = [
        outcome(ToolLog(stdout="\n".join(each), stderr=log.stderr, exit_code=0))
        for each in (exchanged, only_warmup, only_inference, twice)
    ]

    assert [error.kind for error in results if isinstance(error, LogError)] == [
        FailureKind.IMPLAUSIBLE,
        FailureKind.NO_RESULT,
        FailureKind.NO_RESULT,
        FailureKind.IMPLAUSIBLE,
    ]
