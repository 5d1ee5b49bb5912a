"""Runs on phones of the lab that something happens to: nothing is lost, the phone is as it was."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import write_tool
from phone_runs import STAND_IN, TINY, Bench, end, state_of, write_plan

from lab.lab import Lab
from lab.phone import LabPhone

pytestmark = pytest.mark.lab


@pytest.fixture
def bench(lab: Lab, tmp_path: Path) -> Bench:
    return Bench(lab=lab, folder=tmp_path)


@pytest.fixture
def untouched(pixel4: LabPhone) -> Iterator[LabPhone]:
    """A Pixel 4 that must be as it was when the test ends."""
    before = state_of(pixel4)
    yield pixel4
    after = state_of(pixel4)
    assert after == before


def rounds_of(bench: Bench) -> list[int]:
    return sorted(
        record["round"]
        for record in bench.records()
        if record["valid"] and record["purpose"] == "latency"
    )


def test_a_phone_gives_what_a_host_gives_and_is_left_as_it_was(
    bench: Bench, untouched: LabPhone
) -> None:
    done = bench.do(
        "run", "--device", "pixel4", "--model-file", TINY, "--threads", "1,2",
        "--delegate", "xnnpack,cpu", "--rounds", "2", "--num-runs", "5",
        "--benchmark-model", STAND_IN, "--out", bench.out, "--json",
    )  # fmt: skip

    assert done.code == 0, done.stderr
    result = done.document
    assert result["device"]["kind"] == "phone"
    assert (result["device"]["name"], result["device"]["model"]) == ("pixel4", "Pixel 4")
    assert result["device"]["tier"] == "T1"  # pinned; its clocks cannot be fixed
    assert [(case["delegate"], case["threads"], case["n"]) for case in result["cases"]] == [
        ("xnnpack", 1, 2),
        ("xnnpack", 2, 2),
        ("cpu", 1, 2),
        ("cpu", 2, 2),
    ]
    for case in result["cases"]:
        checks = {check["name"]: check["verdict"] for check in case["evidence"]["checks"]}
        assert {"model", "tool", "flags", "delegate", "runs", "thermal status"} <= set(checks)
        assert "contradicted" not in checks.values(), case["evidence"]
    record = bench.records()[0]
    assert record["before"]["thermal_status"] == 0
    assert record["before"]["boot_id"] == record["after"]["boot_id"]
    assert len(record["before"]["clusters"]) == 3
    assert (bench.out / "journal.jsonl").exists()


@pytest.mark.big
def test_the_papers_models_run_on_a_phone(bench: Bench) -> None:
    phone = bench.lab.phone("pixel4", data_mb=1500)
    before = state_of(phone)

    done = end(
        bench.start(
            "run", "--device", "pixel4", "--model", "mobilebert,bert-base", "--threads", "1,2",
            "--delegate", "xnnpack,cpu", "--rounds", "1", "--num-runs", "3",
            "--benchmark-model", STAND_IN, "--out", bench.out, "--json",
        ),
        timeout_s=400,
    )  # fmt: skip

    assert done.code == 0, done.stderr
    cases = done.document["cases"]
    assert len(cases) == 8
    # A phone of the lab computes faster than the CPUs of a Pixel can, which its roofline shows.
    assert {
        check["verdict"]
        for case in cases
        for check in case["evidence"]["checks"]
        if check["name"] != "roofline"
    } == {"proven"}
    assert {case["parameters"] for case in cases} == {24_581_888, 108_891_648}
    assert state_of(phone) == before


def test_a_phone_with_fixed_clocks_runs_on_the_cpus_that_are_named(
    bench: Bench, pixel8: LabPhone
) -> None:
    before = state_of(pixel8)
    done = bench.run(pixel8, "--rounds", "1", "--cpus", "big,mid,1ff")

    assert done.code == 0, done.stderr
    result = done.document
    assert result["device"]["tier"] == "T2"
    cpus = [
        check
        for case in result["cases"]
        for check in case["evidence"]["checks"]
        if check["name"] == "cpus"
    ]
    assert [(check["requested"], check["observed"], check["verdict"]) for check in cpus] == [
        ("100", "100", "proven"),
        ("f0", "f0", "proven"),
        ("1ff", "1ff", "proven"),
    ]
    assert state_of(pixel8) == before


Disturb = Callable[[LabPhone, Lab], None]


def adbd_dies(phone: LabPhone, _lab: Lab) -> None:
    phone.kill_adbd()
    time.sleep(1)
    phone.restart_adbd(wait=False)


def the_server_dies(_phone: LabPhone, lab: Lab) -> None:
    lab.server.stop()
    time.sleep(1)
    lab.server.start()


def the_link_goes_black(phone: LabPhone, _lab: Lab) -> None:
    phone.black_hole(5, gives_up_after_s=3)


def the_cable_is_pulled(phone: LabPhone, _lab: Lab) -> None:
    phone.unplug_cable(2)


def the_processes_are_killed(phone: LabPhone, _lab: Lab) -> None:
    phone.kill_adbd(with_children=True)
    time.sleep(0.5)
    phone.restart_adbd(wait=False)


def the_phone_reboots(phone: LabPhone, _lab: Lab) -> None:
    phone.reboot(off_s=1, wait=False)


@pytest.mark.parametrize(
    ("disturb", "after_s"),
    [
        # While the tool starts, while it measures, while its log is read.
        (adbd_dies, 0.1),
        (adbd_dies, 0.5),
        (adbd_dies, 0.9),
        (the_server_dies, 0.5),
        (the_link_goes_black, 0.5),
        (the_cable_is_pulled, 0.5),
        (the_processes_are_killed, 0.5),
        (the_phone_reboots, 0.5),
    ],
)
def test_a_run_goes_on_after(
    bench: Bench, untouched: LabPhone, disturb: Disturb, after_s: float
) -> None:
    process = bench.start_run(untouched)
    bench.wait_for_records(1)
    time.sleep(after_s)
    disturb(untouched, bench.lab)

    done = end(process)

    assert done.code == 0, done.stderr
    assert rounds_of(bench) == [0, 1, 2, 3]
    (case,) = done.document["cases"]
    assert (case["status"], case["n"]) == ("ok", 4)


def test_a_reboot_is_recognised(bench: Bench, untouched: LabPhone) -> None:
    process = bench.start_run(untouched)
    bench.wait_for_records(1)
    time.sleep(0.5)
    the_phone_reboots(untouched, bench.lab)
    done = end(process)

    assert done.code == 0, done.stderr
    kinds = [record["failure"]["kind"] for record in bench.records() if not record["valid"]]
    assert kinds == ["phone-rebooted"]
    boots = {record["before"]["boot_id"] for record in bench.records() if record["valid"]}
    assert len(boots) == 2


def test_a_phone_that_is_gone_for_ever_keeps_its_records_and_can_be_put_back(
    bench: Bench, pixel4: LabPhone
) -> None:
    before = state_of(pixel4)
    write_plan(bench.folder / "plan.toml", patience_s=2)
    process = bench.start_run(pixel4)
    bench.wait_for_records(3)
    pixel4.black_hole(gives_up_after_s=1)
    done = end(process)

    assert done.code == 3
    assert "--resume" in done.stderr
    assert done.document["cases"][0]["n"] == 2

    pixel4.plug_in()
    restored = bench.do("restore", "--device", pixel4.serial)
    assert restored.code == 0, restored.stderr
    assert state_of(pixel4)["settings"] == before["settings"]
    resumed = bench.run(pixel4, "--resume")
    assert resumed.code == 0, resumed.stderr
    assert rounds_of(bench) == [0, 1, 2, 3]


def test_a_host_that_was_killed_is_put_right_by_restore(bench: Bench, pixel8: LabPhone) -> None:
    before = state_of(pixel8)
    process = bench.start_run(pixel8)
    bench.wait_for_records(1)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert state_of(pixel8) != before

    restored = bench.do("restore", "--device", "pixel8")

    assert restored.code == 0, restored.stderr
    after = state_of(pixel8)
    assert {**after, "processes": []} == {**before, "processes": []}


def test_a_host_that_was_killed_is_put_right_by_the_next_run(
    bench: Bench, pixel8: LabPhone
) -> None:
    before = state_of(pixel8)
    process = bench.start_run(pixel8)
    bench.wait_for_records(1)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()

    done = bench.run(pixel8, "--resume")

    assert done.code == 0, done.stderr
    assert "put back from an earlier run" in done.stderr
    assert rounds_of(bench) == [0, 1, 2, 3]
    assert {**state_of(pixel8), "processes": []} == {**before, "processes": []}


def test_an_interruption_puts_the_phone_back(bench: Bench, untouched: LabPhone) -> None:
    process = bench.start_run(untouched)
    bench.wait_for_records(1)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    done = end(process)

    assert done.code == 130, done.stderr
    assert untouched.processes() == []


def test_a_disk_that_is_full_at_the_push_is_told(bench: Bench, untouched: LabPhone) -> None:
    untouched.fill_disk(leave_bytes=8192)
    done = bench.run(untouched)
    untouched.free_disk()

    assert done.code == 3
    assert "are needed in /data/local/tmp" in done.stderr
    assert not (bench.out / "records.jsonl").exists()


def test_a_disk_that_fills_during_a_run_costs_that_invocation(
    bench: Bench, untouched: LabPhone
) -> None:
    process = bench.start_run(untouched)
    bench.wait_for_records(1)
    untouched.fill_disk()
    bench.wait_for_records(2)
    untouched.free_disk()
    done = end(process)

    assert done.code in (0, 3), done.stderr
    assert rounds_of(bench)[0] == 0
    assert done.document["cases"][0]["n"] >= 2


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        ("kill -SEGV $$", "signal", "SIGSEGV"),
        ("kill -KILL $$", "signal", "SIGKILL"),
        ("echo begun; sleep 60 & wait", "timeout", "still running after 1 s"),
        ("exit 0", "no-result", "nothing"),
    ],
)
def test_a_tool_that_misbehaves_is_recorded_as_such(
    bench: Bench, untouched: LabPhone, script: str, kind: str, message: str
) -> None:
    tool = write_tool(bench.folder / "tool", f'case "$*" in *--help*) exit 1;; esac\n{script}')
    write_plan(bench.folder / "plan.toml", rounds=2, timeout_s=1)

    done = bench.run(untouched, tool=tool)

    assert done.code == 3
    (case,) = done.document["cases"]
    assert case["failure"]["kind"] == kind
    assert message in case["failure"]["message"]
    assert untouched.processes() == []


@pytest.mark.parametrize(
    ("change", "problem", "check", "observed"),
    [
        (lambda phone: phone.heat(43.2, 2), "thermal-status", "thermal status", "2 and 2"),
        (
            lambda phone: phone.override_thermal(0),
            "thermal-overridden",
            "thermal status",
            "overridden by somebody",
        ),
        (
            lambda phone: phone.mock_battery(level=50),
            "battery-mocked",
            "battery",
            "mocked by somebody",
        ),
        (lambda phone: phone.throttle(7, 1_500_000), None, "clocks", "policy7 at 1500000"),
    ],
    ids=["hot", "overridden", "mocked", "throttled"],
)
def test_a_phone_that_is_not_itself_is_refused_or_contradicts(
    bench: Bench,
    pixel4: LabPhone,
    change: Callable[[LabPhone], Any],
    problem: str | None,
    check: str,
    observed: str,
) -> None:
    change(pixel4)
    before = state_of(pixel4)
    write_plan(bench.folder / "plan.toml", rounds=1, cool_s=1)
    if problem is not None:
        refused = bench.run(pixel4)
        assert (refused.code, f"--allow {problem}" in refused.stderr) == (3, True), refused.stderr
        assert not (bench.out / "run.json").exists()
    allow = [] if problem is None else ["--allow", problem]

    done = bench.run(pixel4, *allow)

    assert done.code == 0, done.stderr
    allowed = [row["id"] for row in done.document["preflight"] if row["allowed"]]
    assert allowed == ([] if problem is None else [problem])
    (case,) = done.document["cases"]
    checks = {row["name"]: row for row in case["evidence"]["checks"]}
    assert checks[check]["verdict"] == "contradicted"
    assert observed in checks[check]["observed"]
    assert state_of(pixel4) == before


def test_what_heat_has_spoilt_is_redone_after_the_phone_has_cooled(
    bench: Bench, pixel4: LabPhone
) -> None:
    process = bench.start_run(pixel4)
    bench.wait_for_records(2)
    time.sleep(0.4)  # so that it is measuring
    pixel4.heat(44.0, 2)
    cooler = threading.Timer(5, lambda: pixel4.heat(27.0, 0))
    cooler.start()
    done = end(process)
    cooler.join()

    assert done.code == 0, done.stderr
    assert rounds_of(bench) == [0, 1, 2, 3]
    spoilt = [record for record in bench.records() if not record["valid"]]
    assert {record["failure"]["kind"] for record in spoilt} == {"throttled"}
    assert max(record["waited_s"] for record in bench.records()) > 0
    assert "cool" in done.stderr
    (case,) = done.document["cases"]
    assert case["heat"]["redone"] == len(spoilt) > 0
    assert case["evidence"]["verdict"] == "proven", case["evidence"]


def test_a_mask_that_is_refused_is_a_failure_with_that_reason(
    bench: Bench, untouched: LabPhone
) -> None:
    untouched.refuse_mask()
    done = bench.run(untouched, "--rounds", "1")
    untouched.refuse_mask(refuse=False)

    assert done.code == 3
    (case,) = done.document["cases"]
    assert case["status"] == "failed"
    assert "affinity" in case["failure"]["message"]


def test_two_jobs_never_share_a_phone(bench: Bench, untouched: LabPhone) -> None:
    process = bench.start_run(untouched)
    bench.wait_for_records(1)
    second = bench.do(
        "run", "--device", "any", "--model-file", TINY, "--benchmark-model", STAND_IN,
        "--out", bench.folder / "second",
    )  # fmt: skip

    assert second.code == 3
    assert "is in use by" in second.stderr
    assert end(process).code == 0


def test_two_phones_run_side_by_side_from_one_command(
    bench: Bench, pixel4: LabPhone, pixel8: LabPhone
) -> None:
    before = [state_of(phone) for phone in (pixel4, pixel8)]
    process = bench.start_run(pixel4, "--device=pixel4,pixel8")

    done = end(process)

    assert done.code == 0, done.stderr
    names = [run["device"]["name"] for run in done.document["runs"]]
    assert names == ["pixel4", "pixel8"]
    assert sorted(path.name for path in bench.out.iterdir()) == ["pixel4", "pixel8"]
    assert [state_of(phone) for phone in (pixel4, pixel8)] == before


@pytest.mark.parametrize("state", ["unauthorized", "offline"])
def test_a_phone_that_is_not_ready_is_told_with_a_remedy(
    bench: Bench, pixel6: LabPhone, state: str
) -> None:
    getattr(pixel6, state)()

    done = bench.do("run", "--device", pixel6.serial, "--model-file", TINY)

    assert done.code == 3
    assert f"not ready ({state}" in done.stderr
    assert "debugging" in done.stderr or "again" in done.stderr


def test_text_of_a_phone_and_of_files_is_only_text(bench: Bench, untouched: LabPhone) -> None:
    hostile = "Pixel'\" $(reboot) `id` <script>alert(1)</script>"
    before = state_of(untouched)
    untouched.set_property("ro.product.model", hostile)
    name = "a 'b' \"c\" $(touch x);&\n.tflite"
    model = bench.folder / name
    model.write_bytes(TINY.read_bytes())

    done = bench.do(
        "run", "--device", untouched.serial, "--model-file", model, "--threads", "1",
        "--rounds", "1", "--num-runs", "3", "--benchmark-model", STAND_IN, "--out", bench.out,
        "--json",
    )  # fmt: skip

    assert done.code == 0, done.stderr
    assert done.document["device"]["model"] == hostile
    assert done.document["cases"][0]["model"] == name.removesuffix(".tflite")
    page = (bench.out / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    untouched.set_property("ro.product.model", "Pixel 4")
    assert state_of(untouched) == before


def test_adbd_may_be_down_when_the_run_connects(bench: Bench, untouched: LabPhone) -> None:
    untouched.kill_adbd()
    timer = threading.Timer(0.2, lambda: untouched.restart_adbd(wait=False))
    timer.start()
    done = bench.run(untouched)
    timer.join()
    if done.code == 3:  # it was offline at that moment, and the message says what to do
        assert "not ready" in done.stderr or "lost" in done.stderr or "No phone" in done.stderr
        bench.lab.server.connect(untouched.serial)
        done = bench.run(untouched)

    assert done.code == 0, done.stderr
