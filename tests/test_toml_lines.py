from __future__ import annotations

import pytest

from harness.toml_lines import line_of


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("t", "b c", "d"), 4),
        (("t", "inline", "x"), 5),
        (("list", 0, "k"), 8),
        (("list", 1, "k"), 10),
        (("list", 1, "sub", "m"), 12),
        (("list", 1, "gone"), 9),
        (("gone",), None),
    ],
)
def test_a_key_is_found_by_its_path(path: tuple[str | int, ...], line: int | None) -> None:
    text = """a = 1 # b = 2

[ t ]
"b c" . d = 3
inline = { x = 4 }

[[list]]
k = 5
[[list]]
k = 6
[list.sub] # a comment
m = 7
"""

    assert line_of(text, path) == line
