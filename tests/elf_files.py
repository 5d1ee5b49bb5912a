"""Small ELF files, built by hand: headers as a linker writes them, and no code."""

from __future__ import annotations

import struct
from dataclasses import dataclass

AARCH64, ARM, X86_64 = 183, 40, 62
_EXECUTABLE, _SHARED = 2, 3
_LOAD, _DYNAMIC, _INTERPRETER, _NOTE = 1, 2, 3, 4


@dataclass(frozen=True, kw_only=True)
class Elf:
    """What the file is to say; `order` is `<` or `>`."""

    machine: int = AARCH64
    wide: bool = True
    order: str = "<"
    pie: bool = True
    interpreter: str | None = "/system/bin/linker64"
    android_api: int | None = 21
    ndk: str | None = "r25b"
    needed: tuple[str, ...] = ("libdl.so", "libc.so")
    note_tail: bytes = b""
    filler: bytes = b""

    def content(self) -> bytes:
        """The file."""
        order, wide = self.order, self.wide
        head_size, entry_size = (64, 56) if wide else (52, 32)
        bodies = [(kind, body) for kind, body in self._bodies() if body]
        count = len(bodies) + 1  # and the segment that holds all
        at = head_size + count * entry_size
        placed = []
        for kind, body in bodies:
            placed.append((kind, at, len(body)))
            at += len(body)
        whole = at + len(self.filler)
        strings_at = next((start for kind, start, _ in placed if kind == 0), 0)
        data = b"".join(self._dynamic(strings_at) if kind == _DYNAMIC else b for kind, b in bodies)
        ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
        head = struct.pack(
            order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
            _SHARED if self.pie else _EXECUTABLE,
            self.machine, 1, 0, head_size, 0, 0, head_size, entry_size, count, 0, 0, 0,
        )  # fmt: skip
        table = self._entry(_LOAD, 0, whole) + b"".join(self._entry(*place) for place in placed)
        return ident + head + table + data + self.filler

    def _bodies(self) -> list[tuple[int, bytes]]:
        interpreter = b"" if self.interpreter is None else self.interpreter.encode() + b"\0"
        strings = (
            b"" if not self.needed else b"\0" + b"".join(n.encode() + b"\0" for n in self.needed)
        )
        return [
            (_INTERPRETER, interpreter),
            (_NOTE, self._note()),
            (_DYNAMIC, self._dynamic(0) if self.needed else b""),
            (0, strings),
        ]

    def _note(self) -> bytes:
        if self.android_api is None:
            return self.note_tail
        value = struct.pack(self.order + "I", self.android_api)
        if self.ndk is not None:
            value += self.ndk.encode().ljust(64, b"\0") + b"9000000".ljust(64, b"\0")
        other = struct.pack(self.order + "III", 4, 5, 3) + b"GNU\0" + b"build\0\0\0"
        return other + struct.pack(self.order + "III", 8, len(value), 1) + b"Android\0" + value

    def _dynamic(self, strings_at: int) -> bytes:
        form = self.order + ("qQ" if self.wide else "iI")
        entries, offset = [], 1
        for name in self.needed:
            entries.append(struct.pack(form, 1, offset))
            offset += len(name) + 1
        # Addresses begin at 0x1000, so that none is an offset by chance.
        return b"".join(
            [*entries, struct.pack(form, 5, 0x1000 + strings_at), struct.pack(form, 0, 0)]
        )

    def _entry(self, kind: int, offset: int, size: int) -> bytes:
        address = 0x1000 + offset
        if self.wide:
            return struct.pack(
                self.order + "IIQQQQQQ", kind, 4, offset, address, address, size, size, 8
            )
        return struct.pack(
            self.order + "IIIIIIII", kind, offset, address, address, size, size, 4, 4
        )


ANDROID_TOOL = Elf(filler=bytes(range(256)) * 400).content()
