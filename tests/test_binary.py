from __future__ import annotations

import platform
import struct
import sys
from pathlib import Path

import pytest
from elf_files import ARM, X86_64, Elf
from hypothesis import given, settings
from hypothesis import strategies as st

from android_runner import litert_benchmark_model
from android_runner.binary import BinaryInfo, abi_problem, read_binary
from android_runner.fetch import host_abi
from android_runner.tool_errors import BinaryError

PHONE = ("arm64-v8a", "armeabi-v7a", "armeabi")
LINUX = Elf(machine=X86_64, interpreter="/lib64/ld-linux-x86-64.so.2", android_api=None)


def read(elf: Elf) -> BinaryInfo:
    return read_binary(elf.content(), "tool")


def test_reads_what_an_android_build_says_about_itself() -> None:
    content = Elf(filler=b"code").content()

    assert read_binary(content, "tool") == BinaryInfo(
        kind="elf",
        stand_in=False,
        targets=("arm64-v8a",),
        bits=64,
        position_independent=True,
        interpreter="/system/bin/linker64",
        android_api=21,
        ndk="r25b",
        needed=("libdl.so", "libc.so"),
        size_bytes=len(content),
        expected_bytes=len(content),
    )


def test_reads_a_32_bit_build_with_the_short_note() -> None:
    info = read(Elf(machine=ARM, wide=False, interpreter="/system/bin/linker", ndk=None))

    assert (info.targets, info.bits, info.android_api, info.ndk, info.needed) == (
        ("armeabi-v7a",), 32, 21, None, ("libdl.so", "libc.so"),
    )  # fmt: skip


@pytest.mark.parametrize("wide", [True, False])
def test_reads_either_byte_order(wide: bool) -> None:
    info = read(Elf(order=">", wide=wide))

    assert (info.targets, info.android_api, info.needed) == (
        ("arm64-v8a",), 21, ("libdl.so", "libc.so"),
    )  # fmt: skip


def test_a_note_without_its_end_is_no_note() -> None:
    info = read(Elf(android_api=None, note_tail=bytes(10)))

    assert (info.android_api, info.interpreter) == (None, "/system/bin/linker64")


@pytest.mark.parametrize(
    ("elf", "targets"),
    [
        (LINUX, ("linux-x86_64",)),
        (Elf(machine=X86_64), ("x86_64",)),
        (Elf(android_api=None), ("arm64-v8a",)),
        (
            Elf(interpreter="/apex/com.android.runtime/bin/linker64", android_api=None),
            ("arm64-v8a",),
        ),
        (Elf(interpreter=None), ("arm64-v8a",)),
        (Elf(interpreter=None, android_api=None, needed=()), ("arm64-v8a", "linux-aarch64")),
        (Elf(machine=8, android_api=None, interpreter="/lib/ld.so.1"), ("linux-8",)),
        (Elf(machine=8), ("ELF machine 8",)),
    ],
)
def test_tells_for_what_it_is_built(elf: Elf, targets: tuple[str, ...]) -> None:
    assert read(elf).targets == targets


