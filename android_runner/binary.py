"""What a tool's file is: read from its first bytes, and from how an attempt to start it ended.

Nothing here starts a program or opens a file. Formats: the System V ABI's ELF chapters; Android's
note as its NDK writes it (`.note.android.ident`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from android_runner.tool_errors import BinaryError

# e_machine -> Android's name of the ABI, Linux' name of the machine.
_MACHINES = {
    3: ("x86", "i386"),
    40: ("armeabi-v7a", "arm"),
    62: ("x86_64", "x86_64"),
    183: ("arm64-v8a", "aarch64"),
    243: ("riscv64", "riscv64"),
}
_EXECUTABLE, _SHARED = 2, 3  # e_type; a position-independent program is a shared object
_LOAD, _DYNAMIC, _INTERPRETER, _NOTE = 1, 2, 3, 4  # p_type
_END, _NEEDED, _STRING_TABLE = 0, 1, 5  # d_tag
_NOTE_OWNER, _NOTE_TYPE = b"Android\0", 1

# Real ones are far smaller; a damaged file must not keep anyone busy.
_TABLE_LIMIT_BYTES = 65_536
_NAME_LIMIT_BYTES = 1024
_SHOWN_BYTES = 40

_STAND_IN = b"stand-in for TensorFlow Lite's `benchmark_model`"
_MARKER_WITHIN_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class BinaryInfo:
    """What a tool's file says about itself; what it does not say is None or empty.

    `targets` are the ABIs that it can run on, as a phone's `ro.product.cpu.abilist` names them, or
    `linux-MACHINE`; both where it does not tell, none for a script: that needs its interpreter
    only. `expected_bytes` is how long the file must be by its own tables.
    """

    kind: Literal["elf", "script"]
    stand_in: bool
    targets: tuple[str, ...]
    bits: int | None
    position_independent: bool | None
    interpreter: str | None
    android_api: int | None
    ndk: str | None
    needed: tuple[str, ...]
    size_bytes: int
    expected_bytes: int

    @property
    def complete(self) -> bool:
        """Whether nothing is missing at the end of the file."""
        return self.size_bytes >= self.expected_bytes


@dataclass(frozen=True, kw_only=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def read_binary(content: bytes, name: str) -> BinaryInfo:
    """What the file is; `name` is for the message. Raises `BinaryError` for what is no program."""
    if content.startswith(b"\x7fELF"):
        try:
            return _read_elf(content, name)
        except struct.error:
            message = f"it is cut short: its {len(content)} bytes end inside its headers"
            raise BinaryError(name, message) from None
    if content.startswith(b"#!"):
        return _read_script(content)
    if not content:
        raise BinaryError(name, "it is empty")
    start = content[:_SHOWN_BYTES].decode(errors="replace")
    raise BinaryError(name, f"it is neither an ELF file nor a script: it begins with {start!r}")


def abi_problem(info: BinaryInfo, abis: Sequence[str]) -> str | None:
    """Why it cannot run on a device of these ABIs (`abilist`, best first); None if nothing is.

    This machine's are `(fetch.host_abi(),)`.
    """
    if not info.complete:
        return f"it is cut short: {info.size_bytes} of {info.expected_bytes} bytes"
    if info.kind == "script":
        return None
    if not set(info.targets) & set(abis):
        return f"it is built for {' or '.join(info.targets)}, the device runs {', '.join(abis)}"
    on_phone = not any(abi.startswith("linux-") for abi in abis)
    if on_phone and info.interpreter is not None and not info.position_independent:
        return "it is not position-independent (-fPIE), which Android requires from 5.0 on"
    return None


def _read_script(content: bytes) -> BinaryInfo:
    first_line = content[2:_NAME_LIMIT_BYTES].split(b"\n", 1)[0]
    return BinaryInfo(
        kind="script",
        stand_in=_STAND_IN in content[:_MARKER_WITHIN_BYTES],
        targets=(),
        bits=None,
        position_independent=None,
        interpreter=first_line.decode(errors="replace").strip() or None,
        android_api=None,
        ndk=None,
        needed=(),
        size_bytes=len(content),
        expected_bytes=0,
    )


def _read_elf(content: bytes, name: str) -> BinaryInfo:
    elf_class, byte_order = struct.unpack_from("BB", content, 4)
    if elf_class not in (1, 2) or byte_order not in (1, 2):
        raise BinaryError(name, f"its ELF header is damaged (class {elf_class}, data {byte_order})")
    wide = elf_class == 2
    order = "<" if byte_order == 1 else ">"
    head = struct.unpack_from(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), content, 16)
    file_type, machine = head[0], head[1]
    sections_at, section_size, section_count = head[5], head[10], head[11]
    if file_type not in (_EXECUTABLE, _SHARED):
        raise BinaryError(name, f"it is an ELF file of type {file_type}, not a program")
    segments = _segments(content, order, wide=wide, at=head[4], each=head[8], count=head[9])
    interpreter = _interpreter(content, segments)
    api, ndk = _android_note(content, order, segments)
    ends = [segment.offset + segment.size for segment in segments]
    return BinaryInfo(
        kind="elf",
        stand_in=False,
        targets=_targets(machine, interpreter, on_android=api is not None),
        bits=64 if wide else 32,
        position_independent=file_type == _SHARED,
        interpreter=interpreter,
        android_api=api,
        ndk=ndk,
        needed=_needed(content, order, segments, wide=wide),
        size_bytes=len(content),
        expected_bytes=max([sections_at + section_size * section_count, *ends]),
    )


def _segments(
    content: bytes, order: str, *, wide: bool, at: int, each: int, count: int
) -> tuple[_Segment, ...]:
    form = struct.Struct(order + ("IIQQQQQQ" if wide else "IIIIIIII"))
    if count and each < form.size:
        raise struct.error
    segments = []
    for index in range(count):
        start = at + index * each
        if start + form.size > len(content):  # a huge offset is an OverflowError to `struct`
            raise struct.error
        fields = form.unpack_from(content, start)
        # The order of the fields differs: p_flags stands second in 64 bits, seventh in 32.
        offset, address, size = (
            (fields[2], fields[3], fields[5]) if wide else (fields[1], fields[2], fields[4])
        )
        segments.append(_Segment(kind=fields[0], offset=offset, address=address, size=size))
    return tuple(segments)


def _targets(machine: int, interpreter: str | None, *, on_android: bool) -> tuple[str, ...]:
    android, linux = _MACHINES.get(machine, (f"ELF machine {machine}", f"{machine}"))
    if on_android or (interpreter or "").startswith(("/system/", "/apex/")):
        return (android,)
    if interpreter is not None:
        return (f"linux-{linux}",)
    return (android, f"linux-{linux}")  # a static program needs nothing but the kernel


def _interpreter(content: bytes, segments: Sequence[_Segment]) -> str | None:
    for segment in segments:
        if segment.kind == _INTERPRETER:
            return _text(content, segment.offset, min(segment.size, _NAME_LIMIT_BYTES)) or None
    return None


def _android_note(
    content: bytes, order: str, segments: Sequence[_Segment]
) -> tuple[int | None, str | None]:
    """The API level that it is built for, and the NDK's version (newer notes have it)."""
    for segment in segments:
        if segment.kind != _NOTE:
            continue
        for owner, kind, value in _notes(_part(content, segment), order):
            if owner == _NOTE_OWNER and kind == _NOTE_TYPE and len(value) >= 4:
                (api,) = struct.unpack_from(order + "I", value)
                return api, _text(value, 4, 64) or None
    return None, None


