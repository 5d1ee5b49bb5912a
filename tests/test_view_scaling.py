"""Tests of scaling over threads and tokens as the page prints it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_case, make_result

from harness.plan import Case
from harness.summary import RunResult
from reports.cells import Number
from reports.findings.ratios import RatioCell
from reports.html import render_report
from reports.page import RunPage
from reports.views.scaling import Scaling, SweepRow, SweepRows, build_scaling

NOISE = [1.00, 1.01, 0.99, 1.02, 0.98, 1.005, 0.995]
REFERENCE = RatioCell(value="–", note="reference")
NOTHING = RatioCell(value="–", note="")


def steady(latency_ms: float | None) -> list[float | None]:
    """Seven rounds with the same noise for all cases."""
    return [None if latency_ms is None else latency_ms * noise for noise in NOISE]


def run_of(latencies: dict[Case, float | None]) -> RunResult:
    return make_result({case: steady(value) for case, value in latencies.items()})


def over_threads(latencies: dict[int, float | None]) -> RunResult:
    return run_of({make_case(threads=count): value for count, value in latencies.items()})


def over_tokens(latencies: dict[int, float | None]) -> RunResult:
    return run_of({make_case(sequence_length=count): value for count, value in latencies.items()})


def only(result: RunResult) -> Scaling:
    (scaling,) = build_scaling(result, "run-1")
    return scaling


def growth(result: RunResult) -> RatioCell | None:
    (sweep,) = only(result).sweeps
    return sweep.growth


def test_threads_have_speedup_and_efficiency() -> None:
    scaling = only(over_threads({1: 80.0, 4: 25.0}))

    assert (scaling.name, scaling.title) == ("threads", "Scaling over threads")
    assert scaling.headings == ("Threads", "Speedup", "Efficiency, %")
    assert scaling.sweeps == (
        SweepRows(
            model="mobilebert-qa-seq128-fp32",
            setting="xnnpack",
            growth=None,
            rows=(
                SweepRow(
                    anchor="run-1-case-1",
                    count="1",
                    latency=Number(text="80.0"),
                    interval="79.0 to 81.0",
                    problem="",
                    ratio=REFERENCE,
                    derived=NOTHING,
                ),
                SweepRow(
                    anchor="run-1-case-2",
                    count="4",
                    latency=Number(text="25.0"),
                    interval="24.7 to 25.3",
                    problem="",
                    ratio=RatioCell(value="3.20×", note="3.20 to 3.20 (n = 7)"),
                    derived=RatioCell(value="80.0", note="80.0 to 80.0"),
                ),
            ),
            span="2",
        ),
    )


def test_a_speedup_inside_the_noise_is_no_number() -> None:
    one, two = make_case(threads=1), make_case(threads=2)
    samples: dict[Case, list[float | None]] = {
        one: steady(20.0),
        two: [20.0 * noise for noise in reversed(NOISE)],
    }

    scaling = only(make_result(samples))

    row = scaling.sweeps[0].rows[1]
    assert (row.ratio.value, row.derived) == ("~", RatioCell(value="~", note=""))
    assert row.ratio.note.endswith("(n = 7) holds 1")
    assert scaling.finding == (
        "In the sweep the first and the last do not differ outside the noise (~)."
    )


def test_few_rounds_have_no_interval_and_say_so() -> None:
    samples = {make_case(threads=n): [80.0 / n] * 5 for n in (1, 2)}

    row = only(make_result(samples)).sweeps[0].rows[1]

    assert row.interval == "no interval"
    assert row.ratio == RatioCell(value="2.00×", note="no interval (n = 5)")
    assert row.derived == RatioCell(value="100", note="no interval")


def test_a_failed_count_says_so_in_its_row() -> None:
    (sweep,) = only(over_threads({1: 80.0, 2: None, 4: 25.0})).sweeps

    failed = sweep.rows[1]
    assert (failed.latency, failed.interval) == (Number(text="–"), "–")
    assert (failed.problem, failed.ratio, failed.derived) == ("failed: signal", NOTHING, NOTHING)
    assert sweep.has_problem


def test_the_least_and_the_largest_speedup_are_told() -> None:
    latencies: dict[Case, float | None] = {
        make_case(model, threads=threads): 80.0 / factor**doublings
        for model, factor in (("bert-base", 1.9), ("mobilebert", 1.5))
        for doublings, threads in enumerate((1, 2, 4))
    }

    finding = only(run_of(latencies)).finding

    assert finding == (
        "Speedup with the most threads: from 2.25× with 4 threads (mobilebert, qa, 128 tokens, "
        "fp32, xnnpack) to 3.61× with 4 threads (bert-base, qa, 128 tokens, fp32, xnnpack)."
    )


def test_three_lengths_have_a_fit_that_says_on_what_it_rests() -> None:
    result = over_tokens({32: 2.0, 64: 4.2, 128: 8.0})

    scaling = only(result)

    assert (scaling.name, scaling.title) == ("tokens", "Scaling over sequence length")
    assert scaling.sweeps[0].model == "mobilebert-qa-fp32"
    assert scaling.sweeps[0].setting == "xnnpack, 4 threads"
    assert growth(result) == RatioCell(
        value="grows as S^1.00", note="3 lengths, at most 3.31 % off"
    )
    assert scaling.finding.startswith("Growth of the latency with the tokens S: S^1.00 (")
    assert "least squares of log latency over log tokens" in scaling.table_caption


def test_lengths_have_a_ratio_and_the_exponent_between_them() -> None:
    rows = only(over_tokens({32: 2.0, 64: 4.0, 128: 16.0})).sweeps[0].rows

    assert [(row.count, row.ratio.value, row.derived.value) for row in rows] == [
        ("32", "–", "–"),
        ("64", "2.00×", "1.00"),
        ("128", "4.00×", "2.00"),
    ]


def test_two_lengths_give_the_ratio_only() -> None:
    result = over_tokens({128: 10.0, 384: 35.0})

    assert growth(result) == RatioCell(
        value="3.50×",
        note="384 against 128 tokens, 3.50 to 3.50 (n = 7); 2 lengths give no fit",
    )
    assert only(result).finding == (
        "Latency, without a fit: 3.50× for 384 against 128 tokens (mobilebert, qa, fp32, xnnpack, "
        "4 threads)."
    )


def test_growth_inside_the_noise_is_no_number() -> None:
    samples: dict[Case, list[float | None]] = {
        make_case(sequence_length=32): steady(20.0),
        make_case(sequence_length=64): steady(20.0),
        make_case(sequence_length=128): [20.0 * noise for noise in reversed(NOISE)],
    }

    assert growth(make_result(samples)) == RatioCell(value="~", note="no growth outside the noise")


@pytest.mark.parametrize("count", [1, 3])
def test_what_was_not_swept_is_not_shown(count: int) -> None:
    cases = [make_case(f"model-{n}") for n in range(count)]

    assert build_scaling(run_of(dict.fromkeys(cases, 20.0)), "run-1") == ()


def test_many_sweeps_are_folded_by_model_and_their_table_too() -> None:
    latencies: dict[Case, float | None] = {
        make_case(f"model-{model}", threads=threads, delegate=f"external:/{delegate}"): 80.0
        / threads
        for model in range(3)
        for delegate in range(9)
        for threads in (1, 2)
    }

    scaling = only(run_of(latencies))

    assert scaling.chart == ""
    summaries = [fold.summary for fold in scaling.folds]
    assert summaries == [f"model-{model}: 9 settings" for model in range(3)]
    assert scaling.chart_caption.startswith("Too many for one chart: ")
    assert scaling.summary == "Table of speedups: 54 cases"
    assert len(scaling.sweeps) == 27


def test_very_many_sweeps_are_not_all_drawn() -> None:
    latencies: dict[Case, float | None] = {
        make_case(f"model-{model}", threads=threads, sequence_length=length): 80.0 / threads
        for model in range(41)
        for length in (64, 65)
        for threads in (1, 2)
    }

    threads = build_scaling(run_of(latencies), "run-1")[0]

    assert {fold.summary.partition(": ")[2] for fold in threads.folds} == {"2 settings, 1 drawn"}
    assert len(threads.folds) == 40
    assert len(threads.sweeps) == 82


def test_a_hostile_name_is_text_in_the_page() -> None:
    name = "<script>alert(1)</script>"
    latencies: dict[Case, float | None] = {
        replace(make_case(name), threads=threads, delegate=f"external:{name}"): 80.0 / threads
        for threads in (1, 2)
    }

    html = render_report([RunPage(result=run_of(latencies))])

    assert "<script>alert" not in html
    assert "Scaling over threads" in html
