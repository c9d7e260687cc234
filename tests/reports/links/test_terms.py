"""What somebody who makes a link may decide, and what a mailed one inherits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reports import links
from reports.links import Terms
from reports.models import Link, Notice
from reports.refused import Refused
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.factories import make_delivery, make_file, make_job, make_link, make_occurrence, make_schedule

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example")


def create(job, terms, now):
    with tenant_scope(job.tenant):
        return links.create(job, ADAM, terms, now=now).link


def mailed(job, now, **schedule):
    schedule = make_schedule(tenant=job.tenant, report=job.report, **schedule)
    occurrence = make_occurrence(schedule=schedule, planned_at=now)
    delivery = make_delivery(job=job, address="gm@azurebay.example", occurrence=occurrence, language="de")
    with tenant_scope(job.tenant):
        return links.for_delivery(delivery, now=now)


def test_days_downloads_and_protection_are_chosen_within_limits(ready, now):
    link = create(ready, Terms(days=3, max_uses=2, protection="passcode", passcode="open sesame"), now)

    assert (link.expires_at, link.max_uses, link.protection) == (now + timedelta(days=3), 2, "passcode")
    assert "sesame" not in link.passcode


@pytest.mark.parametrize(
    ("terms", "place"),
    [
        (Terms(days=0), "days"),
        (Terms(days=91), "days"),
        (Terms(max_uses=0), "max_uses"),
        (Terms(max_uses=1001), "max_uses"),
        (Terms(protection="passcode", passcode="abcde"), "passcode"),
        (Terms(protection="passcode", passcode="x" * 65), "passcode"),
        (Terms(protection="mailed"), "email"),
        (Terms(max_uses=1), "protection"),
        (Terms(email="nobody"), "email"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused_at_their_place(terms, place, ready, now):
    with pytest.raises(Refused) as refused:
        create(ready, terms, now)

    assert refused.value.places[0].path == (place,)
    with tenant_scope(ready.tenant):
        assert not Link.objects.exists()


@pytest.mark.parametrize("terms", [Terms(max_uses=1, protection="passcode", passcode="123456"), Terms(1, 1, "mailed", "", "a@b.example")])
def test_one_download_is_offered_with_a_passcode_or_a_code(terms, ready, now):
    assert create(ready, terms, now).max_uses == 1


def test_a_mailed_link_is_as_its_schedule_has_it_else_as_the_tenant_has_it(ready, now):
    own = mailed(ready, now, link_days=2, link_max_uses=5, link_protection="passcode", link_passcode="hash").link
    other = make_job(tenant=ready.tenant, report=ready.report, status="completed", now=now)
    inherited = mailed(other, now).link

    assert (own.expires_at, own.max_uses, own.protection, own.passcode) == (now + timedelta(days=2), 5, "passcode", "hash")
    assert (inherited.expires_at, inherited.max_uses, inherited.protection) == (now + timedelta(days=30), 50, "")
    assert (own.email, own.language) == ("gm@azurebay.example", "de")


def test_a_mailed_link_for_one_download_asks_for_a_mailed_code_even_where_nobody_said_so(ready, now):
    assert mailed(ready, now, link_max_uses=1).link.protection == "mailed"


def test_a_delivery_gets_the_same_address_each_time_and_only_its_hash_is_stored(ready, now):
    first = mailed(ready, now)
    with tenant_scope(ready.tenant):
        again = links.for_delivery(first.link.delivery, now=now + timedelta(hours=1))
        stored = Link.objects.values().get()

    assert again.url == first.url
    assert first.url.rsplit("/", 1)[1] not in str(stored)


class TestTheLinkOfANotice:
    def notice(self, link, kind="new_link"):
        with tenant_scope(link.tenant_id):
            return Notice.objects.create(
                tenant=link.tenant, kind=kind, key=f"{kind} {link.pk}", address=link.email, link=link, created_at=link.created_at
            )

    def test_lives_anew_with_the_terms_of_the_old_one_and_has_the_same_address_on_each_try(self, ready, now):
        old = mailed(ready, now, link_days=2, link_max_uses=5, link_protection="mailed").link
        notice, later = self.notice(old), now + timedelta(days=3)

        with tenant_scope(ready.tenant):
            made, again = (links.for_notice(notice, now=later + timedelta(hours=tried)) for tried in range(2))

        assert made.url == again.url
        assert made.link.pk != old.pk
        assert (made.link.expires_at, made.link.max_uses, made.link.uses) == (later + timedelta(days=2), 5, 0)
        assert (made.link.email, made.link.language, made.link.protection) == (old.email, "de", "mailed")

    def test_is_not_made_once_the_old_one_was_revoked(self, ready, now):
        old = mailed(ready, now).link
        notice = self.notice(old)
        with tenant_scope(ready.tenant):
            links.revoke(old, ADAM, now=now)

        with tenant_scope(ready.tenant), pytest.raises(Refused):
            links.for_notice(Notice.objects.get(pk=notice.pk), now=now)

    def test_of_files_that_are_there_again_is_the_link_that_was_mailed(self, ready, now):
        first = mailed(ready, now)

        with tenant_scope(ready.tenant):
            again = links.for_notice(self.notice(first.link, "ready_again"), now=now)

        assert again.url == first.url

    def test_of_files_that_are_there_again_gives_no_more_than_what_was_left(self, ready, now):
        old, _token = make_link(job=ready, now=now, email="gm@azurebay.example", max_uses=5, uses=3)

        with tenant_scope(ready.tenant):
            made = links.for_notice(self.notice(old, "ready_again"), now=now).link

        assert (made.max_uses, made.expires_at) == (2, old.expires_at)


def test_a_link_made_after_a_correction_shows_the_newest_version_too(ready, now):
    second = make_job(tenant=ready.tenant, report=ready.report, status="completed", now=now, replaces=ready)
    third = make_job(tenant=ready.tenant, report=ready.report, status="completed", now=now, replaces=second)
    make_file(job=third)

    assert create(ready, None, now).superseded_by == third
