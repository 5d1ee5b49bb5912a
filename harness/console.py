"""What a person sees while a command works: a display on a terminal, plain lines elsewhere.

Nothing is drawn while an invocation runs: a spinner would take time from what is measured.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from reports.cells import one_line
from reports.texts.progress import (
    OK,
    describe,
    duration,
    event_line,
    outcome,
    phase,
    phase_line,
    screen_lines,
)

if TYPE_CHECKING:
    from harness.cooling import Waiting
    from harness.device import Observation
    from harness.record import Record
    from harness.runner import Step

# A log that is silent for longer looks like a program that hangs.
_SILENT_S = 300.0
# A hot phone cools before every invocation; of a round the first are told, and the sum.
_COOLINGS_TOLD = 3


def stderr_console() -> Console:
    """The console for progress and messages. Names come from files, so `:bomb:` stays a word."""
    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def has_screen(console: Console) -> bool:
    """Whether lines can be drawn anew. FORCE_COLOR makes a log colourful, but no terminal."""
    return console.is_terminal and console.file.isatty() and not console.is_dumb_terminal


class RunProgress:
    """Shows a run's progress; a `Progress` of `harness.execute`.

    On a terminal that is a display, and a line for what went wrong; elsewhere a line for each
    round and for what went wrong.
    """

    def __init__(self, console: Console, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._now = now
        self._builds = BuildProgress(console)
        self._live: Live | None = None
        self._seen: Observation | None = None
        self._last: Step | None = None
        # Of the round that goes on, or of another phase.
        self._began_s = self._told_s = now()
        self._outcomes: Counter[str] = Counter()
        self._waited_s = 0.0
        self._cooled: list[Step] = []

    def builds(self, name: str, cached: bool) -> None:  # noqa: FBT001  # OnModel has it so
        """Shows which model is being built; an `OnModel` of `harness.prepare`."""
        self._hide()
        self._builds(name, cached)

    def built(self) -> None:
        """Ends the display of the last model."""
        self._builds.close()

    def starts(self, step: Step) -> None:
        """Shows what runs now, what is next, and how long the rest may take."""
        if self._last is not None and phase(self._last) != phase(step):
            self._end_phase(step)
        self._last = step
        self._show(step)

    def cools(self, step: Step, waiting: Waiting) -> None:
        """Shows what is waited for; in a log once for an invocation, for the first of a round."""
        text = f"cooling: {one_line(waiting.why)}, at most {duration(waiting.left_s)} more"
        self._show(step, text)
        if step not in self._cooled and len(self._cooled) < _COOLINGS_TOLD:
            self._cooled.append(step)
            self._log(event_line(step, text))

    def ended(self, step: Step, record: Record) -> None:
        """Shows what came out, if it is not as it should be."""
        self._builds.close()  # of a reference, which is made when an output is compared
        self._seen = record.after or record.before or self._seen
        word = outcome(record)
        self._outcomes[word] += 1
        self._waited_s += record.waited_s
        if word not in (OK, "not known"):
            self._told_s = self._now()
            self._console.print(Text(event_line(step, describe(record)), style="red"))
        elif self._now() - self._told_s > _SILENT_S:
            self._log(f"[{step.number}/{step.total}] so far, {self._summary(step, step)}")

    def close(self) -> None:
        """Takes the display away."""
        self._builds.close()
        self._hide()
        if self._last is not None:
            self._end_phase(None)
            self._last = None

    def _end_phase(self, following: Step | None) -> None:
        if self._last is not None and self._outcomes:
            self._log(self._summary(self._last, following))
        self._began_s = self._told_s = self._now()
        self._outcomes, self._waited_s, self._cooled = Counter(), 0.0, []

    def _summary(self, step: Step, following: Step | None) -> str:
        took_s = self._now() - self._began_s
        return phase_line(step, self._outcomes, took_s, self._waited_s, following)

    def _log(self, line: str) -> None:
        """A line that a display makes superfluous."""
        if not has_screen(self._console):
            self._told_s = self._now()
            self._console.print(line, markup=False)

    def _show(self, step: Step, waits: str = "") -> None:
        if not has_screen(self._console):
            return
        # The last column stays free: some terminals begin a new line when it is written.
        width = self._console.width - 1
        lines = [
            Text(line, no_wrap=True, overflow="ellipsis")  # characters may be two columns wide
            for line in screen_lines(step, self._seen, waits, width)
        ]
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(Group(*lines), refresh=True)

    def _hide(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


class BuildProgress:
    """Shows which model is being built; used as `OnModel` of `harness.prepare`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stack = contextlib.ExitStack()

    def __call__(self, name: str, cached: bool) -> None:  # noqa: FBT001  # OnModel has it so
        self.close()
        if not cached:
            self._stack.enter_context(self._building(one_line(name)))

    def close(self) -> None:
        """Ends the display of the last model."""
        self._stack.close()

    @contextlib.contextmanager
    def _building(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        text = f"building {name} with TensorFlow (once; a large model takes minutes)"
        if has_screen(self._console):
            with self._console.status(Text(text)):
                yield
        else:
            self._console.print(text, markup=False)
            yield
        # Also said of a build that failed or was interrupted, so it does not say "built".
        took = f"TensorFlow took {time.monotonic() - started:.0f} s for {name}"
        self._console.print(took, markup=False)
