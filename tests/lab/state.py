"""The files that a phone's commands and sysfs are made of, and how they change.

All of them lie in one folder, which the phone sees as `/lab`. A file is always replaced, never
written in place: a reader sees the old or the new text.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from lab import sysfs
from lab.cpu_clock import put as put
from lab.host_python import link_packages
from lab.login import SHELL_UID
from lab.sysfs import Cpus

FIXTURES = Path(__file__).parent / "fixtures"
KINDS = ("pixel4", "pixel6", "pixel8")
DUMPS = ("thermalservice", "battery", "power")
NAMESPACES = ("global", "system", "secure")
MODES_AFTER_BOOT = {
    "fixed_performance": "false",
    "adaptive_power_saver": "true",
    "bg_dexopt": "enabled",
    "deviceidle": "ACTIVE",
    "deviceidle_enabled": "1",
    "thermal_status": "0",
}
# They pass on their own, as time does.
_PASSING = re.compile(r"cpufreq/policy\d+/(stats/|scaling_cur_freq)|(^|/)\.")
_UPDATES_STOPPED = "  (UPDATES STOPPED -- use 'reset' to restart)\n"
_SKIN = re.compile(r"(mValue=)[^,]+(, mType=3, mName=(?!quiet)[^,]+, mStatus=)\d")


def cpus_of(kind: str) -> Cpus:
    """The CPUs of a kind of phone."""
    return sysfs.load_cpus(FIXTURES / kind / "cpu.toml")


def write(kind: str, folder: Path) -> None:
    """Writes the state of a phone that has just been taken out of its box."""
    settings = folder / "settings"
    settings.mkdir()
    for namespace in NAMESPACES:
        shutil.copy(FIXTURES / kind / "settings" / f"{namespace}.txt", settings)
    (folder / "fail").mkdir()
    for name in ("cpu.toml", "gpu.json"):
        shutil.copy(FIXTURES / kind / name, folder)
    (folder / "logcat.txt").touch()
    # The machine's CPUs that the phone's are mapped to, in turn; see bin/lab-common.
    real = " ".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0)))
    (folder / "real_cpus").write_text(f"{real}\n", encoding="utf-8")
    link_packages(folder / "packages")
    (folder / "kind").write_text(f"{kind}\n", encoding="utf-8")
    thermal = folder / "thermal" / "thermal_zone0"
    thermal.mkdir(parents=True)
    (thermal / "temp").write_text("31000\n", encoding="utf-8")
    (thermal / "temp").chmod(0)  # no shell user may read it
    etc = folder / "etc"
    etc.mkdir()
    shell = f"shell:x:{SHELL_UID}:{SHELL_UID}::/:/bin/sh\n"
    (etc / "passwd").write_text(f"root:x:0:0::/:/bin/sh\n{shell}", encoding="utf-8")
    (etc / "group").write_text(f"root:x:0:\nshell:x:{SHELL_UID}:\n", encoding="utf-8")
    (etc / "hosts").write_text("127.0.0.1 localhost\n", encoding="utf-8")
    reset_at_boot(kind, folder)


def reset_at_boot(kind: str, folder: Path) -> None:
    """Puts what a boot puts back: clocks, dumps, modes, properties, a new boot id."""
    for name in ("cpu", "dumps", "modes", "masks"):
        path = folder / name
        path.mkdir(exist_ok=True)
        for entry in path.iterdir():  # the folder itself is mounted
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    sysfs.write_tree(cpus_of(kind), folder / "cpu")
    for dump in DUMPS:
        shutil.copy(FIXTURES / kind / f"{dump}.txt", folder / "dumps")
    shutil.copy(folder / "dumps" / "battery.txt", folder / "dumps" / "battery.true")
    shutil.copy(FIXTURES / kind / "properties.txt", folder / "properties.txt")
    for name, value in MODES_AFTER_BOOT.items():
        (folder / "modes" / name).write_text(f"{value}\n", encoding="utf-8")
    (folder / "cpuinfo").write_text(sysfs.cpuinfo(cpus_of(kind)), encoding="utf-8")
    (folder / "boot_id").write_text(f"{uuid.uuid4()}\n", encoding="utf-8")
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, SHELL_UID, SHELL_UID, follow_symlinks=False)


def heat(folder: Path, celsius: float, status: int) -> None:
    """Changes the skin sensor's line, and the status unless it is overridden."""
    path = folder / "dumps" / "thermalservice.txt"
    text = path.read_text(encoding="utf-8")
    cached, mark, current = text.partition("Current temperatures from HAL:")
    current = _SKIN.sub(rf"\g<1>{celsius}\g<2>{status}", current)
    put(folder / "modes" / "thermal_status", f"{status}\n", 0o644)
    if "IsStatusOverride: true" not in cached:
        cached = re.sub(r"(?m)^Thermal Status: .*$", f"Thermal Status: {status}", cached)
    put(path, cached + mark + current, 0o644)