@pytest.mark.skipif(platform.system() != "Linux", reason="needs ELF programs")
@pytest.mark.parametrize("program", ["/bin/sh", sys.executable])
def test_reads_this_machine_s_own_programs(program: str) -> None:
    content = Path(program).read_bytes()
    info = read_binary(content, program)

    assert info.complete
    assert host_abi() in info.targets
    assert abi_problem(info, (host_abi(),)) is None
    assert any(name.startswith("libc.") for name in info.needed)
    assert info.android_api is None
    assert Path(info.interpreter or "").exists()
    cut_short = read_binary(content[: len(content) // 2], program)
    assert not cut_short.complete
    assert cut_short.expected_bytes <= len(content)


def test_recognises_the_stand_in_and_any_other_script() -> None:
    stand_in = read_binary(Path(litert_benchmark_model.__file__).read_bytes(), "tool")
    script = read_binary(b"#!/system/bin/sh\necho hello\n", "tool")

    assert (stand_in.kind, stand_in.stand_in, stand_in.interpreter) == (
        "script", True, "/usr/bin/env python3",
    )  # fmt: skip
    assert (script.kind, script.stand_in, script.interpreter) == (
        "script", False, "/system/bin/sh",
    )  # fmt: skip
    assert abi_problem(stand_in, PHONE) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><title>Log in</title>", "it begins with '<!DOCTYPE html>"),
        (b"\xff\xfe\x00", "it is neither an ELF file nor a script"),
        (b"\x7fELF", "it is cut short: its 4 bytes end inside its headers"),
        (b"\x7fELF\x02\x01\x01" + bytes(30), "it is cut short"),
        (b"\x7fELF\x09\x01\x01" + bytes(60), "its ELF header is damaged"),
        (Elf().content()[:100], "it is cut short"),
        (Elf().content()[:16] + struct.pack("<H", 1) + Elf().content()[18:], "ELF file of type 1"),
    ],
)
def test_refuses_what_is_no_program(content: bytes, why: str) -> None:
    with pytest.raises(BinaryError) as refused:
        read_binary(content, "some/file")

    assert why in refused.value.why
    assert "'some/file' is no benchmark tool" in str(refused.value)


@pytest.mark.parametrize(
    ("elf", "abis", "problem"),
    [
        (Elf(), PHONE, None),
        (Elf(machine=ARM, wide=False), PHONE, None),
        (Elf(machine=ARM, wide=False), ("arm64-v8a",), "built for armeabi-v7a, the device runs"),
        (LINUX, PHONE, "built for linux-x86_64, the device runs arm64-v8a, armeabi-v7a"),
        (Elf(), ("linux-x86_64",), "built for arm64-v8a, the device runs linux-x86_64"),
        (Elf(machine=X86_64), ("linux-x86_64",), "built for x86_64, the device"),
        (LINUX, ("linux-x86_64",), None),
        (Elf(pie=False), PHONE, "not position-independent"),
        (Elf(pie=False, interpreter=None, needed=()), PHONE, None),
        (Elf(interpreter="/lib/ld-linux-x86-64.so.2", machine=X86_64, pie=False, android_api=None),
         ("linux-x86_64",), None),
    ],
)  # fmt: skip
def test_says_why_a_device_cannot_run_it(
    elf: Elf, abis: tuple[str, ...], problem: str | None
) -> None:
    said = abi_problem(read(elf), abis)

    assert (said is None) == (problem is None)
    assert (problem or "") in (said or "")


def test_a_file_without_its_end_runs_nowhere() -> None:
    whole = Elf(filler=bytes(100)).content()
    said = abi_problem(read_binary(whole[:-1], "tool"), PHONE)

    assert said == f"it is cut short: {len(whole) - 1} of {len(whole)} bytes"


def read_or_refusal(content: bytes) -> BinaryInfo | str:
    """Lets every error through but the one that is meant for such files."""
    try:
        return read_binary(content, "tool")
    except BinaryError as error:
        return error.why


TEMPLATES = [Elf(), Elf(wide=False, machine=ARM), Elf(order=">"), LINUX]


@settings(max_examples=300, deadline=None)
@given(
    elf=st.sampled_from(TEMPLATES),
    changes=st.lists(
        st.tuples(st.integers(0, 1000), st.binary(min_size=1, max_size=8)), max_size=6
    ),
    length=st.integers(0, 1200),
)
def test_a_damaged_file_gives_an_answer_or_a_clear_refusal(
    elf: Elf, changes: list[tuple[int, bytes]], length: int
) -> None:
    content = bytearray(elf.content())
    for at, patch in changes:
        content[at : at + len(patch)] = patch
    content = content[:length]
    info = read_or_refusal(bytes(content))

    if isinstance(info, BinaryInfo):
        assert info.size_bytes == len(content)
        assert isinstance(abi_problem(info, PHONE), str | None)


@given(st.binary(max_size=200))
def test_any_bytes_after_the_magic_give_an_answer_or_a_clear_refusal(tail: bytes) -> None:
    assert read_or_refusal(b"\x7fELF\x02\x01" + tail)
