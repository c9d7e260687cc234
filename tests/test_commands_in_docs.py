"""Commands that the documents tell people to type: each is one that exists, with options that it takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from tests.test_docs import DOCUMENTS, code, names, read

# At the beginning of a line, after a Python, or in a second column; what follows a pipe or a comment is somebody else's. Brackets say what
# may be left out.
COMMAND = re.compile(r"(?:^|python |\s{2,})manage\.py ([a-z][a-z_]*)((?: (?!manage\.py|\||#|;|&)\S+)*)", re.M)
# Of a person, who knows what stands there.
PLACEHOLDER = {"…": "1", "ID": "9f298e25-7e59-4e53-be38-645dae0c2b35", "TIME": "2026-03-02T06:00+01:00", "N": "3", "X": "2"}


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Name and words of each. A lone name in a sentence is one without words."""
    found = []
    for piece in code(text):
        for line in piece.replace("\\\n", " ").splitlines():
            for name, words in COMMAND.findall(line.split("  #")[0]):
                found.append((name, [PLACEHOLDER.get(word, word) for word in shlex.split(re.sub(r"[\[\]]", "", words))]))
    return found


def fault(name: str, words: list[str]) -> str:
    """Empty: it would be taken. A lone name is only asked to exist: sentences leave out what it needs."""
    if name not in get_commands():
        return f"there is no manage.py {name}"
    if not words:
        return ""
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    parser.called_from_command_line = False
    try:
        parser.parse_args(words)
    except CommandError as error:
        return f"manage.py {name} {shlex.join(words)}: {error}"
    return ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_every_command_that_is_named_exists_and_takes_what_it_is_given(document: Path):
    assert [told for one in commands(read(document)) if (told := fault(*one))] == []


def test_the_search_for_commands_finds_them():
    text = "`manage.py doctor --job ID`, and\n\n```\n.venv/bin/python manage.py retry --since 2026-01-01T00:00Z | tee log\n```\n"

    assert commands(text) == [("doctor", ["--job", PLACEHOLDER["ID"]]), ("retry", ["--since", "2026-01-01T00:00Z"])]
    assert fault("doctor", ["--no-such-option"])
    assert fault("no_such_command", [])
