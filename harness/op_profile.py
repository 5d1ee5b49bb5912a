"""Reads the table of operators of `benchmark_model`: how long the nodes of each type took in a run.

With `--enable_op_profiling=true` the tool prints its profile to stdout, or writes it to the file of
`--profiling_output_csv_file` (since TensorFlow 2.2) or `--op_profiling_output_file`. The lines are
those of `profile_summary_formatter.cc` and `stats_calculator.cc`: titles, blank lines, and tables
with tabs on stdout or commas in the file. That file is no CSV for a library: it holds several
tables with titles, and names such as `Add (ND, F32)` have commas that nothing quotes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from harness.measurement import OperatorTime

_REGULAR_RUNS = "Operator-wise Profiling Info for Regular Benchmark Runs:"
_INITIALIZATION = "Profiling Info for Benchmark Initialization:"
_SUMMARY = re.compile(r"=+ Summary by node type =+")
# Only profiles of several graphs have these titles, and only some versions the graph's name.
_SUBGRAPH = re.compile(r"Subgraph \(index: ([0-9]{1,6})(?:, name: .*)?\) profile:")
_PRIMARY_GRAPH = re.compile(r"Primary graph (?:\(name: .*\) )?profile:")
_DELEGATE_INTERNAL = "Delegate internal:"
# The first line after a summary and a blank line; without it the end of the table may be missing.
_END = "Timings (microseconds): "
_COLUMNS = ("count", "avg ms", "avg %")
_COUNT = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?(?:e[+-]?[0-9]{1,2})?")


def read_op_profile(text: str) -> tuple[OperatorTime, ...]:
    """The operator types of the regular runs, slowest first, graph after graph.

    `text` is the tool's stdout or the file that it wrote, with or without other lines. Times are
    milliseconds per run. A graph is `primary`, `subgraph N` or `delegate internal`. Their times
    must not be added up: the node that calls a subgraph, or a `DELEGATE` node, contains what runs
    inside. A share that the tool could not compute (`-nan%`) is computed here, from the average
    times of its graph; it is 0 where all of these are 0.

    The tables of initialization are left out, as is every table that is damaged or cut off. So the
    result is empty where there is no whole table.
    """
    lines = _lines_of_regular_runs(text)
    graph = "primary"
    tables: dict[str, list[OperatorTime]] = {}
    for position, line in enumerate(lines):
        graph = _graph_of_title(line) or graph
        if _SUMMARY.fullmatch(line.strip()) and graph not in tables:
            rows = _rows_of_whole_table(lines[position + 1 :])
            tables[graph] = _read_table(graph, rows)
    return tuple(operator for table in tables.values() for operator in table)


def _lines_of_regular_runs(text: str) -> list[str]:
    found: list[str] | None = None
    for line in text.split("\n"):
        is_title = line.rstrip().endswith((_REGULAR_RUNS, _INITIALIZATION))
        if is_title and found is not None:
            break
        if found is not None:
            found.append(line)
        elif line.rstrip().endswith(_REGULAR_RUNS):
            found = []
    return found or []


def _graph_of_title(line: str) -> str | None:
    title = line.strip()
    if _PRIMARY_GRAPH.fullmatch(title):
        return "primary"
    if title == _DELEGATE_INTERNAL:
        return "delegate internal"
    subgraph = _SUBGRAPH.fullmatch(title)
    return f"subgraph {int(subgraph[1])}" if subgraph else None


def _rows_of_whole_table(lines: Sequence[str]) -> Sequence[str]:
    """The lines up to the blank one, header first; none if the end of the table is not there."""
    blank = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
    is_whole = blank + 1 < len(lines) and _END in lines[blank + 1]
    return lines[:blank] if is_whole else ()


def _read_table(graph: str, rows: Sequence[str]) -> list[OperatorTime]:
    if not rows:
        return []
    separator = "\t" if "\t" in rows[0] else ","
    header = [_column_name(cell) for cell in rows[0].strip().split(separator)]
    if any(header.count(name) != 1 or header.index(name) == 0 for name in _COLUMNS):
        return []
    places = [header.index(name) for name in _COLUMNS]
    operators = [_read_row(graph, row, separator, places, len(header)) for row in rows[1:]]
    whole = [operator for operator in operators if operator is not None]
    if len(whole) < len(operators):
        return []
    return _with_shares(whole)


def _column_name(cell: str) -> str:
    """`[Node type]` and `node type`, `[avg ms]` and `avg_ms` are the same columns."""
    return cell.strip().strip("[]").replace("_", " ").lower()


def _read_row(
    graph: str, row: str, separator: str, places: Sequence[int], width: int
) -> OperatorTime | None:
    # From the right: the first cell is a name, and may hold the separator.
    cells = [cell.strip() for cell in row.rsplit(separator, width - 1)]
    if len(cells) < width or not cells[0]:
        return None
    count, average, share = (cells[place] for place in places)
    if not _COUNT.fullmatch(count) or int(count) == 0 or not _NUMBER.fullmatch(average):
        return None
    return OperatorTime(
        graph=graph,
        operator=cells[0],
        nodes=int(count),
        average_ms=float(average),
        share_percent=_read_share(share),
    )


def _read_share(cell: str) -> float:
    """NaN for what cannot be a share."""
    number = cell.removesuffix("%")
    share = float(number) if _NUMBER.fullmatch(number) else math.nan
    return share if share <= 100.1 else math.nan  # some versions add up rounded parts


def _with_shares(operators: Sequence[OperatorTime]) -> list[OperatorTime]:
    total_ms = sum(operator.average_ms for operator in operators)
    return [
        operator
        if math.isfinite(operator.share_percent)
        else replace(
            operator, share_percent=100 * operator.average_ms / total_ms if total_ms else 0.0
        )
        for operator in operators
    ]
