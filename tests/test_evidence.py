from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from factories import make_case, make_measurement, make_output, make_record, make_run

from harness.checks import Check, Verdict
from harness.device import Observation
from harness.evidence import Evidence, check_invocation, gather_evidence
from harness.measurement import Delegation, Phase
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

    line = "VERBOSE: Replacing 1046 out of 1049 node(s)"
    measurement = make_measurement(model_mb=97.6669, sources={"delegate": line})

    checks = checks_of(case, make_record(case, measurement=measurement))

    names = ["model", "loaded model", "tool", "flags", "threads", "cpus", "delegate", "runs"]
    assert {name: check.verdict for name, check in checks.items()} == dict.fromkeys(
        [*names, "roofline"], Verdict.PROVEN
    )
    assert checks["delegate"] == Check(
        name="delegate",
        requested="xnnpack",
        observed="XNNPACK, 1046 of 1049 nodes, 1 partition",
        verdict=Verdict.PROVEN,
        raw="VERBOSE: Replacing 1046 out of 1049 node(s)",
    )


@pytest.mark.parametrize(
    ("name", "changes", "observed"),
    [
        ("model", {"model_sha256": "c" * 64}, "c" * 16),
        ("tool", {"tool_sha256": "d" * 64}, "d" * 16),
        ("threads", {"measurement": make_measurement(threads=1)}, "1"),
        ("loaded model", {"measurement": make_measurement(model_mb=434.462)}, "434.462 MB"),
        (
            "threads",
            {"measurement": make_measurement(threads=None, sources={"runs_asked": "[20]"})},
            "not among the flags that the tool repeats",
        ),
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

    evidence = gather_evidence(case, make_run({case: [1.0]}).info, records, make_output(case))

    assert isinstance(evidence, Evidence)
    assert evidence.verdict == Verdict.CONTRADICTED
    assert [c.name for c in evidence.checks if c.verdict != Verdict.PROVEN] == ["model"]


def test_without_a_measurement_there_is_no_evidence() -> None:
    case = make_case()

    assert gather_evidence(case, make_run({case: [1.0]}).info, [], None) is None


# Twenty runs of 20 ms and a warm-up of 50 ms in an invocation of a second.
TWO_THREADS = make_case(threads=2)


@pytest.mark.parametrize(
    ("cpu_s", "verdict"),
    [
        (1.4, Verdict.PROVEN),  # both threads worked
        (0.45, Verdict.PROVEN),  # so little that others had the CPUs
        (2.2, Verdict.CONTRADICTED),  # three threads or more
    ],
)
def test_the_cpu_time_of_an_invocation_must_fit_its_threads(cpu_s: float, verdict: Verdict) -> None:
    measurement = make_measurement(threads=2)
    record = make_record(
        TWO_THREADS,
        measurement=measurement,
        wall_s=1.0,
        cpu_s=cpu_s,
        before=Observation(cpu_idle_s=100.0),
        after=Observation(cpu_idle_s=101.0),
    )

    assert checks_of(TWO_THREADS, record)["threads"].verdict == verdict


@pytest.mark.parametrize(
    ("delegate", "idle_s", "verdict"),
    [
        ("xnnpack", 4.1, "contradicted"),
        ("xnnpack", 0.3, "proven"),  # others had the second CPU
        ("cpu", 4.1, "unproven"),  # the kernels may be at fault
    ],
)
def test_one_busy_cpu_contradicts_two_threads_where_another_was_idle(
    delegate: str, idle_s: float, verdict: str
) -> None:
    case = make_case(threads=2, delegate=delegate)
    inference = Phase(count=200, average_us=20_000.0, median_us=20_000)
    measurement = make_measurement(threads=2, inference=inference)
    record = make_record(
        case,
        measurement=measurement,
        wall_s=4.2,
        cpu_s=4.15,
        before=Observation(cpu_idle_s=100.0),
        after=Observation(cpu_idle_s=100.0 + idle_s),
    )

    assert checks_of(case, record)["threads"].verdict == verdict


@pytest.mark.parametrize(
    ("changes", "verdict", "observed"),
    [
        ({}, Verdict.PROVEN, "off by 0.002 %"),
        ({"error_percent": 2.0}, Verdict.CONTRADICTED, "off by 2 %"),
        (
            {"error_percent": None, "problem": "no reference: it failed"},
            Verdict.UNPROVEN,
            "no reference: it failed",
        ),
        (
            {"error_percent": 1e6, "problem": "the answer has 0 bytes"},
            Verdict.CONTRADICTED,
            "the answer has 0 bytes",
        ),
    ],
)
def test_a_wrong_output_contradicts(
    changes: dict[str, Any], verdict: Verdict, observed: str
) -> None:
    case = make_case()
    run = make_run({case: [62.0]})

    evidence = gather_evidence(case, run.info, run.of_case(case), make_output(case, **changes))

    assert evidence is not None
    output = evidence.checks[-1]
    assert (output.name, output.verdict, output.observed) == ("output", verdict, observed)
    assert "reference:    start_logits: 0.5" in output.raw


def test_without_an_output_the_case_is_unproven() -> None:
    case = make_case()
    run = make_run({case: [62.0]})

    evidence = gather_evidence(case, run.info, run.of_case(case), None)

    assert evidence is not None
    assert evidence.verdict == Verdict.UNPROVEN
    assert evidence.checks[-1].observed == "not compared: the tool cannot write its output"
