"""Puts a phone back as it was, from a journal: after a run, and after one that was killed.

A link that breaks meanwhile is waited for; what cannot be undone stays in the journal. A value that
somebody else has changed since is theirs, and is left alone.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from android_runner.changes import LOST_ON_REBOOT, Change, change_of
from android_runner.errors import (
    CommandFailedError,
    JournalError,
    LinkLostError,
    NotRestoredError,
    OtherPhoneError,
    PhoneError,
)
from android_runner.expect import failed, one_line
from android_runner.identity import PhoneIdentity, identify, identify_again, is_booted
from android_runner.journal import Journal, pending_journals
from android_runner.journal_entries import Entry, How
from android_runner.shell import Shell

_ATTEMPTS = 3  # at a command that a phone with all services up refuses
_SETTLE_S = 1.0  # a command whose link broke may still be running on the phone
_READ_BACKS, _READ_BACK_PAUSE_S = 10, 0.2  # the power HAL sets clocks some time after the answer


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a lost phone is waited for, and by which clock.

    `wait_for_phone` gets the seconds that are left and returns when the phone may be there; the
    default looks once a second. After a reboot a phone needs a minute.
    """

    limit_s: float = 120
    wait_for_phone: Callable[[float], None] | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, kw_only=True)
class Restored:
    """A change that came to its end, and how."""

    entry: Entry
    how: How


def restore_pending(
    shell: Shell, state: Path, *, journals: Iterable[Path] = (), patience: Patience | None = None
) -> list[Restored]:
    """Undoes what earlier runs have left on this phone, the latest change first.

    For who holds the phone's lease. `journals` are journals that the user's state does not know,
    such as one made elsewhere. Raises `NotRestoredError`, `JournalError` and `PhoneError`s.
    """
    phone = identify(shell)
    restored: list[Restored] = []
    found, broken = pending_journals(phone, state, journals)
    for journal in found:
        try:
            restored += put_back(shell, journal, patience or Patience(), in_flight=True)
        finally:
            journal.close()
    if broken:
        raise broken[0]
    return restored


def put_back(
    shell: Shell, journal: Journal, patience: Patience, *, in_flight: bool
) -> list[Restored]:
    """Undoes all that a journal has pending, the latest first; tries again until the limit.

    `in_flight`: nobody knows whether the last change has reached the phone. One Ctrl-C meanwhile
    only ends the waiting, and is raised at the end; a second one ends it all. Raises
    `NotRestoredError` and `JournalError`.
    """
    if not journal.pending():
        return []
    return _PutBack(shell, journal, patience).run(in_flight=in_flight)


def undo(
    shell: Shell,
    entry: Entry,
    phone: PhoneIdentity,
    patience: Patience,
    *,
    surely_ours: bool = False,
) -> How:
    """Undoes one change, and reads back that it is undone. Raises `PhoneError`s.

    `surely_ours`: the change was made just now, so a value that is not ours is the phone's reading
    of ours, and nobody else's.
    """
    if entry.kind in LOST_ON_REBOOT and phone.boot_id and phone.boot_id != entry.boot_id:
        return How.UNDONE_BY_REBOOT
    change = change_of(entry.kind, entry.target, entry.new, shell)
    if change is None:
        raise _UnknownChangeError(shell.serial, entry.title)
    if not change.undo_without_looking:
        if change.holds(shell, entry.old):
            return How.AS_BEFORE
        if not surely_ours and not change.holds(shell, entry.new):
            return How.LEFT_ALONE
    argv = change.argv(entry.old)
    done = shell.run(argv)
    if done.exit_code != 0:
        refused = change.undo_without_looking and is_booted(shell)
        if refused and change.holds(shell, entry.old):
            return How.NEVER_APPLIED  # a phone without the command has not obeyed it before
        raise failed(shell, argv, done)
    if not holds_soon(shell, change, entry.old, patience):
        why = "the old value does not stay"
        raise CommandFailedError(shell.serial, shlex.join(argv), done.exit_code, why)
    return How.RESTORED


def holds_soon(shell: Shell, change: Change, value: str | None, patience: Patience) -> bool:
    """Whether a value reads back, now or within two seconds."""
    for _ in range(_READ_BACKS):
        if change.holds(shell, value):
            return True
        patience.sleep(_READ_BACK_PAUSE_S)
    return False


class _PutBack:
    """The state of one putting back: what was done, what failed, when to give up."""

    def __init__(self, shell: Shell, journal: Journal, patience: Patience) -> None:
        self._shell = shell
        self._journal = journal
        self._patience = patience
        self._give_up_at = patience.clock() + patience.limit_s
        self._phone: PhoneIdentity | None = None
        self._interrupted = False
        self._restored: list[Restored] = []

    def run(self, *, in_flight: bool) -> list[Restored]:
        failures: dict[Entry, PhoneError] = {}
        unwritten: JournalError | None = None
        settle = in_flight
        for entry in reversed(self._journal.pending()):
            try:
                self._insist(entry, settle=settle)
            except JournalError as error:  # it is undone, and will be found so the next time
                unwritten = error
            except PhoneError as error:
                failures[entry] = error
                if isinstance(error, LinkLostError):
                    break  # waited for as long as we may
            settle = False
        if failures:
            why = one_line(next(iter(failures.values())))
            left = [self._by_hand(entry) for entry in reversed(self._journal.pending())]
            raise NotRestoredError(self._shell.serial, left, why)
        if self._interrupted:
            raise KeyboardInterrupt
        if unwritten is not None:
            raise unwritten
        return self._restored

    def _insist(self, entry: Entry, *, settle: bool) -> None:
        attempts = 0
        failure: PhoneError | None = None
        while True:
            try:
                if failure is not None and not self._waits_after(failure, attempts):
                    break
                if settle:
                    self._patience.sleep(_SETTLE_S)
                how = undo(self._shell, entry, self._same_phone(), self._patience)
                self._journal.end(entry, how)
            except KeyboardInterrupt:
                if self._interrupted:
                    raise
                self._interrupted = True
                self._give_up_at = self._patience.clock()
                failure, settle = None, True
            except PhoneError as error:
                self._phone = None
                attempts += 1
                failure, settle = error, True
            else:
                self._restored.append(Restored(entry=entry, how=how))
                return
        raise failure

    def _same_phone(self) -> PhoneIdentity:
        if self._phone is None:
            self._phone = identify_again(self._shell, self._journal.phone)
        return self._phone

    def _waits_after(self, error: PhoneError, attempts: int) -> bool:
        """Waits before the next attempt; False where there is to be none."""
        left_s = self._give_up_at - self._patience.clock()
        if left_s <= 0 or isinstance(error, _UnknownChangeError | OtherPhoneError):
            return False
        try:
            if isinstance(error, CommandFailedError):
                return attempts < _ATTEMPTS or not is_booted(self._shell)
            if self._patience.wait_for_phone is not None:
                self._patience.wait_for_phone(left_s)
        except PhoneError:
            pass  # the next attempt tells, or the limit
        return True

    def _by_hand(self, entry: Entry) -> str:
        command = shlex.join(("adb", "-s", self._shell.serial, "shell", shlex.join(entry.restore)))
        return f"{entry.title} (was {entry.old!r}): {command}"


class _UnknownChangeError(PhoneError):
    """A journal names a change that this version does not know."""

    def __init__(self, serial: str, title: str) -> None:
        super().__init__(serial, f"this version does not know the change {title!r}.")
