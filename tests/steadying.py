"""What tests of steady states share: a phone made steady, and time that only sleeps pass."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fake_settings_phone import FakeSettingsPhone

from android_runner.changes import Change, Setting, usual_changes
from android_runner.identity import identify
from android_runner.journal import open_journal
from android_runner.journal_entries import How
from android_runner.restore import Patience, Restored, restore_pending
from android_runner.steady_state import SteadyState, steady

STAY_AWAKE = Setting(target="global/stay_on_while_plugged_in", wanted="7")
BRIGHTNESS = Setting(target="system/screen_brightness", wanted="10")
WINDOW_SCALE = Setting(target="global/window_animation_scale", wanted="0")
ODD_TEXTS = (
    "",
    " 1 ",
    "it's",
    '"',
    "$(reboot)",
    "a\nb\n",
    "null",
    "-1",
    "`id`",
    "\\n",
    "ü☃",
    "a\tb",
)


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 0.01
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def patience(limit_s: float = 120) -> Patience:
    clock = Clock()
    return Patience(limit_s=limit_s, sleep=clock.sleep, clock=clock)


@contextlib.contextmanager
def steadied(
    phone: FakeSettingsPhone,
    folder: Path,
    wanted: Sequence[Change] | None = None,
    *,
    limit_s: float = 120,
    pinned: bool = False,
) -> Iterator[SteadyState]:
    changes = usual_changes() if wanted is None else wanted
    with (
        open_journal(folder / "run", identify(phone), folder / "state") as journal,
        steady(phone, journal, changes, pinned=pinned, patience=patience(limit_s)) as state,
    ):
        yield state


def restore(phone: FakeSettingsPhone, folder: Path, **options: Any) -> list[Restored]:
    return restore_pending(phone, folder / "state", patience=patience(), **options)


def hows(restored: Sequence[Restored]) -> list[tuple[str, How]]:
    return [(one.entry.target, one.how) for one in restored]


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def copies(folder: Path) -> list[Path]:
    return list((folder / "state" / "journals").glob("*"))
