"""A webhook's log, tests and replays over the API, against a receiver that speaks real HTTP; and events for who asks instead."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import jsonschema
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports.event_data import of_job
from reports.events import tell
from reports.models import Event, WebhookDelivery
from reports.webhooks import changing
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_job, make_webhook
from tests.reports.api.v1.conftest import V1Client, code
from tests.reports.webhooks import steps
from tests.reports.webhooks.conftest import receiver, webhook

__all__ = ["receiver", "webhook"]
EVENTS = "/api/v1/events/"


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme, scopes=("webhooks:write",))[1])


def at(webhook, verb="") -> str:
    return f"/api/v1/webhooks/{webhook.pk}/{verb}"


def as_text(moment) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


@pytest.mark.parametrize(
    ("status", "ok", "words"), [(204, True, "took it"), (500, False, "another status than 2xx"), (410, False, "gone for good")]
)
def test_a_test_says_what_the_receiver_answered(acme_v1, receiver, webhook, status, ok, words):
    receiver.answers(status)

    answer = acme_v1.post(at(webhook, "test/"))

    body = answer.json()
    assert answer.status_code == 200
    assert (body["ok"], body["response_status"]) == (ok, status)
    assert words in body["text"]
    assert body["duration_s"] >= 0
    assert receiver.requests == 1


def test_a_test_of_one_that_nobody_answers_for_is_no_error_of_the_api(acme_v1, receiver, webhook):
    receiver.refuse()

    body = acme_v1.post(at(webhook, "test/")).json()

    receiver.listen()
    assert (body["ok"], body["response_status"]) == (False, None)
    assert body["text"] == "Nobody listens at the address."


def test_the_log_tells_each_event_and_what_came_back(acme_v1, acme, receiver, webhook):
    event = steps.happen(acme)
    waiting = acme_v1.get(at(webhook, "deliveries/")).json()["results"]
    receiver.answers(503)
    steps.send_all()

    (row,) = acme_v1.get(at(webhook, "deliveries/")).json()["results"]

    assert [(row["attempt"], row["status"], row["error"]) for row in waiting] == [(0, "pending", None)]
    assert row.pop("duration_s") >= 0
    assert row.pop("next_attempt_at") > as_text(timezone.now())
    assert row | {"id": "", "created_at": ""} == {
        "id": "",
        "event": str(event.pk),
        "type": "job.completed",
        "status": "failed",
        "attempt": 1,
        "response_status": 503,
        "error": {"code": "not_2xx", "message": "The receiver did not take it: it answered with another status than 2xx."},
        "created_at": "",
        "ended_at": None,
    }


def test_what_waits_for_a_paused_webhook_has_no_next_time(acme_v1, acme, webhook):
    steps.happen(acme)
    with tenant_scope(acme):
        changing.pause(webhook, Actor("olga@acme.example"), now=timezone.now())

    assert [row["next_attempt_at"] for row in acme_v1.get(at(webhook, "deliveries/")).json()["results"]] == [None]


def test_the_log_can_be_of_one_state_and_of_one_type(acme_v1, acme, receiver, webhook):
    done = steps.happen(acme)
    steps.send_all()
    open_ = steps.happen(acme, Event.Type.JOB_FAILED)

    def events(query):
        return [row["event"] for row in acme_v1.get(f"{at(webhook, 'deliveries/')}?{query}").json()["results"]]

    assert events("") == [str(open_.pk), str(done.pk)]
    assert events("status=succeeded") == events("type=job.completed") == [str(done.pk)]
    assert events("status=pending,failed&type=job.failed") == [str(open_.pk)]
    assert code(acme_v1.get(f"{at(webhook, 'deliveries/')}?status=lost")) == (400, "invalid_request")


def test_a_page_of_the_log_costs_as_many_queries_as_one_row(acme_v1, acme, receiver, webhook):
    def queries():
        with CaptureQueriesContext(connection) as found:
            acme_v1.get(at(webhook, "deliveries/"))
        return len(found)

    steps.happen(acme)
    steps.send_all()
    queries()  # the first use of a key in a minute is noted
    one = queries()
    for _ in range(5):
        steps.happen(acme)
    steps.send_all()

    assert queries() == one


def test_one_is_sent_again_under_its_id(acme_v1, acme, receiver, webhook):
    event = steps.happen(acme)
    steps.send_all()
    (delivery,) = steps.deliveries(acme)

    answer = acme_v1.post(at(webhook, f"deliveries/{delivery.pk}/replay/"))
    steps.send_all()

    assert (answer.status_code, answer.json()["status"], answer.json()["attempt"]) == (202, "pending", 0)
    assert [got.headers["webhook-id"] for got in receiver.received] == [str(event.pk)] * 2


def test_a_delivery_is_found_below_its_own_webhook_alone(acme_v1, acme, webhook):
    steps.happen(acme)
    (delivery,) = steps.deliveries(acme)
    other = make_webhook(tenant=acme)

    for path in (at(other, f"deliveries/{delivery.pk}/replay/"), at(webhook, f"deliveries/{uuid.uuid4()}/replay/")):
        assert code(acme_v1.post(path)) == (404, "not_found")


def test_everything_since_a_time_is_sent_again(acme_v1, acme, receiver, webhook):
    now = timezone.now()
    steps.happen(acme, now=now - timedelta(hours=3))
    wanted = steps.happen(acme, Event.Type.JOB_FAILED, now=now - timedelta(hours=1))
    steps.send_all()

    answer = acme_v1.post(at(webhook, "replay/"), {"since": as_text(now - timedelta(hours=2)), "until": as_text(now)})
    none = acme_v1.post(at(webhook, "replay/"), {"since": as_text(now - timedelta(hours=4)), "types": ["link.downloaded"]})
    steps.send_all()

    assert (answer.status_code, answer.json(), none.json()) == (202, {"events": 1}, {"events": 0})
    assert receiver.received[-1].headers["webhook-id"] == str(wanted.pk)
    assert receiver.requests == 3
    assert code(acme_v1.post(at(webhook, "replay/"), {})) == (400, "invalid_request")


def test_events_are_listed_as_they_were_sent(acme_v1, acme, receiver, webhook, globex):
    steps.happen(globex)
    steps.happen(acme)
    steps.send_all()

    (row,) = acme_v1.get(EVENTS).json()["results"]

    assert row == json.loads(receiver.received[0].body)
    assert acme_v1.get(f"{EVENTS}?fields=type").json()["results"] == [{"id": row["id"], "type": "job.completed"}]


def test_events_can_be_polled_from_a_time_on(acme_v1, acme):
    now = timezone.now().replace(microsecond=0)
    kinds = (Event.Type.JOB_COMPLETED, Event.Type.JOB_FAILED, Event.Type.JOB_COMPLETED)
    first, second, third = (steps.happen(acme, kind, now=now + timedelta(minutes=minute)) for minute, kind in enumerate(kinds))

    def ids(query):
        return [row["id"] for row in acme_v1.get(f"{EVENTS}?{query}").json()["results"]]

    assert ids(f"created_after={as_text(second.created_at)}&order=created_at") == [str(second.pk), str(third.pk)]
    assert ids("type=job.completed") == [str(third.pk), str(first.pk)]
    page = acme_v1.get(f"{EVENTS}?order=created_at&limit=2").json()
    assert [row["id"] for row in acme_v1.get(page["next"].removeprefix("http://testserver")).json()["results"]] == [str(third.pk)]


def test_an_event_of_a_job_fits_the_document(acme_v1, acme, daily_calls):
    with tenant_scope(acme):
        job = make_job(tenant=acme, report=daily_calls, status="failed", failure_code="render_failed")
        tell(acme, Event.Type.JOB_FAILED, of_job(job), timezone.now())
    document = V1Client().get("/api/schema/").json()

    (row,) = acme_v1.get(EVENTS).json()["results"]

    jsonschema.validate(row, {"$ref": "#/components/schemas/EventOut", "components": document["components"]})
    assert row["data"]["failure"]["code"] == "render_failed"


def test_events_need_the_scope_of_webhooks(acme):
    assert code(V1Client(make_api_key(tenant=acme, scopes=("jobs:write",))[1]).get(EVENTS)) == (403, "missing_scope")


def test_a_deleted_log_is_gone_with_its_webhook_and_events_stay(acme_v1, acme, webhook):
    steps.happen(acme)

    acme_v1.call("DELETE", at(webhook))

    with tenant_scope(acme):
        assert not WebhookDelivery.objects.exists()
    assert len(acme_v1.get(EVENTS).json()["results"]) == 1
