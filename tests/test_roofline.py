from __future__ import annotations

import dataclasses

import pytest
from factories import PIXEL_4, make_case, make_facts, make_info, make_record

from harness.checks import Check, Verdict
from harness.device import ClusterState, Observation
from harness.roofline import Roofline, check_roofline, find_roofline

MACS = 1_000_000_000  # 2 * 10^9 operations: 20 ms are 100 GFLOP/s


def on_host(
    threads: int = 1, peaks: dict[int, float] | None = None, mask: str | None = "f"
) -> Roofline:
    case = make_case(threads=threads)
    info = make_info([case], peak_gflops={1: 200.0, 4: 700.0} if peaks is None else peaks)
    record = make_record(case, cpu_mask=mask, requested_mask=None)
    found = find_roofline(case, 20.0, make_facts(macs=MACS), info, record)
    assert found is not None
    return found


def on_phone(
    mask: str | None = "f0",
    *clusters: ClusterState,
    latency_ms: float = 20.0,
    threads: int = 4,
    name: str = "pixel4",
    **changes: object,
) -> Roofline:
    case = make_case("mobilebert", threads=threads, **changes)
    info = make_info([case], device=dataclasses.replace(PIXEL_4, name=name))
    record = make_record(
        case, cpu_mask=mask, requested_mask=None, before=Observation(clusters=clusters)
    )
    found = find_roofline(case, latency_ms, make_facts(macs=MACS), info, record)
    assert found is not None
    return found


def test_compares_a_host_with_the_product_that_it_was_measured_with() -> None:
    assert on_host() == Roofline(
        gflops=100.0,
        peak_gflops=200.0,
        peak_source="a matrix product in fp32 with 1 thread on this host, "
        "measured as the run began",
        limit_percent=115.0,
        arithmetic="2 x 1000000000 MACs / 20 ms = 100 GFLOP/s",
    )
    assert on_host().share_percent == 50.0


@pytest.mark.parametrize(
    ("threads", "mask", "peak"),
    [
        (4, "f", 700.0),
        (4, "ffffffffff", 700.0),
        (4, None, 700.0),
        (2, "f", 700.0),  # the nearest larger one
        (4, "8", 200.0),  # four threads on one CPU
        (4, "c", 700.0),
        (8, "ff", None),
        (8, "f", 700.0),
    ],
)
def test_as_many_threads_count_as_there_are_cpus(
    threads: int, mask: str | None, peak: float | None
) -> None:
    assert on_host(threads, mask=mask).peak_gflops == peak


@pytest.mark.parametrize(
    ("mask", "threads", "peak"),
    [
        # 16 operations a cycle at 2.4192 GHz (4 to 6) and at 2.8416 GHz (7), 8 at 1.7856 GHz.
        ("f0", 4, 161.5872),
        ("f0", 1, 45.4656),
        ("f0", 2, 84.1728),
        ("f0", 8, 161.5872),
        ("70", 1, 38.7072),
        ("ff", 6, 190.1568),
        ("f", 4, 57.1392),
        (None, 1, 45.4656),
    ],
)
def test_a_phones_peak_is_that_of_the_fastest_cpus_it_may_use(
    mask: str | None, threads: int, peak: float
) -> None:
    assert on_phone(mask, threads=threads).peak_gflops == pytest.approx(peak)


def test_the_clocks_that_a_phone_tells_count_more_than_the_known_ones() -> None:
    told = ClusterState(policy="policy7", cpus=(7,), highest_khz=2_000_000)
    silent = ClusterState(policy="policy4", cpus=(4, 5, 6))

    found = on_phone("f0", told, silent, threads=2)

    assert found.peak_gflops == pytest.approx(2 * 38.7072)
    assert found.peak_source == (
        "2 x 38.71 (CPU 4, 5: cortex-a76, 16 a cycle at 2.419 GHz) = 77.41 GFLOP/s, by formula"
    )
    all_four = on_phone("f0", told, silent)
    assert all_four.peak_source == (
        "3 x 38.71 (CPU 4, 5, 6: cortex-a76, 16 a cycle at 2.419 GHz) + "
        "1 x 32 (CPU 7: cortex-a76, 16 a cycle at 2 GHz) = 148.1 GFLOP/s, by formula"
    )


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (on_phone(delegate="gpu"), "the gpu delegate need not run on the CPUs"),
        (on_phone(delegate="external:/x.so"), "the external delegate need not run on the CPUs"),
        (on_phone(name="0123456789"), "the CPUs of '0123456789' are not known"),
        (on_phone("1f0"), "pixel4 is known with the CPUs ff, not 1f0"),
        (on_host(peaks={}), "none was measured with 1 thread"),
        (on_host(8, mask="ff"), "none was measured with 8 threads"),
    ],
)
def test_without_a_peak_nothing_is_proven(found: Roofline, why: str) -> None:
    assert (found.peak_gflops, found.share_percent, found.peak_source) == (None, None, why)
    assert check_roofline(found) == Check(
        name="roofline",
        requested="no more than the CPUs can do",
        observed=f"100 GFLOP/s; no peak: {why}",
        verdict=Verdict.UNPROVEN,
        raw=f"2 x 1000000000 MACs / 20 ms = 100 GFLOP/s\npeak: {why}",
    )


