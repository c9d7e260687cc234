"""Every page of customers and members in German, without a text of the catalogue left in English. Read without a browser."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

import polib
import pytest
import urllib3
from django.conf import settings

from tests.browser.pages import PAGES, Page, nothing
from tests.browser.visit import Visitors, session_of

# Staff's and programmers' pages are English; those of a mail are in the language that the mail had.
ENGLISH = ("/staff/", "/api/", "/a/", "/u/")
# They lead on with a cookie of their own.
ELSEWHERE = {"sign-in-invited", "new-password", "schedule-mail", "schedule-mail-german", "schedule-mail-long"}
READ = [page for page in PAGES if page.act is nothing and not page.address.startswith(ENGLISH) and page.name not in ELSEWHERE]
# What the cast calls parameters of its reports, a report, and work on the service.
NAMES = {"Lines", "Period", "First day", "From", "Groups", "Daily call summary", "Planned work"}
ATTRIBUTES = ("aria-label", "title", "placeholder", "alt", "data-lost", "data-add", "data-remove", "data-label", "data-one", "data-many")
PLACE = re.compile(r"%\(\w+\)\w*?[sd]")
# What is a name in one of these is nobody's text: code, an answer of QuickSight, a mail inside a page.
QUIET = {"script", "style", "pre", "code", "iframe"}
ALONE = {"br", "hr", "img", "input", "link", "meta", "source", "wbr", "path"}


class Texts(HTMLParser):
    """What is read or heard of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lang, self.open, self.texts = "", list[tuple[str, bool]](), list[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "html":
            self.lang = known.get("lang") or ""
        quiet = tag in QUIET or known.get("lang", "de") != "de" or any(quiet for _tag, quiet in self.open)
        if not quiet:
            self.texts += [value for name in ATTRIBUTES if (value := known.get(name))]
        if tag not in ALONE:
            self.open.append((tag, quiet))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not any(quiet for _tag, quiet in self.open):
            self.texts.append(text)


@cache
def english() -> tuple[set[str], list[re.Pattern[str]]]:
    """Texts that read otherwise in German or have none, and patterns of those with something filled in."""
    catalogue = polib.pofile(str(settings.BASE_DIR / "locale" / "de" / "LC_MESSAGES" / "django.po"))
    pairs = [(entry.msgid, entry.msgstr) for entry in catalogue if not entry.msgid_plural]
    for entry in catalogue:
        if entry.msgid_plural:
            pairs += [(entry.msgid, entry.msgstr_plural[0]), (entry.msgid_plural, entry.msgstr_plural[1])]
    german = {german for _english, german in pairs}
    other = [text for text, translation in pairs if text != translation and text not in german]
    filled = [text for text in other if PLACE.search(text) and len(re.sub(r"\W", "", PLACE.sub("", text))) >= 6]
    return set(other), [re.compile(".+?".join(map(re.escape, PLACE.split(text.replace("%%", "%"))))) for text in filled]


@cache
def is_english(text: str) -> bool:
    exact, patterns = english()
    return text in exact or any(pattern.fullmatch(text) for pattern in patterns)


@pytest.fixture(scope="module")
def sessions() -> dict[str, str]:
    """By visitor: each signs in once."""
    return {}


@pytest.mark.parametrize("page", READ, ids=lambda page: page.name)
def test_a_page_is_german_from_head_to_foot(page: Page, visitors: Visitors, sessions: dict[str, str]):
    cookies = {settings.LANGUAGE_COOKIE_NAME: "de"}
    if page.visitor:
        if page.visitor not in sessions:
            sessions[page.visitor] = visitors.stack.rows(session_of, visitors.cast.people[page.visitor])
        cookies[settings.SESSION_COOKIE_NAME] = sessions[page.visitor]
    sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    with page.during(visitors.stack):
        answer = urllib3.request("GET", visitors.stack.address + page.address.format_map(visitors.cast.parts), headers=sent, redirect=False)

    found = Texts(answer.data.decode())

    assert answer.status == page.status
    assert len(found.texts) > 3
    assert [text for text in found.texts if is_english(text) and text not in NAMES] == []


def test_english_is_noticed():
    assert is_english("Skip to content")
    assert is_english("3 recipients")
    assert not is_english("Zum Inhalt springen")
    assert not is_english("Azure Bay")
