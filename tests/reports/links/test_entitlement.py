"""Whom the link of a corrected or withdrawn report leads to its new version: who would be sent it today, asked at the click."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone

from reports import jobs, links
from reports.job_ends import job_ended
from reports.models import AudienceRecipient, Download, Grant, Link, Recipient, Schedule, SnapshotJob
from reports.recalling import recall
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
ADAM, VISITOR = Actor("adam@acme.example"), Actor("LNK-VISITOR1")
WHY = "Faro Beach was missing on Saturday."
EVA = "eva@customer.example"


@dataclass
class Sent:
    """A run of a schedule for the audience of Faro, mailed to Eva, and corrected since."""

    tenant: Tenant
    schedule: Schedule
    old: SnapshotJob
    new: SnapshotJob
    token: str
    link: Link


def finish(job, now, name, status="completed") -> None:
    with tenant_scope(job.tenant_id):
        SnapshotJob.objects.filter(pk=job.pk).update(status=status, finished_at=now, next_look_at=None)
        job.refresh_from_db()
        if status == "completed":
            factories.make_file(job=job, name=name)
        job_ended(job, now)


@pytest.fixture
def run(acme, daily_calls, now):
    schedule = factories.make_schedule(tenant=acme, report=daily_calls, slug="mornings")
    person = factories.make_recipient(tenant=acme, email=EVA)
    factories.make_audience(schedule=schedule, name="Faro", session_tags={"property": "faro"}, recipients=[person])
    occurrence = factories.make_occurrence(schedule=schedule, status="delivered")
    job = factories.make_job(
        tenant=acme, report=daily_calls, status="completed", now=now, occurrence=occurrence, narrowing_tags={"property": "faro"}
    )
    factories.make_file(job=job, name="faro.pdf")
    return job


def mail(job, address, now, **fields) -> tuple[Link, str]:
    """The link of a delivery, as its mail had it."""
    with tenant_scope(job.tenant):
        run, person = job.occurrence, Recipient.objects.get(email=address)
        audience = run.schedule.audiences.get(recipients=person)
    delivery = factories.make_delivery(
        job=job, address=address, status="sent", recipient=person, audience=audience, occurrence=run, sent_at=now
    )
    with tenant_scope(job.tenant):
        made = links.for_delivery(delivery, now=now)
        Link.objects.filter(pk=made.link.pk).update(**fields)
    return made.link, made.url.rpartition("/")[2]


@pytest.fixture
def sent(run, now) -> Sent:
    link, token = mail(run, EVA, now)
    with tenant_scope(run.tenant):
        new = jobs.correct(run, ADAM, WHY, now=now)
    finish(new, now, "faro-v2.pdf")
    return Sent(run.tenant, run.occurrence.schedule, run, new, token, link)


def seen(sent: Sent, now) -> Link:
    with tenant_scope(sent.tenant):
        return links.find(sent.tenant, sent.token)


def names(sent: Sent, now) -> list[str]:
    with tenant_scope(sent.tenant):
        return [file.name for file in links.offered(links.find(sent.tenant, sent.token), now)]


def eva(sent: Sent) -> Recipient:
    with tenant_scope(sent.tenant):
        return Recipient.objects.get(email=EVA)


def leave_audience(sent: Sent) -> None:
    with tenant_scope(sent.tenant):
        AudienceRecipient.objects.filter(tenant=sent.tenant).delete()


def move_to_other_rows(sent: Sent) -> None:
    leave_audience(sent)
    factories.make_audience(schedule=sent.schedule, name="Lagos", session_tags={"property": "lagos"}, recipients=[eva(sent)])


def move_to_another_schedule(sent: Sent) -> None:
    leave_audience(sent)
    other = factories.make_schedule(tenant=sent.tenant, report=sent.old.report, slug="evenings")
    factories.make_audience(schedule=other, session_tags={"property": "faro"}, recipients=[eva(sent)])


def leave_address_book(sent: Sent) -> None:
    with tenant_scope(sent.tenant):
        Recipient.objects.filter(tenant=sent.tenant).delete()


def lose_domain(sent: Sent) -> None:
    with platform_scope():
        Tenant.objects.filter(pk=sent.tenant.pk).update(recipient_domains=["acme.example"])


def lose_report(sent: Sent) -> None:
    with tenant_scope(sent.tenant):
        Grant.objects.update(withdrawn_at=timezone.now())


NO_LONGER = [leave_audience, move_to_other_rows, move_to_another_schedule, leave_address_book, lose_domain, lose_report]


def test_who_is_still_in_the_audience_has_both_versions(sent, now):
    link = seen(sent, now)

    assert names(sent, now) == ["faro-v2.pdf", "faro.pdf"]
    assert (link.superseded_by_id, link.may_know) == (sent.new.pk, True)


def test_a_retired_schedule_takes_nothing_from_who_was_in_it(sent, now):
    with tenant_scope(sent.tenant):
        Schedule.objects.filter(pk=sent.schedule.pk).update(retired_at=now, next_run_at=None)

    assert names(sent, now) == ["faro-v2.pdf", "faro.pdf"]


def test_who_gets_the_same_rows_by_another_audience_has_both(sent, now):
    leave_audience(sent)
    factories.make_audience(schedule=sent.schedule, name="Coast", session_tags={"property": "faro"}, recipients=[eva(sent)])

    assert names(sent, now) == ["faro-v2.pdf", "faro.pdf"]


def test_who_is_in_it_by_a_group_has_both(sent, now):
    leave_audience(sent)
    group = factories.make_group(tenant=sent.tenant, recipients=[eva(sent)])
    factories.make_audience(schedule=sent.schedule, name="Coast", session_tags={"property": "faro"}, groups=[group])

    assert names(sent, now) == ["faro-v2.pdf", "faro.pdf"]


@pytest.mark.parametrize("change", NO_LONGER)
def test_who_would_not_be_sent_it_any_more_has_the_old_version_and_learns_nothing_of_the_new_one(change, sent, now):
    change(sent)

    link = seen(sent, now)

    assert names(sent, now) == ["faro.pdf"]
    assert (link.superseded_by, link.status(now), link.may_know) == (None, "active", False)


@pytest.mark.parametrize("change", NO_LONGER)
def test_of_a_withdrawn_one_they_have_nothing(change, sent, now):
    with tenant_scope(sent.tenant):
        recall(sent.old, WHY, ADAM, now=now)
    change(sent)

    link = seen(sent, now)

    assert names(sent, now) == []
    assert (links.is_withdrawn(link), link.may_know) == (True, False)


def test_who_is_entitled_has_the_new_version_alone_once_the_old_one_is_withdrawn(sent, now):
    with tenant_scope(sent.tenant):
        recall(sent.old, WHY, ADAM, now=now)

    assert names(sent, now) == ["faro-v2.pdf"]


@pytest.mark.parametrize("change", NO_LONGER)
def test_the_new_version_is_refused_to_who_left_between_the_visit_and_the_click(change, sent, now):
    with tenant_scope(sent.tenant):
        link = links.find(sent.tenant, sent.token)
        newer = next(file for file in links.offered(link, now) if file.job_id == sent.new.pk)
    change(sent)

    with tenant_scope(sent.tenant):
        granted = links.redeem(link, [newer], VISITOR, repeated=False, now=now)

        assert not granted
        assert (Link.objects.get(pk=link.pk).uses, Download.objects.count()) == (0, 0)


def test_a_correction_with_other_rows_is_shown_to_nobody(sent, now):
    with tenant_scope(sent.tenant):
        SnapshotJob.objects.filter(pk=sent.new.pk).update(narrowing_tags={})

    assert names(sent, now) == ["faro.pdf"]


@pytest.mark.parametrize(
    "ended", [{"revoked_at": True}, {"expires_at": True}, {"uses": 50, "max_uses": 50}], ids=["revoked", "expired", "used up"]
)
def test_a_link_that_has_ended_gives_no_version(ended, sent, now):
    ended = {name: now - timedelta(minutes=1) if value is True else value for name, value in ended.items()}
    with tenant_scope(sent.tenant):
        Link.objects.filter(pk=sent.link.pk).update(**ended)
        link = links.find(sent.tenant, sent.token)

        granted = [links.redeem(link, [file], VISITOR, repeated=False, now=now) for file in links.offered(link, now)]

    assert granted == [False, False]


def test_one_on_the_copy_line_is_entitled_while_the_schedule_copies_to_them(run, now):
    with tenant_scope(run.tenant):
        Schedule.objects.filter(pk=run.occurrence.schedule_id).update(cc=["boss@customer.example"])
    copy = factories.make_delivery(job=run, address="boss@customer.example", status="sent", is_copy=True, sent_at=now)
    with tenant_scope(run.tenant):
        token = links.for_delivery(copy, now=now).url.rpartition("/")[2]
        new = jobs.correct(run, ADAM, WHY, now=now)
    finish(new, now, "faro-v2.pdf")
    sent = Sent(run.tenant, run.occurrence.schedule, run, new, token, None)

    before = names(sent, now)
    with tenant_scope(run.tenant):
        Schedule.objects.filter(pk=run.occurrence.schedule_id).update(cc=[])

    assert (before, names(sent, now)) == (["faro-v2.pdf", "faro.pdf"], ["faro.pdf"])


def test_one_made_by_hand_for_nobodys_address_leads_to_the_new_version(run, now):
    link, token = factories.make_link(job=run, now=now)
    with tenant_scope(run.tenant):
        new = jobs.correct(run, ADAM, WHY, withdraw=True, now=now)
    finish(new, now, "faro-v2.pdf")

    assert names(Sent(run.tenant, run.occurrence.schedule, run, new, token, link), now) == ["faro-v2.pdf"]


def test_a_new_version_that_was_withdrawn_itself_is_not_shown_in_place_of_the_old_one(sent, now):
    with tenant_scope(sent.tenant):
        recall(sent.new, "It was worse.", ADAM, now=now)

    assert names(sent, now) == ["faro.pdf"]


def test_many_links_are_asked_about_in_a_few_statements(run, now, django_assert_max_num_queries):
    with tenant_scope(run.tenant):
        audience = run.occurrence.schedule.audiences.get()
    tokens = []
    for number in range(12):
        person = factories.make_recipient(tenant=run.tenant, email=f"guest{number}@customer.example")
        with tenant_scope(run.tenant):
            AudienceRecipient.objects.create(tenant=run.tenant, audience=audience, recipient=person)
        tokens.append(mail(run, person.email, now)[1])
    with tenant_scope(run.tenant):
        new = jobs.correct(run, ADAM, WHY, now=now)
    finish(new, now, "faro-v2.pdf")

    with tenant_scope(run.tenant):
        found = list(Link.objects.select_related("tenant", "job", "superseded_by", "delivery__job", "delivery__occurrence__schedule").all())
        with django_assert_max_num_queries(3):
            entitled = links.entitled(found)

    assert len(entitled) == 12
