"""What all tests share: markers that need something, and a cache and a folder of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["browser_fixtures", "lab_fixtures"]

DATA = Path(__file__).parent / "data"


def required(what: str) -> bool:
    """Whether this run must not go without a prerequisite; CI sets it to `all`."""
    words = os.environ.get("MBERT_BENCH_REQUIRE", "").split(",")
    return "all" in words or what in words


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves out the full-size builds where nobody asks for them."""
    if required("big"):
        return
    skip = pytest.mark.skip(reason="set MBERT_BENCH_REQUIRE=big to build full-size models")
    for item in items:
        if item.get_closest_marker("big"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the developer's machine decides a test."""
    for name in ("ANDROID_SERIAL", "DEVICEFARM_DEVICE_UDID", "DEVICEFARM_LOG_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def tiny() -> Path:
    """A real TFLite file of a few kilobytes; see `data/models/make_tiny.py`."""
    return DATA / "models" / "tiny.tflite"
