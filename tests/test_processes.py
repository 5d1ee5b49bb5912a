from __future__ import annotations

from collections.abc import Sequence

import pytest

from android_runner.processes import Process, family, kill_session, parse_stats


def _stat(
    pid: int, parent: int, group: int, session: int, name: str = "sh", state: str = "S"
) -> str:
    return f"{pid} ({name}) {state} {parent} {group} {session} 0 -1 4194304 96 0 0\n"


def _process(pid: int, parent: int, group: int, session: int, *, alive: bool = True) -> Process:
    return Process(pid=pid, parent=parent, group=group, session=session, alive=alive)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_stat(7, 1, 7, 7), [_process(7, 1, 7, 7)]),
        (_stat(7, 1, 7, 7, state="Z"), [_process(7, 1, 7, 7, alive=False)]),
        (_stat(7, 1, 7, 7, name="a b) (c"), [_process(7, 1, 7, 7)]),
        (_stat(7, 1, 7, 7, name="a\nb"), [_process(7, 1, 7, 7)]),
        (_stat(2, 0, 0, 0, name="kthreadd"), [_process(2, 0, 0, 0)]),
        (_stat(7, 1, -1, -1), [_process(7, 1, -1, -1)]),
        (_stat(7, 1, 7, 7)[:9], []),
        ("cat: /proc/9/stat: No such file\n" + _stat(8, 1, 8, 8), [_process(8, 1, 8, 8)]),
        ("", []),
    ],
)
def test_processes_are_read_from_proc(text: str, expected: list[Process]) -> None:
    assert list(parse_stats(text.encode())) == expected


def test_a_family_is_the_session_the_group_and_all_their_children() -> None:
    processes = [
        _process(1, 0, 1, 1),
        _process(50, 1, 50, 50),  # adbd
        _process(60, 50, 60, 60),  # the leader
        _process(61, 1, 60, 60),  # its child has lost its parent
        _process(62, 60, 62, 62),  # has made a session of its own
        _process(63, 62, 62, 62),
        _process(64, 60, 60, 60, alive=False),
        _process(70, 50, 70, 70),  # another command
    ]
    assert family(processes, 60) == {60, 61, 62, 63}


class _Phone:
    """Processes that die when they are killed, but for some."""

    def __init__(self, stats: dict[int, str], immortal: frozenset[int] = frozenset()) -> None:
        self.stats = stats
        self.immortal = immortal

    def run(self, argv: Sequence[str]) -> bytes:
        if "kill" in argv:
            for pid in map(int, argv[4:]):
                if pid not in self.immortal:
                    del self.stats[pid]
                    # The children are given to init.
                    self.stats = {
                        other: stat.replace(f" S {pid} ", " S 1 ")
                        for other, stat in self.stats.items()
                    }
        return "".join(self.stats.values()).encode()


def test_a_session_is_killed_and_nothing_else() -> None:
    phone = _Phone({1: _stat(1, 0, 1, 1), 60: _stat(60, 1, 60, 60), 61: _stat(61, 60, 61, 61)})
    assert kill_session(phone.run, 60) == frozenset()
    assert phone.stats == {1: _stat(1, 0, 1, 1)}


def test_what_cannot_be_killed_is_told_even_when_its_parent_is_gone() -> None:
    phone = _Phone({60: _stat(60, 1, 60, 60), 61: _stat(61, 60, 61, 61)}, frozenset({61}))
    assert kill_session(phone.run, 60, deadline_s=0.1) == {61}


@pytest.mark.parametrize("leader", [1, 0, -1])
def test_nothing_is_killed_for_a_number_that_cannot_be_ours(leader: int) -> None:
    with pytest.raises(ValueError, match="is not the number of a process to kill"):
        kill_session(_Phone({1: _stat(1, 0, 1, 1)}).run, leader)
