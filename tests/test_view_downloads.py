"""Tests of the files inside the page: what they hold, and how large ones are packed."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from factories import make_case, make_comparison_run, make_record, make_result

from harness.gate_result import GateResult, GateVerdict
from harness.summary import summarize
from reports.exports.document import run_document
from reports.exports.gate_document import gate_document
from reports.exports.invocations_csv import render_invocations
from reports.exports.table import render_csv
from reports.html import render_report
from reports.page import RunPage
from reports.views.downloads import LARGE, Download, build_downloads

CASE = make_case()


def content_of(file: Download) -> bytes:
    content = base64.b64decode(file.href.partition(";base64,")[2])
    return gzip.decompress(content) if file.name.endswith(".gz") else content


def large_page() -> RunPage:
    records = [make_record(CASE, n, 20 + n / 1000) for n in range(3000)]
    return RunPage(result=make_result({CASE: []}, more_records=records))


def test_a_run_brings_its_document_its_cases_and_its_invocations() -> None:
    page = RunPage(result=make_result({CASE: [20.0] * 7}))

    files = build_downloads(page, "run-1")

    assert [(file.text, file.name, file.href.partition(";")[0]) for file in files] == [
        ("Results, evidence and claims as JSON", "mbert-bench-run-1.json", "data:application/json"),
        ("Cases as CSV", "mbert-bench-run-1.csv", "data:text/csv"),
        ("All invocations as CSV", "mbert-bench-run-1-invocations.csv", "data:text/csv"),
    ]
    document, cases, invocations = map(content_of, files)
    assert json.loads(document) == run_document(page.result, ())
    assert cases.decode() == render_csv(page.result)
    assert invocations.decode() == render_invocations(page.result.run.records)


def test_a_comparison_brings_its_verdict_too() -> None:
    gate = GateResult(verdict=GateVerdict.PASS, exit_code=0, cells=())

    file = build_downloads(RunPage(result=summarize(make_comparison_run()), gate=gate), "run-2")[-1]

    assert file.name == "mbert-bench-run-2-gate.json"
    assert json.loads(content_of(file)) == gate_document(gate)


def test_a_large_file_is_gzipped_and_says_how_large_it_becomes() -> None:
    page = large_page()

    file = build_downloads(page, "run-1")[2]

    text = render_invocations(page.result.run.records)
    assert len(text) > LARGE
    assert file.name == "mbert-bench-run-1-invocations.csv.gz"
    assert file.href.startswith("data:application/gzip;base64,")
    assert content_of(file).decode() == text
    packed_kb = len(base64.b64decode(file.href.partition(",")[2])) / 1e3
    assert file.size == f"{packed_kb:.1f} kB gzipped, {len(text) / 1e3:.0f} kB unpacked"


def test_the_same_run_gives_the_same_page(monkeypatch: pytest.MonkeyPatch) -> None:
    page = large_page()
    first = render_report([page])

    monkeypatch.setattr("time.time", lambda: 2e9)

    assert render_report([page]) == first
    packed = base64.b64decode(build_downloads(page, "run-1")[2].href.partition(",")[2])
    assert packed[4:8] == b"\0\0\0\0"  # the time in a gzip header


def test_text_that_is_no_unicode_becomes_question_marks() -> None:
    record = make_record(CASE, throttled="\udcff")
    page = RunPage(result=make_result({CASE: []}, more_records=[record]))

    assert b",?," in content_of(build_downloads(page, "run-1")[2])


def test_the_page_names_files_with_their_sizes() -> None:
    html = render_report([large_page()])

    assert "(mbert-bench-run-1-invocations.csv.gz, " in html
    assert "kB unpacked)" in html
