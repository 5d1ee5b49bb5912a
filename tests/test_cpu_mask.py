from __future__ import annotations

import os
from pathlib import Path

import pytest
from fake_phone import FakePhone
from hypothesis import given
from hypothesis import strategies as st
from local_shell import LocalShell
from mutations import mutations_of

from android_runner.cpu_mask import (
    Mask,
    ThreadAffinity,
    all_cpus,
    parse_affinity,
    parse_cpu_list,
    parse_kernel_mask,
    parse_mask_word,
    quote_affinity,
    read_affinity,
)
from android_runner.shell import Completed

STATUS = (
    "/proc/812/task/812/status:Cpus_allowed:\t1f0\n"
    "/proc/812/task/815/status:Cpus_allowed:\tff,ffffffff\n"
    "/proc/812/task/9/status:Cpus_allowed:\t00000000,000000ff\n"
)


def test_reads_the_mask_of_each_thread() -> None:
    # grep exits with 2 when a thread has ended between the expansion and the reading.
    phone = FakePhone({"read -r p": Completed(exit_code=2, stdout=STATUS, stderr="No such file")})

    assert read_affinity(phone, "/x/run.pid") == (
        ThreadAffinity(thread_id=9, mask=Mask(0xFF), line="Cpus_allowed:\t00000000,000000ff"),
        ThreadAffinity(thread_id=812, mask=Mask(0x1F0), line="Cpus_allowed:\t1f0"),
        ThreadAffinity(thread_id=815, mask=Mask(0xFF_FFFF_FFFF), line="Cpus_allowed:\tff,ffffffff"),
    )
    assert len(phone.commands) == 1


def _pid_file(folder: Path, process_id: int) -> str:
    path = folder / "a file's name"
    path.write_text(f"{process_id}\n", encoding="utf-8")
    return str(path)


def test_reads_the_mask_of_this_process(tmp_path: Path) -> None:
    mine = Mask.of(os.sched_getaffinity(0))

    threads = read_affinity(LocalShell(), _pid_file(tmp_path, os.getpid()))

    assert (os.getpid(), mine) in [(thread.thread_id, thread.mask) for thread in threads]


def test_quotes_each_mask_once_with_the_number_of_its_threads() -> None:
    lines = [(1, "f0"), (2, "f0"), (3, "100")]
    threads = parse_affinity(
        "".join(f"/proc/1/task/{thread}/status:Cpus_allowed:\t{mask}\n" for thread, mask in lines)
    )

    assert quote_affinity(threads) == (
        "Cpus_allowed:\tf0 (2 threads)\nCpus_allowed:\t100 (1 thread)"
    )
    assert all_cpus(threads) == Mask(0x1F0)
    assert (quote_affinity(()), all_cpus(())) == ("", Mask(0))


def test_says_nothing_of_a_process_that_is_gone(tmp_path: Path) -> None:
    assert read_affinity(LocalShell(), _pid_file(tmp_path, 2**22 + 1)) == ()


def test_says_nothing_of_a_process_whose_number_is_not_there(tmp_path: Path) -> None:
    assert read_affinity(LocalShell(), str(tmp_path / "none")) == ()
    (tmp_path / "empty").touch()
    assert read_affinity(LocalShell(), str(tmp_path / "empty")) == ()


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("f0", 0xF0),
        ("1ff", 0x1FF),
        ("ff,ffffffff", 0xFF_FFFF_FFFF),
        ("00000000,000000ff", 0xFF),
        ("FF", 0xFF),
        ("0", 0),
        ("ff,ffff", None),  # cut short
        (",ff", None),
        ("0xff", None),
        ("fffffffff", None),
        ("", None),
    ],
)
def test_parses_a_mask_of_the_kernel(text: str, mask: int | None) -> None:
    assert parse_kernel_mask(text) == mask


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("0-8", tuple(range(9))),
        ("0-3,5,7-8", (0, 1, 2, 3, 5, 7, 8)),
        ("4 5 6 ", (4, 5, 6)),
        ("8", (8,)),
        ("", ()),
        (None, ()),
        ("3-1", ()),
        ("0-99999", ()),
        ("0-1023", tuple(range(1024))),
        ("0-1024", ()),
        ("0-", ()),
        ("٣", ()),
        ("-1", ()),
    ],
)
def test_parses_a_list_of_cpus(text: str | None, cpus: tuple[int, ...]) -> None:
    assert parse_cpu_list(text) == cpus


@given(st.sets(st.integers(0, 300)))
def test_a_mask_is_the_set_that_it_was_made_of(cpus: set[int]) -> None:
    mask = Mask.of(cpus)

    assert mask.cpus == tuple(sorted(cpus))
    assert parse_mask_word(mask.hex) == mask


def test_a_cut_line_is_no_mask() -> None:
    assert parse_affinity(STATUS[:-2]) == parse_affinity(STATUS)[1:]


@given(mutations_of(STATUS))
def test_never_fails(text: str) -> None:
    for thread in parse_affinity(text):
        assert thread.mask >= 0
