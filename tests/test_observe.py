from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fake_phone import FakePhone, android_text
from fakes import write_tool
from hypothesis import given
from hypothesis import strategies as st
from local_shell import LocalShell
from mutations import mutations_of, numbers_in

from android_runner.battery import parse_battery
from android_runner.errors import LinkLostError
from android_runner.frequency import PolicyState
from android_runner.observe import (
    OBSERVATION_PARTS,
    PhoneObservation,
    observe_phone,
    parse_observation,
)
from android_runner.readout import Part
from android_runner.thermal import parse_thermal

CPU = "/sys/devices/system/cpu"
BOOT_ID = "6f6bd8e6-3a4c-4a0e-9f0a-0d3f9ad2a3b1"

FILES = {
    f"{CPU}/cpufreq/policy4/related_cpus": "4 5 6 7 \n",
    f"{CPU}/cpufreq/policy4/scaling_max_freq": "2367000\n",
    "/proc/loadavg": "3.27 2.96 2.40 4/4132 19873\n",
    "/proc/uptime": "5000.25 31999.11\n",
    "/proc/sys/kernel/random/boot_id": f"{BOOT_ID}\n",
}
REPLIES = {
    "grep MemAvailable:": "MemAvailable:    5242880 kB\n",
    "dumpsys thermalservice": android_text("thermalservice_10.txt"),
    "dumpsys battery": android_text("battery_12.txt"),
    "dumpsys power": "  mWakefulness=Dozing\n",
    "stat -f": "available 20560820 blocks of 4096 bytes\n",
}
POLICY = PolicyState(
    number=4,
    cpus=(4, 5, 6, 7),
    current_khz=None,
    min_khz=None,
    max_khz=2367000,
    hardware_min_khz=None,
    hardware_max_khz=None,
    governor=None,
    time_in_state=(),
)
SEEN = PhoneObservation(
    thermal=parse_thermal(REPLIES["dumpsys thermalservice"], "sdm-therm-monitor"),
    battery=parse_battery(REPLIES["dumpsys battery"]),
    policies=(POLICY,),
    memory_available_mb=5368.70912,
    storage_free_mb=84217.11872,
    load_1min=3.27,
    wakefulness="Dozing",
    boot_id=BOOT_ID,
    uptime_s=5000.25,
    unanswered=(),
    sources={
        "thermal": "IsStatusOverride: false\nThermal Status: 0\n"
        "\tTemperature{mValue=31.4, mType=3, mName=sdm-therm-monitor, mStatus=0}",
        "clocks": "policy4 scaling_max_freq 2367000",
        "battery": "  AC powered: true\n  USB powered: false\n  Wireless powered: false\n"
        "  Charge counter: 2448973\n  level: 9\n  scale: 100\n  voltage: 4248\n"
        "  temperature: 281",
    },
)
BLIND = PhoneObservation(
    thermal=parse_thermal(""),
    battery=parse_battery(""),
    policies=(),
    memory_available_mb=None,
    storage_free_mb=None,
    load_1min=None,
    wakefulness=None,
    boot_id=None,
    uptime_s=None,
    unanswered=("policies", "files", "memory", "thermal", "battery", "power", "room"),
    sources={},
)


def test_sees_everything_of_a_phone() -> None:
    phone = FakePhone(REPLIES, FILES)

    assert observe_phone(phone, skin_sensor="sdm-therm-monitor") == SEEN
    assert SEEN.thermal.skin_c == 31.4


def test_says_what_did_not_answer() -> None:
    assert observe_phone(FakePhone()) == BLIND


def test_does_not_hide_a_lost_link() -> None:
    phone = FakePhone({"dumpsys battery": LinkLostError("FAKE1", "sh", "closed")})

    with pytest.raises(LinkLostError):
        observe_phone(phone)


@pytest.mark.parametrize(
    ("text", "free_mb"),
    [
        ("available 0 blocks of 4096 bytes\n", 0),
        ("stat: a warning\r\navailable 1000 blocks of 4096 bytes\r\n", 4.096),
        ("available 1000 blocks of 4096 bytes", None),  # cut short
        ("available -1 blocks of 4096 bytes\n", None),
        ("available ? blocks of ? bytes\n", None),  # a stat that does not know them
        ("available ٣ blocks of 4096 bytes\n", None),
        # A stat that prints its usual text, and what `df` has printed in old Androids.
        ('  File: "/data/local/tmp"\nBlocks: Total: 131072\tAvailable: 131072\n', None),
        ("Filesystem  Size  Used  Free  Blksize\n/data  21.9G  12.1G  9.8G  4096\n", None),
    ],
)
def test_reads_how_much_room_there_is(text: str, free_mb: float | None) -> None:
    seen = parse_observation({"room": Part(text=text, exit_code=0)})

    assert seen.storage_free_mb == free_mb


