"""What can go wrong with the lab itself."""

from __future__ import annotations


class LabError(Exception):
    """The lab does not work here."""


class LabMissingError(LabError):
    """Something that the lab needs is not on this machine."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The lab needs {what}. On Debian: apt-get install mmdebstrap util-linux coreutils; "
            "without root, also user namespaces."
        )
