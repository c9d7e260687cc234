"""The files of a single job to people: named one by one, or by an audience, whose rows they then get."""

from __future__ import annotations

import pytest

from reports import handing, jobs
from reports.models import Audience, Delivery, Recipient, SnapshotJob
from reports.refused import Refused
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.occurrences import steps
from tests.reports.occurrences.conftest import NARROWED

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example")
NAMES = ("kim", "lee", "max")


@pytest.fixture
def report(acme):
    report = factories.make_report(slug="daily-calls", row_rules=NARROWED, parameters=[])
    factories.make_grant(tenant=acme, report=report)
    return report


@pytest.fixture
def north(acme, report) -> Audience:
    """Kim by name, Lee by a group, Max by both."""
    people = {name: factories.make_recipient(tenant=acme, email=f"{name}@customer.example", name=name.title()) for name in NAMES}
    kim, lee, both = people.values()
    group = factories.make_group(tenant=acme, recipients=[lee, both])
    schedule = factories.make_schedule(tenant=acme, report=report)
    return factories.make_audience(schedule=schedule, name="North", session_tags={"desk": "north"}, recipients=[kim, both], groups=[group])


def submit(tenant, now, **wanted) -> SnapshotJob:
    with tenant_scope(tenant):
        return jobs.submit(tenant, ADAM, jobs.Wanted("daily-calls", ["PDF"], **wanted), now=now)


def hand_to_all(job, now) -> None:
    with tenant_scope(job.tenant_id):
        handing.hand_to(job, handing.people_of(Recipient.objects.for_tenant(job.tenant)), now)


def ledger(job) -> list[tuple]:
    with tenant_scope(job.tenant_id):
        rows = Delivery.objects.filter(job=job).order_by("address")
        return [(row.address, row.status, row.failure_code, row.next_try_at) for row in rows]


class TestHandTo:
    def test_mails_wait_for_the_files_and_are_due_with_them(self, acme, report, now):
        factories.make_recipient(tenant=acme, email="kim@customer.example")
        job = submit(acme, now)
        hand_to_all(job, now)
        before = ledger(job)

        steps.complete(job, now)

        assert before == [("kim@customer.example", "pending", "", None)]
        assert ledger(job) == [("kim@customer.example", "pending", "", now)]

    def test_they_end_with_a_job_that_gives_no_files(self, acme, report, now):
        factories.make_recipient(tenant=acme, email="kim@customer.example")
        job = submit(acme, now)
        hand_to_all(job, now)

        steps.fail(job, now)

        assert ledger(job) == [("kim@customer.example", "failed", "job_failed", None)]

    def test_who_waited_for_a_job_that_failed_gets_the_files_of_the_one_that_runs_it_again(self, acme, report, now):
        factories.make_recipient(tenant=acme, email="kim@customer.example")
        stopped = factories.make_recipient(tenant=acme, email="stopped@customer.example")
        factories.make_suppression(tenant=acme, email=stopped.email)
        job = submit(acme, now)
        hand_to_all(job, now)
        steps.fail(job, now)

        with tenant_scope(acme):
            again = jobs.retry(job, ADAM, now=now)

        assert ledger(again) == [("kim@customer.example", "pending", "", None)]
        assert ledger(job) == [("stopped@customer.example", "suppressed", "bounced", None)]

    def test_running_a_job_again_that_was_delivered_sends_nothing_twice(self, acme, report, now):
        factories.make_recipient(tenant=acme, email="kim@customer.example")
        job = submit(acme, now)
        hand_to_all(job, now)
        steps.complete(job, now)

        with tenant_scope(acme):
            again = jobs.retry(job, ADAM, now=now)

        assert ledger(again) == []
        assert len(ledger(job)) == 1

    def test_one_address_twice_gets_one_mail(self, acme, report, now):
        factories.make_recipient(tenant=acme, email="kim@customer.example")
        job = submit(acme, now)

        with tenant_scope(acme):
            people = handing.people_of(Recipient.objects.for_tenant(acme))
            handing.hand_to(job, people + people, now)

        assert len(ledger(job)) == 1


class TestAudience:
    def test_its_tags_narrow_the_rows_of_the_job(self, acme, north, now):
        job = submit(acme, now, audience=north)

        assert (job.audience_id, job.narrowing_tags) == (north.pk, {"desk": "north"})

    def test_its_people_are_those_named_and_those_of_its_groups_each_once(self, acme, north, now):
        job = submit(acme, now, audience=north)

        with tenant_scope(acme):
            handing.hand_to(job, handing.people_in(north), now)
            rows = list(Delivery.objects.filter(job=job).order_by("address").values_list("name", "audience", "audience_name"))
        assert rows == [(name, north.pk, "North") for name in ("Kim", "Lee", "Max")]

    def test_a_key_of_the_company_narrows_nothing_and_is_refused(self, acme, report, now):
        schedule = factories.make_schedule(tenant=acme, report=report)
        wrong = factories.make_audience(schedule=schedule, name="Wrong", session_tags={"tenant_id": "globex"})

        with pytest.raises(Refused) as caught:
            submit(acme, now, audience=wrong)

        assert (caught.value.code, [place.path for place in caught.value.places]) == ("tag_not_narrowing", [("audience",)])
        assert "globex" not in caught.value.detail

    def test_a_report_whose_rules_do_not_know_the_key_is_refused(self, acme, north, now):
        factories.make_grant(tenant=acme, report=factories.make_report(slug="other", parameters=[]))

        with tenant_scope(acme), pytest.raises(Refused) as caught:
            jobs.submit(acme, ADAM, jobs.Wanted("other", ["PDF"], audience=north), now=now)

        assert caught.value.code == "tag_not_narrowing"

    def test_running_it_again_keeps_the_rows_it_was_made_for(self, acme, north, now):
        job = submit(acme, now, audience=north)
        steps.fail(job, now)
        with tenant_scope(acme):
            Audience.objects.filter(pk=north.pk).update(session_tags={})
            job = SnapshotJob.objects.select_related("tenant", "report").get(pk=job.pk)

            again = jobs.retry(job, ADAM, now=now)

        assert (again.audience_id, again.narrowing_tags) == (north.pk, {"desk": "north"})
