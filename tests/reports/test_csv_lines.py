"""Counting the lines of a CSV as it comes in pieces."""

from __future__ import annotations

import pytest

from reports.aws.storage import Lines

CASES = {
    b"A,B\n": 1,
    b"A,B": 1,
    b"A,B\r\n1,2\r\n": 2,
    b"A,B\n1,2\n3,4": 3,
    b'A,B\n"two\nlines",2\n': 2,
    b'A,B\n"a ""quoted"" word\nand a line",2': 2,
    b'"A\nB"': 1,
}


@pytest.mark.parametrize(("text", "number"), CASES.items())
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_line_break_inside_quotes_ends_no_line(text, number, size):
    lines = Lines()

    for begin in range(0, len(text), size):
        lines.read(text[begin : begin + size])

    assert lines.number == number
