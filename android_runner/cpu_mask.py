"""Sets of CPUs as Linux writes them: masks, lists, and the affinity of a process."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from android_runner.readout import complete_lines, quote
from android_runner.shell import Shell

# No phone has more; a corrupt list like `0-99999999999` must not fill the memory.
_MOST_CPUS = 1024

_WORD = re.compile(r"(?:0[xX])?([0-9a-fA-F]{1,256})")
# Groups of 32 bits, all but the first with eight digits (lib/bitmap.c of the kernel).
_KERNEL_MASK = re.compile(r"[0-9a-f]{1,8}(?:,[0-9a-f]{8}){0,31}")
_STATUS_LINE = re.compile(r"/proc/\d+/task/(\d{1,10})/status:(Cpus_allowed:\s*(\S+)\s*)")

# The shell expands the pattern, so it must not be quoted.
_READ = 'read -r p <"$1" && exec grep -H "^Cpus_allowed:" /proc/$p/task/*/status /dev/null'


class Mask(int):
    """A set of CPUs, one bit each."""

    @classmethod
    def of(cls, cpus: Iterable[int]) -> Mask:
        """The mask of these CPU numbers."""
        return cls(sum(1 << cpu for cpu in set(cpus)))

    @property
    def hex(self) -> str:
        """Bare hexadecimal digits: the `taskset` of phones refuses `0xc0`."""
        return f"{int(self):x}"

    @property
    def cpus(self) -> tuple[int, ...]:
        """The CPU numbers, lowest first."""
        return tuple(cpu for cpu in range(self.bit_length()) if self >> cpu & 1)


@dataclass(frozen=True, kw_only=True)
class ThreadAffinity:
    """On which CPUs one thread may run; `line` is what the kernel says of it."""

    thread_id: int
    mask: Mask
    line: str


def read_affinity(
    shell: Shell, pid_file: str, *, deadline_s: float = 20
) -> tuple[ThreadAffinity, ...]:
    """What the kernel lets each thread of a process use now; empty if the process is gone.

    `pid_file` is a file on the phone with the number of the process. One round trip, and one
    process on the phone that reads some kilobytes: it may be called while something is timed.
    Raises `LinkLostError` and `DeadlineError`.
    """
    done = shell.run(["sh", "-c", _READ, "affinity", pid_file], deadline_s=deadline_s)
    return parse_affinity(done.stdout)


def parse_affinity(text: str) -> tuple[ThreadAffinity, ...]:
    """Lines `/proc/P/task/T/status:Cpus_allowed:<TAB>f0`; others are passed over."""
    found = {}
    for line in complete_lines(text):
        match = _STATUS_LINE.fullmatch(line)
        mask = parse_kernel_mask(match[3]) if match else None
        if match and mask is not None:
            thread = int(match[1])
            found[thread] = ThreadAffinity(thread_id=thread, mask=mask, line=match[2])
    return tuple(found[thread] for thread in sorted(found))


def all_cpus(threads: Sequence[ThreadAffinity]) -> Mask:
    """The CPUs that any of the threads may use."""
    return Mask.of(cpu for thread in threads for cpu in thread.mask.cpus)


def quote_affinity(threads: Sequence[ThreadAffinity]) -> str:
    """What the kernel says of the threads, each line once with the number of threads that have it:
    `Cpus_allowed:<TAB>f0 (5 threads)`."""
    counts = Counter(thread.line for thread in threads)
    return quote(f"{line} ({_threads(count)})" for line, count in counts.items())


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def parse_kernel_mask(text: str) -> Mask | None:
    """`1ff`, or with more than 32 CPUs `ff,ffffffff`."""
    word = text.strip().lower()
    if not _KERNEL_MASK.fullmatch(word):
        return None
    return Mask(int(word.replace(",", ""), 16))


def parse_mask_word(text: str) -> Mask | None:
    """A mask as a person writes it: `f0`, `F0` or `0xf0`."""
    match = _WORD.fullmatch(text.strip())
    return Mask(int(match[1], 16)) if match else None


def parse_cpu_list(text: str | None) -> tuple[int, ...]:
    """`0-3,5`, or `0 1 2 3` as cpufreq has it; empty for anything that is no such list."""
    cpus: set[int] = set()
    for word in (text or "").replace(",", " ").split():
        match = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", word)
        if match is None:
            return ()
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last >= _MOST_CPUS:
            return ()
        cpus.update(range(first, last + 1))
    return tuple(sorted(cpus))
