"""Addresses with what a page's own links and filters say in their queries, told of another company's: as of nobody's."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from itertools import zip_longest
from urllib.parse import quote, quote_plus

import pytest
from django.utils.html import escape

from tests.test_access_walk import OF_COMPANIES
from tests.test_isolation import OBJECTS

pytestmark = pytest.mark.django_db
# What a list could be told besides what its own links tell it.
ALSO = ("sort", "order", "order_by", "fields", "tenant", "tenant_id", "q", "before", "after", "cursor", "page")
# In a page from one request to the next: tokens of its forms, the time of day, how long something has been running.
VARIES = re.compile(
    r'\b[A-Za-z0-9]{64}\b|name="(form_)?key" value="[\w-]+"|\d\d:\d\d(:\d\d(\.\d+)?)?|data-elapsed="\d+">[^<]*<|data-since="[^"]*">[^<]*<'
)
NAMES = ("sort", "order", "order_by", "ordering", "fields")
ORDERS = (
    "tenant__name",
    "-tenant_id",
    "user__password",
    "created_by__password",
    "api_key__sha256",
    "links__token_sha256",
    "random()",
    "1; select 1",
)
HOSTILE = (
    *("\0", "a\0b", "%", "' or 1=1 --", "<script>alert(1)</script>", "../../etc/passwd"),
    *("-1", "9" * 400, "\u202e", "😀" * 300, "a" * 5000),
)


def test_a_filter_for_what_another_company_has_finds_what_one_for_nothing_finds(attacker):
    pairs = [(of(attacker.globex), unknown()) for of, unknown in map(OBJECTS.get, ("report", "job", "schedule", "group", "member"))]
    pairs += [(str(attacker.globex.tenant.pk), str(uuid.uuid4())), (attacker.globex.tenant.slug, "nocompany")]
    pairs += [(attacker.globex.owner.email, "owner@nobody.example"), (attacker.globex.tenant.name, "Nobody Airlines")]
    # A preview draws what is typed, its first letter too, and asks for nothing by it.
    asked = {(path, name) for path, name in attacker.queries(OF_COMPANIES) if not path.endswith("/branding/preview/")}

    for path, name in sorted(asked):
        for theirs, nobodys in pairs:
            answers = [attacker.get(path, {name: value}) for value in (theirs, nobodys)]

            seen, expected = [_told(answer, value) for answer, value in zip(answers, (theirs, nobodys), strict=True)]
            assert list(_differing(seen, expected)) == [], f"{path}?{name}={theirs}"
    assert len(asked) > 10


def test_no_order_is_by_what_a_page_does_not_show(attacker):
    """By which one could ask for a secret one letter after the other."""
    for path in _lists(attacker):
        plain = _told(attacker.get(path, dict.fromkeys(NAMES, "nonsense")), "nonsense")

        for order in ORDERS:
            ordered = _told(attacker.get(path, dict.fromkeys(NAMES, order)), order)
            assert list(_differing(ordered, plain)) == [], f"{path}?sort={order}"


def test_no_query_is_too_odd_for_an_answer(attacker):
    asked = [(path, (name,)) for path, name in sorted(attacker.queries(OF_COMPANIES))] + [(path, ALSO) for path in _lists(attacker)]

    for path, names in asked:
        for value in HOSTILE:
            answer = attacker.get(path, dict.fromkeys(names, value))

            assert answer.status_code in (200, 204, 302, 303, 400, 404, 422), f"{path}?{names}={value[:20]!r}"
            assert b"<script>alert(1)" not in answer.getvalue()


def _lists(attacker) -> list[str]:
    """Of the whole company: these have filters, orders and further pages."""
    lists = [address for address in OF_COMPANIES if not address.objects]
    return list(attacker.pages(lists))


def _told(answer, value: str) -> list[str]:
    """Without what was asked for, in each spelling, and without what differs each time."""
    body = VARIES.sub("", answer.getvalue().decode())
    # The second: in the way back to the list that stands in the address of one of its rows.
    for spelling in (escape(value), value.lower(), quote_plus(quote_plus(value)), quote_plus(value), quote(value, safe=""), value):
        body = body.replace(spelling, "…")
    return [str(answer.status_code), answer.get("Location", "").replace(quote_plus(value), "…"), *body.splitlines()]


def _differing(seen: list[str], expected: list[str]) -> Iterator[tuple[str, str]]:
    return ((one, other) for one, other in zip_longest(seen, expected, fillvalue="") if one != other)
