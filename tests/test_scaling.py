"""Tests of sweeps over threads and tokens: what is compared with what, and what is fitted."""

from __future__ import annotations

import pytest
from factories import make_case, make_facts, make_file_case, make_result

from harness.plan import Arm, Case
from harness.summary import RunResult
from reports.findings.scaling import Sweep, sweep_threads, sweep_tokens

NOISE = [1.00, 1.01, 0.99, 1.02, 0.98, 1.005, 0.995]


def over_threads(latencies: dict[int, float | None]) -> RunResult:
    """Seven rounds whose noise is the same at every count."""
    return make_result(
        {
            make_case(threads=count): [value and value * n for n in NOISE]
            for count, value in latencies.items()
        }
    )


def over_tokens(latencies: dict[int, float | None]) -> RunResult:
    return make_result(
        {
            make_case(sequence_length=count): [value and value * n for n in NOISE]
            for count, value in latencies.items()
        }
    )


def ratios(sweep: Sweep) -> list[tuple[int, int | None, float | None]]:
    return [
        (step.at, step.reference, round(step.ratio.value, 6) if step.ratio else None)
        for step in sweep.steps
    ]


def test_threads_are_compared_with_the_fewest() -> None:
    (sweep,) = sweep_threads(over_threads({4: 25.0, 1: 80.0, 2: 50.0}).cases)

    assert ratios(sweep) == [(1, None, None), (2, 1, 1.6), (4, 1, 3.2)]
    assert [step.index for step in sweep.steps] == [1, 2, 0]
    assert (sweep.overall, sweep.fit) == (sweep.steps[-1].ratio, None)


def test_a_speedup_is_of_the_rounds_that_both_have() -> None:
    samples = {make_case(threads=1): [80.0] * 6 + [8000.0] * 4, make_case(threads=2): [40.0] * 6}

    (sweep,) = sweep_threads(make_result(samples).cases)

    ratio = sweep.steps[1].ratio
    assert ratio is not None
    assert ratio.value == pytest.approx(2.0)
    assert ratio.n == 6


def test_tokens_are_compared_with_the_next_shorter_that_was_measured() -> None:
    (sweep,) = sweep_tokens(over_tokens({64: 10.0, 128: None, 256: 60.0, 384: 90.0}).cases)

    assert ratios(sweep) == [(64, None, None), (128, None, None), (256, 64, 6.0), (384, 256, 1.5)]
    assert sweep.overall is not None
    assert sweep.overall.value == pytest.approx(9.0)
    assert [step.at for step in sweep.measured] == [64, 256, 384]


def test_a_failure_of_the_fewest_threads_leaves_the_next_as_the_reference() -> None:
    (sweep,) = sweep_threads(over_threads({1: None, 2: 40.0, 4: 20.0}).cases)

    assert ratios(sweep) == [(1, None, None), (2, None, None), (4, 2, 2.0)]


def test_three_lengths_are_fitted() -> None:
    latencies: dict[int, float | None] = {n: 0.01 * n**1.5 for n in (32, 64, 128)}

    (sweep,) = sweep_tokens(over_tokens(latencies).cases)

    assert sweep.fit is not None
    assert sweep.fit.exponent == pytest.approx(1.5, abs=0.001)
    assert sweep.fit.points == 3


@pytest.mark.parametrize(
    "latencies",
    [{32: 10.0, 64: 20.0}, {32: 10.0, 64: 10.0, 128: 10.0}, {32: 9.0, 64: 18.0, 9: None}],
)
def test_two_lengths_or_growth_inside_the_noise_are_not_fitted(
    latencies: dict[int, float | None],
) -> None:
    (sweep,) = sweep_tokens(over_tokens(latencies).cases)

    assert sweep.fit is None


@pytest.mark.parametrize("latencies", [{1: 40.0}, {1: 40.0, 2: None}, {1: 0.0, 2: 0.0}])
def test_one_measured_count_is_no_sweep(latencies: dict[int, float | None]) -> None:
    assert sweep_threads(over_threads(latencies).cases) == []
    assert sweep_tokens(over_tokens(latencies).cases) == []


def test_rounds_without_a_common_one_give_no_ratio() -> None:
    samples = {make_case(threads=1): [40.0, None], make_case(threads=2): [None, 20.0]}

    (sweep,) = sweep_threads(make_result(samples).cases)

    assert ratios(sweep) == [(1, None, None), (2, 1, None)]
    assert sweep.overall is None


def test_only_cases_with_all_else_equal_are_compared() -> None:
    cases: list[Case] = [
        make_case(threads=1),
        make_case(threads=2, delegate="cpu"),
        make_case("other", threads=2),
        make_case(threads=2, sequence_length=64, quantization="fp16"),
    ]

    result = make_result(dict.fromkeys(cases, [20.0] * 7))

    assert sweep_threads(result.cases) == []
    assert sweep_tokens(result.cases) == []


def test_files_of_two_lengths_are_no_sweep_for_they_may_differ_in_anything() -> None:
    cases = [make_file_case(f"/m/{length}/m{length}.tflite") for length in (64, 128)]
    models = {
        case.model_id: make_facts(sequence_length=length)
        for case, length in zip(cases, (64, 128), strict=True)
    }

    result = make_result(dict.fromkeys(cases, [20.0] * 7), models=models)

    assert [case.sequence_length for case in result.cases] == [64, 128]
    assert sweep_tokens(result.cases) == []


def test_a_comparison_has_a_sweep_for_each_side() -> None:
    cases = [
        make_case(sequence_length=length, arm=arm, pair=f"mobilebert-qa-seq{length}")
        for length in (64, 128)
        for arm in (Arm.BASELINE, Arm.CANDIDATE)
    ]

    sweeps = sweep_tokens(make_result(dict.fromkeys(cases, [20.0] * 7)).cases)

    assert [sweep.common.arm for sweep in sweeps] == [Arm.BASELINE, Arm.CANDIDATE]