def _notes(part: bytes, order: str) -> Iterator[tuple[bytes, int, bytes]]:
    at = 0
    while at + 12 <= len(part):
        name_size, value_size, kind = struct.unpack_from(order + "III", part, at)
        name_at = at + 12
        value_at = name_at + (name_size + 3) // 4 * 4
        yield part[name_at : name_at + name_size], kind, part[value_at : value_at + value_size]
        at = value_at + (value_size + 3) // 4 * 4


def _needed(
    content: bytes, order: str, segments: Sequence[_Segment], *, wide: bool
) -> tuple[str, ...]:
    """The libraries that the loader will look for, as far as the tables can be followed."""
    form = struct.Struct(order + ("qQ" if wide else "iI"))
    names: list[int] = []
    table = None
    for segment in segments:
        if segment.kind != _DYNAMIC:
            continue
        part = _part(content, segment)
        for tag, value in form.iter_unpack(part[: len(part) // form.size * form.size]):
            if tag == _END:
                break
            if tag == _NEEDED:
                names.append(value)
            if tag == _STRING_TABLE:
                table = _offset_of(value, segments)
    if table is None:
        return ()
    found = (_text(content, table + name, _NAME_LIMIT_BYTES) for name in names)
    return tuple(name for name in found if name)


def _offset_of(address: int, segments: Sequence[_Segment]) -> int | None:
    for segment in segments:
        if segment.kind == _LOAD and 0 <= address - segment.address < segment.size:
            return segment.offset + address - segment.address
    return None


def _part(content: bytes, segment: _Segment) -> bytes:
    return content[segment.offset : segment.offset + min(segment.size, _TABLE_LIMIT_BYTES)]


def _text(content: bytes, at: int, limit_bytes: int) -> str:
    return content[at : at + limit_bytes].split(b"\0", 1)[0].decode(errors="replace")
