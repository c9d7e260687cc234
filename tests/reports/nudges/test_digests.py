"""Owners hear on Monday morning how the week was, once, and can stop it without stopping anything else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest
from django.db import connection
from django.test import Client

from reports.delivery.unsubscribing import unsubscribe_url
from reports.mails.letters import letter_of_notice
from reports.models import DailyUsage, Notice, Suppression
from reports.nudges import digests
from tenants.models import Membership, Tenant
from tenants.scope import platform_scope, tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 16)


def always() -> bool:
    return True


@pytest.fixture
def berlin(acme) -> Tenant:
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(timezone="Europe/Berlin")
    acme.timezone = "Europe/Berlin"
    return acme


@pytest.fixture
def week(berlin, olga):
    """Something happened in it."""
    with tenant_scope(berlin):
        return DailyUsage.objects.create(tenant=berlin, day=MONDAY + timedelta(days=2), jobs=4, completed=3, failed=1, downloads=7)


# 07:00 in Berlin on the Monday after.
IN_TIME = datetime(2026, 11, 23, 6, tzinfo=UTC)


def made(tenant) -> list[Notice]:
    with tenant_scope(tenant):
        return list(Notice.objects.filter(tenant=tenant, kind=Notice.Kind.DIGEST).select_related("tenant"))


def letter(notice: Notice, now: datetime):
    with tenant_scope(notice.tenant_id):
        return letter_of_notice(notice, now).message


@pytest.mark.parametrize(
    ("at", "number"),
    [
        (IN_TIME - timedelta(minutes=1), 0),
        (IN_TIME, 1),
        (IN_TIME + timedelta(days=2, hours=16, minutes=59), 1),
        (IN_TIME + timedelta(days=2, hours=17), 0),
        (IN_TIME - timedelta(days=1), 0),
    ],
)
def test_it_comes_from_monday_at_seven_to_the_end_of_wednesday_in_the_company_s_zone(at, number, berlin, week):
    assert digests.make_all(at, always) == number


def test_it_tells_of_the_week_before(berlin, olga, week):
    digests.make_all(IN_TIME, always)
    (notice,) = made(berlin)

    message = letter(notice, IN_TIME)

    assert notice.address == olga.email
    assert notice.data == {"week": "2026-11-16"}
    assert message.subject == "Your week: 3 jobs delivered"
    assert "75.0 % without failure" in message.body
    assert "7 downloads" in message.body
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_it_says_what_needs_somebody_and_which_schedules_were_in_time(berlin, olga, week, daily_calls):
    schedule = factories.make_schedule(tenant=berlin, report=daily_calls, name="Morning calls")
    planned_at = datetime(2026, 11, 17, 6, 30, tzinfo=UTC)
    factories.make_occurrence(schedule=schedule, planned_at=planned_at, status="delivered")
    factories.make_occurrence(schedule=schedule, planned_at=planned_at + timedelta(days=1), status="failed")
    factories.make_destination(
        tenant=berlin, name="Head office", status="stopped", failure_code="host_key_changed", failing_since=planned_at
    )
    factories.make_api_key(tenant=berlin, name="crm-sync", expires_at=IN_TIME + timedelta(days=9))
    with tenant_scope(berlin):
        Suppression.objects.create(tenant=berlin, email="faro@customer.example", reason="bounced", at=planned_at)
    digests.make_all(IN_TIME, always)

    message = letter(made(berlin)[0], IN_TIME)

    assert message.subject == "Your week: 3 jobs delivered, 3 things need you"
    for line in (
        "- Morning calls: 1 of 2",
        "- Head office does not take",
        "- faro@customer.example bounces",
        "- The key crm-sync ends on 2 Dec",
    ):
        assert line in message.body


def test_twice_makes_it_once_and_a_new_owner_gets_it_too(berlin, olga, week):
    numbers = [digests.make_all(IN_TIME, always), digests.make_all(IN_TIME + timedelta(hours=1), always)]
    factories.make_member(tenant=berlin, email="nora@acme.example", role="owner")

    numbers.append(digests.make_all(IN_TIME + timedelta(hours=2), always))

    assert numbers == [1, 0, 1]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_it_once(berlin, olga, week):
    def make() -> None:
        try:
            digests.make_all(IN_TIME, always)
        finally:
            connection.close()

    threads = [Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made(berlin)) == 1


def test_admins_viewers_and_companies_where_nothing_happened_get_none(berlin, globex, bob, adam, week, olga):
    assert digests.make_all(IN_TIME, always) == 1
    assert made(globex) == []


def test_a_suspended_company_gets_none(berlin, week):
    with platform_scope():
        Tenant.objects.filter(pk=berlin.pk).update(suspended_at=IN_TIME)

    assert digests.make_all(IN_TIME, always) == 0


def test_one_click_stops_it_and_nothing_else(berlin, olga, week, settings):
    digests.make_all(IN_TIME, always)
    (notice,) = made(berlin)
    path = unsubscribe_url(notice).removeprefix(settings.PORTAL_BASE_URL)

    looked = Client().get(path)
    stopped = Client().post(path, {"List-Unsubscribe": "One-Click"})

    assert (looked.status_code, stopped.status_code) == (200, 200)
    assert "Stop the weekly email" in looked.content.decode()
    with tenant_scope(berlin):
        assert not Membership.objects.get(user=olga).digest
        assert not Suppression.objects.filter(tenant=berlin).exists()
    assert digests.make_all(IN_TIME + timedelta(days=7), always) == 0


def test_it_is_chosen_on_the_page_of_members(berlin, olga, client):
    client.force_login(olga)
    address = f"/t/{berlin.slug}/settings/members/weekly-mail/"

    client.post(address, {"wants": "0"})
    page = client.get(f"/t/{berlin.slug}/settings/members/").content.decode()

    with tenant_scope(berlin):
        assert not Membership.objects.get(user=olga).digest
    assert "Send it each Monday" in page


def test_an_admin_has_no_such_choice(berlin, adam, client):
    client.force_login(adam)

    answer = client.post(f"/t/{berlin.slug}/settings/members/weekly-mail/", {"wants": "0"})

    assert answer.status_code == 403