def override_thermal(folder: Path, status: int | None) -> None:
    """What `cmd thermalservice override-status` and `reset` do."""
    path = folder / "dumps" / "thermalservice.txt"
    real = folder / "modes" / "thermal_status"
    shown = real.read_text().strip() if status is None else str(status)
    text = path.read_text(encoding="utf-8")
    overridden = "false" if status is None else "true"
    text = re.sub(r"(?m)^IsStatusOverride: .*$", f"IsStatusOverride: {overridden}", text)
    text = re.sub(r"(?m)^Thermal Status: .*$", f"Thermal Status: {shown}", text)
    put(path, text, 0o644)


def change_battery(folder: Path, values: Mapping[str, object]) -> None:
    """Changes lines of the battery's dump, and what a reset of a mock goes back to."""
    for name in ("battery.txt", "battery.true"):
        path = folder / "dumps" / name
        put(path, _with_values(path.read_text(encoding="utf-8"), values), 0o644)


def mock_battery(folder: Path, values: Mapping[str, object]) -> None:
    """Changes lines of the battery's dump and marks it as mocked."""
    path = folder / "dumps" / "battery.txt"
    text = path.read_text(encoding="utf-8")
    if _UPDATES_STOPPED not in text:
        first, _, rest = text.partition("\n")
        text = f"{first}\n{_UPDATES_STOPPED}{rest}"
    put(path, _with_values(text, values), 0o644)


def _with_values(text: str, values: Mapping[str, object]) -> str:
    for key, value in values.items():
        label = re.escape(key).replace("_", "[ _]")
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        text, count = re.subn(rf"(?mi)^(  {label}: ).*$", rf"\g<1>{shown}", text)
        if count != 1:
            raise ValueError(f"the battery's dump has no line {key!r}")
    return text


def settings(folder: Path, namespace: str) -> dict[str, str]:
    """All settings of a namespace."""
    text = (folder / "settings" / f"{namespace}.txt").read_text(encoding="utf-8")
    return dict(line.split("=", 1) for line in text.splitlines())


def set_setting(folder: Path, namespace: str, key: str, value: str | None) -> None:
    """Puts or (None) deletes a setting; the lines stay sorted."""
    found = {k: v for k, v in settings(folder, namespace).items() if k != key}
    if value is not None:
        found[key] = value
    lines = sorted(f"{k}={v}\n" for k, v in found.items())  # as `sort` in the phone's command
    put(folder / "settings" / f"{namespace}.txt", "".join(lines), 0o644)


def set_property(folder: Path, key: str, value: str | None) -> None:
    """Sets or (None) removes a property."""
    path = folder / "properties.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if not line.startswith(f"[{key}]: ")]
    if value is not None:
        lines.append(f"[{key}]: [{value}]")
    put(path, "".join(f"{line}\n" for line in sorted(lines)), 0o644)


def set_mode(folder: Path, name: str, value: str | None) -> None:
    """Sets or (None) removes a mode."""
    path = folder / "modes" / name
    if value is None:
        path.unlink(missing_ok=True)
    else:
        put(path, f"{value}\n", 0o644)


def fail(folder: Path, command: str, exit_code: int, stderr: str, stdout: str) -> None:
    """Makes commands that begin so fail; the phone's commands look for these files."""
    name = command.replace(" ", "_")
    put(folder / "fail" / f"{name}.stdout", stdout, 0o644)
    put(folder / "fail" / f"{name}.stderr", stderr, 0o644)
    put(folder / "fail" / name, f"{exit_code}\n", 0o644)


def unfail(folder: Path, command: str) -> None:
    """Ends `fail`."""
    name = command.replace(" ", "_")
    for suffix in ("", ".stdout", ".stderr"):
        (folder / "fail" / f"{name}{suffix}").unlink(missing_ok=True)


def snapshot(folder: Path) -> dict[str, Mapping[str, str] | list[str]]:
    """Everything here that a user of the phone can change and must put back."""
    cpu = tree_text(folder / "cpu")
    return {
        "settings": tree_text(folder / "settings"),
        "dumps": {k: v for k, v in tree_text(folder / "dumps").items() if k.endswith(".txt")},
        "modes": tree_text(folder / "modes"),
        "properties": {"properties.txt": (folder / "properties.txt").read_text(encoding="utf-8")},
        "cpu": {name: text for name, text in cpu.items() if not _PASSING.search(name)},
    }


def tree_text(folder: Path) -> dict[str, str]:
    """The text of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def tree(folder: Path) -> dict[str, str]:
    """Mode and sha256 (or link target) of everything below a folder; times are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        if path.is_symlink():
            content = f"-> {path.readlink()}"
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content = ""
        found[path.relative_to(folder).as_posix()] = f"{status.st_mode:o} {content}".strip()
    return found
