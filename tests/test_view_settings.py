"""Tests of delegates and of quantizations side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_case, make_file_case, make_result

from harness.checks import Verdict
from harness.evidence import Evidence
from harness.plan import Case
from harness.summary import RunResult
from reports.cells import Chip, Number
from reports.findings.ratios import RatioCell
from reports.html import render_report
from reports.page import RunPage
from reports.views.settings import SettingCell, SettingRow, SettingTable, build_settings

NOISE = [1.00, 1.01, 0.99, 1.02, 0.98, 1.005, 0.995]
CONTRADICTED = Chip(word="contradicted", tone="bad")  # XNNPACK ran, as in all records of factories
XNNPACK, CPU, GPU = (make_case(delegate=delegate) for delegate in ("xnnpack", "cpu", "gpu"))


def run_of(latencies: dict[Case, float | None]) -> RunResult:
    """Seven rounds with the same noise for all cases."""
    return make_result(
        {
            case: [None if value is None else value * noise for noise in NOISE]
            for case, value in latencies.items()
        }
    )


def only(result: RunResult) -> SettingTable:
    (table,) = build_settings(result, "run-1")
    return table


def cell(**changes: object) -> SettingCell:
    """A case with a latency and nothing wrong with it."""
    found = SettingCell(
        anchor="run-1-case-1",
        latency=Number(text="20.0"),
        interval="19.8 to 20.2",
        problem="",
        ratio=None,
        chips=(),
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # fields of several types


def test_delegates_stand_beside_each_other_with_the_reference_first() -> None:
    assert only(run_of({CPU: 200.0, XNNPACK: 20.0})) == SettingTable(
        name="delegates",
        title="Delegates side by side",
        columns=("xnnpack", "cpu"),
        rows=(
            SettingRow(
                model="mobilebert-qa-seq128-fp32",
                setting="4 threads",
                cells=(
                    cell(anchor="run-1-case-2"),
                    cell(
                        latency=Number(text="200"),
                        interval="198 to 202",
                        ratio=RatioCell(value="10.0×", note="10.0 to 10.0 (n = 7)"),
                        chips=(CONTRADICTED,),
                    ),
                ),
            ),
        ),
        summary="",
        left_out="",
    )


def test_quantizations_are_compared_with_fp32() -> None:
    cases = [make_case(quantization=name) for name in ("dynamic", "fp32", "int8")]

    table = only(run_of(dict(zip(cases, (10.0, 20.0, 5.0), strict=True))))

    assert (table.name, table.columns) == ("quantizations", ("fp32", "dynamic", "int8"))
    (row,) = table.rows
    assert (row.model, row.setting) == ("mobilebert-qa-seq128", "xnnpack, 4 threads")
    ratios = [found.ratio and found.ratio.value for found in row.cells]
    assert ratios == [None, "0.500×", "0.250×"]


@pytest.mark.parametrize(
    ("planned", "columns"),
    [
        (["cpu", "default"], ("default", "cpu")),
        (["default", "xnnpack"], ("xnnpack", "default")),
        (["gpu", "cpu"], ("gpu", "cpu")),
    ],
)
def test_the_reference_is_xnnpack_else_the_default_else_the_first(
    planned: list[str], columns: tuple[str, ...]
) -> None:
    result = run_of({make_case(delegate=delegate): 20.0 for delegate in planned})

    assert only(result).columns == columns


def test_a_ratio_inside_the_noise_is_no_number() -> None:
    samples = {
        XNNPACK: [20.0 * noise for noise in NOISE],
        CPU: [20.0 * noise for noise in reversed(NOISE)],
    }

    ratio = only(make_result(samples)).rows[0].cells[1].ratio

    assert ratio is not None
    assert ratio.value == "~"
    assert ratio.note.endswith("(n = 7) holds 1")


def test_a_failed_case_says_so_in_its_cell() -> None:
    row = only(run_of({XNNPACK: 20.0, CPU: 200.0, GPU: None})).rows[0]

    assert row.cells[2] == cell(
        anchor="run-1-case-3",
        latency=Number(text="–"),
        interval="",
        problem="failed: signal",
        ratio=RatioCell(value="–", note=""),
    )
    assert row.has_problem


def test_without_the_reference_there_is_no_ratio_and_that_is_said() -> None:
    row = only(run_of({XNNPACK: None, CPU: 200.0})).rows[0]

    assert [found.problem for found in row.cells] == ["failed: signal", ""]
    assert row.cells[1].ratio == RatioCell(value="–", note="no latency on xnnpack")


def test_a_case_that_was_not_planned_says_so_in_its_cell() -> None:
    cases = [
        make_case(model, quantization=name)
        for model, other in (("mobilebert", "fp16"), ("bert-base", "int8"))
        for name in ("fp32", other)
    ]

    table = only(run_of(dict.fromkeys(cases, 20.0)))

    assert table.columns == ("fp32", "fp16", "int8")
    empty = cell(
        anchor="",
        latency=Number(text="–"),
        interval="",
        problem="not in the plan",
        ratio=RatioCell(value="–", note=""),
    )
    assert [row.cells[n] for row, n in zip(table.rows, (2, 1), strict=True)] == [empty, empty]
    assert [row.has_problem for row in table.rows] == [False, False]


def test_a_case_with_nothing_beside_it_is_counted_not_shown() -> None:
    alone = make_case("other")

    table = only(run_of({XNNPACK: 20.0, CPU: 200.0, alone: 30.0}))

    assert len(table.rows) == 1
    assert table.left_out == ("1 case has nothing to stand beside; the table of cases has it.")


def test_what_does_not_vary_has_no_table() -> None:
    files = [make_file_case(f"/m/{n}/m{n}.tflite") for n in range(2)]
    different = [make_case(), make_case("other", delegate="cpu", quantization="fp16")]

    assert build_settings(run_of(dict.fromkeys(files, 20.0)), "run-1") == ()
    assert build_settings(run_of(dict.fromkeys(different, 20.0)), "run-1") == ()


def test_what_is_not_proven_or_not_whole_is_marked() -> None:
    result = make_result({XNNPACK: [20.0] * 7, CPU: [*[200.0] * 6, None]}, stand_in=False)
    slow = result.cases[1]
    cases = (
        result.cases[0],
        replace(slow, evidence=Evidence(verdict=Verdict.CONTRADICTED, checks=())),
    )

    row = only(replace(result, cases=cases)).rows[0]

    assert row.cells[0].chips == ()
    assert row.cells[1].chips == (
        Chip(word="partial", tone="mixed"),
        CONTRADICTED,
    )
    assert row.has_problem


def test_long_tables_are_folded() -> None:
    cases = [
        make_case(f"model-{n}", delegate=delegate)
        for n in range(41)
        for delegate in ("xnnpack", "cpu")
    ]

    assert only(run_of(dict.fromkeys(cases, 20.0))).summary == "Table of 41 rows"


def test_hostile_delegates_are_text_in_the_page() -> None:
    name = "external:/<script>alert(1)</script>"

    html = render_report([RunPage(result=run_of({XNNPACK: 20.0, make_case(delegate=name): 30.0}))])

    assert "<script>alert" not in html
    assert "<bdi>external:/&lt;script&gt;" in html
