"""The page of one run: where every delivery stands, its list as a table, and trying again."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from reports.models import Delivery, Download
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_audience, make_delivery, make_file, make_job, make_link, make_occurrence, make_schedule
from tests.portal.views.test_live import Reader

pytestmark = pytest.mark.django_db


def address(run, name="occurrence", *more):
    return reverse(name, args=["acme", run.schedule_id, run.pk, *more])


def page(browser, run, **query):
    answer = browser.get(address(run), query)
    assert answer.status_code == 200
    return answer.content.decode()


def again(delivery):
    with tenant_scope(delivery.tenant_id):
        return Delivery.objects.get(pk=delivery.pk)


@pytest.fixture
def run(acme, daily_calls):
    return make_occurrence(schedule=make_schedule(tenant=acme, report=daily_calls, name="Morning pack"), status="running")


@pytest.fixture
def job(acme, daily_calls, run):
    return make_job(tenant=acme, report=daily_calls, status="completed", occurrence=run)


@pytest.fixture
def mixed(job):
    """One delivery in each state."""
    soon = timezone.now() + timedelta(minutes=5)
    states = {
        "sent": {},
        "bounced": {"failure_code": "no_such_address", "answer": "550 no such mailbox"},
        "failed": {"failure_code": "not_accepted"},
        "suppressed": {"failure_code": "unsubscribed"},
        "waiting": {"status": "pending"},
        "retrying": {"status": "pending", "tries": 2, "failure_code": "mailbox_full", "answer": "452 mailbox full", "next_try_at": soon},
    }
    return {
        name: make_delivery(job=job, address=f"{name}@customer.example", **{"status": name} | fields) for name, fields in states.items()
    }


def test_a_sentence_says_where_all_deliveries_stand(as_adam, run, mixed):
    assert "1 of 5 delivered, 1 waiting, 1 retrying, 2 failed" in page(as_adam, run)


def test_what_is_not_done_comes_first_and_all_on_request(as_adam, run, mixed):
    first, everybody = page(as_adam, run), page(as_adam, run, status="all")

    assert [name for name in mixed if f"{name}@customer.example" in first] == ["bounced", "failed", "waiting", "retrying"]
    assert all(f"{name}@customer.example" in everybody for name in mixed)


def test_each_delivery_says_what_the_other_side_answered_and_what_comes_next(as_adam, run, mixed):
    shown = page(as_adam, run, status="all")

    assert "Their mailbox is full, 2 tries, next" in shown
    assert "452 mailbox full" in shown
    assert "Their mail server does not accept our email." in shown
    assert "The person stopped these emails." in shown
    assert "Waits for its files" in shown
    assert "Not opened yet" in shown


def test_a_download_is_told_with_its_time(as_adam, acme, run, job, mixed):
    link, _ = make_link(job=job, delivery=mixed["sent"], uses=1)
    file = make_file(job=job)
    with tenant_scope(acme):
        Download.objects.create(tenant=acme, file=file, link=link, actor=link.reference, at=timezone.now())

    assert "Downloaded, last today" in page(as_adam, run, status="all")


def test_a_run_that_did_not_happen_says_why(as_adam, acme, daily_calls):
    schedule = make_schedule(tenant=acme, report=daily_calls)
    missed = make_occurrence(schedule=schedule, status="missed", reason="portal_was_down", detail={"policy": "skip"})

    shown = page(as_adam, missed)

    assert "The portal was not running at that time" in shown
    assert "This run has no deliveries." in shown


def test_jobs_are_named_by_the_audiences_that_share_them(as_adam, run, job):
    north = make_audience(schedule=run.schedule, name="North")
    for number in range(3):
        make_delivery(job=job, address=f"{number}@customer.example", audience=north, audience_name="North")
    make_delivery(job=job, address="boss@customer.example")

    shown = page(as_adam, run)

    assert "All rows, North</a>" in shown
    assert "<span>1 person</span><span>3 people</span>" in shown


def test_the_page_lives_until_the_run_ends(as_adam, acme, run, mixed):
    reader = Reader(as_adam, address(run))
    assert reader.asks
    assert reader.ask().status_code == 204

    with tenant_scope(acme):
        Delivery.objects.filter(pk=mixed["waiting"].pk).update(status="sent", ended_at=timezone.now(), sent_at=timezone.now())
    assert "2 of 5 delivered" in reader.ask().content.decode()

    with tenant_scope(acme):
        type(run).objects.filter(pk=run.pk).update(status="partly_delivered", ended_at=timezone.now())
    assert reader.ask().status_code == 200
    assert reader.asks is None


def test_one_that_waits_is_tried_at_once(as_adam, acme, run, mixed):
    as_adam.post(address(run, "delivery_try", mixed["retrying"].pk))

    assert again(mixed["retrying"]).next_try_at <= timezone.now()
    with tenant_scope(acme):
        assert AuditEvent.objects.filter(action="delivery.tried_now", object_id=str(mixed["retrying"].pk)).exists()


@pytest.mark.parametrize("name", ["sent", "waiting", "failed"])
def test_one_that_no_try_helps_is_left_as_it_is(as_adam, run, mixed, name):
    answer = as_adam.post(address(run, "delivery_try", mixed[name].pk), follow=True)

    assert "is not waiting for another try any more" in answer.content.decode()
    assert again(mixed[name]).next_try_at is None


def test_the_list_is_a_table_that_no_spreadsheet_takes_for_formulas(as_adam, run, job):
    make_delivery(job=job, address="=cmd@customer.example", name="+49 30", status="failed", answer="@SUM(A1)")
    make_delivery(job=job, address="anna@customer.example", name="Anna", status="sent", sent_at=timezone.now())

    answer = as_adam.get(address(run, "occurrence_export"))

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert rows[0][:4] == ["Address", "Name", "Rows", "State"]
    by_address = {row[0]: row for row in rows[1:]}
    assert by_address["'=cmd@customer.example"][1] == "'+49 30"
    assert by_address["'=cmd@customer.example"][5] == "'@SUM(A1)"
    assert by_address["anna@customer.example"][3] == "Delivered"


def test_somebody_who_may_only_look_retries_nothing(as_alice, run, mixed):
    shown = page(as_alice, run)

    assert "Retry only what failed" not in shown
    assert "Try now" not in shown
    assert as_alice.post(address(run, "occurrence_retry")).status_code == 403
    assert as_alice.post(address(run, "delivery_try", mixed["retrying"].pk)).status_code == 403


def test_a_run_is_found_under_its_own_schedule_only(as_adam, acme, daily_calls, run):
    other = make_schedule(tenant=acme, report=daily_calls)

    assert as_adam.get(reverse("occurrence", args=["acme", other.pk, run.pk])).status_code == 404
