"""Withdrawing what was sent: from the commit on nobody gets it, and those who had it are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reports import files, jobs, links
from reports.delivery.last_look import reason_not_to_send
from reports.job_ends import job_ended
from reports.links import remaking
from reports.mails.letters import letter_of_notice
from reports.models import (
    Delivery,
    Download,
    Event,
    Grant,
    JobEvent,
    Link,
    Notice,
    Recipient,
    Review,
    SnapshotFile,
    SnapshotJob,
    Suppression,
)
from reports.recalling import recall
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent, Membership
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db
ADAM, VISITOR = Actor("adam@acme.example"), Actor("LNK-VISITOR1")
WHY = "Faro Beach was missing on Saturday."
EVA = "eva@customer.example"


@pytest.fixture
def ready(acme, daily_calls, now):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed", now=now)
    factories.make_file(job=job)
    return job


def withdraw(job, now, because=WHY) -> None:
    with tenant_scope(job.tenant_id):
        recall(SnapshotJob.objects.select_related("tenant").get(pk=job.pk), because, ADAM, now=now)


def finish(job, now, status="completed") -> None:
    with tenant_scope(job.tenant_id):
        SnapshotJob.objects.filter(pk=job.pk).update(status=status, finished_at=now, next_look_at=None)
        job.refresh_from_db()
        if status == "completed":
            factories.make_file(job=job)
        job_ended(job, now)


def correct(job, now, **how) -> SnapshotJob:
    with tenant_scope(job.tenant_id):
        job = SnapshotJob.objects.select_related("tenant", "report").get(pk=job.pk)
        return jobs.correct(job, ADAM, WHY, now=now, **how)


def fetch(link, now) -> bool:
    with tenant_scope(link.tenant_id):
        link = Link.objects.select_related("tenant", "job", "superseded_by").get(pk=link.pk)
        return links.redeem(link, [link.job.files.get()], VISITOR, repeated=False, now=now)


def told(tenant) -> list[tuple[str, str]]:
    with tenant_scope(tenant):
        return sorted(Notice.objects.values_list("kind", "address"))


def text_of(notice, now) -> str:
    letter = letter_of_notice(notice, now)
    return letter.message.body if letter else ""


def take_back_report(job) -> None:
    with tenant_scope(job.tenant_id):
        Grant.objects.update(withdrawn_at=timezone.now())


def row(job) -> SnapshotJob:
    with tenant_scope(job.tenant_id):
        return SnapshotJob.objects.select_related("tenant").get(pk=job.pk)


def test_its_files_are_offered_to_nobody(ready, now):
    withdraw(ready, now)

    with tenant_scope(ready.tenant):
        file = ready.files.get()
        file.tenant = ready.tenant
        with pytest.raises(Refused) as refused:
            files.note_download(file, ADAM, now=now)
        assert not file.is_offered(ready.tenant, now)
    assert refused.value.code == "job_recalled"
    assert (row(ready).recalled_at, row(ready).recalled_by, row(ready).recalled_because) == (now, "adam@acme.example", WHY)


def test_it_is_written_down_for_people_and_programs(ready, now):
    withdraw(ready, now)

    with tenant_scope(ready.tenant):
        assert AuditEvent.objects.filter(action="job.recalled").count() == 1
        assert JobEvent.objects.filter(job=ready, type="recalled").values_list("data", flat=True).get() == {
            "actor": "adam@acme.example",
            "because": WHY,
        }
        assert Event.objects.filter(type="job.recalled").count() == 1


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled"])
def test_only_what_has_files_can_be_withdrawn(status, acme, daily_calls, now):
    job = factories.make_job(tenant=acme, report=daily_calls, status=status, now=now)

    with pytest.raises(Refused) as refused:
        withdraw(job, now)

    assert refused.value.code == "job_not_completed"


@pytest.mark.parametrize(("status", "code"), [("held", "job_held"), ("checking", "job_held"), ("rejected", "job_not_completed")])
def test_what_was_never_let_go_cannot_be_withdrawn(status, code, ready, now):
    times = {"decided_at": now} if status == "rejected" else {"next_try_at": now}
    times |= {"held_at": now, "held_until": now} if status == "held" else {}
    with tenant_scope(ready.tenant):
        Review.objects.create(tenant=ready.tenant, job=ready, status=status, created_at=now, **times)

    with pytest.raises(Refused) as refused:
        withdraw(ready, now)

    assert (refused.value.code, row(ready).recalled_at) == (code, None)


@pytest.mark.parametrize("because", ["", "  ", "x" * 301])
def test_a_sentence_is_needed(because, ready, now):
    with pytest.raises(Refused) as refused:
        withdraw(ready, now, because)

    assert (refused.value.code, row(ready).recalled_at) == ("reason_missing", None)


def test_twice_is_refused_and_changes_nothing(ready, now):
    withdraw(ready, now)

    with pytest.raises(Refused) as refused:
        withdraw(ready, now + timedelta(hours=1), "Another reason.")

    assert refused.value.code == "job_recalled"
    assert (row(ready).recalled_at, row(ready).recalled_because) == (now, WHY)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_withdraw_it_at_once_one_does(ready, now):
    done = []

    def act() -> None:
        try:
            withdraw(ready, now)
        except Refused:
            return
        done.append(1)

    assert together(*[act] * 6) == []
    assert len(done) == 1
    with tenant_scope(ready.tenant):
        assert Event.objects.filter(type="job.recalled").count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_clicks_meanwhile_has_it_before_the_commit_or_not_at_all(ready, now):
    """A download that is written down after it was withdrawn would be a file handed out after it."""
    given = []
    made = [factories.make_link(job=ready, now=now)[0] for _ in range(8)]

    def click(link) -> None:
        if fetch(link, now):
            given.append(link)

    faults = together(lambda: withdraw(ready, now), *[lambda link=link: click(link) for link in made])

    assert faults == []
    with tenant_scope(ready.tenant):
        assert Download.objects.count() == len(given)
        assert sum(Link.objects.values_list("uses", flat=True)) == len(given)
    assert not fetch(made[0], now)


@pytest.mark.django_db(transaction=True)
def test_a_click_that_read_the_file_before_gets_nothing_after(ready, now):
    link, _token = factories.make_link(job=ready, now=now)
    with tenant_scope(ready.tenant):
        link = Link.objects.select_related("tenant", "job").get(pk=link.pk)
        read_before = link.job.files.get()
        read_before.tenant = link.tenant
    withdraw(ready, now)

    with tenant_scope(ready.tenant):
        granted = links.redeem(link, [read_before], VISITOR, repeated=False, now=now)

    assert not granted
    with tenant_scope(ready.tenant):
        assert (Link.objects.get(pk=link.pk).uses, Download.objects.count()) == (0, 0)


def test_another_companys_job_cannot_be_withdrawn(ready, globex, now):
    with tenant_scope(globex), pytest.raises(SnapshotJob.DoesNotExist):
        recall(ready, WHY, ADAM, now=now)

    assert row(ready).recalled_at is None


def test_mails_that_wait_are_not_sent_and_those_that_left_stay_sent(ready, now):
    waiting = factories.make_delivery(job=ready, address="waits@customer.example", next_try_at=now)
    sent = factories.make_delivery(job=ready, address="has@customer.example", status="sent", sent_at=now)

    withdraw(ready, now)

    with tenant_scope(ready.tenant):
        states = {row.address: (row.status, row.failure_code) for row in Delivery.objects.filter(pk__in=[waiting.pk, sent.pk])}
    assert states == {"waits@customer.example": ("suppressed", "recalled"), "has@customer.example": ("sent", "")}


def test_no_link_is_made_to_it(ready, now):
    withdraw(ready, now)

    with tenant_scope(ready.tenant), pytest.raises(Refused) as refused:
        links.create(row(ready), ADAM, now=now)

    assert refused.value.code == "job_recalled"


class TestFilesThatArePreparedAgain:
    def lose(self, ready, now) -> SnapshotJob:
        with tenant_scope(ready.tenant):
            return remaking.make_again(ready, ready.files.get(), VISITOR, now=now)

    def offered(self, job, now) -> bool:
        with tenant_scope(job.tenant_id):
            return any(file.is_offered(job.tenant, now) for file in SnapshotFile.objects.filter(job=job))

    def test_are_withdrawn_with_it(self, ready, now):
        again = self.lose(ready, now)
        finish(again, now)

        withdraw(ready, now)

        assert not self.offered(again, now)

    def test_are_withdrawn_when_they_come_later(self, ready, now):
        link, _token = factories.make_link(job=ready, now=now)
        again = self.lose(ready, now)
        withdraw(ready, now)

        finish(again, now)

        assert not self.offered(again, now)
        assert row(again).recalled_at == now
        assert not fetch(link, now)

    def test_withdrawn_by_their_own_page_take_the_first_with_them(self, ready, now):
        again = self.lose(ready, now)
        finish(again, now)

        withdraw(again, now)

        assert (row(ready).recalled_at, row(again).recalled_at) == (now, now)

    @pytest.mark.django_db(transaction=True)
    def test_that_come_at_the_same_moment_are_not_handed_out(self, ready, now):
        again = self.lose(ready, now)

        def come() -> None:
            finish(again, now)
            connection.close()

        assert together(lambda: withdraw(ready, now), come) == []
        assert not self.offered(again, now)


class TestWithdrawnAndReplacedInOneAct:
    def test_the_old_version_goes_at_once_and_the_new_one_comes_when_it_is_ready(self, ready, now):
        link, token = factories.make_link(job=ready, now=now)

        second = correct(ready, now, withdraw=True)
        with tenant_scope(ready.tenant):
            meanwhile = links.offered(links.find(ready.tenant, token), now)
        finish(second, now)

        with tenant_scope(ready.tenant):
            shown = links.find(ready.tenant, token)
            assert (meanwhile, [file.job_id for file in links.offered(shown, now)]) == ([], [second.pk])
        assert link.pk == shown.pk

    def test_a_new_version_that_fails_brings_nothing_back(self, ready, now):
        link, token = factories.make_link(job=ready, now=now, email=EVA)
        fetch(link, now)
        second = correct(ready, now, withdraw=True)

        finish(second, now, "failed")

        with tenant_scope(ready.tenant):
            shown = links.find(ready.tenant, token)
            assert links.is_withdrawn(shown)
            assert links.offered(shown, now) == []
        assert told(ready.tenant) == [("recalled", EVA)]

    def test_a_refused_correction_withdraws_nothing(self, ready, now):
        take_back_report(ready)

        with pytest.raises(Refused):
            correct(ready, now, withdraw=True)

        assert row(ready).recalled_at is None

    def test_pressed_twice_it_is_one_new_version(self, ready, now):
        key = "5b0a6b1e-1c1f-4e53-9b0e-0d8a0a6c2f11"

        first, second = (correct(ready, now, withdraw=True, form_key=key) for _ in range(2))

        assert first.pk == second.pk


class TestWhoDownloadedIsTold:
    def notice(self, tenant, kind) -> Notice:
        return Notice.objects.select_related("tenant", "job__report", "link__job__report").get(tenant=tenant, kind=kind)

    def test_that_it_was_withdrawn_once_each(self, ready, adam, now):
        link, _token = factories.make_link(job=ready, now=now, email=EVA, language="de")
        fetch(link, now)
        fetch(link, now)
        factories.make_link(job=ready, now=now, email="never@customer.example")
        with tenant_scope(ready.tenant):
            file = ready.files.get()
            file.tenant = ready.tenant
            files.note_download(file, Actor(adam.email, user_id=adam.pk), now=now)

        withdraw(ready, now)

        assert told(ready.tenant) == [("recalled", adam.email), ("recalled", EVA)]
        with tenant_scope(ready.tenant):
            assert Notice.objects.get(address=EVA).language == "de"

    def test_with_what_was_wrong(self, ready, now):
        link, _token = factories.make_link(job=ready, now=now, email=EVA)
        fetch(link, now)
        withdraw(ready, now)

        with tenant_scope(ready.tenant):
            text = text_of(self.notice(ready.tenant, "recalled"), now)

        assert WHY in text
        assert "withdrew a report that you downloaded" in text

    def test_without_it_where_they_would_not_be_sent_the_report_any_more(self, ready, now):
        link, _token = factories.make_link(job=ready, now=now, email=EVA)
        fetch(link, now)
        withdraw(ready, now)
        take_back_report(ready)

        with tenant_scope(ready.tenant):
            text = text_of(self.notice(ready.tenant, "recalled"), now)

        assert text
        assert WHY not in text

    def test_of_the_new_version_with_the_same_link_as_before(self, ready, now):
        person = factories.make_recipient(tenant=ready.tenant, email=EVA)
        delivery = factories.make_delivery(job=ready, address=EVA, status="sent", recipient=person, sent_at=now)
        with tenant_scope(ready.tenant):
            made = links.for_delivery(delivery, now=now)
        fetch(made.link, now)
        second = correct(ready, now)
        before = told(ready.tenant)
        finish(second, now)

        with tenant_scope(ready.tenant):
            text = text_of(self.notice(ready.tenant, "corrected"), now)

        assert (before, told(ready.tenant)) == ([], [("corrected", EVA)])
        assert made.url in text
        assert WHY in text

    @pytest.mark.parametrize("ended", ["uses", "expires_at"])
    def test_of_the_new_version_with_a_link_that_works_where_theirs_has_ended(self, ended, ready, now):
        link, _token = factories.make_link(job=ready, now=now, email=EVA, max_uses=2)
        fetch(link, now)
        second = correct(ready, now)
        finish(second, now)
        with tenant_scope(ready.tenant):
            Link.objects.filter(pk=link.pk).update(**({"uses": 2} if ended == "uses" else {"expires_at": now}))

            text = text_of(self.notice(ready.tenant, "corrected"), now)

            newest = Link.objects.exclude(pk=link.pk).get()
        assert "/d/" in text
        assert (newest.email, newest.superseded_by_id, newest.is_working(now)) == (EVA, second.pk, True)

    @pytest.mark.parametrize("change", ["revoked", "not offered", "withdrawn too"])
    def test_of_the_new_version_no_mail_goes_to_who_may_not_have_it(self, change, ready, now):
        link, _token = factories.make_link(job=ready, now=now, email=EVA)
        fetch(link, now)
        second = correct(ready, now)
        finish(second, now)
        if change == "withdrawn too":
            withdraw(second, now)
        with tenant_scope(ready.tenant):
            if change == "revoked":
                Link.objects.filter(pk=link.pk).update(revoked_at=now)
        if change == "not offered":
            take_back_report(ready)

        with tenant_scope(ready.tenant):
            assert text_of(self.notice(ready.tenant, "corrected"), now) == ""

    def test_a_member_is_told_as_long_as_they_are_one(self, ready, adam, now):
        with tenant_scope(ready.tenant):
            file = ready.files.get()
            file.tenant = ready.tenant
            files.note_download(file, Actor(adam.email, user_id=adam.pk), now=now)
        second = correct(ready, now)
        finish(second, now)

        with tenant_scope(ready.tenant):
            notice = self.notice(ready.tenant, "corrected")
            text = text_of(notice, now)
            Membership.objects.filter(user=adam.pk).delete()
            after = text_of(notice, now)

        assert f"/t/acme/jobs/{second.pk}/" in text
        assert after == ""

    def test_nothing_is_mailed_to_who_stopped_the_mails(self, ready, now):
        link, _token = factories.make_link(job=ready, now=now, email=EVA)
        fetch(link, now)
        withdraw(ready, now)
        factories.make_suppression(tenant=ready.tenant, email=EVA, reason=Suppression.Reason.UNSUBSCRIBED)

        with tenant_scope(ready.tenant):
            reason = reason_not_to_send(self.notice(ready.tenant, "recalled"), now)

        assert reason == "unsubscribed"

    def test_files_of_the_new_version_that_are_prepared_again_are_no_news(self, ready, now):
        link, _token = factories.make_link(job=ready, now=now, email=EVA)
        fetch(link, now)
        second = correct(ready, now)
        finish(second, now)
        with tenant_scope(ready.tenant):
            second = SnapshotJob.objects.select_related("tenant", "report").get(pk=second.pk)
            again = remaking.make_again(second, second.files.get(), VISITOR, now=now)

        finish(again, now)

        assert told(ready.tenant) == [("corrected", EVA)]


def test_a_delivery_by_name_needs_its_person(ready, now):
    """Taken out of the address book after a mail of a single job was planned."""
    person = factories.make_recipient(tenant=ready.tenant, email=EVA)
    delivery = factories.make_delivery(job=ready, address=EVA, status="sent", recipient=person, sent_at=now)
    with tenant_scope(ready.tenant):
        made = links.for_delivery(delivery, now=now)
    second = correct(ready, now)
    finish(second, now)
    token = made.url.rpartition("/")[2]

    with tenant_scope(ready.tenant):
        before = len(links.offered(links.find(ready.tenant, token), now))
        Recipient.objects.filter(pk=person.pk).delete()
        after = len(links.offered(links.find(ready.tenant, token), now))

    assert (before, after) == (2, 1)
