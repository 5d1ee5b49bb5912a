"""JUnit XML, which Jenkins, GitLab, Buildkite and others show as test results.

Written for the schema of Jenkins' xUnit plugin (`junit-10.xsd`), the strictest in use. Times are
left out: a cell is one of several that come from the same invocations.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from harness.ci import words
from harness.gate_result import Cell, GateResult, GateVerdict

SUITE = "mbert-bench gate"

_CASE_ID = re.compile(r"(?P<model>[^/]*)/(?P<delegate>.*)/threads\d+(?:/cpus-[^/]*)?")
_OUTCOMES = {  # the element, and its type
    GateVerdict.FAIL: ("failure", "regression"),
    GateVerdict.INFRASTRUCTURE: ("error", "infrastructure"),
    GateVerdict.INCONCLUSIVE: ("skipped", "inconclusive"),
}


def render_junit(result: GateResult) -> str:
    """One test case per cell: failed where a regression is proven, an error where it was not
    measured, skipped where it is undecided."""
    totals = _totals(result.cells)
    root = ElementTree.Element("testsuites", {"name": SUITE, **totals})
    skipped = sum(cell.verdict is GateVerdict.INCONCLUSIVE for cell in result.cells)
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": _title(result), **totals, "skipped": str(skipped)}
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(result):
        ElementTree.SubElement(properties, "property", {"name": name, "value": value})
    for cell in result.cells:
        suite.append(_case(cell, result.device))
    output = ElementTree.SubElement(suite, "system-out")
    output.text = "\n".join(
        [words.counts(result.cells), words.smallest_change(result), *words.remarks(result)]
    )
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _title(result: GateResult) -> str:
    return words.clean(result.title) or SUITE


def _totals(cells: tuple[Cell, ...]) -> dict[str, str]:
    failures = sum(cell.verdict is GateVerdict.FAIL for cell in cells)
    errors = sum(cell.verdict is GateVerdict.INFRASTRUCTURE for cell in cells)
    return {"tests": str(len(cells)), "failures": str(failures), "errors": str(errors)}


def _properties(result: GateResult) -> list[tuple[str, str]]:
    least = result.minimum_detectable_percent
    properties = [
        ("device", words.clean(result.device) or "unknown"),
        ("verdict", result.verdict.value),
        ("exit_code", str(result.exit_code)),
        ("advisory", "true" if result.advisory else "false"),
    ]
    if words.is_number(least):
        properties.append(("minimum_detectable_percent", f"{least:.3g}"))
    return properties


def _case(cell: Cell, device: str) -> ElementTree.Element:
    name = f"{words.name(cell.case)}/{cell.metric}"
    attributes = {"classname": _class_name(cell.case, device), "name": name}
    element = ElementTree.Element("testcase", attributes)
    if cell.verdict in _OUTCOMES:
        tag, kind = _OUTCOMES[cell.verdict]
        why = words.reason(cell)
        outcome = ElementTree.SubElement(element, tag, {"type": kind, "message": why})
        outcome.text = why  # GitLab shows the text, Jenkins the message
    output = ElementTree.SubElement(element, "system-out")
    output.text = _numbers(cell)
    return element


def _class_name(case_id: str, device: str) -> str:
    """`device.model.delegate`; a dot of a name would begin a package of its own."""
    found = _CASE_ID.fullmatch(case_id)
    parts = [device or "device", *([found["model"], found["delegate"]] if found else ["cases"])]
    return ".".join(words.clean(part).replace(".", "_") for part in parts)


def _numbers(cell: Cell) -> str:
    lines = [
        f"change: {words.change(cell)}",
        f"95 % interval: {words.interval(cell)}",
        f"pairs: {words.pairs(cell)}",
        f"values: {words.values(cell)}",
        f"tolerance: {words.percent(cell.tolerance_percent).removeprefix('+')}",
    ]
    return "\n".join(lines)
