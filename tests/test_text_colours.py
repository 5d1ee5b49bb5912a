"""Tests of the colours of verdicts: words of ours have one, words of others never."""

from __future__ import annotations

import re

import pytest
from factories import make_case, make_failure, make_file_case, make_measurement, make_record
from factories import make_result as result_of
from gate_samples import RESULT as GATE
from gate_samples import hostile

from harness.claim_ledger import load_claims
from harness.claims import judge_claims
from harness.gate_result import Cell, GateResult, GateVerdict, Metric
from reports.texts.colours import colour
from reports.texts.gate import render_gate
from reports.texts.results import render_cases, render_headlines, render_ledger

SAMPLE = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5]
TONES = {"32": "green", "31": "red", "33": "yellow"}
COLOURED = re.compile(r"\x1b\[(\d+)m(.*?)\x1b\[39m")

# What a model, a device or a reason may be called to look like a verdict.
WORDS = ("fail", "x  proven", "a: contradicted: b", "7 cells: 2 fail", "fail: no regression", "ok")


def coloured(text: str) -> list[tuple[str, str]]:
    """Each coloured word with its colour. Without them the text must be what it was."""
    result = colour(text)
    assert COLOURED.sub(r"\2", result) == text
    return [(word, TONES[tone]) for tone, word in COLOURED.findall(result)]


def test_the_gate_is_coloured_in_its_table_its_headings_and_its_verdict() -> None:
    assert coloured(render_gate(GATE)) == [
        ("fail", "red"), ("pass", "green"), ("pass", "green"), ("fail", "red"), ("pass", "green"),
        ("inconclusive", "yellow"), ("infrastructure", "yellow"),
        ("FAIL", "red"), ("FAIL", "red"), ("INCONCLUSIVE", "yellow"), ("INFRASTRUCTURE", "yellow"),
        ("fail", "red"),
        ("fail", "red"), ("infrastructure", "yellow"), ("inconclusive", "yellow"),
        ("pass", "green"),
    ]  # fmt: skip


def test_cases_are_coloured_by_their_evidence_and_where_they_failed() -> None:
    proven, failed, lying = make_case(), make_case("bert-base"), make_case("distilbert")
    records = [
        make_failure(failed, 0),
        *(make_record(lying, n, measurement=make_measurement(9.0, threads=1)) for n in range(6)),
    ]
    text = render_cases(result_of({proven: SAMPLE, failed: [], lying: []}, more_records=records))

    assert coloured(text) == [
        ("proven", "green"), ("failed", "red"), ("contradicted", "red"), ("contradicted", "red"),
    ]  # fmt: skip


def test_claims_are_coloured_in_the_headlines_and_in_the_ledger() -> None:
    judgements = judge_claims(load_claims(), result_of({make_case(): SAMPLE}))

    assert coloured(render_headlines(judgements)) == [
        ("DIFFERS", "yellow"), ("SUPPORTED", "green"),
    ]  # fmt: skip
    words = coloured(render_ledger(judgements))
    assert set(words) == {("supported", "green"), ("refuted", "red"), ("differs", "yellow")}
    assert len(words) > 20


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("  ok    battery            80 %", [("ok", "green")]),
        ("  NO    state              adb says 'offline'. Unplug it", [("NO", "red")]),
        ("  note  screen             it is on", [("note", "yellow")]),
        ("  ?     storage            not told", []),
        ("9A22: not fit to be measured", [("not fit", "red")]),
        ("9A22: fit to be measured", [("fit", "green")]),
    ],
)
def test_findings_of_the_doctor_are_coloured(line: str, words: list[tuple[str, str]]) -> None:
    assert coloured(line) == words


@pytest.mark.parametrize("name", WORDS)
def test_a_model_that_is_called_like_a_verdict_is_not_coloured(name: str) -> None:
    cases = [make_file_case(f"/m/{each}.tflite") for each in (name, f"{'long ' * 30}{name}")]
    text = render_cases(result_of(dict.fromkeys(cases, SAMPLE)))

    assert coloured(text) == [("proven", "green")] * 2


@pytest.mark.parametrize("reason", WORDS)
def test_a_reason_that_reads_like_a_verdict_is_not_coloured(reason: str) -> None:
    case = make_case()
    text = render_cases(result_of({case: []}, more_records=[make_failure(case, 0, "x", reason)]))
    assert coloured(text) == [("failed", "red")]

    cell = Cell(
        case=f"{reason}/cpu/threads1", metric=Metric.SIZE, verdict=GateVerdict.FAIL, reason=reason
    )
    result = GateResult(verdict=GateVerdict.FAIL, exit_code=1, cells=(cell,), notes=(reason,))
    assert coloured(render_gate(result)) == [
        ("fail", "red"), ("FAIL", "red"), ("fail", "red"), ("fail", "red"),
    ]  # fmt: skip


def test_hostile_text_gains_no_escape_sequence_but_ours() -> None:
    text = colour(render_gate(hostile()))

    assert "\x1b" not in COLOURED.sub("", text)


def test_text_without_a_verdict_stays_as_it_is() -> None:
    text = "report: /tmp/fail\n\nwarnings\n- it did not pass\n  fail"

    assert colour(text) == text
