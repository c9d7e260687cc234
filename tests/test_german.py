"""What customers and owners read in mails and on the pages behind links is complete in German; the rest of the portal is English so far."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils import translation

from tests.messages import Message, texts_of

ROOT = Path(settings.BASE_DIR)
GERMAN = ROOT / "locale" / "de" / "LC_MESSAGES"
# Whatever such a mail or page draws, with what it includes.
COMPLETE = [
    "templates/mail/*",
    "templates/link/*",
    "templates/base.html",
    "templates/sheet.html",
    "reports/mails/*.py",
    "reports/quotas.py",
    "reports/delivery/*.py",
    "reports/failures.py",
    "reports/links/*.py",
    "reports/occurrences/reasons.py",
    "portal/views/download.py",
    "portal/views/archive.py",
    "portal/archive_rows.py",
    "reports/recalling.py",
    "reports/words.py",
    "reports/cadence.py",
    "reports/periods.py",
    "reports/models/catalogue.py",
    "portal/words.py",
    "tenants/models/members.py",
]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%")


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(GERMAN / "django.po"))


def files() -> list[Path]:
    return [path for pattern in COMPLETE for path in sorted(ROOT.glob(pattern))]


def key(entry: polib.POEntry) -> Message:
    return entry.msgctxt or "", entry.msgid, entry.msgid_plural


def is_whole(entry: polib.POEntry) -> bool:
    return all(entry.msgstr_plural.values()) if entry.msgid_plural else bool(entry.msgstr)


def test_every_text_of_mails_and_customers_pages_is_there_in_german(catalogue):
    german = {key(entry) for entry in catalogue if is_whole(entry)} | {(c, t, "") for c, t, plural in map(key, catalogue) if plural}

    assert sorted(texts_of(files()) - german) == [], "add them to locale/de/LC_MESSAGES/django.po: `make messages`, then translate"


def test_no_translation_is_a_guess(catalogue):
    assert [entry.msgid for entry in catalogue if entry.fuzzy] == []
    assert "fuzzy" not in (GERMAN / "django.po").read_text()


def test_a_translation_keeps_what_is_filled_in(catalogue):
    def placeholders(text: str) -> list[str]:
        return sorted(PLACEHOLDER.findall(text))

    wrong = [
        (entry.msgid, text)
        for entry in catalogue
        for text in [entry.msgstr, *entry.msgstr_plural.values()]
        if text and placeholders(text) not in (placeholders(entry.msgid), placeholders(entry.msgid_plural))
    ]

    assert wrong == []


def test_what_runs_is_what_was_translated(catalogue):
    """Machines without GNU gettext run the compiled file as it is in the repository."""
    compiled = {key(entry): (entry.msgstr, entry.msgstr_plural) for entry in polib.mofile(str(GERMAN / "django.mo"))}

    assert compiled == {key(entry): (entry.msgstr, entry.msgstr_plural) for entry in catalogue.translated_entries()}, "run `make messages`"


def test_the_search_for_texts_finds_them():
    found = texts_of([ROOT / "templates" / "link" / "_facts.html", ROOT / "reports" / "words.py"])

    assert ("", "Link ends", "") in found
    assert ("", "That is in one day.", "That is in %(n)s days.") in found
    assert ("date format", "l j F Y", "") in found
    assert ("", "%(n)d bytes", "") in found


def test_german_is_spoken():
    with translation.override("de"):
        assert translation.gettext("Link ends") == "Link gültig bis"
        assert translation.ngettext("%(n)d minute", "%(n)d minutes", 2) == "%(n)d Minuten"
