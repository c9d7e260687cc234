"""The texts that code and templates hand to gettext, found without its tools."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.utils.translation.template import templatize

# Name of the function, without `_lazy` -> the places of context, text and plural among its arguments.
ALONE = (None, 0, None)
PLACES = {
    "_": ALONE,
    "gettext": ALONE,
    "gettext_noop": ALONE,
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "npgettext": (0, 1, 2),
}
LITERAL = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
CALL = re.compile(rf"(?<!\w)(_|n?p?gettext)\(\s*({LITERAL}(?:\s*,\s*{LITERAL})*)")
Message = tuple[str, str, str]  # context, text, plural; empty where there is none


def texts_of(paths: Iterable[Path]) -> set[Message]:
    return {message for path in paths for message in (_of_code if path.suffix == ".py" else _of_template)(path.read_text())}


def _of_code(source: str) -> Iterator[Message]:
    tree = ast.parse(source)
    # `from django.utils.translation import gettext as _`, under whatever name.
    names = {
        alias.asname or alias.name: alias.name.removesuffix("_lazy")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and names.get(node.func.id) in PLACES:
            yield _message(names[node.func.id], [argument.value for argument in node.args if isinstance(argument, ast.Constant)])


def _of_template(source: str) -> Iterator[Message]:
    for function, literals in CALL.findall(templatize(source)):
        yield _message(function, [ast.literal_eval(literal) for literal in re.findall(LITERAL, literals)])


def _message(function: str, arguments: list[str]) -> Message:
    context, text, plural = (arguments[place] if place is not None else "" for place in PLACES[function])
    return context, text, plural