@pytest.mark.parametrize(("latency_ms", "macs"), [(20.0, 0), (0.0, MACS)])
def test_without_multiplications_there_is_no_rate(latency_ms: float, macs: int) -> None:
    case = make_case()

    assert (
        find_roofline(case, latency_ms, make_facts(macs=macs), make_info([case]), make_record(case))
        is None
    )


def test_without_a_rate_nothing_is_proven() -> None:
    assert check_roofline(None).verdict is Verdict.UNPROVEN


def test_a_check_shows_its_arithmetic() -> None:
    assert check_roofline(on_phone("80", threads=1, latency_ms=50.0)) == Check(
        name="roofline",
        requested="at most 100 % of 45.47 GFLOP/s in fp32",
        observed="40 GFLOP/s, 88 %",
        verdict=Verdict.PROVEN,
        raw=(
            "2 x 1000000000 MACs / 50 ms = 40 GFLOP/s\npeak: "
            "1 x 45.47 (CPU 7: cortex-a76, 16 a cycle at 2.842 GHz) = 45.47 GFLOP/s, by formula"
        ),
    )


# Of 161.6 GFLOP/s, 2 * 10^9 operations take at least 12.377 ms.
@pytest.mark.parametrize(
    ("latency_ms", "quantization", "verdict"),
    [
        (12.38, "fp32", Verdict.PROVEN),
        (12.37, "fp32", Verdict.CONTRADICTED),
        (12.37, "dynamic", Verdict.UNPROVEN),  # int8 is faster
        (12.37, "fp16", Verdict.UNPROVEN),
        (12.37, None, Verdict.UNPROVEN),  # a file of somebody
        (12.38, "dynamic", Verdict.PROVEN),
        (12.38, None, Verdict.PROVEN),
    ],
)
def test_no_phone_exceeds_its_formula_in_fp32(
    latency_ms: float, quantization: str | None, verdict: Verdict
) -> None:
    found = on_phone(latency_ms=latency_ms, quantization=quantization)

    assert check_roofline(found).verdict is verdict


INT8 = ("float32", "int8")


def test_int8_on_a_host_is_compared_with_a_product_of_int8() -> None:
    case = make_case(threads=1, quantization="dynamic")
    info = make_info([case], peak_gflops={1: 50.0}, peak_int8_gops={1: 200.0})
    facts = make_facts(macs=MACS, weight_types=INT8)

    found = find_roofline(case, 20.0, facts, info, make_record(case))

    assert found == Roofline(
        gflops=100.0,
        peak_gflops=200.0,
        peak_source="a matrix product in int8 with 1 thread on this host, "
        "measured as the run began",
        limit_percent=115.0,
        numbers="int8",
        arithmetic="2 x 1000000000 MACs / 20 ms = 100 GFLOP/s",
    )
    assert check_roofline(found).requested == "at most 115 % of 200 GFLOP/s in int8"


def test_int8_without_a_product_of_int8_is_not_contradicted() -> None:
    case = make_case(threads=1, quantization="dynamic")
    info = make_info([case], peak_gflops={1: 50.0})
    facts = make_facts(macs=MACS, weight_types=INT8)

    found = find_roofline(case, 20.0, facts, info, make_record(case))

    assert check_roofline(found).verdict is Verdict.UNPROVEN


# Eight times 161.6: 2 * 10^9 operations take at least 1.5471 ms.
@pytest.mark.parametrize(
    ("latency_ms", "verdict"), [(1.548, Verdict.PROVEN), (1.547, Verdict.CONTRADICTED)]
)
def test_no_phone_exceeds_eight_times_its_formula_in_int8(
    latency_ms: float, verdict: Verdict
) -> None:
    case = make_case("mobilebert", quantization="dynamic")
    info = make_info([case], device=dataclasses.replace(PIXEL_4, name="pixel4"))
    record = make_record(case, cpu_mask="f0", requested_mask=None)
    facts = make_facts(macs=MACS, weight_types=INT8)

    assert check_roofline(find_roofline(case, latency_ms, facts, info, record)).verdict is verdict


@pytest.mark.parametrize(
    ("peak", "verdict"),
    [
        (101.0, Verdict.PROVEN),
        (87.0, Verdict.PROVEN),  # 114.9 %: a product does not reach all that there is
        (86.9, Verdict.CONTRADICTED),
    ],
)
def test_a_measured_peak_has_a_margin(peak: float, verdict: Verdict) -> None:
    assert check_roofline(on_host(peaks={1: peak})).verdict is verdict
