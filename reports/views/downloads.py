"""The raw data of a run as files inside the page, large ones gzipped."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass

from reports.cells import number
from reports.exports.document import run_document
from reports.exports.gate_document import gate_document
from reports.exports.invocations_csv import render_invocations
from reports.exports.table import render_csv
from reports.page import RunPage

# In bytes; a larger one is gzipped. Repeated over all cases, words take a tenth of their size then.
LARGE = 200_000

_MEDIA_TYPES = {"json": "application/json", "csv": "text/csv"}


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file inside the page: a `data:` address, and the name that it is saved under."""

    text: str
    name: str
    size: str
    href: str


def build_downloads(page: RunPage, prefix: str) -> tuple[Download, ...]:
    """The document of the run, its cases, its invocations, and of a comparison the verdict."""
    stem, records = f"mbert-bench-{prefix}", page.result.run.records
    document = json.dumps(run_document(page.result, page.judgements), indent=1)
    files = [
        ("Results, evidence and claims as JSON", f"{stem}.json", document),
        ("Cases as CSV", f"{stem}.csv", render_csv(page.result)),
        ("All invocations as CSV", f"{stem}-invocations.csv", render_invocations(records)),
    ]
    if page.gate is not None:
        verdict = json.dumps(gate_document(page.gate), indent=1)
        files.append(("The gate's verdict as JSON", f"{stem}-gate.json", verdict))
    return tuple(_embed(*file) for file in files)


def _embed(text: str, name: str, content: str) -> Download:
    data = content.encode("utf-8", "replace")  # no UTF-8 has surrogates
    size = _size(len(data))
    if len(data) <= LARGE:
        media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
        return Download(text=text, name=name, size=size, href=_address(media_type, data))
    # Without the time in its header, the same run gives the same page.
    packed = gzip.compress(data, mtime=0)
    return Download(
        text=text,
        name=f"{name}.gz",
        size=f"{_size(len(packed))} gzipped, {size} unpacked",
        href=_address("application/gzip", packed),
    )


def _address(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def _size(size_bytes: int) -> str:
    if size_bytes < 1e6:
        return f"{number(size_bytes / 1e3)} kB"
    return f"{number(size_bytes / 1e6)} MB"
