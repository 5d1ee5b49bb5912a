"""Every invocation of a run as CSV, one line each in the order of `records.jsonl`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from harness.device import Observation
from harness.record import Record
from reports.exports.spreadsheet import plain, six_digits

_COLUMNS = (
    "case",
    "round",
    "attempt",
    "purpose",
    "started_at",
    "valid",
    "failure",
    "latency_ms",
    "init_ms",
    "first_ms",
    "peak_memory_mb",
    "throttled",
    "waited_s",
    "late_cool",
    "temperature_before_c",
    "temperature_after_c",
    "exit_code",
    "log",
)


def render_invocations(records: Sequence[Record]) -> str:
    """The invocations as CSV with a header; what does not apply is empty.

    Rounds count from 0, as in `records.jsonl`; `log` is the name of the output within `logs/`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([plain(value) for value in _row(record)] for record in records)
    return text.getvalue()


def _row(record: Record) -> tuple[object, ...]:
    measurement = record.measurement
    timed: tuple[float | None, ...] = (None, None, None)
    if measurement is not None:
        timed = (_ms(measurement.latency_us), _ms(measurement.init_us), _ms(measurement.first_us))
    return (
        record.case,
        record.round,
        record.attempt,
        record.purpose.value,
        record.started_at,
        _word(value=record.valid),
        record.failure.kind if record.failure else None,
        *timed,
        six_digits(record.peak_memory_mb),
        record.throttled,
        six_digits(record.waited_s),
        _word(value=record.late_cool),
        _temperature(record.before),
        _temperature(record.after),
        record.exit_code,
        record.stdout,
    )


def _ms(microseconds: float | None) -> float | None:
    return None if microseconds is None else six_digits(microseconds / 1000)


def _temperature(seen: Observation | None) -> float | None:
    return None if seen is None else six_digits(seen.temperature_c)


def _word(*, value: bool) -> str:
    return "true" if value else "false"
