"""Tests of operator times: what is shown, what is added up, and the table of the page."""

from __future__ import annotations

import pytest
from factories import make_case, make_record, make_result
from reported import make_operators

from harness.measurement import OperatorTime
from harness.plan import Case
from harness.record import Purpose, Record
from reports.findings.operators import OperatorGroup, group_operators
from reports.views.operators import CaseOperators, OperatorRow, OperatorTable, build_operators

STEADY = [60.0, 61.0, 62.0, 63.0, 64.0, 65.0]
CASE = make_case()


def profile_of(case: Case, operators: tuple[OperatorTime, ...]) -> Record:
    return make_record(case, purpose=Purpose.OPERATORS, operators=operators)


def operators_of(*operators: OperatorTime) -> tuple[CaseOperators, ...]:
    result = make_result({CASE: STEADY}, more_records=[profile_of(CASE, operators)])
    return build_operators(result, "run-1")


def test_types_beyond_the_slowest_are_added_up() -> None:
    operators = make_operators(types=5)

    (group,) = group_operators(operators, most=3)

    rest = OperatorTime(
        graph="primary",
        operator="2 other types",
        nodes=4 + 5,
        average_ms=1.0 + 0.5,
        share_percent=5.0 + 2.5,
    )
    assert group == OperatorGroup(graph="primary", shown=operators[:3], rest=rest)
    assert group.lines == (*operators[:3], rest)


@pytest.mark.parametrize("types", [1, 3, 4])
def test_a_rest_of_one_type_is_the_type_itself(types: int) -> None:
    operators = make_operators(types=types)

    (group,) = group_operators(operators, most=3)

    assert (group.lines, group.rest) == (operators, None)


def test_the_slowest_come_first_whatever_the_order_of_the_tool() -> None:
    operators = make_operators(types=4)

    (group,) = group_operators(operators[::-1])

    assert group.shown == operators


def test_graphs_are_kept_apart() -> None:
    inside = make_operators("delegate internal")

    groups = group_operators((*make_operators(), *inside))

    assert [group.graph for group in groups] == ["primary", "delegate internal"]
    assert groups[1].shown == inside


def test_without_a_profile_there_are_no_groups() -> None:
    assert group_operators(()) == ()
    assert build_operators(make_result({CASE: STEADY}), "run-1") == ()


def test_a_table_has_a_row_for_each_type() -> None:
    (case,) = operators_of(*make_operators(types=2))

    assert case.title == "mobilebert-qa-seq128-fp32, xnnpack, 4 threads"
    assert case.tables == (
        OperatorTable(
            graph="primary",
            rows=(
                OperatorRow(operator="OPERATOR_0", nodes="1", average="8.000", share="40.0"),
                OperatorRow(operator="OPERATOR_1", nodes="2", average="4.000", share="20.0"),
            ),
        ),
    )
    assert case.chart.startswith("<svg")


def test_only_the_first_six_cases_have_a_chart() -> None:
    cases = [make_case(threads=n) for n in range(1, 9)]
    profiles = [profile_of(case, make_operators(types=2)) for case in cases]

    result = make_result(dict.fromkeys(cases, STEADY), more_records=profiles)

    shown = build_operators(result, "run-1")
    assert [bool(case.chart) for case in shown] == [True] * 6 + [False] * 2
    assert all(case.tables for case in shown)
