"""What the documents promise exists: targets, files, settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from tenants import roles

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOLDERS = ("portal", "reports", "tenants", "templates", "tests", "docs", "deploy", "requirements", ".ci")
SETTING = re.compile(r"\b(?:(?:PORTAL|DATABASE|S3|AWS|EMAIL|CACHE|METRICS|TRUSTED|ALLOWED|LOG)_[A-Z0-9_]*[A-Z0-9]|SECRET_KEY\w*|DEBUG)\b")
# boto3's own, which the pretend AWS's page shows and no deployment needs in the environment.
BOTO3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def read(document):
    return document.read_text(encoding="utf-8")


def names(document):
    return str(document.relative_to(ROOT))


def code(text):
    """What stands between backticks, and in fenced blocks."""
    return re.findall(r"`([^`\n]+)`", text) + re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_every_make_target_that_is_named_exists(document):
    targets = set(re.findall(r"^([a-z]+):", read(ROOT / "Makefile"), re.M))

    named = {target for piece in code(read(document)) for target in re.findall(r"\bmake ([a-z]+)", piece)}

    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_every_file_that_is_named_exists(document):
    paths = {piece.rstrip("/") for piece in code(read(document)) if re.fullmatch(rf"({'|'.join(map(re.escape, FOLDERS))})/[\w./-]+", piece)}
    links = {link for link in re.findall(r"\]\(([^)#:]+)\)", read(document))}

    missing = [path for path in paths if not (ROOT / path).exists()] + [link for link in links if not (document.parent / link).exists()]

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_every_setting_that_is_named_is_in_the_example(document):
    listed = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", read(ROOT / ".env.example"), re.M))

    named = {name for piece in code(read(document)) for name in SETTING.findall(piece)}

    assert named - listed - BOTO3 == set()


def test_the_readme_names_both_commands_and_every_login_variable():
    readme = read(ROOT / "README.md")

    assert "make demo\nmake test\n" in readme
    assert [name for name in roles.URL_VARIABLES.values() if f"`{name}`" not in readme] == []


def test_every_fault_has_a_test_and_every_test_that_is_named_exists():
    rows = [row for row in read(ROOT / "docs" / "faults.md").splitlines() if re.match(r"\| \d+ \|", row)]

    named = [(int(row.split("|")[1]), re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)) for row in rows]
    missing = [(file, test) for _, tests in named for file, test in tests if f"def {test}(" not in read(ROOT / file)]

    assert sorted({number for number, tests in named if tests}) == list(range(1, 25))
    assert [number for number, tests in named if not tests] == []
    assert missing == []
