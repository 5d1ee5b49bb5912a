"""Brings a phone into a steady state for measuring, and puts it back as it was, whatever happens.

Every change is in the journal, on the disk, before it is made; it counts only when it reads back.
What a phone cannot do is noted, and done without.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from android_runner.changes import AirplaneMode, Change
from android_runner.clocks import clocks_are_fixed, read_clocks
from android_runner.errors import CommandFailedError
from android_runner.expect import one_line
from android_runner.identity import PhoneIdentity, identify_again, is_over_network
from android_runner.journal import Journal
from android_runner.journal_entries import Entry, How
from android_runner.restore import Patience, holds_soon, put_back, undo
from android_runner.shell import Shell


class Tier(StrEnum):
    """How well a phone is controlled; results of different tiers are not compared."""

    UNCONTROLLED = "T0"
    PINNED = "T1"
    CLOCKS_FIXED = "T2"


@dataclass(frozen=True, kw_only=True)
class SteadyState:
    """What holds while measuring: the tier, our changes, and what could not be done and why."""

    tier: Tier
    changes: tuple[Entry, ...]
    notes: tuple[str, ...]


def tier_of(*, pinned: bool, clocks_fixed: bool) -> Tier:
    """The tier, by two facts that were both read back from the phone.

    `pinned`: the tool ran on known CPUs only. `clocks_fixed`: every cluster had one clock.
    """
    if clocks_fixed:
        return Tier.CLOCKS_FIXED
    return Tier.PINNED if pinned else Tier.UNCONTROLLED


@contextlib.contextmanager
def steady(
    shell: Shell,
    journal: Journal,
    wanted: Sequence[Change],
    *,
    pinned: bool = False,
    patience: Patience | None = None,
) -> Iterator[SteadyState]:
    """Makes the changes one by one, and undoes them in reverse order at the end.

    `pinned` is the fact for `tier_of`. Raises `PhoneError`s and `JournalError` from the changes,
    and `NotRestoredError` at the end, when something could not be undone; the journal keeps it.
    """
    phone = identify_again(shell, journal.phone)
    steadying = _Steadying(shell, journal, phone, patience or Patience())
    try:
        for change in wanted:
            steadying.make(change)
        fixed = clocks_are_fixed(read_clocks(shell))
        tier = tier_of(pinned=pinned, clocks_fixed=fixed)
        yield SteadyState(tier=tier, changes=steadying.held(), notes=tuple(steadying.notes))
    finally:
        put_back(shell, journal, steadying.patience, in_flight=steadying.in_flight)


class _Steadying:
    """The changes of one steady state, as they are made."""

    def __init__(
        self, shell: Shell, journal: Journal, phone: PhoneIdentity, patience: Patience
    ) -> None:
        self.patience = patience
        self.notes: list[str] = []
        self.in_flight = False  # a change was sent, and nobody knows what became of it
        self._shell = shell
        self._journal = journal
        self._phone = phone

    def held(self) -> tuple[Entry, ...]:
        return tuple(self._journal.pending())

    def make(self, change: Change) -> None:
        """Makes a change, or notes why not."""
        if isinstance(change, AirplaneMode) and is_over_network(self._shell.serial):
            self._note(change, "it would cut the link, which comes over the network")
            return
        try:
            old = change.read(self._shell)
        except CommandFailedError as error:
            self._note(change, f"not available ({one_line(error)})")
            return
        if old == change.wanted:
            return
        if old is not None and ("\ufffd" in old or "\0" in old):
            self._note(change, f"its old value {old!r} could not be put back")
            return
        self.in_flight = True
        entry = self._journal.begin(
            boot_id=self._phone.boot_id,
            kind=change.kind,
            target=change.target,
            old=old,
            new=change.wanted,
            restore=change.argv(old),
        )
        done = self._shell.run(change.argv(change.wanted))
        if done.exit_code == 0 and holds_soon(self._shell, change, change.wanted, self.patience):
            self.in_flight = False
            return
        printed = (done.stderr or done.stdout).strip().partition("\n")[0]
        refused = f"refused with exit code {done.exit_code} ({printed})"
        self._note(change, refused if done.exit_code else "accepted, but it does not read back")
        self._take_back(entry, change, refused=done.exit_code != 0)
        self.in_flight = False

    def _take_back(self, entry: Entry, change: Change, *, refused: bool) -> None:
        if refused and change.holds(self._shell, entry.old):
            self._journal.end(entry, How.NEVER_APPLIED)
            return
        try:
            how = undo(self._shell, entry, self._phone, self.patience, surely_ours=True)
        except CommandFailedError:
            return  # it stays in the journal, and is tried again at the end
        self._journal.end(entry, how)

    def _note(self, change: Change, why: str) -> None:
        self.notes.append(f"{change.kind} {change.target}: {why}")
