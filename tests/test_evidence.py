from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from factories import make_case, make_measurement, make_record, make_run

from harness.checks import Check, Verdict
from harness.evidence import Evidence, check_invocation, gather_evidence
from harness.measurement import Delegation
from harness.plan import Case
from harness.record import Record


def checks_of(case: Case, record: Record) -> dict[str, Check]:
    assert record.measurement is not None
    run = make_run({case: [62.0]})
    return {
        check.name: check for check in check_invocation(case, run.info, record, record.measurement)
    }


def verdict_of_delegate(delegate: str, *delegations: Delegation) -> Verdict:
    case = make_case(delegate=delegate)
    measurement = make_measurement(delegations=delegations)
    return checks_of(case, make_record(case, measurement=measurement))["delegate"].verdict


def test_an_invocation_that_did_as_told_is_proven() -> None:
    case = make_case()

    checks = checks_of(case, make_record(case))

    assert {name: check.verdict for name, check in checks.items()} == dict.fromkeys(
        ("model", "tool", "flags", "threads", "cpus", "delegate", "runs"), Verdict.PROVEN
    )
    assert checks["delegate"] == Check(
        name="delegate",
        requested="xnnpack",
        observed="XNNPACK, 1046 of 1049 nodes, 1 partition",
        verdict=Verdict.PROVEN,
    )


@pytest.mark.parametrize(
    ("name", "changes", "observed"),
    [
        ("model", {"model_sha256": "c" * 64}, "c" * 16),
        ("tool", {"tool_sha256": "d" * 64}, "d" * 16),
        ("threads", {"measurement": make_measurement(threads=1)}, "1"),
    ],
)
def test_another_model_tool_or_thread_count_contradicts(
    name: str, changes: dict[str, Any], observed: str
) -> None:
    case = make_case()

    check = checks_of(case, make_record(case, **changes))[name]

    assert (check.observed, check.verdict) == (observed, Verdict.CONTRADICTED)


def test_another_run_count_contradicts() -> None:
    case, measurement = make_case(), make_measurement()
    short = dataclasses.replace(
        measurement, inference=dataclasses.replace(measurement.inference, count=16)
    )

    check = checks_of(case, make_record(case, measurement=short))["runs"]

    assert (check.requested, check.observed) == ("20", "16")
    assert check.verdict == Verdict.CONTRADICTED


@pytest.mark.parametrize(
    ("requested", "seen", "verdict"),
    [
        ("f0", "f0", Verdict.PROVEN),
        ("f0", "ff", Verdict.CONTRADICTED),
        ("f0", None, Verdict.UNPROVEN),
        (None, "ff", Verdict.UNPROVEN),
    ],
)
def test_a_mask_that_did_not_hold_contradicts(
    requested: str | None, seen: str | None, verdict: Verdict
) -> None:
    case = make_case(cpus="big")
    record = make_record(case, requested_mask=requested, cpu_mask=seen)

    assert checks_of(case, record)["cpus"].verdict == verdict


@pytest.mark.parametrize(
    ("delegate", "seen", "verdict"),
    [
        ("xnnpack", [Delegation(delegate="XNNPACK", nodes=9, nodes_total=9)], Verdict.PROVEN),
        ("xnnpack", [Delegation(delegate="XNNPACK", nodes=0)], Verdict.CONTRADICTED),
        ("xnnpack", [Delegation(delegate="XNNPACK", applied="not at all")], Verdict.CONTRADICTED),
        ("xnnpack", [Delegation(delegate="XNNPACK")], Verdict.UNPROVEN),
        ("xnnpack", [], Verdict.UNPROVEN),
        ("gpu", [Delegation(delegate="XNNPACK", nodes=9)], Verdict.CONTRADICTED),
        ("gpu", [Delegation(delegate="GPU", applied="completely")], Verdict.PROVEN),
        ("gpu", [Delegation(delegate="GPU", partitions=0)], Verdict.CONTRADICTED),
        ("cpu", [], Verdict.PROVEN),
        ("cpu", [Delegation(delegate="XNNPACK", nodes=9)], Verdict.CONTRADICTED),
        ("default", [Delegation(delegate="XNNPACK", nodes=9)], Verdict.PROVEN),
        ("default", [], Verdict.PROVEN),
        ("external:/d.so", [Delegation(delegate="EXTERNAL", nodes=3)], Verdict.PROVEN),
    ],
)
def test_a_delegate_is_proven_by_the_nodes_that_it_took(
    delegate: str, seen: list[Delegation], verdict: Verdict
) -> None:
    assert verdict_of_delegate(delegate, *seen) == verdict


def test_the_worst_invocation_decides() -> None:
    case = make_case()
    records = [make_record(case, 0), make_record(case, 1, model_sha256="c" * 64)]

    evidence = gather_evidence(case, make_run({case: [1.0]}).info, records)

    assert isinstance(evidence, Evidence)
    assert evidence.verdict == Verdict.CONTRADICTED
    assert [c.name for c in evidence.checks if c.verdict != Verdict.PROVEN] == ["model"]


def test_without_a_measurement_there_is_no_evidence() -> None:
    case = make_case()

    assert gather_evidence(case, make_run({case: [1.0]}).info, []) is None
