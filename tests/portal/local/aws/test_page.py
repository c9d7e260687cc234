"""docs/pretend-aws.md tells what there is, all of it: behaviours with their tests, switches, calls, options."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from portal.local.aws.client import ControlClient
from portal.local.aws.options import parser
from portal.local.aws.switches import OTHER_READINGS, WORDS, Switches

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
PAGE = (ROOT / "docs/pretend-aws.md").read_text(encoding="utf-8")
# A numbered item and its indented lines.
BEHAVIOURS = {int(number): text for number, text in re.findall(r"^(\d+)\. (.*\n(?: .*\n)*)", PAGE.partition("## Behaviours")[2], re.M)}
CODE = set(re.findall(r"`([^`\n]+)`", PAGE))
SWITCHES = {field.name for field in fields(Switches)}
AWAY = {"skip", "skipif", "xfail", "importorskip"}


def named_tests(text: str) -> list[str]:
    return re.findall(r"`([\w/]+\.py::\w+(?:::\w+)?)`", text)


@cache
def runnable_in(path: Path) -> dict[str, set[str]]:
    """Names of the tests in a file, as `test_x` or `TestX::test_x`, with the words that might keep each from being run."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    marks = [node for node in module.body if isinstance(node, ast.Assign) and "pytestmark" in ast.unparse(node)]
    around = set().union(*map(_attributes, marks))
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    found = {test.name: around | _attributes(test) for test in module.body if isinstance(test, ast.FunctionDef)}
    for group in classes:
        decorated = around.union(*map(_attributes, group.decorator_list))
        found |= {f"{group.name}::{test.name}": decorated | _attributes(test) for test in group.body if isinstance(test, ast.FunctionDef)}
    return found


def _attributes(node: ast.AST) -> set[str]:
    return {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}


def file_of(test: str) -> Path:
    name = test.partition("::")[0]
    return ROOT / name if "/" in name else HERE / name


def test_all_behaviours_are_listed_in_order() -> None:
    assert list(BEHAVIOURS) == list(range(1, 50))


@pytest.mark.parametrize("number", range(1, 50))
def test_every_behaviour_has_tests_that_exist_and_are_run(number: int) -> None:
    named = named_tests(BEHAVIOURS[number])

    assert named
    for test in named:
        name = test.partition("::")[2]
        assert name in runnable_in(file_of(test)), test
        assert not AWAY & runnable_in(file_of(test))[name], test


def test_no_test_of_the_pretend_aws_is_skipped() -> None:
    skipped = [f"{path.name}::{name}" for path in HERE.glob("test_*.py") for name, words in runnable_in(path).items() if AWAY & words]

    assert skipped == []


def test_every_choice_is_marked_and_has_a_switch_for_the_other_reading() -> None:
    chosen = {code for text in BEHAVIOURS.values() if "hoice" in text for code in re.findall(r"`(\w+)`", text)} & SWITCHES

    assert chosen == set(OTHER_READINGS)


def test_the_other_reading_of_every_choice_is_another_one() -> None:
    ours = Switches()
    ours.change(**OTHER_READINGS)

    assert [name for name, value in OTHER_READINGS.items() if getattr(Switches(), name) == value] == []
    assert set(WORDS) <= SWITCHES


def test_every_switch_call_and_option_is_told() -> None:
    calls = {name for name in vars(ControlClient) if not name.startswith("_")}
    told = {call for code in CODE for call in re.findall(r"(\w+)\(", code)}
    options = {text for action in parser()._actions for text in action.option_strings if text not in ("-h", "--help")}

    assert not SWITCHES - CODE
    assert not calls - told
    assert not options - {code.split()[0] for code in CODE}
