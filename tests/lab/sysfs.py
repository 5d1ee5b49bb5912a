"""Makes a phone's `/sys/devices/system/cpu` and `/proc/cpuinfo` from `fixtures/<phone>/cpu.toml`.

The forms of the files are those of a Pixel 8 (trailing spaces in the lists, units of kHz).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """CPUs that share a clock; `frequencies_khz` ends with the highest."""

    cpus: tuple[int, ...]
    part: str
    capacity: int
    frequencies_khz: tuple[int, ...]

    @property
    def policy(self) -> str:
        return f"policy{self.cpus[0]}"


@dataclass(frozen=True, kw_only=True)
class Cpus:
    """The CPUs of a phone."""

    governor: str
    available_governors: str
    driver: str
    fixed_performance: bool  # whether the power HAL knows FIXED_PERFORMANCE
    implementer: str
    features: str
    clusters: tuple[Cluster, ...]

    @property
    def count(self) -> int:
        return sum(len(cluster.cpus) for cluster in self.clusters)


def load_cpus(path: Path) -> Cpus:
    """Reads a `cpu.toml`."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    clusters = tuple(
        Cluster(
            cpus=tuple(cluster["cpus"]),
            part=cluster["part"],
            capacity=cluster["capacity"],
            frequencies_khz=tuple(cluster["frequencies_khz"]),
        )
        for cluster in data.pop("cluster")
    )
    return Cpus(clusters=clusters, **data)


def write_tree(cpus: Cpus, folder: Path) -> None:
    """Writes the tree into a folder, as after a boot."""
    everything = f"0-{cpus.count - 1}\n"
    files = dict.fromkeys(("possible", "present", "online"), everything)
    files |= {"offline": "\n", "kernel_max": "31\n"}
    for cluster in cpus.clusters:
        files |= {f"cpufreq/{cluster.policy}/{k}": v for k, v in _policy(cpus, cluster).items()}
        first, last = cluster.cpus[0], cluster.cpus[-1]
        for cpu in cluster.cpus:
            files[f"cpu{cpu}/cpu_capacity"] = f"{cluster.capacity}\n"
            files[f"cpu{cpu}/topology/core_id"] = f"{cpu}\n"
            files[f"cpu{cpu}/topology/cluster_cpus_list"] = (
                f"{first}\n" if first == last else f"{first}-{last}\n"
            )
            if cpu > 0:  # CPU 0 cannot be turned off
                files[f"cpu{cpu}/online"] = "1\n"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o400 if path.name == "cpuinfo_cur_freq" else 0o444)
    for cluster in cpus.clusters:
        for cpu in cluster.cpus:
            (folder / f"cpu{cpu}" / "cpufreq").symlink_to(f"../cpufreq/{cluster.policy}")


def _policy(cpus: Cpus, cluster: Cluster) -> dict[str, str]:
    lowest, highest = cluster.frequencies_khz[0], cluster.frequencies_khz[-1]
    related = " ".join(map(str, cluster.cpus))
    steps = " ".join(map(str, cluster.frequencies_khz))
    booked = "".join(f"{step} {1000 + step % 977}\n" for step in cluster.frequencies_khz)
    return {
        "affected_cpus": f"{related}\n",
        "related_cpus": f"{related}\n",
        "cpuinfo_max_freq": f"{highest}\n",
        "cpuinfo_min_freq": f"{lowest}\n",
        "cpuinfo_transition_latency": "5000000\n",
        "scaling_available_frequencies": f"{steps} \n",
        "scaling_available_governors": f"{cpus.available_governors} \n",
        "scaling_cur_freq": f"{lowest}\n",
        "scaling_driver": f"{cpus.driver}\n",
        "scaling_governor": f"{cpus.governor}\n",
        "scaling_max_freq": f"{highest}\n",
        "scaling_min_freq": f"{lowest}\n",
        "stats/time_in_state": booked,
        "stats/total_trans": "115798\n",
    }


def cpuinfo(cpus: Cpus) -> str:
    """The text of `/proc/cpuinfo`."""
    blocks = [
        f"processor\t: {cpu}\nBogoMIPS\t: 49.15\nFeatures\t: {cpus.features}\n"
        f"CPU implementer\t: {cpus.implementer}\nCPU architecture: 8\nCPU variant\t: 0x1\n"
        f"CPU part\t: {cluster.part}\nCPU revision\t: 1\n"
        for cluster in cpus.clusters
        for cpu in cluster.cpus
    ]
    return "\n".join((*blocks, ""))
