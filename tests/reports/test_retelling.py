"""What was stored as an English sentence is read in the reader's language, with its own words filled in."""

from __future__ import annotations

import pytest
from django.utils import translation

from reports.failures import cause_of
from reports.refused import Refused
from reports.retelling import retold
from reports.session_tags import refuse_unsafe_tags


def in_german(text: str) -> str:
    with translation.override("de"):
        return retold(text)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("It works.", "Es funktioniert."),
        ("Connected to port 22.", "Mit Port 22 verbunden."),
        (
            "The expression “61 7 * * *” is not a cron expression (bad minute). Example: 30 7 * * 1-5.",
            "Der Ausdruck „61 7 * * *“ ist kein Cron-Ausdruck (bad minute). Beispiel: 30 7 * * 1-5.",
        ),
        ("Region: must be one of North, South.", "Region: muss eines von North, South sein."),
        ("API key “data-lake”", "API-Schlüssel „data-lake“"),
        ("100% of it_works", "100% of it_works"),
        ("marta@azurebay.example", "marta@azurebay.example"),
        ("", ""),
    ],
)
def test_a_sentence_is_retold(stored, read):
    assert in_german(stored) == read
    assert retold(stored) == stored


def test_several_sentences_are_retold_one_by_one():
    with pytest.raises(Refused) as refused:
        refuse_unsafe_tags({"brand": " "}, ["tenant_id"], [], same_for_everyone=False)
    stored = f"{cause_of('rows_not_isolated').message} {refused.value.detail}"

    told = in_german(stored)

    assert "Das Sitzungsmerkmal „brand“ ist leer." in told
    assert "Das Sitzungsmerkmal „tenant_id“ fehlt." in told
    assert "Session" not in told


def test_what_is_known_in_part_stays_as_it_was():
    stored = "It works. And nobody ever wrote this down."

    assert in_german(stored) == stored


@pytest.mark.parametrize("stored", ["a. " * 600, "a: " * 600, "It works. " * 150 + "And more.", "API key “" * 200])
def test_what_others_said_at_any_length_is_shown_as_it_is(stored):
    assert in_german(stored) == stored
