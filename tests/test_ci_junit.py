"""JUnit XML, against the schema of Jenkins' xUnit plugin."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree

import pytest
from gate_samples import BIG, CONSUMERS, EMPTY, GPU, HOSTILE_TEXT, LOST, RESULT, RESULTS, hostile
from hypothesis import given, settings

from harness.ci.junit import render_junit
from harness.gate_result import GateResult

ELEMENTS = CONSUMERS["junit"]["elements"]


def parse(text: str) -> ElementTree.Element:
    """What an XML parser makes of the bytes that are written to the file."""
    return ElementTree.fromstring(text.encode("utf-8"))


def faults(element: ElementTree.Element) -> list[str]:
    """What the schema does not allow in this element and below."""
    rules = ELEMENTS[element.tag]
    found = [f"{element.tag} lacks {name}" for name in set(rules["required"]) - set(element.keys())]
    extra = set(element.keys()) - {*rules["required"], *rules["optional"]}
    found += [f"{element.tag} has {name}" for name in extra]
    if not rules["text"]:
        texts = [element.text, *(child.tail for child in element)]
        found += [f"{element.tag} holds {text!r}" for text in texts if text and text.strip()]
    for child in element:
        allowed = child.tag in rules["children"]
        found += faults(child) if allowed else [f"{child.tag} is in {element.tag}"]
    return found


@pytest.mark.parametrize("result", [RESULT, EMPTY, hostile()], ids=["usual", "empty", "hostile"])
def test_the_document_fits_the_schema(result: GateResult) -> None:
    assert faults(parse(render_junit(result))) == []


@settings(max_examples=100, deadline=None)
@given(RESULTS)
def test_the_document_fits_the_schema_whatever_is_in_the_result(result: GateResult) -> None:
    assert faults(parse(render_junit(result))) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<testsuites><testcase name='a'/></testsuites>", "testcase is in testsuites"),
        ("<testcase/>", "testcase lacks name"),
        ("<skipped reason='x'/>", "skipped has reason"),
        ("<properties>x</properties>", "properties holds 'x'"),
    ],
)
def test_the_check_against_the_schema_finds_faults(text: str, fault: str) -> None:
    assert faults(ElementTree.fromstring(text)) == [fault]


def test_only_a_proven_regression_is_a_failure() -> None:
    cases = parse(render_junit(RESULT)).iter("testcase")

    assert [(case.get("name"), [child.tag for child in case]) for case in cases] == [
        (f"{BIG}/latency", ["failure", "system-out"]),
        (f"{BIG}/init", ["system-out"]),
        (f"{BIG}/size", ["system-out"]),
        (f"{BIG}/partitions", ["failure", "system-out"]),
        (f"{BIG}/undelegated-nodes", ["system-out"]),
        (f"{GPU}/latency", ["skipped", "system-out"]),
        (f"{GPU}/memory", ["error", "system-out"]),
    ]


def test_the_totals_are_those_of_the_cases() -> None:
    suite = parse(render_junit(RESULT)).find("testsuite")

    assert suite is not None
    assert suite.attrib == {
        "name": "main.tflite against pr.tflite",
        "tests": "7",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    properties = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert properties == {
        "device": "Pixel 4",
        "verdict": "fail",
        "exit_code": "1",
        "advisory": "false",
        "minimum_detectable_percent": "2.13",
    }


def test_a_case_tells_why_and_with_which_numbers() -> None:
    case = next(parse(render_junit(RESULT)).iter("testcase"))
    why = "the slowdown is above the noise floor of 1 %. A second, fresh measurement agrees."

    assert case.get("classname") == "Pixel 4.mobilebert-qa-seq128-fp32.xnnpack"
    failure = case.find("failure")
    assert failure is not None
    assert (failure.attrib, failure.text) == ({"type": "regression", "message": why}, why)
    assert case.findtext("system-out") == (
        "change: +6.2 %\n95 % interval: +4.9 to +7.5 %\npairs: 12\n"
        "values: 16 -> 17 ms\ntolerance: 5.0 %"
    )


@pytest.mark.parametrize(
    ("case_id", "device", "class_name"),
    [
        ("net.v2/external:/a/lib.so/threads4", "1.2.3.4:5555", "1_2_3_4:5555.net_v2.external"),
        ("a/threads1/threads4/cpus-big", "", "device.a.threads1"),
        ("anything", "Pixel 4", "Pixel 4.cases"),
    ],
)
def test_dots_in_names_make_no_packages(case_id: str, device: str, class_name: str) -> None:
    result = GateResult(
        verdict=RESULT.verdict,
        exit_code=3,
        device=device,
        cells=(dataclasses.replace(LOST, case=case_id),),
    )

    (case,) = parse(render_junit(result)).iter("testcase")
    assert str(case.get("classname")).startswith(class_name)
    assert str(case.get("classname")).count(".") == class_name.count(".")


def test_foreign_text_loses_only_what_cannot_be_seen() -> None:
    error = parse(render_junit(hostile())).find(".//error")

    assert error is not None
    assert error.text is not None
    for part in ("</code> &amp; ]]>", "<script>alert(1)</script>", "\N{REPLACEMENT CHARACTER}[31m"):
        assert part in HOSTILE_TEXT.replace("\x1b", "\N{REPLACEMENT CHARACTER}")
        assert part in error.text
