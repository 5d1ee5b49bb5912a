"""The lab itself: links, files and programs as the tests of the phone path need them."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from pathlib import Path

import pytest
from adbutils import AdbError, adb_path

from lab.asking import TMP, device, lines, output, run, wait_until
from lab.lab import Lab
from lab.phone import LabPhone

pytestmark = pytest.mark.lab

TOOL = Path(__file__).parents[2] / "android_runner" / "litert_benchmark_model.py"
CPUFREQ = "/sys/devices/system/cpu/cpufreq"


def test_output_errors_and_exit_code_come_back_apart(pixel4: LabPhone) -> None:
    assert run(pixel4, "echo out; echo err >&2; exit 7") == (7, "out\n", "err\n")


def test_three_phones_are_themselves_side_by_side(lab: Lab) -> None:
    phones = [lab.phone(kind) for kind in ("pixel4", "pixel6", "pixel8")]
    models = [output(phone, "getprop ro.product.model") for phone in phones]
    online = [output(phone, "cat /sys/devices/system/cpu/online") for phone in phones]
    assert models == ["Pixel 4\n", "Pixel 6\n", "Pixel 8\n"]
    assert online == ["0-7\n", "0-7\n", "0-8\n"]


def test_a_killed_adbd_breaks_the_link_and_not_what_was_detached(pixel6: LabPhone) -> None:
    output(pixel6, "setsid sleep 60 >/dev/null 2>&1 </dev/null &")
    errors: list[BaseException] = []

    def in_flight() -> None:
        try:
            run(pixel6, "exec sleep 50")
        except (EOFError, AdbError) as error:
            errors.append(error)

    thread = threading.Thread(target=in_flight)
    thread.start()
    wait_until(lambda: "sleep 50" in lines(pixel6))
    pixel6.kill_adbd()
    thread.join(10)
    assert len(errors) == 1
    pixel6.restart_adbd()
    assert [line for line in lines(pixel6) if line.endswith("sleep 60")] != []
    pixel6.kill_adbd(with_children=True)
    pixel6.restart_adbd()
    assert pixel6.processes() == []


def test_a_reboot_ends_processes_and_keeps_data(pixel4: LabPhone) -> None:
    boot_id, uptime = "/proc/sys/kernel/random/boot_id", "/proc/uptime"
    before = output(pixel4, f"cat {boot_id}")
    output(pixel4, f"echo kept >{TMP}/file; setsid sleep 60 >/dev/null 2>&1 </dev/null &")
    assert float(output(pixel4, f"cat {uptime}").split()[0]) >= 5000
    pixel4.throttle("policy7", 1056000)
    pixel4.reboot(off_s=0.1)
    assert output(pixel4, f"cat {boot_id}") != before
    assert 0 < float(output(pixel4, f"cat {uptime}").split()[0]) < 100
    assert output(pixel4, f"cat {TMP}/file {CPUFREQ}/policy7/scaling_max_freq") == "kept\n2841600\n"
    assert pixel4.processes() == []


def test_a_short_black_hole_is_a_pause(pixel4: LabPhone) -> None:
    pixel4.black_hole(0.5)
    start = time.monotonic()
    assert output(pixel4, "echo late") == "late\n"
    assert time.monotonic() - start > 0.3


def test_a_long_black_hole_ends_the_link_and_not_the_phone(pixel4: LabPhone) -> None:
    pixel4.black_hole(gives_up_after_s=0.3)
    with pytest.raises((EOFError, AdbError)):
        run(pixel4, "echo never")
    assert pixel4.server.state(pixel4.serial) == "offline"
    pixel4.plug_in()
    assert output(pixel4, "echo back") == "back\n"


@pytest.mark.parametrize(
    ("state", "message"), [("offline", "device offline"), ("unauthorized", "device unauthorized.")]
)
def test_states_are_those_of_the_real_server(pixel8: LabPhone, state: str, message: str) -> None:
    getattr(pixel8, state)()
    # By the command: adbutils leaves a socket open when it is refused.
    adb = [adb_path(), "-P", str(pixel8.server.port), "-s", pixel8.serial, "shell", "true"]
    done = subprocess.run(adb, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, f"adb: {message}")
    pixel8.plug_in()
    assert output(pixel8, "echo back") == "back\n"


def test_a_server_comes_back_on_its_port(lab: Lab, pixel4: LabPhone) -> None:
    port = lab.server.port
    lab.server.stop()
    assert not lab.server.is_up()
    lab.server.start()
    lab.server.connect(pixel4.serial)
    assert (lab.server.port, output(pixel4, "echo on")) == (port, "on\n")


def test_the_stand_in_tool_measures_on_a_phone(pixel8: LabPhone, tiny: Path) -> None:
    sync = device(pixel8).sync
    sync.push(str(TOOL), f"{TMP}/benchmark_model", mode=0o755)
    sync.push(str(tiny), f"{TMP}/tiny.tflite")
    flags = (
        f"--graph={TMP}/tiny.tflite --num_runs=5 --min_secs=0 --num_threads=1 "
        "--input_layer=input_ids,input_mask,segment_ids --input_layer_shape=1,8:1,8:1,8 "
        "--input_layer_value_range=input_ids,0,49:input_mask,1,1:segment_ids,0,1"
    )
    code, output, _ = run(pixel8, f"taskset 100 {TMP}/benchmark_model {flags}")
    assert code == 0
    assert re.search(r"(?m)^INFO: count=5 first=\d+ ", output)


def test_a_phone_has_only_the_packages_that_its_tool_needs(pixel4: LabPhone) -> None:
    code, _, stderr = run(pixel4, "python3 -c 'import numpy, ai_edge_litert, adbutils'")
    assert (code, "No module named 'adbutils'" in stderr) == (1, True)


def test_a_full_disk_refuses_a_push_and_is_whole_again_later(lab: Lab) -> None:
    phone = lab.phone("pixel4", data_mb=8)
    phone.fill_disk(leave_bytes=100_000)
    with pytest.raises(AdbError):
        device(phone).sync.push(bytes(1_000_000), f"{TMP}/model")
    assert list(phone.path(TMP).iterdir()) == []
    phone.free_disk()
    device(phone).sync.push(bytes(1_000_000), f"{TMP}/model")
    assert phone.path(f"{TMP}/model").stat().st_size == 1_000_000


def test_the_shell_user_may_not_do_what_it_may_not_on_a_phone(pixel6: LabPhone) -> None:
    tries = [
        f"echo 1 >{CPUFREQ}/policy0/scaling_max_freq",
        "cat /sys/class/thermal/thermal_zone0/temp",
        "cat /sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_cur_freq",
        "echo 1 >/file",
        "cp /system/bin/toybox /sdcard/ls; /sdcard/ls",
        "su -c id",
    ]
    assert [run(pixel6, command)[0] == 0 for command in tries] == [False] * len(tries)
    assert output(pixel6, "id -u") == "2000\n"
