"""The lab itself: what a phone says of itself, and how that changes and is put back."""

from __future__ import annotations

import os
import re

import pytest

from lab.asking import TMP, output, run
from lab.phone import LabPhone

pytestmark = pytest.mark.lab

CPUFREQ = "/sys/devices/system/cpu/cpufreq"


def test_heat_shows_in_the_current_temperatures_and_in_the_status(pixel6: LabPhone) -> None:
    pixel6.heat(43.2, status=2)
    pixel6.throttle(6, 1826000)
    dump = output(pixel6, "dumpsys thermalservice")
    cached, _, current = dump.partition("Current temperatures from HAL:")
    assert "\tTemperature{mValue=43.2, mType=3, mName=VIRTUAL-SKIN, mStatus=2}\n" in current
    assert "Thermal Status: 2\n" in cached
    assert "mValue=22.771002, mType=3, mName=VIRTUAL-SKIN, mStatus=0" in cached
    assert output(pixel6, f"cat {CPUFREQ}/policy6/scaling_max_freq") == "1826000\n"


def test_everything_can_be_put_back_as_it_was(pixel8: LabPhone) -> None:
    pixel8.set_setting("system", "odd value", "a=b c")
    before = pixel8.snapshot()
    for command in (
        "cmd power set-fixed-performance-mode-enabled true",
        "cmd thermalservice override-status 0",
        "cmd battery set level 5",
        "dumpsys battery unplug",
        "cmd connectivity airplane-mode enable",
        "cmd package bg-dexopt-job --disable",
        "svc power stayon usb",
        "settings put global window_animation_scale 0",
        f"touch {TMP}/file",
    ):
        output(pixel8, command)
    changed = pixel8.snapshot()
    assert [name for name in before if before[name] != changed[name]] == [
        "settings",
        "dumps",
        "modes",
        "cpu",
        "files",
    ]
    for command in (
        "cmd power set-fixed-performance-mode-enabled false",
        "cmd thermalservice reset",
        "dumpsys battery reset",
        "cmd connectivity airplane-mode disable",
        "cmd package bg-dexopt-job --enable",
        "svc power stayon false",
        "input keyevent KEYCODE_SLEEP",
        "settings delete global window_animation_scale",
        f"rm {TMP}/file",
    ):
        run(pixel8, command)
    assert pixel8.snapshot() == before


def test_a_pixel_4_has_no_fixed_performance(pixel4: LabPhone) -> None:
    before = pixel4.snapshot()
    code, stdout, stderr = run(pixel4, "cmd power set-fixed-performance-mode-enabled true")
    assert (code, pixel4.snapshot() == before) == (255, True)
    assert stdout or stderr


def test_fixed_performance_is_the_highest_clock_until_heat_lowers_it(pixel6: LabPhone) -> None:
    output(pixel6, "cmd power set-fixed-performance-mode-enabled true")
    clocks = f"cat {CPUFREQ}/policy6/scaling_min_freq {CPUFREQ}/policy6/scaling_max_freq"
    assert output(pixel6, clocks) == "2802000\n2802000\n"
    pixel6.throttle("policy6", 1826000)
    assert output(pixel6, clocks) == "2802000\n1826000\n"


def test_an_unset_setting_is_null_and_a_deleted_one_too(pixel4: LabPhone) -> None:
    script = "settings get global x; settings put global x 'a = b'; settings get global x"
    assert output(pixel4, script) == "null\na = b\n"
    assert output(pixel4, "settings delete global x; settings get global x") == (
        "Deleted 1 rows\nnull\n"
    )


def test_a_mocked_battery_says_so_until_it_is_reset(pixel4: LabPhone) -> None:
    pixel4.mock_battery(level=3)
    mocked = output(pixel4, "dumpsys battery")
    assert mocked.splitlines()[1] == "  (UPDATES STOPPED -- use 'reset' to restart)"
    assert "  level: 3\n" in mocked
    assert "  level: 91\n" in output(pixel4, "dumpsys battery reset; dumpsys battery")
    pixel4.battery(level=12, usb_powered=False)
    dump = output(pixel4, "dumpsys battery")
    assert ("  level: 12\n" in dump, "  USB powered: false\n" in dump) == (True, True)


def test_time_passes_in_time_in_state_at_the_cap_while_something_runs(pixel4: LabPhone) -> None:
    pixel4.throttle("policy7", 1056000)

    def ticks() -> int:
        rows = pixel4.read_cpu("cpufreq/policy7/stats/time_in_state").splitlines()
        return int(dict(row.split() for row in rows)["1056000"])

    before = ticks()
    output(pixel4, "sleep 1")
    assert 50 <= ticks() - before <= 150


def test_a_test_can_make_a_command_fail(pixel8: LabPhone) -> None:
    pixel8.fail("dumpsys thermalservice", 10, stderr="Can't find service\n")
    assert run(pixel8, "dumpsys thermalservice") == (10, "", "Can't find service\n")
    assert run(pixel8, "dumpsys battery")[0] == 0
    pixel8.unfail("dumpsys thermalservice")
    assert run(pixel8, "dumpsys thermalservice")[0] == 0


@pytest.mark.parametrize(
    ("command", "stderr"),
    [
        ("taskset 0xc0 true", "taskset: bad mask '0xc0'\n"),
        ("taskset 4-7 true", "taskset: bad mask '4-7'\n"),
        ("taskset 0 true", "taskset: failed to set pid 0's affinity: Invalid argument\n"),
        ("taskset 200 true", "taskset: failed to set pid 0's affinity: Invalid argument\n"),
    ],
)
def test_taskset_refuses_what_toybox_and_the_kernel_refuse(
    pixel8: LabPhone, command: str, stderr: str
) -> None:
    assert run(pixel8, command) == (1, "", stderr)


@pytest.mark.parametrize(("mask", "shown"), [("100", "100"), ("f0", "0f0"), ("1ff", "1ff")])
def test_the_mask_read_back_is_the_phones(pixel8: LabPhone, mask: str, shown: str) -> None:
    script = (
        f"taskset {mask} /usr/bin/busybox sleep 5 & sleep 0.1; "
        "grep -H '^Cpus_allowed:' /proc/$!/task/*/status /dev/null; kill $!"
    )
    output = run(pixel8, script)[1]
    assert re.fullmatch(rf"/proc/(\d+)/task/\1/status:Cpus_allowed:\t{shown}\n", output)


def test_an_unpinned_process_may_use_every_cpu(pixel8: LabPhone) -> None:
    assert output(pixel8, "grep Cpus_allowed /proc/1/status") == (
        "Cpus_allowed:\t1ff\nCpus_allowed_list:\t0-8\n"
    )


def test_a_process_that_pins_itself_is_seen_through(pixel4: LabPhone) -> None:
    real = len(os.sched_getaffinity(0))
    script = (
        "taskset f0 /usr/bin/toybox taskset 1 /usr/bin/busybox sleep 5 & sleep 0.1; "
        "grep Cpus_allowed: /proc/$!/status; kill $!"
    )
    first = min(os.sched_getaffinity(0))
    if first != 0:
        pytest.skip("CPU 0 is not ours here")
    shown = int(run(pixel4, script)[1].split()[1], 16)
    assert shown == sum(1 << cpu for cpu in range(8) if cpu % real == 0)


def test_an_offline_cpu_is_refused(pixel4: LabPhone) -> None:
    pixel4.write_cpu("online", "0-6\n")
    assert [run(pixel4, f"taskset {mask} true")[0] for mask in ("80", "f0")] == [1, 0]
    pixel4.refuse_mask()
    assert run(pixel4, "taskset f0 true")[0] == 1
