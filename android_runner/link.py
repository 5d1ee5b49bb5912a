"""The link to one phone: commands with a deadline and an exit code, whatever happens to the link.

Everything goes through adb's server; see `adb_server` for why not through adbutils' connections.
However a lost link shows, it is a `LinkLostError`; what has come before it is never given as if it
were whole.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from android_runner import adb_server, shell_v2
from android_runner.adb_server import Connection, ConnectionLostError, ServerAddress
from android_runner.errors import (
    AdbServerError,
    CommandFailedError,
    DeadlineError,
    LinkLostError,
    PhoneError,
    PhoneTooOldError,
)
from android_runner.processes import kill_session
from android_runner.shell import Completed
from android_runner.shell_v2 import OnLine, RemoteCommand

# How long a phone may take to answer at least, and at most to start a command.
_ANSWER_S = 5
_LONGEST_START_S = 10
_POLL_S = 0.2
_RECONNECT_EVERY_S = 2
_TCP_SERIAL = re.compile(r"[^/]+:\d+")

_TAIL = '[ -r "$1" ] || { echo "cannot read $1" >&2; exit 1; }; tail -c "+$2" "$1" | head -c "$3"'


@dataclass(frozen=True, kw_only=True)
class RawCompleted:
    """A command that ended, with its streams as they came."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class Link:
    """One phone of one adb server. It can be used from several threads; each call connects.

    Every method raises `LinkLostError`; see `Shell` for the rest. `server` is where adb's
    variables say when it is left out (`AdbServerAddressError`).
    """

    def __init__(self, serial: str, server: ServerAddress | None = None) -> None:
        self._serial = serial
        self._server = server or adb_server.server_address()
        self._features: frozenset[str] | None = None

    @property
    def serial(self) -> str:
        """The phone's serial number, as `adb devices` has it."""
        return self._serial

    @property
    def server(self) -> ServerAddress:
        """The adb server that it goes through."""
        return self._server

    def run(
        self, argv: Sequence[str], *, deadline_s: float = 20, on_line: OnLine | None = None
    ) -> Completed:
        """Runs a program to its end; `on_line` gets each line of stdout as it comes.

        Raises `DeadlineError`, after which it and its children are dead.
        """
        done = self.run_raw(argv, deadline_s=deadline_s, on_line=on_line)
        return Completed(
            exit_code=done.exit_code,
            stdout=done.stdout.decode(errors="replace"),
            stderr=done.stderr.decode(errors="replace"),
        )

    def check(
        self, argv: Sequence[str], *, deadline_s: float = 20, on_line: OnLine | None = None
    ) -> str:
        """The stdout of a program. Raises `CommandFailedError` if its exit code is not 0."""
        done = self.run(argv, deadline_s=deadline_s, on_line=on_line)
        if done.exit_code != 0:
            output = done.stdout + done.stderr
            raise CommandFailedError(self._serial, show(argv), done.exit_code, output)
        return done.stdout

    def run_raw(
        self, argv: Sequence[str], *, deadline_s: float = 20, on_line: OnLine | None = None
    ) -> RawCompleted:
        """`run`, with the bytes that came."""
        ends_at = time.monotonic() + deadline_s
        with self.start(argv, on_line=on_line, answer_within_s=deadline_s) as command:
            exit_code = command.wait(ends_at)
            if exit_code is None:
                exit_code = self._end(command, argv, deadline_s)
        return RawCompleted(
            exit_code=exit_code,
            stdout=bytes(command.stdout),
            stderr=bytes(command.stderr),
        )

    @contextlib.contextmanager
    def start(
        self,
        argv: Sequence[str],
        *,
        on_line: OnLine | None = None,
        answer_within_s: float = _LONGEST_START_S,
    ) -> Iterator[RemoteCommand]:
        """A command that runs while the block does; at its end it gets SIGHUP.

        A lost link inside the block becomes a `LinkLostError`.
        """
        service = shell_v2.service(argv)
        if "shell_v2" not in self.features():
            raise PhoneTooOldError(self._serial, sorted(self.features()))
        with self.service(service, show(argv), answer_within_s=answer_within_s) as connection:
            yield RemoteCommand(connection, on_line)

    @contextlib.contextmanager
    def service(
        self, name: str, during: str, *, answer_within_s: float = _LONGEST_START_S
    ) -> Iterator[Connection]:
        """A connection to a service of the phone's adbd; `during` names it in errors.

        A lost link inside the block becomes a `LinkLostError`.
        """
        # A short deadline of a command is for what it does, not for the way to the phone.
        patience_s = min(max(answer_within_s, _ANSWER_S), _LONGEST_START_S)
        try:
            with adb_server.connect(self._server) as connection:
                ends_at = time.monotonic() + patience_s
                connection.request(f"host:transport:{self._serial}", ends_at)
                connection.request(name, ends_at)
                yield connection
        except (ConnectionLostError, AdbServerError) as error:
            raise LinkLostError(self._serial, during, _say(error)) from error

    def features(self) -> frozenset[str]:
        """What both the phone's adbd and the server can do, in adb's words; asked once."""
        if self._features is None:
            answer = self._ask(f"host-serial:{self._serial}:features")
            self._features = frozenset(answer.split(","))
        return self._features

    def state(self) -> str:
        """`device`, `offline`, `unauthorized`, `no permissions (…)`, … or `absent`.

        The words are adb's, but for the last; only a phone in state `device` can be used.
        """
        for line in self._ask("host:devices").splitlines():
            serial, _, state = line.partition("\t")
            if serial == self._serial:
                return state.strip()
        return "absent"

    def wait_until_back(self, deadline_s: float) -> None:
        """Waits until the phone runs commands. Raises `LinkLostError` when it does not in time."""
        ends_at = time.monotonic() + deadline_s
        reconnect_at = time.monotonic()
        how = "there was no time"
        while time.monotonic() < ends_at:
            try:
                state = self.state()
                if state == "device":  # so it says also for a while after the link has gone
                    self.run(["true"], deadline_s=_ANSWER_S)
                    return
                how = f"its state is {state!r}"
                # adb gives up a phone on the network after a minute, and a new server knows none.
                if state == "absent" and time.monotonic() >= reconnect_at:
                    reconnect_at = time.monotonic() + _RECONNECT_EVERY_S
                    self._reconnect()
            except LinkLostError as error:
                how = error.how
            except DeadlineError as error:
                how = str(error)
            time.sleep(_POLL_S)
        raise LinkLostError(self._serial, f"{deadline_s:g} s of waiting for it", how)

    def pull_bytes(
        self, path: str, offset: int = 0, limit: int = 64_000_000, *, deadline_s: float = 60
    ) -> bytes:
        """Up to `limit` bytes of a file on the phone from `offset` on.

        Raises `DeadlineError`, and `CommandFailedError` if it cannot be read.
        """
        argv = ["sh", "-c", _TAIL, "pull", path, str(offset + 1), str(limit)]
        done = self.run_raw(argv, deadline_s=deadline_s)
        if done.exit_code != 0:
            output = done.stderr.decode(errors="replace")
            raise CommandFailedError(self._serial, f"pull {path}", done.exit_code, output)
        return done.stdout

    def kill_session(self, leader: int) -> frozenset[int]:
        """Kills a session of processes; gives those that could not be killed within 5 s."""
        return kill_session(lambda argv: self.run_raw(argv, deadline_s=_ANSWER_S).stdout, leader)

    def _end(self, command: RemoteCommand, argv: Sequence[str], deadline_s: float) -> int:
        """Kills what did not end in time, through another connection.

        Gives the exit code of what has ended meanwhile after all.
        """
        command_text = show(argv)
        how = f"no answer within {deadline_s:g} s"
        # A deadline may be shorter than the way to the phone.
        pid = command.wait_for_pid(time.monotonic() + _ANSWER_S)
        if command.exit_code is not None:
            return command.exit_code
        if pid is None:
            raise LinkLostError(self._serial, command_text, how)
        try:
            left = self.kill_session(pid)
        except PhoneError as error:
            raise LinkLostError(
                self._serial, command_text, f"{how}, nor to its end: {error}"
            ) from error
        raise DeadlineError(self._serial, command_text, deadline_s, still_running=sorted(left))

    def _reconnect(self) -> None:
        if _TCP_SERIAL.fullmatch(self._serial):
            self._ask(f"host:connect:{self._serial}")

    def _ask(self, request: str) -> str:
        try:
            return adb_server.ask(self._server, request)
        except (ConnectionLostError, AdbServerError) as error:
            raise LinkLostError(self._serial, request, _say(error)) from error


def show(argv: Sequence[str]) -> str:
    """A command as it is named in errors: on one line, and not a whole script."""
    text = " ".join(shlex.join(argv).split())
    return text if len(text) <= 120 else f"{text[:100]}…"


def _say(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