def test_what_is_kept_of_the_texts_is_short_and_can_be_stored() -> None:
    policy = f"{CPU}/cpufreq/policy"
    names = ("scaling_min_freq", "scaling_max_freq", "cpuinfo_max_freq")
    texts = {
        "policies": "".join(f"{policy}{n}/{name}\t2419200\n" for n in range(8) for name in names),
        "thermal": "IsStatusOverride: true \t\nThermal Status: 3\n"
        "Current temperatures from HAL:\n"
        f"\tTemperature{{mValue=40.5, mType=3, mName=skin\x07\x1b[31m{'n' * 400}, mStatus=3}}\n",
        "battery": f"  level: {'9' * 300}\n  (UPDATES STOPPED\x00 \ud800)\n  voltage: 4000\n",
    }

    sources = parse_observation(
        {name: Part(text=text, exit_code=0) for name, text in texts.items()}
    ).sources

    assert sources["clocks"].splitlines()[:3] == [
        "policy0 scaling_max_freq 2419200",
        "policy0 cpuinfo_max_freq 2419200",
        "policy0 scaling_min_freq 2419200",
    ]
    assert len(sources["clocks"].splitlines()) == 24
    assert sources["battery"].splitlines() == [
        f"  level: {'9' * 191}",
        "  (UPDATES STOPPED )",
        "  voltage: 4000",
    ]
    head = "\tTemperature{mValue=40.5, mType=3, mName=skin[31m"
    assert sources["thermal"].splitlines() == [
        "IsStatusOverride: true \t",
        "Thermal Status: 3",
        head + "n" * (200 - len(head)),
    ]
    assert sum(len(source) for source in sources.values()) <= 1500


def test_the_script_works_in_a_real_shell(tmp_path: Path) -> None:
    for path, text in FILES.items():
        if path.startswith(CPU):
            file = tmp_path / "cpu" / path.removeprefix(f"{CPU}/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    for service in ("thermalservice", "battery"):
        (tmp_path / service).write_text(REPLIES[f"dumpsys {service}"], encoding="utf-8")
    (tmp_path / "power").write_text(
        "POWER MANAGER (dumpsys power)\n  mWakefulness=Dozing\n  mWakefulnessChanging=false\n",
        encoding="utf-8",
    )
    write_tool(tmp_path / "dumpsys", f'cat "{tmp_path}/$1"')
    room = tmp_path / "room"
    room.mkdir()
    moved = {CPU: f"{tmp_path}/cpu", "/data/local/tmp": str(room)}
    shell = LocalShell(moved, {"PATH": f"{tmp_path}:/usr/bin:/bin"})

    seen = observe_phone(shell, skin_sensor="sdm-therm-monitor")

    assert (seen.thermal, seen.battery, seen.policies, seen.wakefulness, seen.unanswered) == (
        SEEN.thermal,
        SEEN.battery,
        SEEN.policies,
        "Dozing",
        (),
    )
    assert seen.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
    assert seen.uptime_s is not None
    assert seen.uptime_s > 0
    assert seen.memory_available_mb is not None
    assert seen.memory_available_mb > 10
    assert seen.storage_free_mb is not None
    assert 0 < seen.storage_free_mb < shutil.disk_usage(room).total / 1e6
    assert seen.sources == SEEN.sources


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "thermal": mutations_of(REPLIES["dumpsys thermalservice"]),
            "battery": mutations_of(REPLIES["dumpsys battery"]),
            "power": mutations_of(REPLIES["dumpsys power"]),
            "memory": mutations_of(REPLIES["grep MemAvailable:"]),
            "room": mutations_of(REPLIES["stat -f"]),
            "files": mutations_of("".join(f"{path}\t{text}" for path, text in FILES.items())),
            "policies": mutations_of("".join(f"{path}\t{text}" for path, text in FILES.items())),
        },
    )
)
def test_never_fails(texts: dict[str, str]) -> None:
    parts = {name: Part(text=text, exit_code=0) for name, text in texts.items()}

    seen = parse_observation(parts)

    assert all(-60 <= number < 1e21 for number in numbers_in(seen))
    assert sum(len(source) for source in seen.sources.values()) <= 1500
    assert not any("\x00" in source or "\ud800" in source for source in seen.sources.values())
    assert set(seen.unanswered) >= set(OBSERVATION_PARTS) - set(texts)
