"""The lab as a whole: one adb server and any number of phones, in one folder."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType

from lab.phone import LabPhone, new_folder
from lab.rootfs import rootfs
from lab.server import LabServer


class Lab:
    """`with Lab() as lab:` starts the server; phones that are still on at the end are stopped."""

    def __init__(self) -> None:
        self._rootfs = rootfs()
        self._folder = tempfile.TemporaryDirectory(prefix="mbert-lab-")
        self.folder = Path(self._folder.name)
        self.server = LabServer(self.folder / "server")
        self.phones: list[LabPhone] = []

    def __enter__(self) -> Lab:
        try:
            self.server.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            for phone in list(self.phones):
                self.remove(phone)
        finally:
            self.server.stop()
            self._folder.cleanup()

    def phone(
        self, kind: str, *, data_mb: int = 512, uptime_s: float = 5000, connect: bool = True
    ) -> LabPhone:
        """A new phone of this kind (`pixel4`, `pixel6`, `pixel8`), on and connected."""
        folder = new_folder(self.folder, kind)
        phone = LabPhone(kind, self.server, self._rootfs, folder, data_mb=data_mb)
        try:
            phone.start(uptime_s=uptime_s, connect=connect)
        except BaseException:
            phone.stop()
            raise
        self.phones.append(phone)
        return phone

    def remove(self, phone: LabPhone) -> None:
        """Turns a phone off for good."""
        self.phones.remove(phone)
        phone.stop()
