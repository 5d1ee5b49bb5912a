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

from harness.record import Purpose
from reports.cells import one_line

if TYPE_CHECKING:
    from harness.cooling import Waiting
    from harness.record import Record
    from harness.runner import Step

_PURPOSES = {
    Purpose.OUTPUT: "output check",
    Purpose.CONFIRMATION: "confirmation",
    Purpose.OPERATORS: "operators",
    Purpose.SUSTAINED: "sustained",
}
_OUTPUTS = {True: "the output is right", False: "[red]the output is wrong[/red]", None: "not known"}


def stderr_console() -> Console:
    """The console for progress and messages."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


class RunProgress:
    """Shows a run's progress; a `Progress` of `harness.execute`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._done = 0
        self._bar: Bar | None = None
        self._cooling: Step | None = None

    def starts(self, step: Step) -> None:
        """Shows what runs now, and how long the rest may take."""
        self._show(step, self._time_left(step))

    def cools(self, step: Step, waiting: Waiting) -> None:
        """Shows what is waited for; elsewhere than on a terminal once for each invocation."""
        text = f"cooling: {waiting.why}, at most {duration(waiting.left_s)} more"
        if self._console.is_terminal:
            self._show(step, text)
        elif self._cooling != step:
            self._cooling = step
            self._console.print(f"{_place(step)}: {text}", markup=False)

    def ended(self, step: Step, record: Record) -> None:
        """Shows what came out."""
        if step.purpose == Purpose.LATENCY:
            self._done += 1
        if self._console.is_terminal and record.valid and record.throttled is None:
            return
        self._console.print(f"{escape(_place(step))}: {_outcome(record)}")

    def close(self) -> None:
        """Takes the display away."""
        if self._bar is not None:
            self._bar.stop()

    def _show(self, step: Step, text: str) -> None:
        if not self._console.is_terminal:
            return
        if self._bar is None:
            columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.description}"))
            self._bar = Bar(*columns, console=self._console, auto_refresh=False, transient=True)
            self._bar.add_task("", total=step.total)
            self._bar.start()
        what = f"{_round(step)}  {one_line(step.slot.case.id)}  {text}"
        self._bar.update(
            self._bar.task_ids[0],
            completed=step.number - 1,
            total=step.total,
            description=escape(what),
        )
        self._bar.refresh()

    def _time_left(self, step: Step) -> str:
        if self._done == 0 or step.purpose != Purpose.LATENCY:
            return ""
        each_s = (time.monotonic() - self._started) / self._done
        return f"at most {duration(each_s * (step.total - step.number + 1))} left"


def duration(seconds: float) -> str:
    """A time as a person says it."""
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _place(step: Step) -> str:
    return f"[{step.number}/{step.total}] {_round(step)} {one_line(step.slot.case.id)}"


def _round(step: Step) -> str:
    if step.purpose == Purpose.LATENCY:
        return f"round {step.slot.round + 1}"
    return _PURPOSES[step.purpose]


def _outcome(record: Record) -> str:
    if record.failure is not None:
        return f"[red]failed: {escape(record.failure.kind)}[/red]"
    assert record.measurement is not None
    latency = f"{record.measurement.latency_us / 1000:.3g} ms"
    if record.throttled is not None:
        return f"{latency}, [red]throttled: {escape(one_line(record.throttled))}[/red]"
    if record.output is not None:
        return _OUTPUTS[record.output.correct]
    return latency


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
