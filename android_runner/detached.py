"""A command on a phone that goes on when the link breaks, and whose end is known at once.

The command runs in a session of its own, with its output and, at the end, its exit code in files.
A shell beside it holds a lock on a file; whoever wants to know of the end waits for that lock, so
nothing runs on the phone meanwhile, and the kernel gives the lock back however the shell ends.

After a restart of adbd by the phone's init (a change of the USB mode, `adb root`) such a command
is killed with it; see `ProcessLostError`.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from android_runner.detached_scripts import BESIDE, LOOK, START, TELL, WAIT
from android_runner.errors import (
    CommandFailedError,
    DeadlineError,
    LinkLostError,
    PhoneRebootedError,
    ProcessLostError,
)
from android_runner.link import Link, show

# How long a lost link is waited for, unless the caller says otherwise: a phone boots meanwhile.
PATIENCE_S = 120.0
_POLL_EVERY_S = 2.0
_PULL_BYTES = 4_000_000
_KILL_S = 5
_PAUSE_S = 0.2

_STARTED = re.compile(r"^([0-9a-f]+) (\d+) (lock|none) (\S*)$", re.M)


@dataclass(frozen=True, kw_only=True)
class Started:
    """What a phone has told of a command: the number of its session, whether its end can be waited
    for without looking, and which boot it was in."""

    session: int
    locked: bool
    boot_id: str


class Detached:
    """A command that runs on a phone, link or no link. `start` makes it."""

    def __init__(self, link: Link, folder: str, command: str, started: Started) -> None:
        self._link = link
        self._folder = folder
        self._command = command
        self._started = started

    @property
    def folder(self) -> str:
        """Where its files are: `run.pid`, the number of its process, `run.out` and `run.err`."""
        return self._folder

    @property
    def session(self) -> int:
        """The number of the session that it and its children are in."""
        return self._started.session

    def poll(self) -> int | None:
        """Its exit code, None while it runs.

        Raises `ProcessLostError`, `PhoneRebootedError`, and the errors of `Link`.
        """
        started = self._started
        lock = "lock" if started.locked else "none"
        text = self._link.check(_script(LOOK, self._folder, lock, str(started.session)))
        state, boot_id, exit_code, *_ = [*text.splitlines(), "", "", ""]
        if exit_code.isdigit():
            return int(exit_code)
        if boot_id != started.boot_id:
            raise PhoneRebootedError(self._link.serial, self._command)
        if state != "runs":
            self._kill_session()  # the command may live on without the shell beside it
            raise ProcessLostError(self._link.serial, self._command)
        return None

    def wait(
        self,
        deadline_s: float,
        *,
        on_poll: Callable[[], object] | None = None,
        poll_every_s: float = _POLL_EVERY_S,
        patience_s: float = PATIENCE_S,
    ) -> int:
        """Its exit code, as soon as there is one; `on_poll` is called meanwhile.

        A lost link is waited for, up to `patience_s` each time, also when that is `on_poll`'s.
        Raises `DeadlineError`, after which all of it is dead, and as `poll` does.
        """
        ends_at = time.monotonic() + deadline_s
        wait = self._wait_for_lock if self._started.locked else self._wait_by_looking
        while True:
            try:
                wait(ends_at, poll_every_s, on_poll)
                exit_code = self.poll()
                if exit_code is None and time.monotonic() >= ends_at:
                    self.kill()
                    break
            except LinkLostError:
                self._link.wait_until_back(patience_s)
                continue
            if exit_code is not None:
                return exit_code
            time.sleep(_PAUSE_S)  # it was not waited for after all
        raise DeadlineError(self._link.serial, self._command, deadline_s)

    def kill(self) -> None:
        """Kills it with all that it has started; nothing if it is over.

        Raises `DeadlineError` for what could not be killed, and the errors of `Link`.
        """
        with contextlib.suppress(PhoneRebootedError, ProcessLostError):
            if self.poll() is None:
                self._kill_session()

    def stdout(self, *, patience_s: float = PATIENCE_S) -> bytes:
        """What it has written so far; a lost link is waited for."""
        return self._read("run.out", patience_s)

    def stderr(self, *, patience_s: float = PATIENCE_S) -> bytes:
        """What it has written to stderr so far; a lost link is waited for."""
        return self._read("run.err", patience_s)

    def fetch(self, name: str, *, patience_s: float = PATIENCE_S) -> bytes | None:
        """A file that it has written in its folder, None if there is none.

        A lost link is waited for. Raises the errors of `Link`.
        """
        script = '[ -f "$1" ] && echo there || echo missing'
        path = f"{self._folder}/{name}"
        while True:
            try:
                found = self._link.check(_script(script, path))
            except LinkLostError:
                self._link.wait_until_back(patience_s)
                continue
            return self._read(name, patience_s) if found.strip() == "there" else None

    def _wait_for_lock(
        self, ends_at: float, poll_every_s: float, on_poll: Callable[[], object] | None
    ) -> None:
        """Returns when it is over, or at `ends_at`."""
        with self._link.start(_script(WAIT, self._folder)) as lock:
            while lock.wait(min(ends_at, time.monotonic() + poll_every_s)) is None:
                if time.monotonic() >= ends_at:
                    return
                if on_poll:
                    on_poll()

    def _wait_by_looking(
        self, ends_at: float, poll_every_s: float, on_poll: Callable[[], object] | None
    ) -> None:
        """The same where the phone has no `flock`."""
        while time.monotonic() < ends_at and self.poll() is None:
            time.sleep(max(0, min(poll_every_s, ends_at - time.monotonic())))
            if on_poll:
                on_poll()

    def _kill_session(self) -> None:
        if left := self._link.kill_session(self.session):
            raise DeadlineError(self._link.serial, "kill -9", _KILL_S, still_running=sorted(left))

    def _read(self, name: str, patience_s: float) -> bytes:
        content = bytearray()
        path = f"{self._folder}/{name}"
        while True:
            try:
                part = self._link.pull_bytes(path, len(content), _PULL_BYTES)
            except LinkLostError:
                self._link.wait_until_back(patience_s)
                continue
            content += part
            if len(part) < _PULL_BYTES:
                return bytes(content)


def start(
    link: Link,
    argv: Sequence[str],
    folder: str,
    *,
    env: Mapping[str, str] | None = None,
    patience_s: float = PATIENCE_S,
) -> Detached:
    """Starts a command in a folder on the phone, which is made; its files there are `run.*`.

    If the link breaks meanwhile it is waited for; the command is then found, or started again,
    and never twice. Raises `CommandFailedError` when one runs there already, and the errors of
    `Link`. A program that cannot be started ends with 126 or 127, and says why on stderr.
    """
    command = ["env", *(f"{name}={value}" for name, value in env.items()), *argv] if env else argv
    token = secrets.token_hex(8)
    script = _script(START, folder, token, TELL, BESIDE, *command)
    while True:
        try:
            done = link.run(script)
        except LinkLostError:
            link.wait_until_back(patience_s)
            started = _read_started(link, folder, token)
            if started is None:
                continue
            return Detached(link, folder, show(argv), started)
        except DeadlineError:
            if started := _read_started(link, folder, token):
                link.kill_session(started.session)
            raise
        started = _find_started(done.stdout, token)
        if started is None:
            output = done.stdout + done.stderr
            raise CommandFailedError(link.serial, show(argv), done.exit_code, output)
        return Detached(link, folder, show(argv), started)


def _read_started(link: Link, folder: str, token: str) -> Started | None:
    return _find_started(link.run(["cat", f"{folder}/run.started"]).stdout, token)


def _find_started(text: str, token: str) -> Started | None:
    for match in _STARTED.finditer(text):
        if match[1] == token:
            return Started(
                session=int(match[2]),
                locked=match[3] == "lock",
                boot_id=match[4],
            )
    return None


def _script(text: str, *arguments: str) -> list[str]:
    return ["sh", "-c", text, "mbert-bench", *arguments]
