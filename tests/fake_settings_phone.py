"""A phone that has settings, clocks and a power service, and that can fail at any command.

Scripts run in the real `sh` on a folder that stands for `/sys/devices/system/cpu`. With a file the
phone outlives the process that talks to it.
"""

from __future__ import annotations

import copy
import json
import shlex
import subprocess
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from android_runner.errors import LinkLostError
from android_runner.shell import Completed

CPU_FOLDER = "/sys/devices/system/cpu"
BOUNDS = {"0": ("300000", "1708800"), "4": ("710400", "2419200"), "7": ("825600", "2841600")}
USUAL_SETTINGS = {
    "global": {"stay_on_while_plugged_in": "0", "animator_duration_scale": "1.0"},
    "system": {"screen_brightness_mode": "1", "screen_brightness": "143"},
    "secure": {},
}


class FakeSettingsPhone:
    """Answers what `steady` and `restore_pending` ask. Everything public may be changed by a test.

    `broken_at` maps the number of a command (from 0) to what happens there: "before" loses the link
    before the command had an effect, "after" when it had, "interrupt" and "interrupt after" are
    Ctrl-C. `on_change` is called just before anything changes.
    """

    def __init__(self, folder: Path, *, serial: str = "SERIAL1") -> None:
        self.folder = folder
        self.serial = serial
        self.file = folder / "phone.json"
        self.cpu_folder = folder / "cpu"
        self.commands: list[tuple[str, ...]] = []
        self.broken_at: dict[int, str] = {}
        self.refused: dict[str, Completed] = {}
        self.on_change: Callable[[Sequence[str]], None] = lambda argv: None
        if self.file.exists():
            self.state: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
            return
        self.state = {
            "settings": copy.deepcopy(USUAL_SETTINGS),
            "serialno": "39061FDJH005AB",
            "sdk": "34",
            "boot_id": "b0-0",
            "booted": True,
            "has_fixed_performance": True,
            "fixed_performance": False,
            "compiler": "enabled",
            "airplane": "disabled",
            "uid": "2000",
            "su": False,
        }
        for policy, (low, high) in BOUNDS.items():
            place = self.cpu_folder / "cpufreq" / f"policy{policy}"
            place.mkdir(parents=True)
            for name, text in (("min", low), ("max", high)):
                (place / f"cpuinfo_{name}_freq").write_text(f"{text}\n", encoding="ascii")
                (place / f"scaling_{name}_freq").write_text(f"{text}\n", encoding="ascii")

    def run(self, argv: Sequence[str], *, deadline_s: float = 20) -> Completed:
        """Runs a command, unless it is this one's turn to fail."""
        how = self.broken_at.get(len(self.commands), "")
        self.commands.append(tuple(argv))
        if how == "before":
            raise LinkLostError(self.serial, shlex.join(argv), "EOF")
        if how == "interrupt":
            raise KeyboardInterrupt
        done = self._obey(tuple(argv))
        self.save()
        if how == "after":
            raise LinkLostError(self.serial, shlex.join(argv), "EOF")
        if how == "interrupt after":
            raise KeyboardInterrupt
        return done

    def save(self) -> None:
        """Writes the state, whole or not at all."""
        unfinished = self.file.with_suffix(".part")
        unfinished.write_text(json.dumps(self.state), encoding="ascii")
        unfinished.replace(self.file)

    def snapshot(self) -> dict[str, Any]:
        """All that a run must leave as it was."""
        clocks = {
            str(path.relative_to(self.cpu_folder)): path.read_bytes()
            for path in sorted(self.cpu_folder.rglob("*_freq"))
        }
        return {**copy.deepcopy(self.state), "boot_id": None, "clocks": clocks}

    def reboot(self) -> None:
        """Loses what a boot loses."""
        self.state |= {"boot_id": uuid.uuid4().hex, "fixed_performance": False}
        self.state["compiler"] = "enabled"
        for policy, (low, _high) in BOUNDS.items():
            self.clock(policy, "min").write_text(f"{low}\n", encoding="ascii")
        self.save()

    def clock(self, policy: str, name: str) -> Path:
        """The file of a limit."""
        return self.cpu_folder / "cpufreq" / f"policy{policy}" / f"scaling_{name}_freq"

    def _obey(self, argv: tuple[str, ...], *, root: bool = False) -> Completed:
        for start, refusal in self.refused.items():
            if " ".join(argv).startswith(start):
                return refusal
        match argv:
            case ("settings", verb, *words):
                return self._settings(verb, words)
            case ("cmd", "power", "set-fixed-performance-mode-enabled", value):
                return self._fixed_performance(value)
            case ("cmd", "package", "bg-dexopt-job", "--disable" | "--enable" as flag):
                self._change(argv, "compiler", flag.removeprefix("--") + "d")
                return _done()
            case ("cmd", "connectivity", "airplane-mode"):
                return _done(f"{self.state['airplane']}\n")
            case ("cmd", "connectivity", "airplane-mode", "enable" | "disable" as word):
                self._change(argv, "airplane", f"{word}d")
                return _done()
            case ("getprop", name):
                return _done(f"{self._property(name)}\n")
            case ("cat", "/proc/sys/kernel/random/boot_id"):
                return _done(f"{self.state['boot_id']}\n")
            case ("cat", path) if path.startswith(CPU_FOLDER):
                return self._sh(argv)
            case ("id", "-u"):
                return _done("0\n" if root else f"{self.state['uid']}\n")
            case ("su", "-c", command) if self.state["su"]:
                return self._obey(tuple(shlex.split(command)), root=True)
            case ("sh", "-c", script, *_) if ">" not in script.replace("2>/dev/null", ""):
                return self._sh(argv)
            case ("sh", "-c", _, *_) if root or self.state["uid"] == "0":
                self.on_change(argv)
                return self._sh(argv)
            case ("sh", "-c", _, *_):
                return _done(stderr="sh: can't create: Permission denied", exit_code=1)
        return _done(stderr=f"sh: {argv[0]}: inaccessible or not found", exit_code=127)

    def _settings(self, verb: str, words: Sequence[str]) -> Completed:
        space: dict[str, str] = self.state["settings"][words[0]]
        match verb, words[1:]:
            case "get", [name]:
                return _done(f"{space.get(name, 'null')}\n")
            case "list", []:
                return _done("".join(f"{name}={value}\n" for name, value in space.items()))
            case "put", [name, value]:
                self.on_change(("settings", verb, *words))
                space[name] = value
                return _done()
            case "delete", [name]:
                self.on_change(("settings", verb, *words))
                return _done(f"Deleted {int(space.pop(name, None) is not None)} rows\n")
        return _done(stderr="Bad arguments", exit_code=255)

    def _fixed_performance(self, value: str) -> Completed:
        if not self.state["has_fixed_performance"]:
            why = "Failed to set FIXED_PERFORMANCE mode\nThis is likely because Power HAL AIDL"
            return _done(stderr=f"{why} is not implemented on this device\n", exit_code=255)
        self._change(("cmd", "power", value), "fixed_performance", value == "true")
        for policy, (low, high) in BOUNDS.items():
            text = high if value == "true" else low
            self.clock(policy, "min").write_text(f"{text}\n", encoding="ascii")
        return _done()

    def _change(self, argv: Sequence[str], key: str, value: object) -> None:
        self.on_change(argv)
        self.state[key] = value

    def _property(self, name: str) -> str:
        booted = "1" if self.state["booted"] else ""
        known = {"ro.serialno": self.state["serialno"], "ro.build.version.sdk": self.state["sdk"]}
        return str({**known, "sys.boot_completed": booted}.get(name, ""))

    def _sh(self, argv: Sequence[str]) -> Completed:
        here = [word.replace(CPU_FOLDER, str(self.cpu_folder)) for word in argv]
        done = subprocess.run(here, capture_output=True, text=True, check=False, timeout=20)
        return Completed(
            exit_code=done.returncode,
            stdout=done.stdout.replace(str(self.cpu_folder), CPU_FOLDER),
            stderr=done.stderr,
        )


def _done(stdout: str = "", *, stderr: str = "", exit_code: int = 0) -> Completed:
    return Completed(exit_code=exit_code, stdout=stdout, stderr=stderr)
