"""A phone's CPUs: which there are, in which clusters, and what a `--cpus` word means there.

Clusters come from the phone's own files. Their names follow capacity (else the highest clock),
slowest first: one cluster is `big`; two are `little` and `big`; of more, all between are `mid`. A
known Pixel has the names of `pixels.toml` instead, where the fastest of three may be `prime`: on a
Pixel 4 the three cores below it are `big` ones too.

    little, mid   the clusters of that name
    big           those named big or prime: f0 on a Pixel 4, c0 on a Pixel 6, 100 on a Pixel 8
    prime         the single fastest CPU, where there is one: 80 on a Pixel 4, 100 on a Pixel 8
    auto          big if it has a CPU for each thread, else big and mid, else all
    all           every CPU that is online
    HEXMASK       such CPUs exactly; all must be online
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from android_runner.cpu_mask import Mask, parse_cpu_list, parse_mask_word
from android_runner.errors import CpusError
from android_runner.pixels import Pixel
from android_runner.readout import parse_count, parse_files, read_parts, show_files
from android_runner.shell import Shell

CPU_WORDS = ("auto", "all", "big", "mid", "little", "prime")

CPU_FOLDER = "/sys/devices/system/cpu"

# Everything that tells clusters apart. `cpuN/cpufreq` is for kernels without policy folders (before
# 4.3), and `cluster_cpus_list` for those that show no clocks.
TOPOLOGY_FILES = show_files(
    f"{CPU_FOLDER}/possible",
    f"{CPU_FOLDER}/present",
    f"{CPU_FOLDER}/online",
    f"{CPU_FOLDER}/cpufreq/policy[0-9]*/related_cpus",
    f"{CPU_FOLDER}/cpufreq/policy[0-9]*/cpuinfo_max_freq",
    f"{CPU_FOLDER}/cpu[0-9]*/cpu_capacity",
    f"{CPU_FOLDER}/cpu[0-9]*/cpufreq/related_cpus",
    f"{CPU_FOLDER}/cpu[0-9]*/cpufreq/cpuinfo_max_freq",
)

_CAPACITY = re.compile(rf"{CPU_FOLDER}/cpu(\d{{1,4}})/cpu_capacity")
_GROUP = re.compile(rf"({CPU_FOLDER}/(?:cpufreq/policy|cpu)\d{{1,4}}(?:/cpufreq)?)/related_cpus")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """CPUs of one kind: highest clock in kHz and capacity (the fastest CPU has 1024); None where
    the phone does not say."""

    name: str
    cpus: tuple[int, ...]
    max_khz: int | None
    capacity: int | None

    @property
    def mask(self) -> Mask:
        return Mask.of(self.cpus)


@dataclass(frozen=True, kw_only=True)
class Topology:
    """A phone's CPUs. `clusters` has the slowest first, and is empty where they cannot be told
    apart; `present` and `online` are empty where the phone does not say."""

    clusters: tuple[Cluster, ...]
    present: tuple[int, ...]
    online: tuple[int, ...]

    @property
    def cpu_count(self) -> int:
        """How many CPUs there are, offline ones too; 0 is unknown."""
        return len(self.present)


def read_topology(shell: Shell, pixel: Pixel | None, *, deadline_s: float = 20) -> Topology:
    """Asks a phone for its CPUs; `pixel` names the clusters where it fits what is found.

    Raises `LinkLostError` and `DeadlineError`.
    """
    parts = read_parts(shell, {"cpus": TOPOLOGY_FILES}, deadline_s=deadline_s)
    return parse_topology(parts["cpus"].text if "cpus" in parts else "", pixel)


def parse_topology(text: str, pixel: Pixel | None) -> Topology:
    """The CPUs by the lines of `TOPOLOGY_FILES`."""
    files = parse_files(text)
    found = _clusters(files)
    in_clusters = {cpu for cluster in found for cpu in cluster.cpus}
    present = (
        parse_cpu_list(files.get(f"{CPU_FOLDER}/present"))
        or parse_cpu_list(files.get(f"{CPU_FOLDER}/possible"))
        or tuple(sorted(in_clusters))
    )
    return Topology(
        clusters=_named(found, pixel),
        present=present,
        online=parse_cpu_list(files.get(f"{CPU_FOLDER}/online")) or present,
    )


def resolve_cpus(word: str, topology: Topology, threads: int) -> Mask:
    """The CPUs that a `--cpus` word means on this phone, of those that are online now.

    Raises `CpusError`: for a cluster that the phone does not have, a mask with other CPUs, and
    where the phone does not say what it has.
    """
    if word not in CPU_WORDS:
        return _resolve_mask(word, topology)
    if not topology.online:
        raise CpusError(word, "the phone does not say which CPUs it has; give a hex mask")
    everything = Mask.of(topology.online)
    if word == "all":
        return everything
    if word == "auto":
        return _resolve_auto(topology, threads, everything)
    wanted = _by_word(word, topology)
    if not wanted:
        raise CpusError(word, _no_such_cluster(word, topology))
    chosen = Mask(wanted & everything)
    if not chosen:
        raise CpusError(word, f"its CPUs ({wanted.hex}) are offline now")
    return chosen


def _resolve_mask(word: str, topology: Topology) -> Mask:
    mask = parse_mask_word(word)
    if mask is None:
        raise CpusError(word, f"it is neither {', '.join(CPU_WORDS)} nor a hex mask such as f0")
    if not mask:
        raise CpusError(word, "a mask without CPUs runs nowhere")
    absent = mask & ~Mask.of(topology.present)
    if topology.present and absent:
        known = Mask.of(topology.present).hex
        raise CpusError(word, f"the phone has the CPUs {known}, not {Mask(absent).hex}")
    offline = mask & ~Mask.of(topology.online)
    if topology.online and offline:
        raise CpusError(word, f"the CPUs {Mask(offline).hex} are offline now")
    return mask


def _resolve_auto(topology: Topology, threads: int, everything: Mask) -> Mask:
    big = Mask(_by_word("big", topology) & everything)
    with_mid = Mask((big | _by_word("mid", topology)) & everything)
    return next((mask for mask in (big, with_mid) if 0 < threads <= mask.bit_count()), everything)


def _by_word(word: str, topology: Topology) -> Mask:
    clusters = topology.clusters
    if word == "prime":
        single = len(clusters) > 1 and len(clusters[-1].cpus) == 1
        return clusters[-1].mask if single else Mask(0)
    names = ("big", "prime") if word == "big" else (word,)
    return Mask.of(cpu for cluster in clusters if cluster.name in names for cpu in cluster.cpus)


def _no_such_cluster(word: str, topology: Topology) -> str:
    if not topology.clusters:
        return "the phone does not tell its CPUs apart; use auto, all or a hex mask"
    known = ", ".join(f"{cluster.name} {cluster.mask.hex}" for cluster in topology.clusters)
    if word == "prime":
        return f"no single CPU is the fastest; the phone has {known}"
    return f"the phone has no such cluster, but {known}"


def _clusters(files: Mapping[str, str]) -> list[Cluster]:
    """Groups of CPUs that share a clock, or look alike; the slowest first, without names."""
    capacities = {
        int(match[1]): capacity
        for path, content in files.items()
        if (match := _CAPACITY.fullmatch(path)) and (capacity := parse_count(content)) is not None
    }
    alike: dict[tuple[int | None, int | None], set[int]] = {}
    seen: set[int] = set()
    for path, content in sorted(files.items(), key=lambda item: "policy" not in item[0]):
        match = _GROUP.fullmatch(path)
        cpus = parse_cpu_list(content) if match else ()
        if match is None or seen.intersection(cpus) or not cpus:
            continue
        seen.update(cpus)
        max_khz = parse_count(files.get(f"{match[1]}/cpuinfo_max_freq"))
        known = [capacities[cpu] for cpu in cpus if cpu in capacities]
        # On some chips each CPU has a clock of its own: the same kind, so one cluster.
        alike.setdefault((max_khz, max(known, default=None)), set()).update(cpus)
    if not alike:  # no clocks to be seen: capacity alone, as on virtual phones
        for cpu, capacity in capacities.items():
            alike.setdefault((None, capacity), set()).add(cpu)
    clusters = [
        Cluster(name="", cpus=tuple(sorted(cpus)), max_khz=max_khz, capacity=capacity)
        for (max_khz, capacity), cpus in alike.items()
    ]
    return _slowest_first(clusters)


def _slowest_first(clusters: list[Cluster]) -> list[Cluster]:
    """By capacity if all have one, else by clock; nothing where neither is known of all."""
    if all(cluster.capacity is not None for cluster in clusters):
        return sorted(clusters, key=lambda one: (one.capacity, one.max_khz or 0, one.cpus))
    if all(cluster.max_khz is not None for cluster in clusters):
        return sorted(clusters, key=lambda one: (one.max_khz, one.cpus))
    return []


def _named(clusters: list[Cluster], pixel: Pixel | None) -> tuple[Cluster, ...]:
    names = _names_of_pixel(clusters, pixel) or _names_by_rank(len(clusters))
    return tuple(
        Cluster(name=name, cpus=one.cpus, max_khz=one.max_khz, capacity=one.capacity)
        for name, one in zip(names, clusters, strict=True)
    )


def _names_of_pixel(clusters: Iterable[Cluster], pixel: Pixel | None) -> list[str]:
    known = {cluster.cpus: cluster.name for cluster in pixel.clusters} if pixel else {}
    found = [one.cpus for one in clusters]
    return [known[cpus] for cpus in found] if set(found) == set(known) else []


def _names_by_rank(count: int) -> list[str]:
    if count < 2:
        return ["big"] * count
    return ["little", *["mid"] * (count - 2), "big"]
