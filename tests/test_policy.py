from __future__ import annotations

from pathlib import Path

import pytest

from harness.gate_result import Metric
from harness.policy import (
    DEFAULT_RULE,
    CaseRule,
    CellLimits,
    Inconclusive,
    Missing,
    Policy,
)
from harness.policy_file import load_policy

CASE = "mobilebert-qa-seq128-fp32/gpu/threads1"

EVERYTHING = """\
noise_floor_percent = 0.5
inconclusive = "strict"
missing = "fail"
advisory = false
size_budget_bytes = 100_000_000

[tolerance_percent]
latency = 3
size = 2

[absolute_floor]
latency_ms = 0.1
size_bytes = 0

[[case]]
pattern = "*/gpu/*"
tolerance_percent = { latency = 10.0 }

[[case]]
pattern = "mobilebert*"
size_budget_bytes = 50_000_000
[case.absolute_floor]
memory_mb = 2
[case.tolerance_percent]
first = 20
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "gate.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_default_holds() -> None:
    policy = load_policy(None)

    assert policy == Policy()
    assert {metric: policy.limits_for(CASE, metric) for metric in Metric} == {
        Metric.LATENCY: limits(5.0, 0.02, noise=1.0),
        Metric.INIT: limits(10.0, 0.02, noise=2.0),
        Metric.FIRST: None,
        Metric.MEMORY: limits(5.0, 1.048576, noise=1.0),
        Metric.SIZE: limits(1.0, 4096.0),
        Metric.OPERATORS: limits(0.0, 0.0),
        Metric.PARTITIONS: limits(0.0, 0.0),
        Metric.UNDELEGATED: limits(0.0, 0.0),
    }


def limits(
    tolerance: float, floor: float, budget: int | None = None, noise: float = 0.0
) -> CellLimits:
    return CellLimits(
        tolerance_percent=tolerance,
        noise_floor_percent=noise,
        absolute_floor=floor,
        budget_bytes=budget,
    )


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    assert load_policy(write(tmp_path, "")) == Policy()


def test_every_key_is_read(tmp_path: Path) -> None:
    assert load_policy(write(tmp_path, EVERYTHING)) == Policy(
        noise_floor_percent=0.5,
        inconclusive=Inconclusive.STRICT,
        missing=Missing.FAIL,
        advisory=False,
        rules=(
            DEFAULT_RULE,
            CaseRule(
                pattern="*",
                tolerance_percent={Metric.LATENCY: 3.0, Metric.SIZE: 2.0},
                absolute_floor={Metric.LATENCY: 0.1, Metric.SIZE: 0.0},
                size_budget_bytes=100_000_000,
            ),
            CaseRule(pattern="*/gpu/*", tolerance_percent={Metric.LATENCY: 10.0}),
            CaseRule(
                pattern="mobilebert*",
                tolerance_percent={Metric.FIRST: 20.0},
                absolute_floor={Metric.MEMORY: 2.0},
                size_budget_bytes=50_000_000,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("case_id", "metric", "expected"),
    [
        (CASE, Metric.LATENCY, limits(10.0, 0.1, noise=0.5)),
        ("bert-base-qa-seq128-fp32/xnnpack/threads4", Metric.LATENCY, limits(3.0, 0.1, noise=0.5)),
        (CASE, Metric.SIZE, limits(2.0, 0.0, 50_000_000)),
        ("bert-base/gpu/threads1", Metric.SIZE, limits(2.0, 0.0, 100_000_000)),
        (CASE, Metric.FIRST, limits(20.0, 0.02, noise=1.0)),
        ("bert-base/gpu/threads1", Metric.FIRST, None),
        (CASE, Metric.MEMORY, limits(5.0, 2.0, noise=0.5)),
        ("MOBILEBERT/gpu/threads1", Metric.MEMORY, limits(5.0, 1.048576, noise=0.5)),
    ],
)
def test_the_last_entry_that_fits_and_names_a_limit_wins(
    tmp_path: Path, case_id: str, metric: Metric, expected: CellLimits | None
) -> None:
    assert load_policy(write(tmp_path, EVERYTHING)).limits_for(case_id, metric) == expected


def test_of_two_entries_for_one_case_the_later_wins(tmp_path: Path) -> None:
    entry = '[[case]]\npattern = "*"\ntolerance_percent = {{ latency = {} }}\n'
    policy = load_policy(write(tmp_path, entry.format(20) + entry.format(8)))

    assert policy.limits_for(CASE, Metric.LATENCY) == limits(8.0, 0.02, noise=1.0)


def test_patterns_that_fit_no_case_are_told(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, EVERYTHING))

    assert policy.unused_patterns(["bert-base/gpu/threads1"]) == ("mobilebert*",)
    assert policy.unused_patterns([CASE]) == ()


def test_an_absolute_floor_of_what_one_case_gates_is_taken(tmp_path: Path) -> None:
    text = (
        '[absolute_floor]\nfirst_ms = 1\n[[case]]\npattern = "*gpu*"\ntolerance_percent.first = 9'
    )
    policy = load_policy(write(tmp_path, text))

    assert policy.limits_for(CASE, Metric.FIRST) == limits(9.0, 1.0, noise=2.0)


def test_what_is_exact_may_have_no_tolerance_at_all(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, "[tolerance_percent]\nsize = 0"))

    assert policy.limits_for(CASE, Metric.SIZE) == limits(0.0, 4096.0)
