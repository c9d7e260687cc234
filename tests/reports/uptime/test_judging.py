"""What each part of the service is like, by what the engine knows of itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from reports.models import Account, CapacitySample, Delivery, Heartbeat, MailBudget, ServicePart
from reports.restoring import mode
from reports.uptime.judging import WORKS, Verdict, judge
from tenants.models import Tenant
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests.factories import (
    make_account,
    make_delivery,
    make_destination,
    make_job,
    make_pause,
    make_webhook,
    make_webhook_delivery,
    the_account,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture(autouse=True)
def a_worker_lives(now) -> Account:
    with engine_scope():
        Heartbeat.objects.create(cluster="portal", beat_at=now)
    return the_account()


def judged(now) -> dict[str, Verdict]:
    with engine_scope():
        return judge(now)


def put_account(account: Account, **fields) -> None:
    with platform_scope():
        Account.objects.filter(pk=account.pk).update(**fields)


def sampled(account: Account, now: datetime, minutes: int, **fields) -> None:
    facts = {"slots": 5, "in_use": 5, "waiting": 9, "oldest_seconds": 1000, "throttled": 0, "delivered": 0, "failed": 0}
    with engine_scope():
        CapacitySample.objects.bulk_create(
            CapacitySample(account=account, at=now - number * MINUTE, **facts | fields) for number in range(minutes)
        )


def test_all_works_where_nothing_is_wrong_and_of_the_site_nobody_knows_yet(now):
    assert judged(now) == {"site": Verdict(""), "api": Verdict(""), "making": WORKS, "mail": WORKS, "elsewhere": WORKS}


class TestMaking:
    def test_an_engine_that_gives_no_sign_makes_nothing(self, now):
        with engine_scope():
            Heartbeat.objects.update(beat_at=now - 4 * MINUTE)

        assert judged(now)["making"] == Verdict("down", "engine_silent")

    @pytest.mark.parametrize(("column", "cause"), [("refused_since", "refused"), ("unanswered_since", "unanswered")])
    def test_an_account_that_rests_is_told_by_why(self, now, column, cause):
        put_account(the_account(), **{column: now})

        assert judged(now)["making"] == Verdict("down", cause)

    def test_one_account_of_two_is_slower_and_not_down(self, now):
        put_account(make_account(name="second"), refused_since=now)

        assert judged(now)["making"] == Verdict("slow", "refused")

    def test_an_account_without_slots_makes_nothing_anyway(self, now):
        put_account(make_account(name="unused"), slots=0, refused_since=now)

        assert judged(now)["making"] == WORKS

    def test_an_account_that_staff_paused_rests(self, now):
        make_pause(kind="account", account=the_account(), by="ines")

        assert judged(now)["making"] == Verdict("down", "paused")

    def test_a_paused_tenant_or_report_is_nobody_elses_trouble(self, now, acme, daily_calls):
        make_pause(kind="tenant", tenant=acme, by="ines")
        make_pause(kind="report", report=daily_calls)

        assert judged(now)["making"] == WORKS

    @pytest.mark.parametrize(
        ("minutes", "fields", "expected"),
        [
            (3, {}, Verdict("slow", "waits")),
            (2, {}, WORKS),
            (3, {"in_use": 4}, WORKS),
            (3, {"oldest_seconds": 900}, WORKS),
        ],
        ids=["full and long", "not for long yet", "a slot is free", "not long"],
    )
    def test_a_long_wait_with_all_slots_taken_is_slow(self, now, minutes, fields, expected):
        sampled(the_account(), now, minutes, **fields)

        assert judged(now)["making"] == expected


class TestMail:
    def test_a_mail_server_that_refuses_us_stops_all(self, now):
        with engine_scope():
            MailBudget.objects.create(sender="reports@mail.example", refused_since=now, next_send_at=now)

        assert judged(now)["mail"] == Verdict("down", "mail_refused")

    def test_a_pause_of_all_email_stops_all_and_one_of_a_tenant_does_not(self, now, acme):
        make_pause(kind="delivery", tenant=acme, by="ines")
        assert judged(now)["mail"] == WORKS

        make_pause(kind="delivery", by="ines")
        assert judged(now)["mail"] == Verdict("down", "mail_paused")

    @pytest.mark.parametrize(("minutes", "expected"), [(11, Verdict("slow", "mail_late")), (9, WORKS)])
    def test_what_is_due_for_ten_minutes_is_late(self, now, acme, globex, daily_calls, minutes, expected):
        for tenant in (acme, globex):
            make_delivery(job=make_job(tenant=tenant, report=daily_calls, status="completed"), next_try_at=now - minutes * MINUTE)

        assert judged(now)["mail"] == expected

    @pytest.mark.parametrize("why", ["paused", "suspended"])
    def test_what_rests_with_its_tenant_is_not_late(self, now, acme, globex, daily_calls, why):
        for tenant in (acme, globex):
            make_delivery(job=make_job(tenant=tenant, report=daily_calls, status="completed"), next_try_at=now - 60 * MINUTE)
        assert judged(now)["mail"] == Verdict("slow", "mail_late")
        if why == "paused":
            make_pause(kind="delivery", tenant=acme, by="ines")
        else:
            with platform_scope():
                Tenant.objects.filter(pk=acme.pk).update(suspended_at=now)

        assert judged(now)["mail"] == WORKS


class TestElsewhere:
    def test_a_file_that_is_due_for_ten_minutes_is_late_and_mail_is_not(self, now, acme, globex, daily_calls):
        for tenant in (acme, globex):
            job, server = make_job(tenant=tenant, report=daily_calls, status="completed"), make_destination(tenant=tenant)
            delivery = make_delivery(job=job, next_try_at=now - 11 * MINUTE)
            with tenant_scope(tenant):
                Delivery.objects.filter(pk=delivery.pk).update(channel="sftp", destination=server, address="", is_copy=False)

        found = judged(now)

        assert (found["elsewhere"], found["mail"]) == (Verdict("slow", "files_late"), WORKS)

    def test_so_is_a_message_to_a_webhook(self, now, acme, globex):
        for tenant in (acme, globex):
            make_webhook_delivery(webhook=make_webhook(tenant=tenant), next_try_at=now - 11 * MINUTE)

        assert judged(now)["elsewhere"] == Verdict("slow", "files_late")


def test_what_is_late_of_one_company_of_several_is_its_own(now, acme, globex, daily_calls):
    """Its flood, or its slow server."""
    make_delivery(job=make_job(tenant=acme, report=daily_calls, status="completed"), next_try_at=now - 11 * MINUTE)
    assert judged(now)["mail"] == WORKS

    make_delivery(job=make_job(tenant=globex, report=daily_calls, status="completed"), next_try_at=now - 11 * MINUTE)
    assert judged(now)["mail"] == Verdict("slow", "mail_late")


def test_restored_mode_stops_what_the_worker_does(now):
    mode.begin("declared")

    found = judged(now)

    assert {found[part] for part in ("making", "mail", "elsewhere")} == {Verdict("down", "restored")}
    assert found["site"] == Verdict("")


@pytest.mark.parametrize(
    ("ago", "expected"), [(0, Verdict("slow", "answers_slowly")), (4, Verdict("down", "no_answer"))], ids=["lately", "no more"]
)
def test_the_site_is_as_its_own_processes_found_it_or_silent(now, ago, expected):
    with engine_scope():
        ServicePart.objects.create(part="site", answered="slow", answered_cause="answers_slowly", answered_at=now - ago * MINUTE)

    assert judged(now)["site"] == expected
