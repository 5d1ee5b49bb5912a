from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from android_runner.errors import LeaseHeldError, LeaseStoreError
from android_runner.lease import Holder, lease, lease_folder, lease_holder

SERIAL = "39061FDJH005AB"

_HOLD = """
import sys
from pathlib import Path
from android_runner.lease import lease
with lease(sys.argv[1], Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _other_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lease until its stdin is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, SERIAL, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_phone_is_held_by_one_process(tmp_path: Path) -> None:
    with _other_process(tmp_path) as process:
        with pytest.raises(LeaseHeldError) as caught, lease(SERIAL, tmp_path):
            pass
        holder = lease_holder(SERIAL, tmp_path)

    assert caught.value.exit_code == 3
    assert str(caught.value).startswith(
        f"Phone {SERIAL!r}: it is in use by process {process.pid} (`-c {SERIAL} "
    )
    assert holder is not None
    assert holder.process_id == process.pid
    assert holder.since.startswith("20")


def test_a_lease_ends_with_its_holder(tmp_path: Path) -> None:
    with _other_process(tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

        assert lease_holder(SERIAL, tmp_path) is None
        with lease(SERIAL, tmp_path):
            held = lease_holder(SERIAL, tmp_path)

    assert held is not None
    assert held.process_id == os.getpid()


def test_a_lease_can_be_given_back_and_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        with lease(SERIAL, tmp_path):
            pass

    assert lease_holder(SERIAL, tmp_path) is None
    assert list(tmp_path.glob("*.json")) == []
    assert list(tmp_path.glob("*.part")) == []


def test_a_lease_is_given_back_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lease(SERIAL, tmp_path):
        _ = 1 / 0

    with lease(SERIAL, tmp_path):
        pass


def test_one_process_holds_many_phones_but_none_twice(tmp_path: Path) -> None:
    with lease("A", tmp_path), lease("B", tmp_path):
        with pytest.raises(LeaseHeldError), lease("A", tmp_path):
            pass
        assert lease_holder("C", tmp_path) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10.0.0.1:5555", "10.0.0.1_5555"),
        ("a/../../b", "a_.._.._b"),
        ("x" * 300, "x" * 301),
        ("..", "."),
        ("é", "è"),
    ],
)
def test_any_serial_makes_a_file_of_its_own(tmp_path: Path, one: str, other: str) -> None:
    folder = tmp_path / "leases"

    with lease(one, folder), lease(other, folder):
        assert lease_holder(one, folder) is not None

    assert [path.name for path in tmp_path.iterdir()] == ["leases"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"process_id": "x"}', '{"process_id": 1e999}'])
def test_a_holder_that_left_no_name_is_a_holder_all_the_same(tmp_path: Path, text: str) -> None:
    with _other_process(tmp_path):
        (side_file,) = tmp_path.glob("*.json")
        side_file.write_text(text, encoding="utf-8")

        assert lease_holder(SERIAL, tmp_path) == Holder(process_id=0, command="", since="")
        with pytest.raises(LeaseHeldError, match="in use by a process that left no name"):
            lease(SERIAL, tmp_path).__enter__()


def test_nobody_holds_a_phone_that_was_never_held(tmp_path: Path) -> None:
    assert lease_holder(SERIAL, tmp_path / "absent") is None
    assert not (tmp_path / "absent").exists()


def test_says_when_leases_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(LeaseStoreError, match="Set MBERT_BENCH_STATE to a folder"):
        lease(SERIAL, tmp_path / "file").__enter__()


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MBERT_BENCH_STATE", str(tmp_path))
    assert lease_folder() == tmp_path / "leases"

    monkeypatch.delenv("MBERT_BENCH_STATE")
    assert lease_folder().parts[-2:] == ("mbert-bench", "leases")
