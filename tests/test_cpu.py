from __future__ import annotations

import re

import pytest
from fake_phone import FakePhone, cpu_files
from hypothesis import given
from mutations import mutations_of, numbers_in

from android_runner.cpu import (
    CPU_FOLDER,
    TOPOLOGY_FILES,
    Cluster,
    Topology,
    parse_topology,
    read_topology,
    resolve_cpus,
)
from android_runner.errors import CpusError
from android_runner.pixels import Pixel, find_pixel

# CPUs, highest clock, capacity; the clocks are those of the phones, the capacities of an oriole.
PIXEL_4 = (("0-3", 1785600, 234), ("4-6", 2419200, 871), ("7", 2841600, 1024))
PIXEL_4A = (("0-5", 1804800, 261), ("6-7", 2208000, 1024))
PIXEL_5 = (("0-5", 1804800, None), ("6", 2208000, None), ("7", 2400000, None))
PIXEL_6 = (("0-3", 1803000, 124), ("4-5", 2253000, 427), ("6-7", 2802000, 1024))
PIXEL_8 = (("0-3", 1704000, 130), ("4-7", 2367000, 512), ("8", 2914000, 1024))
PIXEL_9 = (("0-3", 1950000, 150), ("4-6", 2600000, 520), ("7", 3105000, 1024))

Clusters = tuple[tuple[str, int, int | None], ...]

PHONES: dict[str, Clusters] = {
    "flame": PIXEL_4,
    "sunfish": PIXEL_4A,
    "redfin": PIXEL_5,
    "oriole": PIXEL_6,
    "shiba": PIXEL_8,
    "tokay": PIXEL_9,
}


def _text(files: dict[str, str]) -> str:
    return FakePhone(files=files).run(["sh", "-c", TOPOLOGY_FILES]).stdout


def _topology(
    clusters: Clusters, pixel: Pixel | None = None, online: str | None = None
) -> Topology:
    return parse_topology(_text(cpu_files(clusters, online=online)), pixel)


def test_reads_nine_cpus_in_one_round_trip() -> None:
    phone = FakePhone(files=cpu_files(PIXEL_8))

    assert read_topology(phone, None) == Topology(
        clusters=(
            Cluster(name="little", cpus=(0, 1, 2, 3), max_khz=1704000, capacity=130),
            Cluster(name="mid", cpus=(4, 5, 6, 7), max_khz=2367000, capacity=512),
            Cluster(name="big", cpus=(8,), max_khz=2914000, capacity=1024),
        ),
        present=tuple(range(9)),
        online=tuple(range(9)),
    )
    assert len(phone.commands) == 1


@pytest.mark.parametrize(
    ("clusters", "names"),
    [
        ((("0-7", 2000000, 1024),), ["big"]),
        (PIXEL_4A, ["little", "big"]),
        (PIXEL_4, ["little", "mid", "big"]),
        (
            (("0-1", 1, 100), ("2-4", 2, 300), ("5-6", 3, 700), ("7", 4, 1024)),
            ["little", "mid", "mid", "big"],
        ),
        # The lower numbers are the faster CPUs on some phones.
        ((("0-3", 2800000, 1024), ("4-7", 1800000, 200)), ["little", "big"]),
        # Capacity counts more than the clock: a small core may have the higher one.
        ((("0-3", 2800000, 200), ("4-7", 2400000, 1024)), ["little", "big"]),
    ],
)
def test_names_clusters_from_the_slowest_on(clusters: Clusters, names: list[str]) -> None:
    topology = _topology(clusters)

    speeds = [cluster.capacity for cluster in topology.clusters]
    assert [cluster.name for cluster in topology.clusters] == names
    assert speeds == sorted(speeds, key=lambda speed: speed or 0)


def test_takes_the_names_of_a_known_pixel() -> None:
    topology = _topology(PIXEL_4, find_pixel("flame"))

    assert [(cluster.name, cluster.mask.hex) for cluster in topology.clusters] == [
        ("little", "f"),
        ("big", "70"),
        ("prime", "80"),
    ]


def test_does_not_take_the_names_of_a_pixel_with_other_clusters() -> None:
    assert [cluster.name for cluster in _topology(PIXEL_6, find_pixel("flame")).clusters] == [
        "little",
        "mid",
        "big",
    ]


@pytest.mark.parametrize(
    ("codename", "word", "mask"),
    [
        ("flame", "big", "f0"),
        ("flame", "prime", "80"),
        ("flame", "little", "f"),
        ("flame", "all", "ff"),
        ("sunfish", "big", "c0"),
        ("redfin", "big", "c0"),
        ("redfin", "prime", "80"),
        ("oriole", "big", "c0"),
        ("oriole", "mid", "30"),
        ("shiba", "big", "100"),
        ("shiba", "prime", "100"),
        ("shiba", "mid", "f0"),
        ("shiba", "all", "1ff"),
        ("shiba", "1f0", "1f0"),
        ("shiba", "0x1F0", "1f0"),
        ("tokay", "big", "80"),
        ("tokay", "prime", "80"),
    ],
)
def test_gives_the_cpus_of_a_word(codename: str, word: str, mask: str) -> None:
    topology = _topology(PHONES[codename], find_pixel(codename))

    assert resolve_cpus(word, topology, threads=1).hex == mask


