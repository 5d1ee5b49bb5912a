"""Tests of the chart of latency against size, and of the Pareto front in it."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

from factories import make_case, make_facts, make_result

from harness.plan import Case
from harness.summary import RunResult
from reports.charts.size import size_caption, size_chart
from reports.findings.fronts import Front, describe_fronts, find_fronts

STEADY = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6]
MARKS = "One point per case, with its 95 % interval where there is one."


def sized_result(cases: dict[Case, tuple[float, int]]) -> RunResult:
    """Cases with a factor of 20.3 ms, and a size in MB."""
    return make_result(
        {case: [value * factor for value in STEADY] for case, (factor, _) in cases.items()},
        models={
            case.model_id: make_facts(size_bytes=size * 1_000_000, sequence_length=None)
            for case, (_, size) in cases.items()
        },
    )


def texts(svg: str | None) -> list[str]:
    assert svg is not None
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("text")]


def three_of_four() -> RunResult:
    """The small, the middle and the fast one are on the front; the slow one is beaten."""
    return sized_result(
        {
            make_case("slow"): (3, 90),
            make_case("fast"): (1, 100),
            make_case("small"): (4, 10),
            make_case("middle"): (2, 50),
        }
    )


def test_it_names_models_and_settings() -> None:
    samples = {make_case(m, threads=t): STEADY for m in ("bert-base", "other") for t in (1, 2)}

    shown = texts(size_chart(make_result(samples).cases, "a"))

    assert {"bert-base", "other", "1 thread", "2 threads"} <= {text.strip() for text in shown}


def test_quantizations_of_a_model_are_told_apart() -> None:
    cases = [make_case(), make_case(quantization="fp16")]

    shown = texts(size_chart(make_result(dict.fromkeys(cases, STEADY)).cases, "a"))

    assert {"mobilebert fp32", "mobilebert fp16"} <= set(shown)


def test_the_front_is_from_the_smallest_to_the_fastest() -> None:
    result = three_of_four()
    _, fast, small, middle = result.cases

    assert find_fronts(result.cases) == [Front(work="qa, 128 tokens", cases=(small, middle, fast))]
    assert describe_fronts(result.cases) == (
        "By the estimates, no case beats the 3 on the Pareto front in both size and latency, from "
        "the smallest, small-qa-seq128-fp32/xnnpack/threads4 (10.0 MB, 81.2 ms), to the fastest, "
        "fast-qa-seq128-fp32/xnnpack/threads4 (100 MB, 20.3 ms)."
    )


def test_the_front_is_a_line_of_steps_that_caption_and_description_tell() -> None:
    result = three_of_four()
    svg = size_chart(result.cases, "a")
    assert svg is not None

    (line,) = re.findall(r'<path d="([^"]*)"[^>]*stroke-width: 0.9', svg)
    corners = [tuple(map(float, place.split())) for place in re.findall(r"[ML] (\S+ \S+)", line)]
    turns = ["across" if one[1] == two[1] else "down" for one, two in itertools.pairwise(corners)]
    assert turns == ["across", "down", "across", "down"]
    told = describe_fronts(result.cases)
    assert told in str(ElementTree.fromstring(svg)[1].text)
    assert size_caption(result.cases) == f"{MARKS} Line: the Pareto front. {told}"


def test_a_case_of_fewer_tokens_does_not_beat_one_of_more() -> None:
    short = make_case("tiny", sequence_length=32)
    result = sized_result({make_case(): (4, 90), short: (1, 10)})

    fronts = find_fronts(result.cases)

    assert [front.work for front in fronts] == ["qa, 128 tokens", "qa, 32 tokens"]
    assert size_caption(result.cases) == (
        f"{MARKS} By the estimates of qa, 128 tokens, no case is smaller or faster than "
        "mobilebert-qa-seq128-fp32/xnnpack/threads4 (90.0 MB, 81.2 ms). By the estimates of qa, "
        "32 tokens, no case is smaller or faster than tiny-qa-seq32-fp32/xnnpack/threads4 "
        "(10.0 MB, 20.3 ms)."
    )


def test_fronts_that_are_not_told_are_counted() -> None:
    cases = {make_case(sequence_length=n): (1.0, 10) for n in range(1, 7)}

    assert describe_fronts(sized_result(cases).cases).endswith(
        " 2 other fronts are drawn, but not told."
    )


def test_of_very_many_models_only_those_of_the_front_are_named() -> None:
    cases = {make_case(f"model-{n}"): (1.0 + abs(n - 3), 10 + n) for n in range(30)}
    result = sized_result(cases)

    shown = texts(size_chart(result.cases, "a"))

    names = [text for text in shown if text.startswith("model-")]
    assert sorted(names) == ["model-0", "model-1", "model-2", "model-3"]
    assert "Too many models to name: only those on a front are." in size_caption(result.cases)


def test_settings_that_marks_cannot_tell_apart_share_one() -> None:
    cases = {
        make_case(delegate=f"external:/d{d}", threads=t): (1.0, 10)
        for d in range(6)
        for t in range(1, 9)
    }

    shown = texts(size_chart(sized_result(cases).cases, "a"))

    series = [text for text in shown if text.startswith("external")]
    assert sorted(text.strip() for text in series) == [f"external:/d{d}" for d in range(6)]


def test_names_above_each_other_stay_inside_the_chart() -> None:
    cases = {make_case(f"model-{n}"): (1.0, 50) for n in range(12)}

    svg = size_chart(sized_result(cases).cases, "a")

    assert svg is not None
    tops = [
        float(element.get("y", "nan"))
        for element in ElementTree.fromstring(svg).iter("text")
        if "model-" in "".join(element.itertext())
    ]
    legend_height = 0.4 * 72
    assert len(tops) == 12
    assert min(tops) > legend_height


def test_without_a_measurement_there_is_no_caption() -> None:
    result = make_result({make_case(): [None] * 7})

    assert (size_chart(result.cases, "a"), size_caption(result.cases)) == (None, "")
