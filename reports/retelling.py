"""Sentences that were stored, in the reader's language.

What went wrong is stored as an English sentence: programs, logs and later releases read the same. Each is a text of the catalogue with its
words filled in, so the reader's text can be found again and filled in with the same ones.
"""

from __future__ import annotations

import gettext
import re
from functools import cache, lru_cache

from django.conf import settings
from django.utils.translation import get_language, gettext_noop

PLACE = re.compile(r"%\((\w+)\)[sd]")
# Who did something, where it was no person: how other modules name them.
ACTORS = (gettext_noop("API key “%(name)s”"), gettext_noop("schedule %(name)s"), gettext_noop("platform template %(name)s"))
# Of a text, beside what is filled in: less says too little about which one it is.
LEAST_LETTERS = 6
# Some of these texts are what others said, such as an SFTP server: more than ours ever say is theirs, and would take seconds to search.
LONGEST, MOST_ENDS = 2000, 12
END = re.compile(r"[.:?] ")


def retold(text: str) -> str:
    """As it is where the catalogue does not know all of it: half a sentence in each language helps nobody."""
    language = get_language() or settings.LANGUAGE_CODE
    if not text or language == settings.LANGUAGE_CODE or len(text) > LONGEST:
        return text
    return _in(language, text) or text


@lru_cache(maxsize=2000)
def _in(language: str, text: str) -> str:
    """One text of the catalogue, or several one after the other. Empty: it has none such."""
    exact, patterns = _catalogue(language)
    if text in exact:
        return exact[text]
    for pattern, translation in patterns:
        if found := pattern.fullmatch(text):
            return translation % {name: _in(language, value) or value for name, value in found.groupdict().items()}
    # The longest part first that is a text, then the rest.
    ends = [match.end() for match in END.finditer(text)]
    if len(ends) > MOST_ENDS:
        return ""
    for end in reversed(ends):
        if (first := _in(language, text[: end - 1])) and (rest := _in(language, text[end:])):
            return f"{first} {rest}"
    name, _colon, what = text.partition(": ")
    return f"{name}: {told}" if what and (told := _in(language, what)) else ""


@cache
def _catalogue(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Texts without anything to fill in; and the others, those that say most first."""
    known: dict[object, str] = gettext.translation("django", settings.LOCALE_PATHS[0], [language])._catalog  # type: ignore[attr-defined]
    exact, filled = {}, {}
    for text, translation in known.items():
        # Plurals are a pair, those with a context have a mark in them: neither is a sentence of this kind.
        if not isinstance(text, str) or not text or not translation or "\x04" in text:
            continue
        if PLACE.search(text):
            # What is filled in are words by now, numbers too.
            filled[text] = PLACE.sub(r"%(\1)s", translation)
        else:
            exact[text.replace("%%", "%")] = translation.replace("%%", "%")
    said = {text: len(re.sub(r"\W", "", PLACE.sub("", text))) for text in filled}
    usable = sorted((text for text in filled if said[text] >= LEAST_LETTERS), key=lambda text: -said[text])
    return exact, [(_pattern(text), filled[text]) for text in usable]


def _pattern(text: str) -> re.Pattern[str]:
    """The same name twice stands for the same words."""
    parts, seen, end = [], set(), 0
    for place in PLACE.finditer(text):
        parts.append(re.escape(text[end : place.start()].replace("%%", "%")))
        parts.append(f"(?P={place[1]})" if place[1] in seen else f"(?P<{place[1]}>.+?)")
        seen.add(place[1])
        end = place.end()
    return re.compile("".join(parts) + re.escape(text[end:].replace("%%", "%")), re.DOTALL)
