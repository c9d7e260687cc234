"""A file that is gone when somebody wants it, a store that does not answer, and reports that were corrected."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from reports import jobs
from reports.job_ends import job_ended
from reports.models import Download, Link, Notice, SnapshotJob
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.factories import make_file, make_job, make_link
from tests.pretend_aws import BUCKET

pytestmark = pytest.mark.django_db
GM = "gm.funchal@azurebay.example"


@pytest.fixture
def visitor() -> Client:
    return Client()


@pytest.fixture
def mailed(ready_job):
    row, token = make_link(job=ready_job, email=GM)
    return row, f"/d/{ready_job.tenant.code}/{token}"


def remakes(tenant) -> list[SnapshotJob]:
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.filter(trigger="remake").select_related("report"))


def counted(link) -> tuple[int, int]:
    with tenant_scope(link.tenant_id):
        return Link.objects.get(pk=link.pk).uses, Download.objects.filter(link=link).count()


def end(job, status, now) -> None:
    with tenant_scope(job.tenant_id):
        SnapshotJob.objects.filter(pk=job.pk).update(status=status, finished_at=now)
        job.refresh_from_db()
        job_ended(job, now)


def test_row_8_a_file_that_is_gone_at_the_click_is_prepared_again_once_and_the_visit_is_not_counted(aws, visitor, mailed, ready_job):
    row, path = mailed

    answers = [visitor.post(path), Client().post(path), visitor.get(path)]

    assert [answer.status_code for answer in answers] == [503] * 3
    for answer in answers:
        shown = answer.content.decode()
        assert "Your report is being prepared again" in shown
        assert "we will also send one email to g•••@azurebay.example" in shown
        assert answer["Refresh"] == "20"
        assert "<script" not in shown
    assert counted(row) == (0, 0)
    assert len(remakes(ready_job.tenant)) == 1
    with tenant_scope(ready_job.tenant):
        assert Notice.objects.values_list("kind", "address", "next_try_at").get() == ("ready_again", GM, None)


def test_its_link_opens_the_new_file_once_it_is_there(aws, stored, visitor, mailed, ready_job, now):
    row, path = mailed
    with tenant_scope(ready_job.tenant):
        file = ready_job.files.get()
    aws.client("s3").delete_object(Bucket=BUCKET, Key=file.key)
    visitor.post(path)
    (remake,) = remakes(ready_job.tenant)
    again = stored(make_file(job=remake, bucket=BUCKET, name="daily-calls.pdf"))

    end(remake, "completed", now)
    shown, given = visitor.get(path), visitor.post(path)

    assert shown.status_code == 200
    assert given.status_code == 303
    assert again.key in given["Location"]
    assert counted(row) == (1, 1)


def test_words_are_told_when_preparing_it_again_failed(aws, visitor, mailed, ready_job, now):
    row, path = mailed
    visitor.post(path)
    (remake,) = remakes(ready_job.tenant)

    end(remake, "failed", now)
    answer = visitor.get(path)

    assert answer.status_code == 503
    assert "preparing it again did not work" in answer.content.decode()
    assert row.reference in answer.content.decode()
    assert "Refresh" not in answer


def test_a_store_that_does_not_answer_is_no_reason_to_prepare_anything(aws, visitor, mailed, ready_job, settings, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")

    answer = visitor.post(mailed[1])

    assert answer.status_code == 503
    assert "does not answer just now" in answer.content.decode()
    assert counted(mailed[0]) == (0, 0)
    assert remakes(ready_job.tenant) == []


def test_a_store_that_refuses_us_is_no_reason_either(aws, visitor, mailed, ready_job, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWSTHIS0")

    answer = visitor.post(mailed[1])

    assert answer.status_code == 503
    assert remakes(ready_job.tenant) == []


def test_a_member_sees_on_the_job_that_a_file_was_missed(aws, as_adam, visitor, mailed, ready_job):
    visitor.post(mailed[1])

    shown = as_adam.get(f"/t/acme/jobs/{ready_job.pk}/").content.decode()

    assert "A file is gone" in shown


class TestACorrectedReport:
    @pytest.fixture
    def corrected(self, stored, ready_job):
        with tenant_scope(ready_job.tenant):
            newer = jobs.correct(ready_job, Actor("adam"), "Faro Beach was missing on Saturday.", now=timezone.now())
        stored(make_file(job=newer, bucket=BUCKET, name="daily-calls_v2.pdf"))
        return newer

    def test_shows_the_newer_version_first_with_the_reason_and_the_old_one_below(self, visitor, mailed, corrected, now):
        end(corrected, "completed", now)

        answer = visitor.get(mailed[1])

        shown = answer.content.decode()
        assert answer.status_code == 200
        assert "Acme Hotels says: “Faro Beach was missing on Saturday.”" in shown
        assert shown.index("daily-calls_v2.pdf") < shown.index("daily-calls.pdf")
        assert "Version 2 replaces the one this link was sent for." in shown

    def test_gives_both_versions(self, visitor, mailed, corrected, ready_job, now):
        end(corrected, "completed", now)
        with tenant_scope(ready_job.tenant):
            files = [corrected.files.get(), ready_job.files.get()]

        answers = [visitor.post(mailed[1], {"file": str(file.pk)}) for file in files]

        assert [answer.status_code for answer in answers] == [303, 303]
        assert all(file.key in answer["Location"] for file, answer in zip(files, answers, strict=True))
        assert counted(mailed[0]) == (2, 2)

    def test_looks_as_before_until_the_correction_is_ready(self, visitor, mailed, corrected):
        assert "corrected" not in visitor.get(mailed[1]).content.decode()


def test_a_file_of_another_job_is_not_given(stored, visitor, mailed, acme, daily_calls):
    foreign = stored(make_file(job=make_job(tenant=acme, report=daily_calls, status="completed"), bucket=BUCKET))

    assert visitor.post(mailed[1], {"file": str(foreign.pk)}).status_code == 422
    assert counted(mailed[0]) == (0, 0)
