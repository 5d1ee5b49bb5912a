"""Colours for the verdicts in a terminal's text, which says the same without them.

The text is that of this package's renderers. A word is coloured where they put a verdict (at the
end of a table's row, or after a label of ours), never where foreign text may have it: that has no
two spaces in a row, and the shapes below are whole lines.
"""

from __future__ import annotations

import re

_GOOD, _BAD, _MIXED = "32", "31", "33"
_TONES = {
    **dict.fromkeys(("proven", "supported", "pass", "ok", "ready", "fit"), _GOOD),
    **dict.fromkeys(("contradicted", "refuted", "fail", "failed", "no", "not fit"), _BAD),
    **dict.fromkeys(("unproven", "differs", "inconclusive", "infrastructure", "note"), _MIXED),
}
_VERDICTS = "proven|unproven|contradicted|supported|refuted|differs|pass|fail|inconclusive"
_VERDICTS = f"(?:{_VERDICTS}|infrastructure)"
_COUNTS = rf"\d+ (?:{_VERDICTS}|not-measured)"
# Of the whole of a comparison; see `harness.ci.words.headline`.
_EXPLAINED = "(?:a regression is proven|no regression|not decided|not measured, or not proven)"

# Lines of which group `word` is a verdict, as the renderers write them.
_LINES = (
    # The last column of a table; before it there is always another cell.
    re.compile(rf" *\S.*  (?P<word>{_VERDICTS})$"),
    # A claim among the headlines.
    re.compile(r"  published .*: (?P<word>SUPPORTED|REFUTED|DIFFERS)$"),
    # Why a case is not what was asked for.
    re.compile(r"\S.*?/threads\d+\S*(?: and \d+ more)?: (?P<word>contradicted): "),
    # `doctor`: a finding, and what follows from all of them.
    re.compile(r"  (?P<word>ok|NO|note)  +[a-z-]+  +\S"),
    re.compile(r"\S+: (?P<word>(?:not )?fit) to be measured$"),
)
# A case without a latency, in which something failed; its last cell has a verdict of its own.
_FAILED = re.compile(r"(?<=  )failed(?= +- +0 +\S+(?: MB)? +\S+$)")
# These stand below a line that is empty.
_HEADS = (
    re.compile(rf"(?P<word>{_VERDICTS}): {_EXPLAINED}(?: \(advice only\))?$"),
    re.compile(r"\S.* [a-z-]+: (?P<word>PASS|FAIL|INCONCLUSIVE|INFRASTRUCTURE)$"),
)
_TALLY = re.compile(rf"\d+ (?:cells?|claims): {_COUNTS}(?:, {_COUNTS})*$")
_COUNTED = re.compile(rf"(?<=\d ){_VERDICTS}(?=,|$)")


def colour(text: str) -> str:
    """The text with escape sequences around its verdicts."""
    lines = text.split("\n")
    above = ["", *lines]
    return "\n".join(_line(line, before) for line, before in zip(lines, above, strict=False))


def paint(word: str) -> str:
    """A verdict in its colour; what is none stays as it is."""
    tone = _TONES.get(word.lower())
    return word if tone is None else f"\x1b[{tone}m{word}\x1b[39m"


def _line(line: str, before: str) -> str:
    shapes = _LINES if before else (*_LINES, *_HEADS)
    is_tally = not before or any(shape.match(before) for shape in _HEADS)
    if is_tally and _TALLY.match(line):
        return _COUNTED.sub(lambda found: paint(found[0]), line)
    for shape in shapes:
        found = shape.match(line)
        if found is not None:
            start, end = found.span("word")
            line = line[:start] + paint(line[start:end]) + line[end:]
            break
    return _FAILED.sub(lambda found: paint(found[0]), line)
