"""`summary.csv`: one line per case, for a spreadsheet."""

from __future__ import annotations

import csv
import io

from harness.summary import RunResult
from reports.exports.document import run_document
from reports.exports.spreadsheet import plain

_COLUMNS = (
    "id",
    "model",
    "task",
    "sequence_length",
    "quantization",
    "delegate",
    "threads",
    "cpus",
    "status",
    "n",
    "latency_ms",
    "latency_low_ms",
    "latency_high_ms",
    "init_ms",
    "first_ms",
    "peak_memory_mb",
    "model_bytes",
    "parameters",
    "macs",
    "evidence",
)


def render_csv(result: RunResult) -> str:
    """The cases of a run as CSV with a header; what does not apply is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for case in run_document(result, ())["cases"]:
        latency = case["latency_ms"] or {}
        evidence = case["evidence"] or {}
        flat = {
            **case,
            "latency_ms": latency.get("median"),
            "latency_low_ms": latency.get("low"),
            "latency_high_ms": latency.get("high"),
            "evidence": evidence.get("verdict"),
        }
        writer.writerow({name: plain(value) for name, value in flat.items()})
    return text.getvalue()
