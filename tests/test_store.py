from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_case, make_failure, make_output, make_record, make_run, make_stop
from fakes import HOST

from android_runner.tool import Tool
from harness.errors import RunFolderError
from harness.plan import Sweep, build_plan, expand
from harness.record import SCHEMA, Failure, Purpose, Record, RunInfo
from harness.settings import Settings
from harness.store import claim_folder, load_run

PLAN = build_plan(
    "test",
    expand(Sweep(models=("bert-base",), threads=(1,)), cpu_count=1, where="test"),
    Settings(),
    "test",
)
INFO = RunInfo(
    schema=SCHEMA,
    created_at="2026-01-01T00:00:00+00:00",
    plan=PLAN,
    device=HOST,
    tool=Tool(path="/t", sha256="0" * 64, stand_in=True, flags=frozenset({"graph"})),
    models={},
    missing={"bert-base-qa-seq128-fp32": Failure(kind="model-build", message="no \U0001f480")},
    versions={"python": "3.11", "tensorflow": None},
)


def record(number: int) -> Record:
    return Record(
        schema=SCHEMA,
        case=PLAN.cases[0].id,
        round=number,
        started_at="2026-01-01T00:00:00.000+00:00",
        wall_s=1.5,
        valid=False,
        failure=Failure(kind="exit-code", message='quotes " and\nlines \u2028 and \x00'),
        measurement=None,
        exit_code=1,
        peak_memory_mb=None,
        cpu_mask="3",
        flags=("--graph=/a b",),
        model_sha256="1" * 64,
        tool_sha256="0" * 64,
        stdout="a.stdout",
        stderr="a.stderr",
        before=None,
        after=None,
    )


def test_reads_back_what_was_written(tmp_path: Path) -> None:
    folder = claim_folder(tmp_path / "run", resume=False)
    folder.create(INFO)
    for number in range(3):
        folder.append(record(number))
    folder.close()

    run = load_run(tmp_path / "run")

    assert run.info == INFO
    assert run.records == tuple(record(number) for number in range(3))
    assert run.broken_lines == 0


def test_a_record_that_was_cut_off_costs_itself_and_nothing_else(tmp_path: Path) -> None:
    folder = claim_folder(tmp_path, resume=False)
    folder.create(INFO)
    folder.append(record(0))
    folder.append(record(1))
    folder.close()
    path = tmp_path / "records.jsonl"
    cut = path.read_bytes()[:-40]
    path.write_bytes(cut)

    folder = claim_folder(tmp_path, resume=True)
    folder.append(record(2))
    folder.close()

    run = load_run(tmp_path)
    assert [r.round for r in run.records] == [0, 2]
    assert run.broken_lines == 1
    assert path.read_bytes().startswith(cut), "nothing is ever rewritten"


def test_a_run_opens_in_pandas(tmp_path: Path) -> None:
    folder = claim_folder(tmp_path, resume=False)
    folder.create(INFO)
    folder.append(record(0))
    folder.close()

    frame = load_run(tmp_path).to_frame()

    row = frame.iloc[0]
    assert (row["case.model"], row["case.threads"], row["round"]) == ("bert-base", 1, 0)
    assert row["failure.kind"] == "exit-code"


def test_a_folder_with_anything_in_it_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x", encoding="utf-8")

    with pytest.raises(RunFolderError, match=r"is not empty \('thesis.tex'\)"):
        claim_folder(tmp_path, resume=False)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(RunFolderError, match="cannot be written"):
        claim_folder(tmp_path / "file" / "run", resume=False)


def test_what_a_run_left_before_it_began_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()

    folder = claim_folder(tmp_path, resume=False)

    assert not folder.has_begun
    folder.close()


@pytest.mark.parametrize(
    ("content", "message"), [(None, "holds no run"), ("{}", "cannot be read"), ("x", "cannot be")]
)
def test_a_folder_without_a_run_is_told(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content, encoding="utf-8")

    with pytest.raises(RunFolderError, match=message):
        load_run(tmp_path)


class Counted(tuple[Record, ...]):
    """Records that count how often somebody goes through all of them."""

    def __new__(cls, records: Iterable[Record]) -> Counted:
        made = super().__new__(cls, records)
        made.searches = 0
        return made

    searches: int

    def __iter__(self) -> Iterator[Record]:
        self.searches += 1
        return super().__iter__()


def test_all_records_are_searched_once_however_many_cases_there_are() -> None:
    cases = [make_case(threads=1 + n) for n in range(50)]
    run = make_run({case: [20.0] * 3 for case in cases})
    records = Counted(run.records)
    run = replace(run, records=records)

    found = [[r.round for r in run.of_case(case)] for case in cases]

    assert found == [[0, 1, 2]] * 50
    assert all(run.output_check(case) for case in cases)
    assert records.searches == 1


def test_all_invocations_of_a_case_are_there_in_their_order_also_those_redone() -> None:
    case, other = make_case(), make_case(threads=1)
    records = (
        make_failure(case, 1),
        make_record(other, 0),
        make_record(case, 1),
        make_output(case),
        make_record(case, 0),
    )
    run = replace(make_run({case: [], other: []}), records=records)

    latency = run.invocations(case, Purpose.LATENCY)
    both = run.invocations(case, Purpose.LATENCY, Purpose.OUTPUT)

    assert latency == [records[0], records[2], records[4]]
    assert both == [records[0], records[2], records[3], records[4]]
    assert run.of_case(case) == [records[4], records[2]]
    assert run.invocations(make_case("bert-base"), Purpose.LATENCY) == []


def test_the_last_stop_of_a_case_counts() -> None:
    case = make_case()
    stops = (make_stop(case, 3), make_stop(make_case(threads=1), 4), make_stop(case, 5))

    assert replace(make_run({case: []}), stops=stops).stop_of(case) == stops[2]
