from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from gate_samples import BIG, EMPTY, GPU, RESULT, RESULTS, SLOWER, hostile
from hypothesis import given, settings

from harness.gate_result import Cell, GateResult, GateVerdict, Metric
from reports.texts.gate import render_gate


def test_the_table_the_reasons_and_the_smallest_visible_change() -> None:
    assert (
        render_gate(RESULT)
        == f"""\
case
  metric                change   95 % interval  pairs  verdict
---------------------------------------------------------------------
{BIG}
  latency               +6.2 %  +4.9 to +7.5 %     12  fail
  init                       ~  -1.0 to +0.6 %     12  pass
  size               +0.0102 %               -      -  pass
  partitions                +2               -      -  fail
  undelegated-nodes       same               -      -  pass
{GPU}
  latency                    ~  -1.0 to +7.0 %     24  inconclusive
  memory                     -               -      -  infrastructure

{BIG} latency: FAIL
  16 -> 17 ms
  the slowdown is above the noise floor of 1 %. A second, fresh measurement agrees.

{BIG} partitions: FAIL
  1 -> 3 partitions
  two partitions more

{GPU} latency: INCONCLUSIVE
  8 -> 8.24 ms
  24 pairs do not decide it

{GPU} memory: INFRASTRUCTURE
  - -> 120.5 MB
  the phone is gone

fail: a regression is proven
7 cells: 2 fail, 1 infrastructure, 1 inconclusive, 3 pass
The smallest slowdown that this comparison would have found: 2.1 %.
note: The candidate was throttled more often."""
    )


@pytest.mark.parametrize(
    ("cell", "change"),
    [
        (replace(SLOWER, estimate_percent=0.7, low_percent=0.5, high_percent=0.9), "~"),
        (
            replace(
                SLOWER,
                estimate_percent=0.7,
                low_percent=0.5,
                high_percent=0.9,
                noise_floor_percent=0.5,
            ),
            "+0.7 %",
        ),
        # Without an interval nobody knows whether it is noise.
        (replace(SLOWER, low_percent=None, high_percent=None), "-"),
    ],
)
def test_a_difference_that_may_be_noise_is_no_percentage(cell: Cell, change: str) -> None:
    result = GateResult(verdict=GateVerdict.PASS, exit_code=0, cells=(cell,))

    row = next(line for line in render_gate(result).splitlines() if line.startswith("  latency"))
    assert row.removeprefix("  latency").strip().split("  ")[0] == change


def test_advice_is_called_advice_and_an_unknown_limit_unknown() -> None:
    result = replace(RESULT, advisory=True, minimum_detectable_percent=None)

    assert render_gate(result).splitlines()[-4:] == [
        "fail: a regression is proven (advice only)",
        "7 cells: 2 fail, 1 infrastructure, 1 inconclusive, 3 pass",
        "How small a slowdown this comparison would have found is not known.",
        "note: The candidate was throttled more often.",
    ]


def test_no_cells_are_said_to_be_none() -> None:
    assert render_gate(EMPTY).splitlines()[-3:-1] == ["pass: no regression", "no cells"]


def test_hostile_text_stays_within_its_lines() -> None:
    lines = render_gate(hostile()).splitlines()

    assert max(map(len, lines)) <= 100
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for line in lines for c in line)


@pytest.mark.parametrize("text", ["::error::x", "  ::error title=a::x", "x ##[error]x", "##[x]"])
def test_no_line_is_a_command_to_the_runner_of_a_job(text: str) -> None:
    cells = tuple(
        Cell(case=text, metric=metric, verdict=GateVerdict.FAIL, reason=text)
        for metric in (Metric.LATENCY, Metric.SIZE)
    )
    result = GateResult(verdict=GateVerdict.FAIL, exit_code=1, cells=cells, notes=(text,))

    for line in render_gate(result).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@settings(max_examples=50, deadline=None)
@given(RESULTS)
def test_no_line_is_longer_than_a_hundred_columns(result: GateResult) -> None:
    assert max(map(len, render_gate(result).split("\n"))) <= 100
