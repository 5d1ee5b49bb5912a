"""Fixtures of the lab; tests that use them carry the marker `lab`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lab.errors import LabMissingError
from lab.lab import Lab
from lab.phone import LabPhone
from lab.trial import try_namespaces


@pytest.fixture(scope="session")
def _lab_session() -> Iterator[Lab]:
    words = os.environ.get("MBERT_BENCH_REQUIRE", "").split(",")
    try:
        try_namespaces()
        lab = Lab()
    except LabMissingError as error:
        if "all" in words or "lab" in words:
            raise
        pytest.skip(str(error))
    with lab:
        yield lab


@pytest.fixture
def lab(_lab_session: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The lab, with adb's variables of this process set to its server.

    Phones that the test has started with `lab.phone(...)` end with the test.
    """
    for name in ("ADB_SERVER_SOCKET", "ANDROID_SERIAL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in _lab_session.server.environment.items():
        monkeypatch.setenv(name, value)
    before = list(_lab_session.phones)
    yield _lab_session
    for phone in [phone for phone in _lab_session.phones if phone not in before]:
        _lab_session.remove(phone)
    if not _lab_session.server.is_up():
        _lab_session.server.stop()
        _lab_session.server.start()


@contextmanager
def _fresh(lab: Lab, kind: str) -> Iterator[LabPhone]:
    phone = lab.phone(kind)
    yield phone
    if phone in lab.phones:
        lab.remove(phone)


@pytest.fixture
def pixel4(lab: Lab) -> Iterator[LabPhone]:
    """A fresh Pixel 4: Android 10, CPUs 4+3+1."""
    with _fresh(lab, "pixel4") as phone:
        yield phone


@pytest.fixture
def pixel6(lab: Lab) -> Iterator[LabPhone]:
    """A fresh Pixel 6: Android 13, CPUs 4+2+2."""
    with _fresh(lab, "pixel6") as phone:
        yield phone


@pytest.fixture
def pixel8(lab: Lab) -> Iterator[LabPhone]:
    """A fresh Pixel 8: Android 15, nine CPUs 4+4+1."""
    with _fresh(lab, "pixel8") as phone:
        yield phone
