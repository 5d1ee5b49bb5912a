from __future__ import annotations

import dataclasses
import json

from harness.noise import CellNoise, Noise
from reports.texts.noise import noise_document, render_noise

CELL = CellNoise(
    cell="mobilebert-qa-seq128-fp32/xnnpack/threads4",
    comparisons=20,
    failed=1,
    inconclusive=2,
    pairs=9.6,
    latency_ms=14.123,
    scatter_percent=1.234,
    sessions_percent=2.5,
    detectable_percent=3.14159,
    tolerance_percent=5.0,
)
NOISE = Noise(
    comparisons=20,
    unmeasured=0,
    red=1,
    red_at_most_percent=21.6,
    judged_cells=60,
    false_alarms=("mobilebert-qa-seq128-fp32/xnnpack/threads4 latency: +6.1 %",),
    cell_at_most_percent=7.66,
    problems=(),
    cells=(CELL, dataclasses.replace(
        CELL, cell="other/cpu/threads1", failed=0, sessions_percent=None, detectable_percent=None,
    )),
    advice=("Do something about it.",),
)  # fmt: skip

TEXT = """\
cell
  comparisons  false alarms  unclear  pairs  latency  scatter  sessions  visible
--------------------------------------------------------------------------------
mobilebert-qa-seq128-fp32/xnnpack/threads4
           20             1        2    9.6  14.1 ms   1.23 %    2.50 %   3.14 %
other/cpu/threads1
           20             0        2    9.6  14.1 ms   1.23 %         -        -

1 of 20 comparisons of a model with itself failed (at most 22 % do, with 95 % confidence); 1 of 60
  judged cells did (at most 7.7 %).
- mobilebert-qa-seq128-fp32/xnnpack/threads4 latency: +6.1 %

scatter: of a pair's ratio (standard deviation); sessions: of the latency between comparisons;
  visible: the smallest slowdown that is found with 80 % probability

Do something about it."""


def test_the_text_has_a_table_the_alarms_their_bounds_and_the_advice() -> None:
    assert render_noise(NOISE) == TEXT


def test_what_could_not_be_measured_is_told_with_its_reason() -> None:
    noise = dataclasses.replace(NOISE, unmeasured=3, problems=("a cell latency: it failed",))

    lines = render_noise(noise).splitlines()

    assert "  judged cells did (at most 7.7 %); 3 could not be measured or proven." in lines
    assert "- a cell latency: it failed" in lines


def test_nothing_measured_is_told_as_such() -> None:
    nothing = Noise(
        comparisons=0,
        unmeasured=2,
        red=0,
        red_at_most_percent=None,
        judged_cells=0,
        false_alarms=(),
        cell_at_most_percent=None,
        problems=("a cell latency: it failed",),
        cells=(),
        advice=(),
    )

    text = render_noise(nothing)
    assert "No comparison was measured; 2 could not be measured or proven.\n- a cell" in text
    assert "No comparison was measured." in render_noise(dataclasses.replace(nothing, unmeasured=0))


def test_hostile_names_and_reasons_do_nothing_to_a_terminal() -> None:
    hostile = "::error ::##[group]\x1b[2J\r\nfake: pass\u202e" + "x" * 5000
    noise = dataclasses.replace(
        NOISE,
        cells=(dataclasses.replace(CELL, cell=hostile),),
        false_alarms=(hostile,),
        problems=(hostile,),
        advice=(hostile,),
    )

    lines = render_noise(noise).split("\n")

    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) <= 100
    assert len(lines) < 60
    assert not any(line.lstrip().startswith(("fake", "::")) or "##[" in line for line in lines)


def test_the_document_holds_all_of_it_and_null_for_what_is_unknown() -> None:
    document = json.loads(json.dumps(noise_document(NOISE, "out/aa"), allow_nan=False))

    assert document == {
        "schema": 1,
        "run": "out/aa",
        "comparisons": 20,
        "unmeasured": 0,
        "red": 1,
        "red_at_most_percent": 21.6,
        "judged_cells": 60,
        "false_alarms": list(NOISE.false_alarms),
        "cell_at_most_percent": 7.66,
        "problems": [],
        "cells": [dataclasses.asdict(cell) for cell in NOISE.cells],
        "advice": ["Do something about it."],
    }
    assert document["cells"][1]["detectable_percent"] is None
