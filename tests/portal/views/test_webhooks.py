"""The pages of webhooks: the secret once, tests and replays by a button, and the log in words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from reports.models import Event, Webhook, WebhookDelivery
from reports.webhooks import changing, secrets
from tenants.access import VISIT_ACTS, VISIT_SEES
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_webhook
from tests.recently import sign_in
from tests.reports.webhooks import steps
from tests.reports.webhooks.conftest import receiver, webhook

__all__ = ["receiver", "webhook"]
pytestmark = pytest.mark.django_db
WEBHOOKS = "/t/acme/settings/webhooks/"
NEW = f"{WEBHOOKS}new/"
SECRET = re.compile(r"whsec_[\w+/]+=*")
URL = "https://203.0.114.7/reports?key=sesame"
FORM = {"url": URL, "events": ["job.completed", "job.failed"], "description": "Data lake"}


def at(webhook, verb=""):
    return f"{WEBHOOKS}{webhook.pk}/{verb}"


def of(tenant):
    with tenant_scope(tenant):
        return list(Webhook.objects.for_tenant(tenant).order_by("created_at"))


def shown(response):
    return response.content.decode()


def found(response):
    return SECRET.findall(shown(response))


def test_a_new_webhook_shows_its_secret_in_the_answer(as_adam, acme):
    response = as_adam.post(NEW, FORM)

    (webhook,) = of(acme)
    assert response.status_code == 200
    assert found(response) == [secrets.read(webhook)]
    assert (webhook.url, webhook.events, webhook.description) == (URL, ["job.completed", "job.failed"], "Data lake")


def test_the_secret_is_kept_nowhere_and_shown_by_no_other_page(as_adam, acme, json_log):
    response = as_adam.post(NEW, FORM)

    (secret,), (webhook,) = found(response), of(acme)
    kept = [str(dict(session.get_decoded())) for session in Session.objects.all()]
    with tenant_scope(acme):
        kept += [str(event.__dict__) for event in AuditEvent.objects.filter(tenant=acme)]
    kept += [str(cookie) for cookie in response.cookies.values()] + [str(line) for line in json_log()]
    kept += [shown(as_adam.get(page)) for page in (WEBHOOKS, at(webhook), at(webhook, "edit/"), at(webhook, "replace/"))]
    assert [text for text in kept if secret in text] == []
    assert response["Cache-Control"] == "no-store"


def test_the_form_sent_again_makes_no_second_one(as_adam, acme):
    as_adam.post(NEW, FORM)

    again = as_adam.post(NEW, FORM)

    assert (again.status_code, found(again), len(of(acme))) == (422, [], 1)
    assert "for this address and these events already" in shown(again)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"url": ""}, "This field is required"),
        ({"url": "http://203.0.114.7/"}, "Only https"),
        ({"url": "https://10.0.0.1/"}, "not public"),
        ({"url": "https://no-such-host.invalid/"}, "not found in the domain name system"),
        ({"events": []}, "This field is required"),
        ({"events": ["webhook.ping"]}, "Select a valid choice"),
        ({"description": "x" * 201}, "at most 200 characters"),
    ],
)
def test_what_it_cannot_be_is_said_at_its_place(as_adam, acme, changes, sentence):
    webhook = make_webhook(tenant=acme)

    answers = [as_adam.post(path, FORM | changes) for path in (NEW, at(webhook, "edit/"))]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert all(sentence in shown(answer) for answer in answers)
    assert [row.version for row in of(acme)] == [1]


def test_everything_is_everything_whatever_else_is_ticked(as_adam, acme):
    as_adam.post(NEW, FORM | {"events": ["*", "job.failed"]})

    assert [webhook.events for webhook in of(acme)] == [["*"]]
    assert "Everything" in shown(as_adam.get(WEBHOOKS))


def test_the_eleventh_is_refused_with_what_to_do(as_adam, acme):
    for _ in range(10):
        make_webhook(tenant=acme)

    assert "Delete one that is not needed" in shown(as_adam.post(NEW, FORM))


def test_an_address_that_stays_is_not_looked_up_again(as_adam, acme):
    webhook = make_webhook(tenant=acme, url="https://no-such-host.invalid/")

    response = as_adam.post(at(webhook, "edit/"), FORM | {"url": webhook.url})

    assert response.status_code == 303
    assert of(acme)[0].events == ["job.completed", "job.failed"]


def test_viewers_see_none_of_it_and_do_none_of_it(as_alice, acme):
    webhook = make_webhook(tenant=acme)

    reads = [as_alice.get(path) for path in (WEBHOOKS, NEW, at(webhook))]
    acts = [as_alice.post(at(webhook, verb)) for verb in ("pause/", "test/", "replace/", "remove/", "replay/", "edit/")]

    assert {answer.status_code for answer in [*reads, *acts]} == {403}
    assert "Webhooks" not in shown(as_alice.get("/t/acme/"))
    assert of(acme)[0].version == 1


def test_a_new_one_and_a_new_secret_ask_for_a_password_that_is_old(client, adam, acme):
    webhook = make_webhook(tenant=acme)
    client.force_login(adam)

    answers = [client.get(path) for path in (NEW, at(webhook, "replace/"))]
    posted = client.post(at(webhook, "replace/"), {"hint": webhook.secret_hint})

    assert all(answer["Location"].startswith("/accounts/reauthenticate/") for answer in answers)
    assert (posted.status_code, of(acme)[0].version) == (403, 1)


def test_a_new_secret_is_shown_once_and_the_form_sent_again_replaces_nothing(as_adam, acme):
    webhook = make_webhook(tenant=acme)

    first = as_adam.post(at(webhook, "replace/"), {"hint": webhook.secret_hint})
    again = as_adam.post(at(webhook, "replace/"), {"hint": webhook.secret_hint})

    (row,) = of(acme)
    assert found(first) == [secrets.read(row)]
    assert "signs too until" in shown(first)
    assert (again.status_code, found(again)) == (422, [])
    assert "replaced meanwhile" in shown(again)
    assert "signs too until" in shown(as_adam.get(at(webhook)))


def test_a_test_says_what_came_back(as_adam, acme, receiver, webhook):
    arrived = as_adam.post(at(webhook, "test/"), follow=True)
    receiver.answers(500)
    failed = as_adam.post(at(webhook, "test/"), follow=True)

    assert "The test arrived: 204 in" in shown(arrived)
    assert "The test did not arrive: 500 in" in shown(failed)
    assert "Look into the receiver" in shown(failed)
    assert [row.event.type for row in steps.deliveries(acme)] == ["webhook.ping"] * 2


def test_no_more_than_two_tests_of_a_company_hold_the_web_server(as_adam, acme, webhook):
    now = timezone.now()
    lease = {"next_try_at": now + timedelta(seconds=50), "lease_until": now + timedelta(seconds=50)}
    with tenant_scope(acme):
        for _ in range(2):
            event = Event.objects.create(tenant=acme, type=Event.Type.PING, created_at=now, body="{}")
            WebhookDelivery.objects.create(tenant=acme, webhook=webhook, event=event, tries=1, created_at=now, **lease)

    response = as_adam.post(at(webhook, "test/"), follow=True)

    assert "Wait until they have ended" in shown(response)
    assert len(steps.deliveries(acme)) == 2


def test_pausing_and_resuming_by_a_button(as_adam, acme, webhook):
    paused = as_adam.post(at(webhook, "pause/"), follow=True)
    resumed = as_adam.post(at(webhook, "resume/"), follow=True)

    assert "Somebody of your company paused it" in shown(paused)
    assert "Resumed" in shown(resumed)
    assert of(acme)[0].status == "active"


def test_one_that_the_portal_switched_off_says_why_and_what_to_do(as_adam, acme, receiver, webhook):
    receiver.answers(410)
    steps.happen(acme)
    steps.send_all()

    page = shown(as_adam.get(at(webhook)))

    assert "Switched off because the receiver answered 410" in page
    assert "press Test, then Resume" in page
    assert "Switched off" in shown(as_adam.get(WEBHOOKS))


def test_the_log_says_what_came_back_and_when_it_is_tried_again(as_adam, acme, receiver, webhook):
    receiver.answers(503)
    steps.happen(acme)
    steps.send_all()

    page, list_page = shown(as_adam.get(at(webhook))), shown(as_adam.get(WEBHOOKS))

    for words in ("A report is ready", "Will be tried again", "503 in", "another status than 2xx", "Next try", "Times are those of"):
        assert words in page
    assert "Nothing arrived since" in page
    assert "Nothing arrived since" in list_page


def test_after_one_that_arrived_nothing_fails_any_more(as_adam, acme, receiver, webhook):
    receiver.answers(503)
    steps.happen(acme)
    steps.send_all()
    receiver.answers(204)
    steps.happen(acme, now=timezone.now())
    steps.send_all()

    page = shown(as_adam.get(WEBHOOKS))

    assert "Nothing arrived since" not in page
    assert "None yet" not in page


def test_the_log_can_be_of_one_state(as_adam, acme, receiver, webhook):
    steps.happen(acme, Event.Type.JOB_FAILED)
    steps.send_all()
    steps.happen(acme, Event.Type.LINK_DOWNLOADED)

    def pages(status):
        page = shown(as_adam.get(f"{at(webhook)}?status={status}"))
        return "job.failed" in page, "link.downloaded" in page

    assert (pages("taken"), pages("open"), pages("dead"), pages("")) == ((True, False), (False, True), (False, False), (True, True))
    assert "No message is in this state" in shown(as_adam.get(f"{at(webhook)}?status=dead"))


def test_what_waits_for_a_paused_webhook_says_so(as_adam, acme, webhook):
    steps.happen(acme)
    with tenant_scope(acme):
        changing.pause(webhook, Actor("olga@acme.example"), now=timezone.now())

    assert "Goes when the webhook is resumed" in shown(as_adam.get(at(webhook)))


def test_a_message_shows_its_tries_and_what_was_sent(as_adam, acme, receiver, webhook):
    receiver.answers(302)
    event = steps.happen(acme, reference="case <4711>")
    steps.send_all()
    (delivery,) = steps.deliveries(acme)

    page = shown(as_adam.get(at(webhook, f"messages/{delivery.pk}/")))

    for words in (
        str(event.pk),
        "302 in",
        "we follow nobody",
        "1 of 10",
        "case &lt;4711&gt;",
        "&quot;type&quot;: &quot;job.completed&quot;",
    ):
        assert words in page


def test_one_message_is_sent_again(as_adam, acme, receiver, webhook):
    steps.happen(acme)
    steps.send_all()
    (delivery,) = steps.deliveries(acme)

    response = as_adam.post(at(webhook, f"messages/{delivery.pk}/replay/"), follow=True)
    steps.send_all()

    assert "1 event is sent again now." in shown(response)
    assert receiver.requests == 2


def test_what_is_on_its_way_is_not_sent_twice(as_adam, acme, webhook):
    steps.happen(acme)
    steps.take()
    (delivery,) = steps.deliveries(acme)

    response = as_adam.post(at(webhook, f"messages/{delivery.pk}/replay/"), follow=True)

    assert "On its way" in shown(response)
    assert "It is on its way just now" in shown(response)


def test_everything_since_a_time_is_sent_again(as_adam, acme, receiver, webhook):
    now = timezone.now()
    steps.happen(acme, now=now - timedelta(days=2))
    steps.happen(acme, now=now - timedelta(hours=2))
    steps.send_all()

    day = as_adam.post(at(webhook, "replay/"), {"since": "86400"}, follow=True)
    steps.send_all()

    assert "1 event is sent again now." in shown(day)
    assert receiver.requests == 3
    assert as_adam.post(at(webhook, "replay/"), {"since": "1"}).status_code == 422


def test_deleting_asks_first(as_adam, acme, webhook):
    asked = as_adam.get(at(webhook, "remove/"))

    deleted = as_adam.post(at(webhook, "remove/"), follow=True)

    assert "This cannot be undone" in shown(asked)
    assert "was deleted. Nothing is sent there any more." in shown(deleted)
    assert of(acme) == []


def test_what_is_not_there_is_404(as_adam, globex, acme, webhook):
    theirs = make_webhook(tenant=globex)
    steps.happen(acme)
    (delivery,) = steps.deliveries(acme)
    other = make_webhook(tenant=acme)

    assert as_adam.get(at(theirs)).status_code == 404
    assert as_adam.get(at(other, f"messages/{delivery.pk}/")).status_code == 404


def test_staff_on_a_visit_see_and_do_none_of_it():
    assert not {"webhooks.view", "webhooks.manage"} & (VISIT_SEES | VISIT_ACTS)


def test_without_any_the_page_says_what_they_are_for(client, olga):
    assert "No webhooks yet" in shown(sign_in(Client(), olga).get(WEBHOOKS))
