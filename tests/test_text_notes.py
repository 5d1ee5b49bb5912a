"""Tests of what stands under the case table on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from factories import (
    make_case,
    make_file_case,
    make_measurement,
    make_record,
    make_result,
    make_run,
)
from reported import make_operators, make_series

from harness.plan import Case
from harness.record import Purpose, Record
from harness.summary import RunResult, summarize
from reports.texts.notes import (
    contradiction_lines,
    operator_lines,
    sustained_lines,
    warning_lines,
)
from reports.texts.results import render_cases

STEADY = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6]
CASE = make_case()
STAND_IN = "measured with the stand-in tool on the LiteRT runtime for Python"


def other_threads(case: Case, seen: int) -> list[Record]:
    measured = [make_measurement(value, threads=seen) for value in STEADY]
    return [make_record(case, n, measurement=m) for n, m in enumerate(measured)]


def with_warnings(texts: Sequence[str], cases: int = 1) -> RunResult:
    result = make_result({make_case(threads=n + 1): STEADY for n in range(cases)})
    warned = tuple(replace(case, warnings=tuple(texts)) for case in result.cases)
    return replace(result, cases=warned)


def test_a_contradicted_case_says_why() -> None:
    case = make_case(threads=2)
    result = make_result({case: []}, more_records=other_threads(case, seen=1))

    assert contradiction_lines(result) == [
        f"{case.id}: contradicted: threads (asked 2, seen 1)",
    ]
    assert render_cases(result).splitlines()[5] == contradiction_lines(result)[0]


def test_cases_that_are_contradicted_alike_are_told_once() -> None:
    cases = [make_case(model, threads=2) for model in ("bert-base", "mobilebert", "distilbert")]
    records = [record for case in cases for record in other_threads(case, seen=1)]

    lines = contradiction_lines(make_result({case: [] for case in cases}, more_records=records))

    assert lines == [f"{cases[0].id} and 2 more: contradicted: threads (asked 2, seen 1)"]


def test_a_case_that_is_only_unproven_is_not_called_contradicted() -> None:
    assert contradiction_lines(make_result({CASE: STEADY})) == []


def test_a_warning_stands_once_with_the_number_of_its_cases() -> None:
    result = make_result({CASE: STEADY, make_case(threads=1): STEADY[:3]})

    assert warning_lines(result) == [
        "",
        "warnings",
        f"- {STAND_IN} (all 2 cases)",
        f"- 3 invocations are too few for an interval: it takes 6 ({make_case(threads=1).id})",
    ]


def test_without_warnings_there_is_no_heading() -> None:
    assert warning_lines(make_result({CASE: STEADY}, stand_in=False)) == []


def test_many_warnings_are_cut_off_with_their_number() -> None:
    lines = warning_lines(with_warnings([f"warning {n}" for n in range(30)]))

    assert lines[2] == "- warning 0 (the only case)"
    assert lines[-2:] == ["- warning 11 (the only case)", "and 18 more in the report"]


def test_warnings_about_most_cases_come_first() -> None:
    result = with_warnings(["everywhere"], cases=3)
    first = replace(result.cases[0], warnings=("here", "everywhere"))
    result = replace(result, cases=(first, *result.cases[1:]))

    assert warning_lines(result)[2:] == [
        "- everywhere (all 3 cases)",
        f"- here ({first.case.id})",
    ]


def test_a_warning_about_several_cases_counts_them() -> None:
    result = with_warnings(["there"], cases=3)
    result = replace(result, cases=(replace(result.cases[0], warnings=()), *result.cases[1:]))

    assert warning_lines(result)[2:] == ["- there (2 of 3 cases)"]


def test_operators_are_the_five_slowest_and_a_rest() -> None:
    profile = make_record(CASE, purpose=Purpose.OPERATORS, operators=make_operators(types=20))

    lines = operator_lines(make_result({CASE: STEADY}, more_records=[profile]))

    assert lines == [
        "",
        f"operators of {CASE.id}",
        "  OPERATOR_0         1 node  8.000 ms  40.0 %",
        "  OPERATOR_1        2 nodes  4.000 ms  20.0 %",
        "  OPERATOR_2        3 nodes  2.000 ms  10.0 %",
        "  OPERATOR_3        4 nodes  1.000 ms   5.0 %",
        "  OPERATOR_4        5 nodes  0.500 ms   2.5 %",
        "  15 other types  195 nodes  0.500 ms   2.5 %",
    ]


def test_a_sustained_series_is_a_sentence() -> None:
    result = make_result({CASE: STEADY})
    result = replace(result, cases=(replace(result.cases[0], sustained=make_series()),))

    assert sustained_lines(result) == [
        "",
        "sustained",
        f"  {CASE.id}: 60.0 ms at the start, 72.0 ms in the steady state:",
        "    1.20 times; knee after 3.0 min; first throttling after 4.0 min.",
    ]


def test_nothing_that_was_not_asked_for_is_told() -> None:
    result = make_result({CASE: STEADY})

    assert (operator_lines(result), sustained_lines(result)) == ([], [])


def test_every_note_fits_a_hundred_columns() -> None:
    case = make_file_case(f"/models/{'very-' * 40}long.tflite", threads=2)
    operators = make_operators(name="Operator" * 30)
    run = make_run(
        {case: []},
        more_records=[
            *other_threads(case, seen=1),
            make_record(case, purpose=Purpose.OPERATORS, operators=operators),
        ],
    )
    result = summarize(run)
    changed = replace(result.cases[0], warnings=("word " * 300,), sustained=make_series())

    lines = render_cases(replace(result, cases=(changed,))).splitlines()

    assert max(map(len, lines)) <= 100
