"""Many answers in one round trip: a script of named parts, and its output taken apart again.

A command over adb costs some milliseconds before it does anything, so all that is to be known at
one moment is asked with one script. Each part is framed by lines that hold a random word: nothing
that a phone prints can be taken for a frame, and a part without a closing frame is not there.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from android_runner.shell import Shell

# Only builtins of the phone's shell: starting `cat` for each of fifty files takes longer than
# reading them. A file that is missing or not readable gives no line.
_SHOW = r"""show() {
  for f in "$@"; do
    while IFS= read -r l || [ -n "$l" ]; do echo "$f	$l"; done 2>/dev/null <"$f"
  done
}"""


# What is kept of a line, and of lines together, that are shown beside what was read from them.
_LONGEST_LINE = 200
_LONGEST_QUOTE = 350
_LEFT_OUT = "[...]"


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one part of a script printed on stdout, and how its last command ended."""

    text: str
    exit_code: int


def show_files(*patterns: str) -> str:
    """A part that prints files as `path<TAB>line`; `*` and `[0-9]` are expanded on the phone."""
    return f"show {' '.join(patterns)}"


def read_parts(shell: Shell, parts: Mapping[str, str], *, deadline_s: float) -> dict[str, Part]:
    """Runs the commands of all parts in one go; a part that did not end is left out.

    Raises `LinkLostError` and `DeadlineError`.
    """
    word = secrets.token_hex(8)
    done = shell.run(["sh", "-c", build_script(parts, word)], deadline_s=deadline_s)
    return split_parts(done.stdout, word)


def build_script(parts: Mapping[str, str], word: str) -> str:
    """The script for `sh`. Each part has a shell of its own, and no input to wait for."""
    lines = [_SHOW]
    for name, command in parts.items():
        lines += [f"echo {word} begin {name}", f"( {command}\n) </dev/null"]
        # The echo before: a part may end without a newline.
        lines += ["e=$?; echo", f"echo {word} end {name} $e"]
    return "\n".join(lines)


def split_parts(text: str, word: str) -> dict[str, Part]:
    """The parts that have both frames."""
    parts: dict[str, Part] = {}
    for chunk in text.split(f"{word} begin ")[1:]:
        head, newline, rest = chunk.partition("\n")
        body, found, tail = rest.partition(f"\n{word} end {head} ")
        code, ended, _ = tail.partition("\n")
        if newline and found and ended and code.isdecimal():
            parts[head] = Part(text=body, exit_code=int(code))
    return parts


def parse_files(text: str) -> dict[str, str]:
    """What `show_files` printed: path -> content, lines joined by newlines, blanks at ends gone."""
    files: dict[str, list[str]] = {}
    for line in complete_lines(text):
        path, tab, content = line.partition("\t")
        if tab and path.startswith("/"):
            files.setdefault(path, []).append(content)
    return {path: "\n".join(lines).strip() for path, lines in files.items()}


def complete_lines(text: str) -> list[str]:
    """Lines that have an end: of a line cut short, `level: 9` may have been `level: 98`."""
    return text.replace("\r\n", "\n").split("\n")[:-1]


def quote(lines: Iterable[str], *, most_chars: int = _LONGEST_QUOTE) -> str:
    """Lines as a phone printed them, to be kept beside what was read from them.

    Control characters are dropped, and what cannot be stored as UTF-8; a line ends after 200
    characters. Lines that are too many for `most_chars` become one, `[...]`.
    """
    kept: list[str] = []
    left = most_chars
    for line in lines:
        shown = "".join(filter(_is_text, line))[:_LONGEST_LINE]
        left -= len(shown) + 1
        if left < len(_LEFT_OUT):
            kept.append(_LEFT_OUT)
            break
        kept.append(shown)
    return "\n".join(kept)


def _is_text(character: str) -> bool:
    return character == "\t" or unicodedata.category(character) not in ("Cc", "Cs")


def parse_count(text: str | None) -> int | None:
    """A whole number that is not negative, or None for anything else."""
    if text is None:
        return None
    word = text.strip()
    # Without isascii other scripts' digits would count, and a very long one is no count either.
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= 20 else None
