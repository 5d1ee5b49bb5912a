"""Tests of a device's noise as strings: bounds, rows, and lists that end."""

from __future__ import annotations

from dataclasses import replace

from harness.noise import CellNoise, Noise
from reports.views.noise import NoiseRow, NoiseView, build_noise

CELL = CellNoise(
    cell="mobilebert/xnnpack/threads4",
    comparisons=20,
    failed=1,
    inconclusive=2,
    pairs=9.25,
    latency_ms=62.04,
    scatter_percent=1.234,
    sessions_percent=None,
    detectable_percent=3.456,
    tolerance_percent=5.0,
)
NOISE = Noise(
    comparisons=20,
    unmeasured=1,
    red=1,
    red_at_most_percent=21.6,
    judged_cells=80,
    false_alarms=("a latency: +6.1 %",),
    cell_at_most_percent=5.79,
    problems=("b latency:\nno tool",),
    cells=(CELL,),
    advice=("look for heat",),
)


def test_all_of_it_is_told() -> None:
    assert build_noise(NOISE) == NoiseView(
        bound="1 of 20 comparisons of a model with itself failed (at most 22 % do, with 95 % "
        "confidence); 1 of 80 judged cells did (at most 5.8 %); 1 could not be measured or proven.",
        alarms=("a latency: +6.1 %",),
        problems=("b latency: no tool",),
        rows=(
            NoiseRow(
                name="mobilebert/xnnpack/threads4",
                comparisons="20",
                failed="1",
                undecided="2",
                pairs="9.2",
                latency="62.0",
                scatter="1.23 %",
                sessions="–",
                smallest="3.46 %",
            ),
        ),
        more="",
        advice=("look for heat",),
    )


def test_very_many_cells_and_problems_are_cut() -> None:
    shown = build_noise(replace(NOISE, cells=(CELL,) * 130, problems=("a",) * 250))

    assert (len(shown.rows), shown.more) == (100, "and 30 other cells")
    assert shown.problems[-1] == "and 150 more"
    assert len(shown.problems) == 101
