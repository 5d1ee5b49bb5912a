"""Tests of the CSV of all invocations."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest
from factories import make_case, make_failure, make_measurement, make_output, make_record

from harness.device import Observation
from harness.record import Record
from reports.exports.invocations_csv import render_invocations

CASE = make_case()


def rows_of(*records: Record) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render_invocations(records))))


def test_an_invocation_is_one_line() -> None:
    record = make_record(
        CASE,
        3,
        measurement=make_measurement(20.123456789),
        attempt=1,
        peak_memory_mb=250.123456789,
        before=Observation(temperature_c=30.25),
        after=Observation(temperature_c=31.5),
        waited_s=12.5,
        late_cool=True,
        throttled="thermal status 2 after it",
    )

    assert rows_of(record) == [
        {
            "case": "mobilebert-qa-seq128-fp32/xnnpack/threads4",
            "round": "3",
            "attempt": "1",
            "purpose": "latency",
            "started_at": "2026-03-01T10:03:00+00:00",
            "valid": "true",
            "failure": "",
            "latency_ms": "20.123",
            "init_ms": "21.0",
            "first_ms": "63.0",
            "peak_memory_mb": "250.123",
            "throttled": "thermal status 2 after it",
            "waited_s": "12.5",
            "late_cool": "true",
            "temperature_before_c": "30.25",
            "temperature_after_c": "31.5",
            "exit_code": "0",
            "log": "round003.stdout",
        }
    ]


def test_a_failure_keeps_its_kind_and_has_no_numbers() -> None:
    failed = replace(make_failure(CASE, kind="timeout"), before=None, after=None)

    (row,) = rows_of(failed)

    assert (row["valid"], row["failure"]) == ("false", "timeout")
    for name in ("latency_ms", "init_ms", "first_ms", "temperature_before_c", "exit_code"):
        assert row[name] == ""


def test_all_purposes_are_there_in_the_order_of_the_file() -> None:
    records = [make_output(CASE), make_record(CASE, 1), make_failure(CASE, 0)]

    assert [(row["purpose"], row["round"]) for row in rows_of(*records)] == [
        ("output", "0"),
        ("latency", "1"),
        ("latency", "0"),
    ]


def test_a_latency_has_six_digits_and_what_is_no_number_is_empty() -> None:
    measurement = make_measurement(1.0, first_us=math.nan)
    phase = replace(measurement.inference, median_us=None, average_us=1_234_567.891)

    (row,) = rows_of(
        make_record(
            CASE,
            measurement=replace(measurement, inference=phase),
            peak_memory_mb=math.inf,
        )
    )

    assert (row["latency_ms"], row["first_ms"], row["peak_memory_mb"]) == ("1234.57", "", "")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_text_is_a_formula(text: str) -> None:
    record = replace(make_record(CASE, throttled=text, stdout=text), case=text)

    (row,) = rows_of(record)

    shown = "'" + text.replace("\r", "\n")
    assert {row["case"], row["throttled"], row["log"]} == {shown}


def test_a_carriage_return_begins_no_row() -> None:
    (row,) = rows_of(make_record(CASE, throttled="hot\r=1+1\r\n@x"))

    assert row["throttled"] == "hot\n=1+1\n@x"


def test_quotes_and_line_breaks_stay_in_their_cell() -> None:
    text = 'a "b", c\nd'

    (row,) = rows_of(make_record(CASE, throttled=text))

    assert row["throttled"] == text


def test_no_record_gives_the_header() -> None:
    assert render_invocations([]).startswith("case,round,attempt,purpose,started_at,valid,failure,")
    assert render_invocations([]).count("\n") == 1
