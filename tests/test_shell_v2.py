from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from android_runner.shell_v2 import PacketReader, ProtocolError, service

PACKETS = st.lists(
    st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40))
    | st.tuples(st.just(3), st.binary(min_size=1, max_size=1)),
    max_size=8,
)


def _bytes(packets: list[tuple[int, bytes]]) -> bytes:
    return b"".join(struct.pack("<BI", kind, len(data)) + data for kind, data in packets)


@given(PACKETS, st.lists(st.integers(0, 400), max_size=10), st.integers(0, 400))
def test_packets_are_the_same_however_the_stream_is_cut(
    packets: list[tuple[int, bytes]], cuts: list[int], cut_off: int
) -> None:
    stream = _bytes(packets)[: cut_off or None]
    ends = sorted({0, *(cut % (len(stream) + 1) for cut in cuts), len(stream)})
    reader = PacketReader()
    got = [
        packet
        for start, end in itertools.pairwise(ends)
        for packet in reader.feed(stream[start:end])
    ]
    assert got == packets[: len(got)]
    rest = stream[len(_bytes(got)) :]
    assert len(got) == len(packets) or len(rest) < len(_bytes([packets[len(got)]]))


@pytest.mark.parametrize(
    "content",
    [b"\0\0\0\0\0", b"\4\0\0\0\0", b"hello", b"\3\0\0\0\0", b"\3\2\0\0\0\0\0"],
    ids=["stdin", "close", "text", "no exit code", "long exit code"],
)
def test_bytes_that_are_no_packet_are_an_error(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(PacketReader().feed(content))


def test_a_command_is_quoted_once() -> None:
    assert service(["printf", "%s", "it's $(id) \n"]) == (
        "shell,v2,raw:echo $$ >&2; exec printf %s 'it'\"'\"'s $(id) \n' </dev/null"
    )


def test_a_command_without_a_program_is_refused() -> None:
    with pytest.raises(ValueError, match="at least a program"):
        service([])
