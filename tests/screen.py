"""A terminal in memory: what stands on it after an output, as far as rich and we write it."""

from __future__ import annotations

import re

# Text, or a control sequence (ECMA-48: CSI, parameters, a final byte), or a control character.
_TOKEN = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|([\r\n\x07\x1b])|([^\r\n\x07\x1b]+)")
_IGNORED = "mhl"  # colours, and the cursor shown or hidden


class Screen:
    """The lines of a terminal that is as wide as it need be; `longest` is the longest it had."""

    def __init__(self, output: str) -> None:
        self.lines = [""]
        self.longest = ""
        self.unknown: list[str] = []
        self._row = self._column = 0
        for parameters, final, control, text in _TOKEN.findall(output):
            if text:
                self._write(text)
            elif control:
                self._control(control)
            elif final not in _IGNORED:
                self._move(parameters, final)

    @property
    def text(self) -> str:
        """What is seen in the end."""
        return "\n".join(line.rstrip() for line in self.lines).rstrip()

    def _write(self, text: str) -> None:
        line = self.lines[self._row].ljust(self._column)
        end = self._column + len(text)
        self.lines[self._row] = line = line[: self._column] + text + line[end:]
        self._column = end
        self.longest = max(self.longest, line.rstrip(), key=len)

    def _control(self, control: str) -> None:
        if control == "\r":
            self._column = 0
        elif control == "\n":  # a terminal's driver puts a \r before it
            self._row, self._column = self._row + 1, 0
            if self._row == len(self.lines):
                self.lines.append("")
        else:
            self.unknown.append(repr(control))

    def _move(self, parameters: str, final: str) -> None:
        if final == "A":
            self._row = max(0, self._row - int(parameters or 1))
        elif (parameters, final) == ("2", "K"):
            self.lines[self._row] = ""
        else:
            self.unknown.append(f"{parameters}{final}")
