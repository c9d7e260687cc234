"""Corrected versions, and files that are prepared again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reports import jobs, links
from reports.job_ends import job_ended
from reports.links import remaking
from reports.models import Link, Notice, SnapshotJob
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_file, make_job, make_link
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db
ADAM, VISITOR = Actor("adam@acme.example"), Actor("LNK-VISITOR1")


def end(job, now, status="completed") -> None:
    with tenant_scope(job.tenant_id):
        SnapshotJob.objects.filter(pk=job.pk).update(status=status, finished_at=now, next_look_at=None)
        job.refresh_from_db()
        if status == "completed":
            make_file(job=job)
        job_ended(job, now)


def row(link) -> Link:
    with tenant_scope(link.tenant_id):
        return Link.objects.select_related("job", "superseded_by").get(pk=link.pk)


class TestACorrection:
    def correct(self, job, now, because="Faro Beach was missing on Saturday."):
        with tenant_scope(job.tenant_id):
            return jobs.correct(job, ADAM, because, now=now)

    def test_is_the_same_report_with_a_sentence(self, ready, now):
        second = self.correct(ready, now, "  Faro Beach\nwas missing ")

        assert (second.replaces_id, second.replaces_because, second.retry_of_id) == (ready.pk, "Faro Beach was missing", ready.pk)
        assert (second.parameters.keys(), second.formats) == (second.parameters.keys(), ready.formats)

    def test_is_narrowed_as_the_one_it_replaces(self, acme, daily_calls, now):
        """Else those who may see a part of the rows would find all of them behind their old link."""
        first = make_job(tenant=acme, report=daily_calls, status="completed", now=now, narrowing_tags={"property": "faro"})

        assert self.correct(first, now).narrowing_tags == {"property": "faro"}

    @pytest.mark.parametrize("because", ["", "   ", "x" * 301])
    def test_needs_a_sentence(self, because, ready, now):
        with pytest.raises(Refused) as refused:
            self.correct(ready, now, because)

        assert refused.value.code == "reason_missing"

    def test_is_of_a_job_with_files(self, acme, daily_calls, now):
        with pytest.raises(Refused):
            self.correct(make_job(tenant=acme, report=daily_calls, status="failed", now=now), now)

    def test_changes_no_link_before_it_is_ready(self, ready, now):
        link, _token = make_link(job=ready, now=now)
        second = self.correct(ready, now)

        assert row(link).status(now) == "active"
        end(second, now, "failed")
        assert row(link).status(now) == "active"

    def test_stands_before_the_old_version_once_it_is_ready_and_both_work(self, ready, now):
        link, _token = make_link(job=ready, now=now)
        second = self.correct(ready, now)

        end(second, now)

        shown = row(link)
        assert (shown.status(now), shown.superseded_by_id) == ("superseded", second.pk)
        with tenant_scope(ready.tenant):
            assert [file.job_id for file in links.offered(shown, now)] == [second.pk, ready.pk]
            assert links.versions(shown) == (1, 2)
            assert all(links.redeem(shown, [file], VISITOR, repeated=False, now=now) for file in links.offered(shown, now))

    def test_that_is_corrected_again_gives_way_to_the_third(self, ready, now):
        link, _token = make_link(job=ready, now=now)
        second = self.correct(ready, now)
        end(second, now)
        own, _token = make_link(job=second, now=now)
        third = self.correct(second, now + timedelta(minutes=1))
        end(third, now)

        assert {row(link).superseded_by_id, row(own).superseded_by_id} == {third.pk}
        with tenant_scope(ready.tenant):
            assert (links.versions(row(link)), links.versions(row(own))) == ((1, 3), (2, 3))

    def test_that_failed_is_still_one_when_it_is_run_again(self, ready, now):
        link, _token = make_link(job=ready, now=now)
        second = self.correct(ready, now)
        end(second, now, "failed")
        with tenant_scope(ready.tenant):
            again = jobs.retry(second, ADAM, now=now)

        end(again, now)

        assert row(link).superseded_by_id == again.pk


class TestPreparingAgain:
    def prepare(self, link, now):
        with tenant_scope(link.tenant_id):
            return remaking.prepare_again(row_in(link), row_in(link).job.files.get(), VISITOR, now=now)

    def waiting(self, tenant) -> list[tuple]:
        with tenant_scope(tenant):
            return list(Notice.objects.order_by("address").values_list("kind", "address", "status", "next_try_at"))

    def test_asks_for_one_job_just_like_the_first_and_flags_that(self, acme, daily_calls, now):
        lost = make_job(
            tenant=acme,
            report=daily_calls,
            status="completed",
            now=now,
            parameters={"Region": ["North"]},
            narrowing_tags={"property": "faro"},
            formats=["PDF"],
        )
        make_file(job=lost)
        link, _token = make_link(job=lost, now=now)

        first, again = self.prepare(link, now), self.prepare(link, now)

        assert first == again
        assert (first.trigger, first.retry_of_id, first.status) == ("remake", lost.pk, "queued")
        assert (first.parameters, first.narrowing_tags, first.formats) == (lost.parameters, lost.narrowing_tags, lost.formats)
        with tenant_scope(acme):
            assert list(lost.events.values_list("type", flat=True)) == ["file_missing"]
            assert list(AuditEvent.objects.values_list("action", "actor")) == [("job.file_missing", "LNK-VISITOR1")]

    @pytest.mark.django_db(transaction=True)
    def test_asked_for_by_eight_at_once_is_one_job(self, ready, now):
        link, _token = make_link(job=ready, now=now)
        asked = []

        faults = together(*[lambda: asked.append(self.prepare(link, now).pk)] * 8)

        with tenant_scope(ready.tenant):
            made = list(SnapshotJob.objects.filter(trigger="remake").values_list("pk", flat=True))
        assert (faults, set(asked)) == ([], set(made))
        assert len(made) == 1

    def test_leads_all_links_of_the_job_to_the_new_files_and_tells_those_who_asked(self, ready, now):
        asked, _token = make_link(job=ready, now=now, email="gm@azurebay.example", language="de")
        other, _token = make_link(job=ready, now=now, email="ops@azurebay.example")
        remake = self.prepare(asked, now)
        self.prepare(asked, now)
        before = self.waiting(ready.tenant)

        end(remake, now + timedelta(minutes=2))

        assert before == [("ready_again", "gm@azurebay.example", "pending", None)]
        assert self.waiting(ready.tenant) == [("ready_again", "gm@azurebay.example", "pending", now + timedelta(minutes=2))]
        assert {row(asked).job_id, row(other).job_id} == {remake.pk}

    def test_that_fails_tells_nobody_that_it_is_ready(self, ready, now):
        link, _token = make_link(job=ready, now=now, email="gm@azurebay.example")
        remake = self.prepare(link, now)

        end(remake, now, "failed")

        assert self.waiting(ready.tenant) == [("ready_again", "gm@azurebay.example", "failed", None)]
        assert row(link).job_id == ready.pk
        with tenant_scope(ready.tenant):
            assert remaking.remake_of(ready) == remake

    def test_that_failed_and_is_run_again_by_a_person_leads_links_there_too(self, ready, now):
        link, _token = make_link(job=ready, now=now)
        remake = self.prepare(link, now)
        end(remake, now, "failed")
        with tenant_scope(ready.tenant):
            again = jobs.retry(remake, ADAM, now=now)

        end(again, now)

        assert row(link).job_id == again.pk

    def test_of_a_corrected_version_keeps_the_old_one_below_it(self, ready, now):
        second = make_job(tenant=ready.tenant, report=ready.report, status="completed", now=now, replaces=ready, replaces_because="Wrong.")
        file = make_file(job=second)
        link, _token = make_link(job=ready, now=now, superseded_by=second)
        with tenant_scope(ready.tenant):
            remake = remaking.prepare_again(row_in(link), file, VISITOR, now=now)

        end(remake, now)

        shown = row(link)
        assert (shown.job_id, shown.superseded_by_id, remake.replaces_because) == (ready.pk, remake.pk, "Wrong.")
        with tenant_scope(ready.tenant):
            assert links.versions(shown) == (1, 2)


def row_in(link) -> Link:
    return Link.objects.select_related("tenant", "job", "job__report", "superseded_by", "superseded_by__report").get(pk=link.pk)
