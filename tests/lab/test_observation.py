"""Observation, topology, discovery and diagnosis on phones of the lab."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest
import typer
from phone_runs import STAND_IN
from typer.testing import CliRunner

from android_runner.adb_server import server_address
from android_runner.cpu import read_topology, resolve_cpus
from android_runner.cpu_mask import Mask, read_affinity
from android_runner.diagnosis import diagnose
from android_runner.discovery import choose_phone, list_phones
from android_runner.errors import AmbiguousPhoneError, NoPhoneError, PhoneNotReadyError
from android_runner.lease import lease
from android_runner.link import Link
from android_runner.observe import observe_phone
from android_runner.pixels import find_pixel
from android_runner.properties import read_phone_info
from android_runner.thermal import ThermalStatus
from harness.commands.devices import devices, doctor
from harness.phone import Phone
from harness.phone_state import describe_state
from lab.lab import Lab
from lab.phone import LabPhone

pytestmark = pytest.mark.lab

app = typer.Typer()
app.command()(devices)
app.command()(doctor)


@pytest.fixture(autouse=True)
def _own_leases(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("MBERT_BENCH_STATE", str(tmp_path_factory.mktemp("state")))


def test_sees_a_cool_phone_with_one_command(pixel8: LabPhone) -> None:
    seen = observe_phone(Link(pixel8.serial), skin_sensor="VIRTUAL-SKIN")

    assert seen.unanswered == ()
    assert (seen.thermal.status, seen.thermal.hal_ready) == (ThermalStatus.NONE, True)
    assert seen.thermal.skin_c is not None
    assert [policy.number for policy in seen.policies] == [0, 4, 8]
    assert [policy.capped for policy in seen.policies] == [False, False, False]
    assert all(policy.time_in_state for policy in seen.policies)
    assert seen.battery.level_percent is not None
    assert seen.battery.mocked is False
    assert seen.wakefulness is not None
    assert seen.boot_id is not None
    assert seen.memory_available_mb is not None


def test_sees_what_changes_on_a_phone(pixel6: LabPhone) -> None:
    link = Link(pixel6.serial)
    before = observe_phone(link, skin_sensor="VIRTUAL-SKIN")
    pixel6.heat(43.2, status=2)
    pixel6.throttle(6, 1826000)
    pixel6.mock_battery(level=12)

    after = observe_phone(link, skin_sensor="VIRTUAL-SKIN")

    assert before.thermal.status is ThermalStatus.NONE
    assert after.thermal.status is ThermalStatus.MODERATE
    assert after.thermal.skin_c == pytest.approx(43.2)
    assert [(policy.number, policy.max_khz) for policy in after.policies if policy.capped] == [
        (6, 1826000)
    ]
    assert (after.battery.level_percent, after.battery.mocked) == (12, True)
    assert after.boot_id == before.boot_id


def test_sees_the_charge_the_voltage_and_the_room_as_they_change(pixel6: LabPhone) -> None:
    link = Link(pixel6.serial)
    before = describe_state(observe_phone(link))
    pixel6.battery(charge_counter=2_345_678, voltage=3901)
    pixel6.fill_disk(leave_bytes=4096 * 1000)

    after = describe_state(observe_phone(link))

    assert (before.charge_uah, before.voltage_mv) == (2_448_973, 4248)
    assert before.storage_free_mb == pytest.approx(pixel6.data_mb * 1024 * 1024 / 1e6)
    assert (after.charge_uah, after.voltage_mv, after.storage_free_mb) == (2_345_678, 3901, 4.096)
    assert before.uptime_s is not None
    assert after.uptime_s is not None
    assert 5000 <= before.uptime_s <= after.uptime_s


@pytest.mark.parametrize("kind", ["pixel4", "pixel6", "pixel8"])
def test_keeps_the_lines_that_it_has_read(lab: Lab, kind: str) -> None:
    phone = lab.phone(kind)
    link = Link(phone.serial)
    policies = [f"policy{cluster.cpus[0]}" for cluster in phone.cpus.clusters]
    pixel = find_pixel(read_phone_info(link).device)
    assert pixel is not None
    phone.heat(40.5, status=1)
    phone.throttle(policies[-1], phone.cpus.clusters[-1].frequencies_khz[0])
    phone.mock_battery(level=55)

    sources = describe_state(observe_phone(link, skin_sensor=pixel.skin_sensor)).sources

    override, status, skin = sources["thermal"].splitlines()
    assert (override, status) == ("IsStatusOverride: false", "Thermal Status: 1")
    assert skin.startswith(f"\tTemperature{{mValue=40.5, mType=3, mName={pixel.skin_sensor},")
    assert [line.split()[0] for line in sources["clocks"].splitlines()] == [
        policy for policy in policies for _ in range(3)
    ]
    lowest = phone.cpus.clusters[-1].frequencies_khz[0]
    assert f"{policies[-1]} scaling_max_freq {lowest}" in sources["clocks"].splitlines()
    assert {"  level: 55", "  USB powered: true", "  Charge counter: 2448973"} <= set(
        sources["battery"].splitlines()
    )
    assert sources["battery"].startswith("  (UPDATES STOPPED")
    assert sum(len(source) for source in sources.values()) <= 1500


def test_one_observation_is_one_command(pixel8: LabPhone) -> None:
    class CountingLink(Link):
        starts = 0

        def service(self, *arguments: Any, **options: Any) -> Any:
            self.starts += 1
            return super().service(*arguments, **options)

    link = CountingLink(pixel8.serial)

    observe_phone(link)

    assert link.starts == 1


def test_knows_the_build_of_a_phone(pixel8: LabPhone) -> None:
    link = Link(pixel8.serial)
    pixel8.set_property("ro.build.type", "userdebug")
    about = Phone(link, read_phone_info(link), STAND_IN).info()

    assert (about.build_type, about.emulator) == ("userdebug", False)


def test_a_boot_has_an_id_of_its_own(pixel4: LabPhone) -> None:
    link = Link(pixel4.serial)
    before = observe_phone(link).boot_id
    pixel4.reboot()

    assert observe_phone(link).boot_id != before


@pytest.mark.parametrize(
    ("kind", "auto", "big", "everything"),
    [("pixel4", "f0", "f0", "ff"), ("pixel6", "f0", "c0", "ff"), ("pixel8", "1f0", "100", "1ff")],
)
def test_knows_the_clusters(lab: Lab, kind: str, auto: str, big: str, everything: str) -> None:
    link = Link(lab.phone(kind).serial)
    pixel = find_pixel(read_phone_info(link).device)

    topology = read_topology(link, pixel)

    assert pixel is not None
    assert pixel.alias == kind
    assert [resolve_cpus(word, topology, 4).hex for word in ("auto", "big", "all")] == [
        auto,
        big,
        everything,
    ]


def test_reads_the_affinity_of_a_process_on_the_phone(pixel8: LabPhone) -> None:
    link = Link(pixel8.serial)
    allowed = sorted(os.sched_getaffinity(0))
    with link.start(["sleep", "30"]) as command:
        pid = command.wait_for_pid(time.monotonic() + 5)
        assert pid is not None
        pixel8.path("/data/local/tmp/pid").write_text(f"{pid}\n", encoding="utf-8")
        threads = read_affinity(link, "/data/local/tmp/pid")

    assert threads
    assert all(thread.mask & Mask.of(allowed) for thread in threads)


def test_finds_phones_by_name_and_state(pixel4: LabPhone, pixel8: LabPhone) -> None:
    def chosen(name: str | None) -> str:
        return choose_phone(name, {}, list_phones(server_address(), Link))

    assert chosen("pixel4") == pixel4.serial
    assert chosen("Pixel 8") == pixel8.serial
    assert chosen(pixel8.serial) == pixel8.serial
    with pytest.raises(AmbiguousPhoneError):
        chosen(None)
    with pytest.raises(NoPhoneError):
        chosen("pixel6")
    pixel4.set_property("sys.boot_completed", None)
    with pytest.raises(PhoneNotReadyError, match="not booted"):
        chosen("pixel4")


def test_a_phone_that_is_not_allowed_says_what_to_do(pixel8: LabPhone) -> None:
    pixel8.unauthorized()

    (phone,) = list_phones(server_address(), Link)

    assert phone.problem is not None
    with pytest.raises(PhoneNotReadyError) as caught:
        choose_phone(None, {}, [phone])
    assert phone.remedy in str(caught.value)


def test_a_healthy_phone_is_fit(pixel8: LabPhone) -> None:
    (phone,) = list_phones(server_address(), Link)

    findings = {finding.id: finding for finding in diagnose(phone, Link, None)}

    wrong = [name for name, finding in findings.items() if finding.prevents]
    assert wrong in ([], ["free-space"])  # the lab's disk is small
    assert findings["battery-low"].ok is True
    assert findings["thermal-status"].ok is True
    assert findings["booted"].ok is True


def test_doctor_finds_what_is_wrong(pixel6: LabPhone) -> None:
    pixel6.heat(43.2, status=2)
    pixel6.mock_battery(level=12)
    pixel6.override_thermal(0)

    with lease(read_phone_info(Link(pixel6.serial)).serialno or pixel6.serial):
        done = CliRunner().invoke(app, ["doctor", "--device", "pixel6", "--json"])

    wrong = {row["id"] for row in json.loads(done.stdout)["findings"] if row["ok"] is False}
    assert done.exit_code == 3
    assert {"battery-low", "battery-mocked", "thermal-overridden", "lease"} <= wrong


def test_devices_names_what_is_attached(pixel4: LabPhone) -> None:
    done = CliRunner().invoke(app, ["devices", "--json"])

    (row,) = json.loads(done.stdout)["devices"]
    assert (row["serial"], row["alias"], row["ready"]) == (pixel4.serial, "pixel4", True)
