"""One phone of the lab, as tests handle it."""

from __future__ import annotations

import re
import shutil
import signal
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab import state
from lab.errors import LabError
from lab.machine import Machine
from lab.server import LabServer
from lab.sysfs import Cpus

MB = 1024 * 1024
# What the server's keepalive needs to give a silent link up (1 s x 10, measured).
KEEPALIVE_S = 11.3


class LabPhone:
    """A phone. Everything that changes it also works while something runs on it."""

    def __init__(
        self, kind: str, server: LabServer, rootfs: Path, folder: Path, *, data_mb: int = 512
    ) -> None:
        self.kind = kind
        self.server = server
        self.folder = folder
        self.data_mb = data_mb
        self.cpus: Cpus = state.cpus_of(kind)
        self._rootfs = rootfs
        self._machine = Machine(folder)
        self._timers: list[threading.Timer] = []
        self.serial = ""  # 127.0.0.1:PORT, once started

    def start(self, *, uptime_s: float = 5000, connect: bool = True) -> LabPhone:
        """Turns the phone on and connects it to the lab's server. Raises LabError."""
        self.state_folder.mkdir(parents=True)
        state.write(self.kind, self.state_folder)
        port = self._machine.start(self._rootfs, self.state_folder, self.data_mb * MB)
        self.serial = f"127.0.0.1:{port}"
        self.tell("boot", uptime_s=uptime_s)
        self.tell("start_adbd")
        if connect:
            self.server.connect(self.serial)
        return self

    def stop(self) -> None:
        """Turns the phone off for good: nothing of it is left but its folder."""
        for timer in self._timers:
            timer.cancel()
        if self.serial:
            self.server.disconnect(self.serial)
        self._machine.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def reboot(self, off_s: float = 0.5, *, wait: bool = True) -> None:
        """Ends all processes, is away for `off_s`, and comes back with a small uptime.

        /data stays; clocks, dumps, modes and properties are those of a boot. Settings stay, as
        they are on the phone's disk.
        """
        self.tell("halt")
        self._wait_until_gone()
        state.reset_at_boot(self.kind, self.state_folder)
        self._later(off_s, self._come_back)
        if wait:
            time.sleep(off_s)
            self.server.connect(self.serial)

    def _come_back(self) -> None:
        self.tell("boot", uptime_s=8.0)
        self.tell("start_adbd")

    def kill_adbd(self, *, with_children: bool = False) -> None:
        """SIGKILL to adbd; `with_children` also to all that it started, as a phone's init does."""
        self.tell("stop_adbd", signal=signal.SIGKILL)
        if with_children:
            self.tell("kill_children")
        self._wait_until_gone()

    def restart_adbd(self, *, wait: bool = True) -> None:
        """Starts adbd again after `kill_adbd`."""
        self.tell("start_adbd")
        if wait:
            self.server.connect(self.serial)

    def stop_adbd(self) -> None:
        """SIGSTOP: adbd hangs. `continue_adbd` ends it."""
        self.tell("stop_adbd", signal=signal.SIGSTOP)

    def continue_adbd(self) -> None:
        """SIGCONT after `stop_adbd`."""
        self.tell("stop_adbd", signal=signal.SIGCONT)

    def black_hole(
        self, seconds: float | None = None, *, gives_up_after_s: float | None = KEEPALIVE_S
    ) -> None:
        """Nothing arrives any more in either direction, and nobody is told.

        For `seconds`, or until `plug_in`. The server's connections end after `gives_up_after_s`,
        as its keepalive ends them over Wi-Fi (None: never, as during a push).
        """
        self.tell("cable", mode="hole", gives_up_after_s=gives_up_after_s)
        if seconds is not None:
            self._later(seconds, self._whole)

    def unplug_cable(self, seconds: float | None = None) -> None:
        """Ends every connection and refuses new ones, for `seconds` or until `plug_in`."""
        self.tell("cable", mode="cut")
        if seconds is not None:
            self._later(seconds, self._whole)

    def offline(self) -> None:
        """The server lists the phone as `offline` (for a minute, then it forgets it)."""
        self.unplug_cable()
        self._wait_for_state("offline")

    def unauthorized(self) -> None:
        """The phone asks for a key that nobody accepts; the server lists it as `unauthorized`."""
        self.tell("cable", mode="unauthorized")
        self.server.disconnect(self.serial)
        self.server.client().connect(self.serial, timeout=5)
        self._wait_for_state("unauthorized")

    def slow_link(self, delay_s: float) -> None:
        """Every chunk of at most 64 KiB takes this much longer, in each direction."""
        self.tell("cable", mode="pass", delay_s=delay_s)

    def plug_in(self, *, wait: bool = True) -> None:
        """The cable is whole again, whatever it was."""
        self._whole()
        if wait:
            if self.server.state(self.serial) == "unauthorized":
                self.server.disconnect(self.serial)
            self.server.connect(self.serial)

    def _whole(self) -> None:
        self.tell("cable", mode="pass")

    def _wait_until_gone(self) -> None:
        """Until the server has seen that the link is down, which takes milliseconds."""
        until = time.monotonic() + 2
        while self.server.is_up() and self.server.state(self.serial) == "device":
            if time.monotonic() > until:
                raise LabError(f"the server still sees {self.serial}")
            time.sleep(0.005)

    def _wait_for_state(self, wanted: str, deadline_s: float = 10) -> None:
        until = time.monotonic() + deadline_s
        while (seen := self.server.state(self.serial)) != wanted:
            if time.monotonic() > until:
                raise LabError(f"{self.serial} is {seen!r}, not {wanted!r}")
            time.sleep(0.02)

    @property
    def state_folder(self) -> Path:
        """What the phone sees as `/lab`: its fixtures, which may be changed at any time."""
        return self.folder / "state"

    def heat(self, celsius: float, status: int = 0) -> None:
        """Sets the skin's current temperature, and the thermal status (0 NONE to 6 SHUTDOWN)."""
        state.heat(self.state_folder, celsius, status)

    def override_thermal(self, status: int | None) -> None:
        """As `cmd thermalservice override-status N`; None is `reset`."""
        state.override_thermal(self.state_folder, status)

    def throttle(self, policy: int | str, khz: int | None) -> None:
        """Caps `scaling_max_freq` of `policy6` (or 6); None takes the cap away."""
        name = policy if isinstance(policy, str) else f"policy{policy}"
        state.set_mode(self.state_folder, "throttled", None if khz is None else "1")
        self.write_cpu(
            f"cpufreq/{name}/scaling_max_freq",
            f"{khz}\n" if khz is not None else self.read_cpu(f"cpufreq/{name}/cpuinfo_max_freq"),
        )

    def battery(self, **values: object) -> None:
        """Changes lines of `dumpsys battery`, for example `level=12`, `usb_powered=False`,
        `charge_counter=2_000_000` (microampere-hours), `voltage=3900` (millivolts)."""
        state.change_battery(self.state_folder, values)

    def mock_battery(self, **values: object) -> None:
        """As `dumpsys battery set`: updates are stopped until somebody resets them."""
        state.mock_battery(self.state_folder, values)

    def dump(self, service: str) -> str:
        """What `dumpsys SERVICE` prints now."""
        return (self.state_folder / "dumps" / f"{service}.txt").read_text(encoding="utf-8")

    def set_dump(self, service: str, text: str) -> None:
        """Makes `dumpsys SERVICE` print any text."""
        state.put(self.state_folder / "dumps" / f"{service}.txt", text)

    def fail(self, command: str, exit_code: int = 255, stderr: str = "", stdout: str = "") -> None:
        """Makes commands that begin so (`cmd power`, `dumpsys thermalservice`) fail like this."""
        state.fail(self.state_folder, command, exit_code, stderr, stdout)

    def unfail(self, command: str) -> None:
        """Ends `fail`."""
        state.unfail(self.state_folder, command)

    def set_property(self, key: str, value: str | None) -> None:
        """Sets a property; None removes it."""
        state.set_property(self.state_folder, key, value)

    def setting(self, namespace: str, key: str) -> str | None:
        """What `settings get` would say; None for `null`."""
        return state.settings(self.state_folder, namespace).get(key)

    def set_setting(self, namespace: str, key: str, value: str | None) -> None:
        """As `settings put`, or `settings delete` for None."""
        state.set_setting(self.state_folder, namespace, key, value)

    def mode(self, name: str) -> str | None:
        """A mode that a command has set (`fixed_performance`, `bg_dexopt`, ...), None if unset."""
        path = self.state_folder / "modes" / name
        return path.read_text(encoding="utf-8").strip() if path.exists() else None

    def refuse_mask(self, *, refuse: bool = True) -> None:
        """Makes `taskset` fail as where every CPU of the mask is offline."""
        state.set_mode(self.state_folder, "refuse_mask", "1" if refuse else None)

    def read_cpu(self, name: str) -> str:
        """A file under `/sys/devices/system/cpu`."""
        return (self.state_folder / "cpu" / name).read_text(encoding="utf-8")

    def write_cpu(self, name: str, text: str | None) -> None:
        """Replaces or (None) removes a file under `/sys/devices/system/cpu`."""
        path = self.state_folder / "cpu" / name
        if text is None:
            path.unlink()
        else:
            state.put(path, text)

    def path(self, on_phone: str) -> Path:
        """A path of the phone as this machine can open it, while the phone is started."""
        return self._machine.root() / on_phone.lstrip("/")

    def fill_disk(self, leave_bytes: int = 0) -> None:
        """Leaves this much room on /data, in pages of 4096 bytes (the file system shrinks)."""
        usage = shutil.disk_usage(self.path("/data"))
        self.tell("resize_data", size_bytes=max(usage.used + leave_bytes, 4096))

    def free_disk(self) -> None:
        """Ends `fill_disk`."""
        self.tell("resize_data", size_bytes=self.data_mb * MB)

    def processes(self) -> list[tuple[int, str]]:
        """(pid on the phone, command line) of all but the first process and adbd."""
        found = [(int(pid), str(line)) for pid, line in self.tell("processes")]
        return [(pid, line) for pid, line in found if line and not _IS_SYSTEM.match(line)]

    def snapshot(self) -> dict[str, Mapping[str, str] | list[str]]:
        """All that must be as it was when somebody has finished with the phone."""
        return {
            **state.snapshot(self.state_folder),
            "files": state.tree(self.path("/data/local/tmp")),
            "processes": [line for _, line in self.processes()],
        }

    def tell(self, do: str, **arguments: Any) -> Any:
        """Gives the phone's hardware a command; see `lab.hardware`. Raises LabError."""
        return self._machine.tell(do, **arguments)

    def log(self) -> str:
        """The end of what the phone's hardware and adbd have logged."""
        return self._machine.log()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        def act() -> None:
            with suppress(LabError):  # the phone may have been turned off meanwhile
                action()

        timer = threading.Timer(seconds, act)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()


_IS_SYSTEM = re.compile(
    r"/usr/lib/android-sdk/platform-tools/adbd|/usr/bin/busybox sleep 2000000000"
)


def new_folder(parent: Path, kind: str) -> Path:
    """A folder for another phone."""
    folder = parent / f"{kind}-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    return folder