@pytest.mark.parametrize(
    ("codename", "threads", "mask"),
    [
        ("flame", 1, "f0"),
        ("flame", 4, "f0"),
        ("flame", 5, "ff"),
        ("sunfish", 2, "c0"),
        ("sunfish", 4, "ff"),
        ("oriole", 2, "c0"),
        ("oriole", 4, "f0"),
        ("oriole", 8, "ff"),
        ("shiba", 1, "100"),
        ("shiba", 4, "1f0"),
        ("shiba", 6, "1ff"),
        ("shiba", 12, "1ff"),
    ],
)
def test_auto_gives_a_cpu_to_each_thread(codename: str, threads: int, mask: str) -> None:
    topology = _topology(PHONES[codename], find_pixel(codename))

    assert resolve_cpus("auto", topology, threads).hex == mask


def test_leaves_out_cpus_that_are_offline() -> None:
    topology = _topology(PIXEL_4, find_pixel("flame"), online="0-4,7")

    assert [resolve_cpus(word, topology, 1).hex for word in ("all", "big", "f")] == [
        "9f",
        "90",
        "f",
    ]
    assert resolve_cpus("auto", topology, 3).hex == "9f"


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("mid", "Cannot run on CPUs 'mid': the phone has no such cluster, but little f, big c0."),
        ("prime", "Cannot run on CPUs 'prime': no single CPU is the fastest; the phone has "),
        ("big", "Cannot run on CPUs 'big': its CPUs (c0) are offline now."),
        ("c0", "Cannot run on CPUs 'c0': the CPUs c0 are offline now."),
        ("10f", "Cannot run on CPUs '10f': the phone has the CPUs ff, not 100."),
        ("0", "Cannot run on CPUs '0': a mask without CPUs runs nowhere."),
        ("", "Cannot run on CPUs '': it is neither auto, all, "),
        ("-1", "Cannot run on CPUs '-1': it is neither auto, all, "),
        ("f_0", "Cannot run on CPUs 'f_0': it is neither auto, all, "),
        ("huge", "Cannot run on CPUs 'huge': it is neither auto, all, "),
        ("f; reboot", "Cannot run on CPUs 'f; reboot': it is neither auto, all, "),
    ],
)
def test_refuses_cpus_that_cannot_be_had(word: str, why: str) -> None:
    clusters = (("0-3", 1804800, 261), ("6-7", 2208000, 1024))
    topology = _topology(clusters, online="0-3")

    with pytest.raises(CpusError, match=re.escape(why)):
        resolve_cpus(word, topology, threads=1)


@pytest.mark.parametrize("word", ["auto", "all", "big"])
def test_invents_no_cpus_where_the_phone_says_nothing(word: str) -> None:
    with pytest.raises(CpusError, match="does not say which CPUs it has; give a hex mask"):
        resolve_cpus(word, parse_topology("", None), threads=1)


def test_takes_a_mask_at_its_word_where_the_phone_says_nothing() -> None:
    assert resolve_cpus("f0", parse_topology("", None), threads=4).cpus == (4, 5, 6, 7)


def test_knows_only_all_cpus_where_no_clock_is_shown() -> None:
    topology = parse_topology(f"{CPU_FOLDER}/present\t0-3\n", None)

    assert topology == Topology(clusters=(), present=(0, 1, 2, 3), online=(0, 1, 2, 3))
    assert resolve_cpus("auto", topology, threads=2).hex == "f"
    with pytest.raises(CpusError, match="does not tell its CPUs apart; use auto, all or a hex"):
        resolve_cpus("big", topology, threads=1)


def test_reads_kernels_without_policy_folders() -> None:
    lines = [f"{CPU_FOLDER}/present\t0-3"]
    for cpu, cpus, khz in ((0, "0 1 ", 1500000), (1, "0 1 ", 1500000), (2, "2 3", 2000000)):
        lines.append(f"{CPU_FOLDER}/cpu{cpu}/cpufreq/related_cpus\t{cpus}")
        lines.append(f"{CPU_FOLDER}/cpu{cpu}/cpufreq/cpuinfo_max_freq\t{khz}")

    assert parse_topology("\n".join([*lines, ""]), None).clusters == (
        Cluster(name="little", cpus=(0, 1), max_khz=1500000, capacity=None),
        Cluster(name="big", cpus=(2, 3), max_khz=2000000, capacity=None),
    )


def test_takes_cpus_with_clocks_of_their_own_together_if_they_are_alike() -> None:
    clusters = [(str(cpu), 3000000, None) for cpu in range(4)]

    assert parse_topology(_text(cpu_files(clusters)), None).clusters == (
        Cluster(name="big", cpus=(0, 1, 2, 3), max_khz=3000000, capacity=None),
    )


def test_does_not_tell_clusters_apart_if_the_clock_of_one_is_missing() -> None:
    files = cpu_files(PIXEL_5)
    del files[f"{CPU_FOLDER}/cpufreq/policy6/cpuinfo_max_freq"]

    assert parse_topology(_text(files), None).clusters == ()


@given(mutations_of(_text(cpu_files(PIXEL_8)), _text(cpu_files(PIXEL_5))))
def test_never_fails_and_invents_no_cpus(text: str) -> None:
    topology = parse_topology(text, find_pixel("shiba"))

    assert all(0 <= number < 1e20 for number in numbers_in(topology))
    for word in ("auto", "all", "big", "prime", "1f0"):
        try:
            mask = resolve_cpus(word, topology, threads=4)
        except CpusError:
            continue
        assert mask
        assert not topology.online or set(mask.cpus) <= set(topology.online)
