"""Reads profiles of both forms: captures, tables of several graphs, and damaged text."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from mutations import mutations_of, numbers_in

from harness.measurement import OperatorTime
from harness.op_profile import read_op_profile

DATA = Path(__file__).parent / "data" / "benchmark_model"
TEXT, CSV = ((DATA / name).read_text("utf-8") for name in ("profile.stdout", "profile_csv.csv"))
REGULAR_RUNS = "INFO: Operator-wise Profiling Info for Regular Benchmark Runs:"
INITIALIZATION = "INFO: Profiling Info for Benchmark Initialization:"


def time(
    operator: str, nodes: int, ms: float, percent: float, graph: str = "primary"
) -> OperatorTime:
    return OperatorTime(
        graph=graph, operator=operator, nodes=nodes, average_ms=ms, share_percent=percent
    )


def summary(*rows: str, end: str = "Timings (microseconds): count=1 curr=90") -> str:
    """A table of node types as stdout has it; the cells of a row are parted by `|`."""
    header = "[Node type]|[count]|[avg ms]|[avg %]|[cdf %]|[mem KB]|[times called]"
    lines = ["\t" + "\t".join(f"{cell:>9}" for cell in row.split("|")) for row in (header, *rows)]
    title = f"{'=' * 30} Summary by node type {'=' * 30}"
    return "\n".join(
        ["Number of nodes executed: 3", title, *lines, "", end, "3 nodes observed", ""]
    )


ADD = "ADD|2|0.060|60.000%|60.000%|0.000|2"
MUL = "MUL|1|0.040|40.000%|100.000%|0.000|1"
ADD_TIME, MUL_TIME = time("ADD", 2, 0.06, 60.0), time("MUL", 1, 0.04, 40.0)


def profile(*parts: str) -> str:
    return "\n".join([REGULAR_RUNS, *parts, ""])


def test_reads_the_table_on_stdout() -> None:
    assert read_op_profile(TEXT) == (
        time("FULLY_CONNECTED", 32, 61.086, 98.904),
        time("BATCH_MATMUL", 4, 0.563, 0.912),
        time("ADD", 26, 0.051, 0.083),
        time("SOFTMAX", 2, 0.022, 0.036),
        time("MUL", 13, 0.019, 0.031),
        time("TRANSPOSE", 8, 0.010, 0.016),
        time("STRIDED_SLICE", 6, 0.004, 0.006),
        time("GATHER", 2, 0.004, 0.006),
        time("CONCATENATION", 3, 0.003, 0.005),
        time("SUB", 1, 0.001, 0.002),
        time("RESHAPE", 10, 0.0, 0.0),
        time("CAST", 1, 0.0, 0.0),
    )


def test_reads_the_table_of_the_file() -> None:
    assert read_op_profile(CSV) == (
        time("FULLY_CONNECTED", 32, 61.651, 98.9138),
        time("BATCH_MATMUL", 4, 0.566, 0.908099),
        time("ADD", 26, 0.048, 0.0770119),
        time("SOFTMAX", 2, 0.022, 0.0352971),
        time("MUL", 13, 0.017, 0.0272751),
        time("TRANSPOSE", 8, 0.01, 0.0160442),
        time("CONCATENATION", 3, 0.005, 0.00802208),
        time("GATHER", 2, 0.004, 0.00641766),
        time("STRIDED_SLICE", 6, 0.003, 0.00481325),
        time("SUB", 1, 0.002, 0.00320883),
        time("RESHAPE", 10, 0.0, 0.0),
        time("CAST", 1, 0.0, 0.0),
    )


@pytest.mark.parametrize("text", [TEXT, CSV], ids=["stdout", "csv"])
def test_line_ends_and_other_lines_make_no_difference(text: str) -> None:
    assert read_op_profile(text.replace("\n", "\r\n")) == read_op_profile(text)
    assert read_op_profile(f"WARN: x\n\n{text}\nINFO: count=3\n") == read_op_profile(text)


@pytest.mark.parametrize("text", [TEXT, CSV], ids=["stdout", "csv"])
def test_the_tables_of_initialization_are_not_read(text: str) -> None:
    only_initialization = text[: text.index("Operator-wise")]

    assert "Summary by node type" in only_initialization
    assert read_op_profile(only_initialization) == ()
    after = profile(summary(ADD, MUL)) + f"{INITIALIZATION}\nDelegate internal: \n{summary(ADD)}"
    assert read_op_profile(after) == (ADD_TIME, MUL_TIME)


@pytest.mark.parametrize(
    ("primary", "subgraph"),
    [
        ("Primary graph profile:", "Subgraph (index: 2) profile:"),
        ("Primary graph (name: main) profile:", "Subgraph (index: 2, name: body (1)) profile:"),
    ],
    ids=["unnamed", "named"],
)
def test_reads_every_graph(primary: str, subgraph: str) -> None:
    timings = "Subgraph (index: 2, name: body) Timings (microseconds): count=1 curr=40"
    text = profile(
        *(primary, summary("DELEGATE|1|0.090|90%|90%|0|1", "WHILE|1|0.010|10%|100%|0|1")),
        *(subgraph, summary("SUB|1|0.040|100%|100%|0|1", end=timings)),
        *("Delegate internal: ", summary("DelegateOpInvoke|9|0.080|100%|100%|0|9")),
    )

    assert read_op_profile(text) == (
        time("DELEGATE", 1, 0.09, 90.0),
        time("WHILE", 1, 0.01, 10.0),
        time("SUB", 1, 0.04, 100.0, "subgraph 2"),
        time("DelegateOpInvoke", 9, 0.08, 100.0, "delegate internal"),
    )


def test_names_may_hold_commas_that_nothing_quotes() -> None:
    text = (
        "Operator-wise Profiling Info for Regular Benchmark Runs:\n"
        "============================== Summary by node type ==============================\n"
        "node type, count, avg_ms, avg %, cdf %, mem KB, times called\n"
        "Fully Connected (NC, F32) GEMM, 32, 61.6, 99%, 99%, 0, 32\n"
        "Add (ND), 1, 1e-05, 1e-05%, 100%, 0, 1\n"
        "\n"
        "Timings (microseconds): count=1 curr=90\n"
    )

    assert read_op_profile(text) == (
        time("Fully Connected (NC, F32) GEMM", 32, 61.6, 99.0),
        time("Add (ND)", 1, 0.00001, 0.00001),
    )


@pytest.mark.parametrize("share", ["-nan%", "nan%", "inf%", "", "500%", "-1%"])
def test_a_share_that_is_none_is_computed(share: str) -> None:
    text = profile(summary(f"ADD|2|0.03|{share}|-nan%|0|2", f"MUL|1|0.01|{share}|-nan%|0|1"))

    assert read_op_profile(text) == (time("ADD", 2, 0.03, 75.0), time("MUL", 1, 0.01, 25.0))


def test_nothing_has_a_share_of_no_time() -> None:
    text = profile(summary("ADD|2|0.000|-nan%|-nan%|0|2"))

    assert read_op_profile(text) == (time("ADD", 2, 0.0, 0.0),)


def test_the_columns_go_by_their_titles() -> None:
    # TensorFlow 2.3 has a column `[start]` in its other tables.
    text = profile(summary(ADD, MUL)).replace("[cdf %]", "[count2]").replace("[mem KB]", "[start]")

    assert read_op_profile(text) == (ADD_TIME, MUL_TIME)


@pytest.mark.parametrize(
    "row",
    [
        "ADD|2|0.060|60.000%|60.000%|0.000",
        "|2|0.060|60.000%|60.000%|0.000|2",
        "ADD|0|0.060|60.000%|60.000%|0.000|2",
        "ADD|-2|0.060|60.000%|60.000%|0.000|2",
        "ADD|2.5|0.060|60.000%|60.000%|0.000|2",
        "ADD|٣|0.060|60.000%|60.000%|0.000|2",
        f"ADD|{'9' * 5000}|0.060|60.000%|60.000%|0.000|2",
        "ADD|2|-nan|60.000%|60.000%|0.000|2",
        "ADD|2|-0.060|60.000%|60.000%|0.000|2",
        "ADD|2|1e999|60.000%|60.000%|0.000|2",
        "ADD|2||60.000%|60.000%|0.000|2",
    ],
    ids=lambda row: row[:24],
)
def test_a_table_with_a_damaged_row_is_left_out_whole(row: str) -> None:
    text = profile(summary(row, MUL), "Delegate internal: ", summary(MUL))

    assert read_op_profile(text) == (time("MUL", 1, 0.04, 40.0, "delegate internal"),)


@pytest.mark.parametrize("column", ["count", "avg ms", "avg %"])
def test_a_table_without_one_of_its_columns_is_left_out(column: str) -> None:
    text = profile(summary(ADD, MUL))

    assert read_op_profile(text.replace(f"[{column}]", "[what]")) == ()
    assert read_op_profile(text.replace("[mem KB]", f"[{column}]")) == ()


def test_only_the_first_of_two_profiles_is_read() -> None:
    text = profile(summary(ADD, MUL)) + profile("Delegate internal: ", summary(MUL))

    assert read_op_profile(text) == (ADD_TIME, MUL_TIME)


@pytest.mark.parametrize("text", [TEXT, CSV], ids=["stdout", "csv"])
def test_of_a_text_that_is_cut_off_a_table_is_read_whole_or_not_at_all(text: str) -> None:
    whole = read_op_profile(text)
    enough = text.rindex("Timings (microseconds): ") + len("Timings (microseconds): ")
    summary_starts = text.rindex("Summary by node type")

    assert {read_op_profile(text[:end]) for end in range(summary_starts, enough)} == {()}
    assert {read_op_profile(text[:end]) for end in range(enough, len(text) + 1)} == {whole}
    assert {read_op_profile(text[:end]) for end in range(0, summary_starts, 97)} == {()}


@given(
    mutations_of(
        profile(summary(ADD, MUL), "Delegate internal: ", summary(MUL)),
        profile(CSV[CSV.rindex("Number of nodes executed") :]),
    )
)
def test_never_raises_and_never_gives_what_cannot_be(text: str) -> None:
    operators = read_op_profile(text)

    assert all(math.isfinite(number) and number >= 0 for number in numbers_in(operators))
    assert all(operator.nodes >= 1 and operator.operator for operator in operators)
    assert all(operator.share_percent <= 100.1 for operator in operators)
    assert all(operator.operator in text for operator in operators)
