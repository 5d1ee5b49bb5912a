from __future__ import annotations

import pytest

from harness.log_errors import LogError
from harness.log_lines import Line
from harness.log_phases import read_phase
from harness.measurement import FailureKind, Phase


def full(
    count: int, first: int, last: int, least: int, most: int, average: float, std: float
) -> Phase:
    return Phase(
        count=count,
        first_us=first,
        last_us=last,
        min_us=least,
        max_us=most,
        average_us=average,
        std_us=std,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count=0", Phase(count=0)),
        ("count=0 p5=0 median=0 p95=0", Phase(count=0)),
        ("count=1 curr=1069", Phase(count=1, last_us=1069)),
        ("count=3 curr=0(all same)", Phase(count=3, last_us=0)),
        (
            "count=2 curr=7(all same) p5=7 median=7 p95=7",
            Phase(count=2, last_us=7, p5_us=7, median_us=7, p95_us=7),
        ),
        (
            "count=1 curr=9 p5=9 median=9 p95=9",
            Phase(count=1, last_us=9, p5_us=9, median_us=9, p95_us=9),
        ),
        ("count=5 first=0 curr=0 min=0 max=1 avg=0.2 std=0", full(5, 0, 0, 0, 1, 0.2, 0)),
        ("count=4 first=1 curr=1 min=1 max=2 avg=1.5 std=5e-1", full(4, 1, 1, 1, 2, 1.5, 0.5)),
        (  # the average is rounded to less than the least run
            "count=2 first=1010133 curr=1010134 min=1010133 max=1010134 avg=1.01013e+06 std=0",
            full(2, 1010133, 1010134, 1010133, 1010134, 1010130, 0),
        ),
    ],
)
def test_reads_every_form(text: str, expected: Phase) -> None:
    assert read_phase(Line("INFO", text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "count=",
        "count=5",
        "count=-1",
        "count=0 curr=5",
        "count=1",
        "count=1 curr=",
        "count=1 curr=5(all same)",
        "count=1 first=5 curr=5 min=5 max=5 avg=5 std=0",
        "count=7 curr=5",
        "count=7 curr=5(all",
        "count=20 first=62898",
        "count=20 first=62898 curr=69346",
        "count=20 first=62898 curr=69346 min=62056 max=84242 avg=66651.4 std=",
        "count=20 first=62898 curr=69346 min=62056 max=84242 avg=1.01e std=5",
        "count=20 first=62898 curr=69346 min=62056 max=84242 avg=66651.4 std=5108 p5=1 median=2",
        "count=20 first=62898 curr=69346 min=62056 max=84242 avg=66651.4 std=5108INFO: Ready",
        "count=1 curr=" + "9" * 5000,
        "count=" + "9" * 5000 + " curr=5(all same)",
        "count=1 curr=\N{ARABIC-INDIC DIGIT FIVE}",
    ],
)
def test_a_damaged_line_is_refused(text: str) -> None:
    with pytest.raises(LogError, match="A phase line is damaged") as caught:
        read_phase(Line("", text))

    assert caught.value.kind is FailureKind.NO_RESULT


@pytest.mark.parametrize(
    "text",
    [
        "count=1 curr=-5",
        "count=3 curr=-5(all same)",
        "count=2 first=-1 curr=3 min=-1 max=3 avg=1 std=2",
        "count=2 first=1 curr=3 min=1 max=3 avg=nan std=1",
        "count=2 first=1 curr=3 min=1 max=3 avg=-nan std=1",
        "count=2 first=1 curr=3 min=1 max=3 avg=inf std=1",
        "count=2 first=1 curr=3 min=1 max=3 avg=1e400 std=1",
        "count=2 first=1 curr=3 min=1 max=3 avg=2 std=-9223372036854775",
        "count=2 first=1 curr=3 min=1 max=3 avg=2 std=nan",
    ],
)
def test_times_that_are_none_are_implausible(text: str) -> None:
    with pytest.raises(LogError, match="negative or no number") as caught:
        read_phase(Line("", text))

    assert caught.value.kind is FailureKind.IMPLAUSIBLE


@pytest.mark.parametrize(
    "text",
    [
        "count=2 first=0 curr=3 min=1 max=3 avg=2 std=1",
        "count=2 first=1 curr=4 min=1 max=3 avg=2 std=1",
        "count=2 first=1 curr=3 min=1 max=3 avg=0 std=1",
        "count=2 first=1 curr=3 min=1 max=3 avg=3.1 std=1",
        "count=2 first=3 curr=1 min=3 max=1 avg=2 std=1",
        "count=2 first=1 curr=3 min=1 max=3 avg=2 std=1 p5=2 median=1 p95=3",
        "count=2 first=1 curr=3 min=1 max=3 avg=2 std=1 p5=1 median=3 p95=9",
        "count=1 curr=5 p5=0 median=0 p95=0",
    ],
)
def test_times_that_contradict_each_other_are_implausible(text: str) -> None:
    with pytest.raises(LogError, match="contradict each other") as caught:
        read_phase(Line("", text))

    assert caught.value.kind is FailureKind.IMPLAUSIBLE
