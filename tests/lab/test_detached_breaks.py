"""Detached commands while the link breaks, adbd dies, and the phone boots."""

from __future__ import annotations

import threading
import time

import pytest

from android_runner import detached
from android_runner.detached import Detached
from android_runner.errors import DeadlineError, LinkLostError, PhoneRebootedError, ProcessLostError
from android_runner.link import Link
from lab.lab import Lab
from lab.phone import LabPhone

pytestmark = pytest.mark.lab

FOLDER = "/data/local/tmp/mbert-bench/runs/1"


@pytest.fixture
def link(pixel6: LabPhone) -> Link:
    return Link(pixel6.serial)


def _start(link: Link, script: str) -> Detached:
    return detached.start(link, ["sh", "-c", script], FOLDER)


def _left(phone: LabPhone) -> list[str]:
    """The processes that stay, when those have had time to go that nobody holds any more."""
    time.sleep(0.1)
    return [command for _, command in phone.processes()]


def test_a_command_outlives_adbd(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "echo begin; sleep 4; echo end; exit 5")
    threading.Timer(0.5, pixel6.kill_adbd).start()
    threading.Timer(1.0, lambda: pixel6.restart_adbd(wait=False)).start()
    started = time.monotonic()
    assert command.wait(30) == 5
    assert 3 < time.monotonic() - started < 30
    assert command.stdout() == b"begin\nend\n"


def test_an_end_while_the_link_is_away_is_found(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "sleep 1; echo end; exit 6")
    pixel6.unplug_cable(2.5)
    assert command.wait(30) == 6
    assert command.stdout() == b"end\n"


def test_a_link_that_does_not_come_back_is_told(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "sleep 30")
    pixel6.unplug_cable()
    with pytest.raises(LinkLostError):
        command.wait(30, patience_s=1)
    pixel6.plug_in()
    command.kill()


def test_a_deadline_that_passes_while_the_link_is_away_is_kept_afterwards(
    link: Link, pixel6: LabPhone
) -> None:
    command = _start(link, "sleep 60; true")
    pixel6.unplug_cable(2)
    with pytest.raises(DeadlineError):
        command.wait(1)
    assert _left(pixel6) == []


def test_a_server_that_is_killed_is_waited_for(link: Link, lab: Lab) -> None:
    command = _start(link, "sleep 2; exit 7")
    threading.Timer(0.5, lab.server.stop).start()
    threading.Timer(1.0, lab.server.start).start()
    assert command.wait(30) == 7


def test_a_link_that_is_lost_in_between_calls_is_waited_for(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "sleep 1; exit 8")
    lost: list[bool] = []

    def poll() -> None:
        if not lost:
            lost.append(True)
            pixel6.unplug_cable(1)
        link.run(["true"])

    assert command.wait(30, poll_every_s=0.2, on_poll=poll) == 8


def test_a_log_is_fetched_whole_over_a_breaking_link(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "seq 2000000")
    command.wait(20)
    expected = "".join(f"{number}\n" for number in range(1, 2_000_001)).encode()
    pixel6.slow_link(0.005)
    threading.Timer(0.3, lambda: pixel6.unplug_cable(0.5)).start()
    assert command.stdout() == expected


def test_a_restart_of_adbd_by_init_kills_the_command(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "sleep 60; true")
    threading.Timer(0.3, lambda: pixel6.kill_adbd(with_children=True)).start()
    threading.Timer(1.0, lambda: pixel6.restart_adbd(wait=False)).start()
    with pytest.raises(ProcessLostError, match="adbd restarted"):
        command.wait(30)


def test_a_reboot_is_told_from_a_kill(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "sleep 60; true")
    threading.Timer(0.3, lambda: pixel6.reboot(wait=False)).start()
    with pytest.raises(PhoneRebootedError, match="rebooted while"):
        command.wait(30)
    command.kill()  # nothing to do


def test_an_exit_code_outlives_a_reboot(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "exit 9")
    command.wait(10)
    pixel6.reboot()
    link.wait_until_back(10)
    assert command.poll() == 9


@pytest.mark.parametrize("delay_s", [0.0, 0.004, 0.008, 0.012, 0.02, 0.04])
def test_a_start_during_a_break_starts_it_once(
    delay_s: float, link: Link, pixel6: LabPhone
) -> None:
    link.run(["true"])
    breaker = threading.Timer(delay_s, lambda: pixel6.unplug_cable(0.3))
    breaker.start()
    command = _start(link, "echo $$ >>../starts; sleep 1; exit 2")
    breaker.join()
    assert command.wait(30) == 2
    starts = pixel6.path(f"{FOLDER}/../starts").read_text().splitlines()
    assert len(starts) == 1


def test_a_black_hole_is_waited_out(link: Link, pixel6: LabPhone) -> None:
    command = _start(link, "sleep 2; exit 4")
    pixel6.black_hole(3, gives_up_after_s=1)
    assert command.wait(30) == 4
