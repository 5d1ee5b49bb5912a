"""A matplotlib figure as SVG that stands inside a page, beside others, in its colours and font.

Matplotlib's own SVG is a document: it has a style sheet that would hit the whole page, ids that
are the same in every figure, links to name spaces and fonts of its own. Text stays text.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Stand for the page's colours while matplotlib draws.
INK = "#010101"
FAINT = "#020202"
# Okabe & Ito's palette, which colour-blind readers can tell apart; the page has lighter ones for
# a dark background.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

_PAGE_COLOURS = {
    INK: "currentColor",
    FAINT: "var(--line, #cccccc)",
    **{colour: f"var(--series-{index}, {colour})" for index, colour in enumerate(SERIES)},
}
_COLOUR = re.compile("|".join(_PAGE_COLOURS))
_REFERENCE = re.compile(r"#([A-Za-z_][\w.-]*)")
_FONT_FAMILY = re.compile(r"font-family:[^;]*;?\s*")
_REFERRING = ("href", "clip-path", "style")
# Two decimals are a hundredth of a pixel, or little more; matplotlib writes six.
_PLACES = ("d", "x", "y", "transform")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_NO_ROTATION = re.compile(r"rotate\(-?0(\.0*)? [^)]*\)")


def inline_svg(figure: Figure, identifier: str, title: str, description: str) -> str:
    """The figure as an `<svg>` element. The same figure gives the same text.

    `identifier` must be unique in the page. Title and description are for those who cannot see it.
    """
    root = ElementTree.fromstring(_draw(figure))
    _remove(root, ("metadata", "style"))
    used = _references(root)
    for element in root.iter():
        element.tag = _local(element.tag)
        # Line breaks between elements would be nodes of the page's tree.
        element.text, element.tail = _unless_blank(element.text), _unless_blank(element.tail)
        for name, value in list(element.attrib.items()):
            del element.attrib[name]
            if (name != "id" or value in used) and not _NO_ROTATION.fullmatch(value):
                element.set(_local(name), _adapt(_local(name), value, identifier))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{identifier}-title {identifier}-desc")
    # What the removed style sheet said, and what matplotlib leaves out as the default: black.
    root.set("style", "stroke-linejoin: round; fill: currentColor")
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(tag, {"id": f"{identifier}-{tag}"})
        element.text = text
        root.insert(position, element)
    return ElementTree.tostring(root, encoding="unicode")


def _draw(figure: Figure) -> str:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    text = io.StringIO()
    # Without a fixed salt ids are random; without a date the text is the same tomorrow.
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "mbert-bench"}),
        warnings.catch_warnings(),
    ):
        # The reader's fonts draw the text, so what matplotlib's font lacks does not matter.
        warnings.filterwarnings("ignore", message="Glyph")
        FigureCanvasSVG(figure)
        figure.savefig(text, format="svg", metadata=nothing)
    return text.getvalue()


def _remove(root: ElementTree.Element, tags: tuple[str, ...]) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in tags:
                parent.remove(child)


def _references(root: ElementTree.Element) -> set[str]:
    return {
        found
        for element in root.iter()
        for name, value in element.attrib.items()
        if _local(name) in _REFERRING
        for found in _REFERENCE.findall(value)
    }


def _adapt(name: str, value: str, identifier: str) -> str:
    if name == "id":
        return f"{identifier}-{value}"
    if name == "style":
        value = _FONT_FAMILY.sub("", value)
        return _COLOUR.sub(lambda match: _PAGE_COLOURS[match[0]], value)
    if name in _PLACES:
        return _NUMBER.sub(_round, " ".join(value.split()))
    if name in _REFERRING:
        return _REFERENCE.sub(rf"#{identifier}-\1", value)
    return value


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _round(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _unless_blank(text: str | None) -> str | None:
    return text if text and text.strip() else None
