"""Who guesses, scans or hammers, and what the log knows of it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reports.models import Download, Link
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    return Client()


def test_a_scanner_that_visits_each_address_fifty_times_burns_nothing_and_is_not_held_up(visitor, ready_job):
    paths = [f"/d/{ready_job.tenant.code}/{make_link(job=ready_job)[1]}" for _ in range(3)]

    answers = [getattr(visitor, method)(path).status_code for path in paths for _ in range(25) for method in ("get", "head")]

    assert answers == [200] * 150
    with tenant_scope(ready_job.tenant):
        assert not Download.objects.exists()
        assert set(Link.objects.values_list("uses", "wrong_codes")) == {(0, 0)}


# More than one minute lets through, even if the next one begins meanwhile.
MANY = 61


def test_thirty_presses_a_minute_are_answered_and_others_wait(visitor, link):
    answers = [visitor.post(link[1], {"act": "send-code"}) for _ in range(MANY)]

    last = next(answer for answer in answers if answer.status_code == 429)
    assert {answer.status_code for answer in answers[:30]} == {200}
    assert last["Retry-After"] == "60"
    assert "Please wait a minute" in last.content.decode()
    assert visitor.get(link[1]).status_code == 200
    assert visitor.post(link[1], {"act": "send-code"}, REMOTE_ADDR="192.0.2.77").status_code == 200


def test_addresses_that_are_not_there_can_be_tried_thirty_times_a_minute(visitor, acme):
    answers = [visitor.get(f"/d/{acme.code}/{'x' * 42}{number % 10}").status_code for number in range(MANY)]

    assert answers[:30] == [404] * 30
    assert 429 in answers


def test_one_customers_whole_ipv6_network_counts_as_one(visitor, acme):
    path = f"/d/{acme.code}/{'x' * 43}"

    answers = [visitor.get(path, REMOTE_ADDR=f"2001:db8:1:2::{number:x}").status_code for number in range(1, MANY + 1)]

    assert 429 in answers
    assert visitor.get(path, REMOTE_ADDR="2001:db8:1:3::1").status_code == 404


def test_unknown_addresses_cost_the_same_work_whatever_is_wrong_with_them(visitor, link, globex):
    """Time is not asserted; the statements are, and there is one page."""
    code, token = link[1].split("/")[2:]
    paths = [f"/d/{code}/{'x' * 43}", f"/d/AAAAAAAA/{token}", f"/d/{globex.code}/{token}", f"/d/nonsense!/{token}", f"/d/{code}/short"]
    visitor.get(paths[0])

    seen = []
    for path in paths:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = visitor.get(path)
        statements = [query["sql"].split(" ")[0] for query in queries if "cache" not in query["sql"]]
        seen.append((answer.status_code, answer.content, statements))

    assert len({(status, content, tuple(statements)) for status, content, statements in seen}) == 1


def test_no_token_reaches_log_audit_or_any_table(stored, visitor, ready_job, json_log, caplog):
    """The log is looked at as it is written, at its most talkative; the database as text, whole."""
    row, token = make_link(job=ready_job, email="gm@azurebay.example")
    path = f"/d/{ready_job.tenant.code}/{token}"

    with caplog.at_level("DEBUG"):
        for ask in (visitor.get, visitor.head, visitor.post, visitor.put):
            ask(path)
        visitor.post(path, {"act": "open", "passcode": "x"})
        visitor.get(f"{path}x")
        visitor.get(f"/D/{ready_job.tenant.code}/{token}/")
        Client(enforce_csrf_checks=True).post(path)

    assert token not in str(json_log())
    with tenant_scope(ready_job.tenant):
        assert Download.objects.filter(link=row).exists()
        assert token not in str(list(AuditEvent.objects.values()))
        assert token not in str(list(Download.objects.values()))
        assert token not in str(list(Link.objects.values()))
