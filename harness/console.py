"""What a person sees while a command works: a display on a terminal, plain lines elsewhere.

Nothing is drawn while an invocation runs: a spinner would take time from what is measured.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from reports.cells import one_line

if TYPE_CHECKING:
    from harness.record import Record
    from harness.schedule import Slot


def stderr_console() -> Console:
    """The console for progress and messages."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


class RunProgress:
    """Shows a run's progress; a `Progress` of `harness.execute`."""

    def __init__(self, console: Console, rounds: int) -> None:
        self._console = console
        self._rounds = rounds
        self._started = time.monotonic()
        self._done = 0
        self._bar: Bar | None = None
        self._number = self._total = 0

    def starts(self, slot: Slot, number: int, total: int) -> None:
        """Shows what runs now, and how long the rest will take."""
        self._number, self._total = number, total
        if not self._console.is_terminal:
            return
        if self._bar is None:
            columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.description}"))
            self._bar = Bar(*columns, console=self._console, auto_refresh=False, transient=True)
            self._bar.add_task("", total=total)
            self._bar.start()
        what = (
            f"round {slot.round + 1}/{self._rounds}  {one_line(slot.case.id)}  {self._time_left()}"
        )
        self._bar.update(self._bar.task_ids[0], completed=number - 1, description=escape(what))
        self._bar.refresh()

    def ended(self, slot: Slot, record: Record) -> None:
        """Shows what came out."""
        self._done += 1
        if record.measurement is not None:
            outcome = f"{record.measurement.latency_us / 1000:.3g} ms"
        else:
            kind = record.failure.kind if record.failure else "no result"
            outcome = f"[red]failed: {escape(kind)}[/red]"
        if self._console.is_terminal and record.valid:
            return
        name = escape(one_line(slot.case.id))
        place = f"\\[{self._number}/{self._total}] round {slot.round + 1}"
        self._console.print(f"{place} {name}: {outcome}")

    def close(self) -> None:
        """Takes the display away."""
        if self._bar is not None:
            self._bar.stop()

    def _time_left(self) -> str:
        if self._done == 0:
            return ""
        each_s = (time.monotonic() - self._started) / self._done
        left_s = each_s * (self._total - self._number + 1)
        return f"{left_s / 60:.0f} min left" if left_s >= 90 else f"{left_s:.0f} s left"


class BuildProgress:
    """Shows which model is being built; used as `OnModel` of `harness.prepare`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stack = contextlib.ExitStack()

    def __call__(self, name: str, cached: bool) -> None:  # noqa: FBT001  # OnModel has it so
        self.close()
        if not cached:
            self._stack.enter_context(self._building(name))

    def close(self) -> None:
        """Ends the display of the last model."""
        self._stack.close()

    @contextlib.contextmanager
    def _building(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        text = f"building {escape(name)} with TensorFlow (some 10 to 30 s, once)"
        if self._console.is_terminal:
            with self._console.status(text):
                yield
        else:
            self._console.print(text)
            yield
        # Also said of a build that failed or was interrupted, so it does not say "built".
        self._console.print(
            f"TensorFlow took {time.monotonic() - started:.0f} s for {escape(name)}"
        )
