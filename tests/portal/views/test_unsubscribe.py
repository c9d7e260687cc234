from __future__ import annotations

import pytest
from django.test import Client

from reports.delivery.unsubscribing import unsubscribe_url
from reports.models import Suppression
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def delivery(acme, daily_calls):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
    return factories.make_delivery(job=job, address="kim@customer.example", status="sent")


@pytest.fixture
def path(delivery, settings):
    with tenant_scope(delivery.tenant_id):
        return unsubscribe_url(delivery).removeprefix(settings.PORTAL_BASE_URL)


@pytest.fixture
def stranger() -> Client:
    """Somebody without an account, whose forms are checked."""
    return Client(enforce_csrf_checks=True)


def reasons(tenant):
    with tenant_scope(tenant):
        return dict(Suppression.objects.values_list("email", "reason"))


def press(browser, path, **values):
    token = browser.get(path).context["csrf_token"]
    return browser.post(path, values | {"csrfmiddlewaretoken": token})


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_visit_changes_nothing(stranger, acme, path, method):
    for _ in range(50):
        response = getattr(stranger, method)(path)

    assert response.status_code == 200
    assert (response["X-Robots-Tag"], response["Cache-Control"]) == ("noindex", "no-store")
    assert b"<script" not in response.content
    assert reasons(acme) == {}


def test_the_button_stops_the_mails_and_another_one_starts_them_again(stranger, acme, path):
    stopped = press(stranger, path, do="stop")
    while_stopped = reasons(acme)
    started = press(stranger, path, do="start")

    assert "No more emails" in stopped.content.decode()
    assert while_stopped == {"kim@customer.example": "unsubscribed"}
    assert "sends its reports to k•••@customer.example again" in started.content.decode()
    assert reasons(acme) == {}


def test_both_are_in_the_audit_trail(stranger, acme, path):
    press(stranger, path, do="stop")
    press(stranger, path, do="stop")
    press(stranger, path, do="start")

    with tenant_scope(acme):
        trail = list(AuditEvent.objects.filter(action__startswith="recipient.").order_by("at").values_list("action", "actor"))
    assert trail == [("recipient.unsubscribed", "the reader of an email"), ("recipient.resubscribed", "the reader of an email")]


def test_a_mail_programs_one_click_needs_no_form_of_ours(stranger, acme, path):
    response = stranger.post(path, ONE_CLICK, content_type=FORM)

    assert response.status_code == 200
    assert reasons(acme) == {"kim@customer.example": "unsubscribed"}


@pytest.mark.parametrize("body", ["", "do=stop", "List-Unsubscribe=Two-Clicks"])
def test_any_other_post_needs_the_token_of_our_form(stranger, acme, path, body):
    response = stranger.post(path, body, content_type=FORM)

    assert response.status_code == 403
    assert reasons(acme) == {}


def test_the_page_speaks_the_language_of_the_mail(stranger, acme, path, delivery):
    with tenant_scope(acme):
        type(delivery).objects.update(language="de")

    shown = stranger.get(path, headers={"Accept-Language": "en"}).content.decode()

    assert "Diese E-Mails abbestellen?" in shown


def test_an_address_that_bounced_cannot_be_started_from_here(stranger, acme, path, now):
    with tenant_scope(acme):
        Suppression.objects.create(tenant=acme, email="kim@customer.example", reason="bounced", at=now)

    shown = press(stranger, path, do="start").content.decode()

    assert "Start again" not in shown
    assert reasons(acme) == {"kim@customer.example": "bounced"}


@pytest.mark.parametrize(
    "wrong", [lambda path: path[:-1], lambda path: path[:-1] + ("A" if path[-1] != "A" else "B"), lambda path: path + "A"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_address_that_is_not_whole_leads_nowhere(client, acme, path, wrong, method):
    response = getattr(client, method)(wrong(path))

    assert response.status_code == 404
    assert acme.name not in response.content.decode()
    assert reasons(acme) == {}


def test_whatever_the_token_is_the_same_is_asked(client, acme, path, django_assert_num_queries):
    """Else the time of an answer would tell which ids there are."""
    code, token = path.split("/")[2:]
    with django_assert_num_queries(7):
        client.get(f"/u/{code}/{token[:-1]}")
    with django_assert_num_queries(7):
        client.get(f"/u/{code}/nothing-at-all")


def test_a_key_that_was_replaced_still_opens_old_mails(client, acme, path, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-0123456789-0123456789-0123456789-0123456789"

    assert client.get(path).status_code == 200


def test_the_log_has_neither_token_nor_address(stranger, path, json_log):
    press(stranger, path, do="stop")

    lines = str(json_log())
    assert "/u/" in lines
    assert path.rpartition("/")[2] not in lines
    assert "kim@customer" not in lines
