"""What people see of a report that was withdrawn: members on their pages, and end customers by their old links."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from reports import jobs, links
from reports.job_ends import job_ended
from reports.models import Recipient, SnapshotJob
from reports.recalling import recall
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.factories import make_audience, make_delivery, make_file, make_job, make_link, make_occurrence, make_recipient, make_schedule
from tests.pretend_aws import BUCKET

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example")
WHY, NEW_NAME = "Faro Beach was missing on Saturday.", "faro-beach-second.pdf"


@pytest.fixture
def mailed(acme, daily_calls):
    """A run's job that was mailed to Eva, and the path of her link."""
    schedule = make_schedule(tenant=acme, report=daily_calls)
    eva = make_recipient(tenant=acme, email="eva@customer.example")
    audience = make_audience(schedule=schedule, recipients=[eva])
    run = make_occurrence(schedule=schedule, status="delivered")
    job = make_job(tenant=acme, report=daily_calls, status="completed", occurrence=run)
    make_file(job=job, bucket=BUCKET, name="faro-beach.pdf")
    delivery = make_delivery(job=job, address=eva.email, status="sent", recipient=eva, audience=audience, sent_at=timezone.now())
    with tenant_scope(acme):
        return job, "/d/" + links.for_delivery(delivery, now=timezone.now()).url.partition("/d/")[2]


def correct(job, **how) -> SnapshotJob:
    now = timezone.now()
    with tenant_scope(job.tenant_id):
        job = SnapshotJob.objects.select_related("tenant", "report").get(pk=job.pk)
        newer = jobs.correct(job, ADAM, WHY, now=now, **how)
        SnapshotJob.objects.filter(pk=newer.pk).update(status="completed", finished_at=now)
        newer.status, newer.finished_at = "completed", now
        make_file(job=newer, bucket=BUCKET, name=NEW_NAME)
        job_ended(newer, now)
    return newer


def withdraw(job) -> None:
    with tenant_scope(job.tenant_id):
        recall(SnapshotJob.objects.select_related("tenant").get(pk=job.pk), WHY, ADAM, now=timezone.now())


def row(job) -> SnapshotJob:
    with tenant_scope(job.tenant_id):
        return SnapshotJob.objects.get(pk=job.pk)


class TestAnOldLink:
    def test_shows_the_new_version_alone_to_who_is_still_in_the_audience(self, mailed):
        job, path = mailed
        correct(job, withdraw=True)

        shown = Client().get(path)

        assert shown.status_code == 200
        assert NEW_NAME in shown.content.decode()
        assert WHY in shown.content.decode()
        assert "faro-beach.pdf" not in shown.content.decode()

    @pytest.mark.parametrize("how", [{}, {"withdraw": True}], ids=["corrected", "withdrawn and corrected"])
    def test_shows_others_nothing_of_it_and_gives_them_none_of_its_files(self, how, mailed):
        job, path = mailed
        newer = correct(job, **how)
        with tenant_scope(job.tenant_id):
            file = newer.files.get()
            Recipient.objects.all().delete()

        shown, given = Client().get(path), Client().post(path, {"file": file.pk})

        for answer in (shown, given):
            page = answer.content.decode()
            assert not [mark for mark in (NEW_NAME, WHY, "ersion", "corrected", str(newer.pk), str(file.pk)) if mark in page]
            assert "Location" not in answer
        assert shown.status_code == (410 if how else 200)

    def test_says_that_it_was_withdrawn_and_why_where_nothing_takes_its_place(self, mailed):
        job, path = mailed
        withdraw(job)

        shown, pressed = Client().get(path), Client().post(path)

        assert (shown.status_code, pressed.status_code) == (410, 410)
        assert "This report was withdrawn" in shown.content.decode()
        assert WHY in shown.content.decode()

    def test_with_a_passcode_says_nothing_before_it_was_given(self, ready_job):
        _link, token = make_link(job=ready_job, protection="passcode", passcode="hashed")
        withdraw(ready_job)

        shown = Client().get(f"/d/{ready_job.tenant.code}/{token}")

        assert WHY not in shown.content.decode()
        assert "withdrawn" not in shown.content.decode()


class TestThePage:
    def post(self, browser, job, act, because=WHY):
        return browser.post(f"/t/acme/jobs/{job.pk}/correct/", {"because": because, "act": act, "form_key": uuid.uuid4()})

    def test_withdraws_it(self, as_adam, ready_job):
        answer = self.post(as_adam, ready_job, "withdraw")

        assert answer["Location"] == f"/t/acme/jobs/{ready_job.pk}/"
        assert row(ready_job).recalled_because == WHY
        with tenant_scope(ready_job.tenant_id):
            assert SnapshotJob.objects.count() == 1

    def test_withdraws_it_and_runs_it_again(self, as_adam, ready_job):
        answer = self.post(as_adam, ready_job, "replace")

        with tenant_scope(ready_job.tenant_id):
            newer = SnapshotJob.objects.get(replaces=ready_job)
        assert answer["Location"] == f"/t/acme/jobs/{newer.pk}/"
        assert row(ready_job).recalled_at

    def test_withdraws_nothing_twice_or_without_a_sentence(self, as_adam, ready_job):
        answers = [self.post(as_adam, ready_job, "withdraw", "  "), self.post(as_adam, ready_job, "withdraw")]
        answers.append(self.post(as_adam, ready_job, "withdraw", "Again."))

        assert [answer.status_code for answer in answers] == [422, 303, 422]
        assert "withdrawn already" in answers[2].content.decode()

    def test_is_not_a_viewers(self, as_alice, ready_job):
        assert self.post(as_alice, ready_job, "withdraw").status_code == 403
        assert row(ready_job).recalled_at is None

    def test_a_withdrawn_job_says_so_wherever_it_stands(self, as_adam, mailed):
        job, _path = mailed
        withdraw(job)
        with tenant_scope(job.tenant_id):
            job = SnapshotJob.objects.select_related("occurrence").get(pk=job.pk)
            run, link, file = job.occurrence, job.links.get(), job.files.get()

        pages = [
            as_adam.get(f"/t/acme/jobs/{job.pk}/"),
            as_adam.get("/t/acme/links/"),
            as_adam.get(f"/t/acme/links/{link.pk}/"),
            as_adam.get(f"/t/acme/schedules/{run.schedule_id}/runs/{run.pk}/"),
            as_adam.get(f"/t/acme/jobs/{job.pk}/correct/"),
        ]
        downloaded = as_adam.post(f"/t/acme/jobs/{job.pk}/files/{file.pk}/", follow=True)

        assert [page.status_code for page in pages] == [200] * 5
        assert all("ithdrawn" in page.content.decode() for page in pages)
        assert "was withdrawn: nobody gets it any more" in downloaded.content.decode()
