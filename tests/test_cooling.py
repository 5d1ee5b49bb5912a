from __future__ import annotations

import pytest
from fakes import FakeDevice, good_log

from harness.cooling import Clock, Cooled, Waiting, cool_down, why_throttled
from harness.device import ClusterState, Observation
from harness.settings import Settings


class CoolingPhone(FakeDevice):
    """A phone that is a degree cooler each ten seconds; it is its own clock."""

    def __init__(self, celsius: float, status: int = 0, still_hot_s: float = 0.0) -> None:
        super().__init__(lambda _invocation: good_log())
        self.now_s = 0.0
        self._celsius = celsius
        self._status = status
        self._still_hot_s = still_hot_s

    def observe(self) -> Observation:
        status = self._status if self.now_s < self._still_hot_s else 0
        return Observation(temperature_c=self._celsius - self.now_s / 10, thermal_status=status)

    def clock(self) -> Clock:
        return Clock(now=lambda: self.now_s, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now_s += seconds


START = Observation(temperature_c=30.0, thermal_status=0)


def cool(phone: CoolingPhone, start: Observation | None = START) -> tuple[Cooled, list[Waiting]]:
    waits: list[Waiting] = []
    cooled = cool_down(phone, start, Settings(cool_s=60), waits.append, phone.clock())
    return cooled, waits


def test_a_cool_phone_is_looked_at_once() -> None:
    cooled, waits = cool(CoolingPhone(33.0))

    assert cooled == Cooled(seen=Observation(temperature_c=33.0, thermal_status=0))
    assert waits == []


def test_waits_until_the_phone_is_back_in_the_band_of_its_start() -> None:
    cooled, waits = cool(CoolingPhone(35.0))

    assert cooled == Cooled(seen=Observation(temperature_c=33.0, thermal_status=0), waited_s=20.0)
    assert waits[0] == Waiting(why="35.0 °C, above the start's 33.0 °C", left_s=60.0)


def test_a_phone_that_stays_hot_is_measured_late_and_marked() -> None:
    cooled, waits = cool(CoolingPhone(50.0))

    assert (cooled.late, cooled.waited_s) == (True, 60.0)
    assert waits[-1].left_s > 0


def test_waits_for_thermal_status_none_without_any_start() -> None:
    cooled, waits = cool(CoolingPhone(30.0, status=2, still_hot_s=12), start=None)

    assert (cooled.seen.thermal_status, cooled.waited_s, cooled.late) == (0, 15.0, False)
    assert {waiting.why for waiting in waits} == {"thermal status 2"}


def test_a_device_that_tells_no_temperature_is_not_waited_for() -> None:
    device = FakeDevice(lambda _invocation: good_log())
    waits: list[Waiting] = []

    cooled = cool_down(device, START, Settings(), waits.append, Clock())

    assert (cooled, waits) == (Cooled(seen=device.observe()), [])


def capped(khz: int | None) -> Observation:
    cluster = ClusterState(policy="policy4", cpus=(4, 5), cap_khz=khz, highest_khz=2_400_000)
    return Observation(thermal_status=0, clusters=(cluster,))


@pytest.mark.parametrize(
    ("start", "after", "why"),
    [
        (capped(2_400_000), capped(2_400_000), None),
        (capped(1_800_000), capped(1_800_000), None),  # no heat of this run
        (
            capped(2_400_000),
            capped(1_800_000),
            "policy4 capped at 1800000 kHz, at the start 2400000 kHz",
        ),
        (capped(2_400_000), capped(None), None),
        (START, Observation(thermal_status=1), "thermal status 1 after it"),
        (None, Observation(thermal_status=3), "thermal status 3 after it"),
        (START, None, None),
    ],
)
def test_tells_how_heat_slowed_an_invocation(
    start: Observation | None, after: Observation | None, why: str | None
) -> None:
    assert why_throttled(start, after) == why
