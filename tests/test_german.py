"""What members and customers read, on pages and in mails, is complete in German. What staff and programs read is English."""

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
# Read by the platform's staff alone, or by programs and those who run the portal: they are English.
ENGLISH = [
    "templates/staff/*",
    "templates/api/*",
    "portal/local/**/*.py",
    "portal/management/**/*.py",
    "portal/platform_file/*.py",
    "portal/doctor/*.py",
    "portal/api_docs/*.py",
    "portal/catalogue_import/*.py",
    "portal/views/staff_*.py",
    "portal/views/api_docs.py",
    "portal/templatetags/staff.py",
    "portal/staff_pages.py",
    "portal/capacity_*.py",
    "portal/note_forms.py",
    "portal/onboarding*.py",
    "portal/queue_rows.py",
    "portal/retention_forms.py",
    "portal/slot_marks.py",
    "portal/pause_words.py",
    "portal/tag_forms.py",
    "portal/template_*.py",
    "portal/tenant_*.py",
    "portal/visit_forms.py",
    "reports/api/**/*.py",
    "reports/batches/*.py",
    "reports/importing/*.py",
    "reports/schedule_templates/[!o]*.py",
    "reports/caller_notes.py",
    "reports/catalogue.py",
    "reports/granting.py",
    "reports/legal_hold.py",
    "reports/pausing.py",
    "reports/suspending.py",
    "reports/tagging.py",
    "reports/models/imports.py",
    "reports/models/installation.py",
    "tenants/management/**/*.py",
]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%")


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(GERMAN / "django.po"))


def files() -> list[Path]:
    """Whatever draws a page or a mail for members or customers, or makes a sentence for one: all that is not said to be English."""
    sources = [path for app in ("portal", "reports", "tenants") for path in ROOT.glob(f"{app}/**/*.py")]
    templates = [path for path in ROOT.glob("templates/**/*") if path.is_file()]
    english = {path for pattern in ENGLISH for path in ROOT.glob(pattern)}
    return sorted({*sources, *templates} - english)


def key(entry: polib.POEntry) -> Message:
    return entry.msgctxt or "", entry.msgid, entry.msgid_plural


def is_whole(entry: polib.POEntry) -> bool:
    return all(entry.msgstr_plural.values()) if entry.msgid_plural else bool(entry.msgstr)


def test_every_text_for_members_and_customers_is_there_in_german(catalogue):
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
