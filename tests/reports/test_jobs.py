"""Asking for a job, cancelling it and running it again: either all of it happens, or nothing and a sentence."""

from __future__ import annotations

import uuid
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django_q.models import OrmQ

from reports import jobs
from reports.models import Attempt, Grant, JobEvent, Report, SnapshotJob
from reports.refused import Refused
from tenants import roles
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests.factories import PARAMETERS, make_api_key, make_attempt, make_grant, make_job, make_report

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example")
DEFAULTS = {"Region": ["North", "South"], "From": ["2026-10-26T00:00:00+00:00"], "MinSeconds": [0]}


def submit(tenant, now, report: str = "daily-calls", *, actor: Actor = ADAM, **wanted) -> SnapshotJob:
    with tenant_scope(tenant):
        return jobs.submit(tenant, actor, jobs.Wanted(report, **{"formats": ["PDF"]} | wanted), now=now)


def refusal(act) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def stored(tenant) -> list[SnapshotJob]:
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.order_by("created_at", "id"))


def events(job) -> list[tuple]:
    with tenant_scope(job.tenant_id):
        return [(event.type, event.data) for event in JobEvent.objects.filter(job=job)]


class TestSubmit:
    def test_stores_a_queued_job_with_everything_that_was_wished(self, acme, daily_calls, now):
        job = submit(acme, now, formats=["CSV"], visual_ids=["table-1"], parameters={"Region": ["West"]})

        (kept,) = stored(acme)
        assert (kept.pk, kept.status, kept.account_id, kept.report_id) == (job.pk, "queued", daily_calls.account_id, daily_calls.pk)
        assert (kept.formats, kept.visual_ids, kept.parameters) == (["CSV"], ["table-1"], DEFAULTS | {"Region": ["West"]})
        assert (kept.created_at, kept.deadline_at - kept.created_at) == (now, timedelta(hours=6))
        assert events(job) == [("queued", {"trigger": "api", "actor": "adam@acme.example"})]

    def test_keeps_the_dashboard_and_the_sheet_of_that_day(self, acme, daily_calls, now):
        job = submit(acme, now)
        with platform_scope():
            Report.objects.filter(pk=daily_calls.pk).update(dashboard_id="another", sheet_id="another")

        (kept,) = stored(acme)
        assert (kept.pk, kept.dashboard_id, kept.sheet_id) == (job.pk, "daily-calls", "sheet-1")

    def test_names_the_key_that_asked(self, acme, daily_calls, now):
        key, _secret = make_api_key(tenant=acme)

        job = submit(acme, now, actor=Actor("integration", api_key_id=key.pk))

        assert (job.actor, job.api_key_id, job.requested_by_id) == ("integration", key.pk, None)

    @pytest.mark.parametrize("wished", [["EXCEL", "PDF", "CSV"], ["CSV", "EXCEL", "CSV", "PDF", "PDF"]])
    def test_keeps_each_format_once_and_in_our_order(self, wished, acme, daily_calls, now):
        assert submit(acme, now, formats=wished).formats == ["PDF", "CSV", "EXCEL"]

    def test_takes_all_visuals_where_none_is_named_and_none_for_a_pdf(self, acme, daily_calls, now):
        assert submit(acme, now, formats=["CSV"]).visual_ids == ["table-1", "pivot-1"]
        assert submit(acme, now, formats=["PDF"], visual_ids=["table-1"]).visual_ids == []

    def test_takes_the_first_five_of_more_visuals_each_once(self, acme, daily_calls, now):
        many = [f"table-{number}" for number in range(7)]
        make_grant(tenant=acme, report=make_report(slug="wide", visual_ids=many))

        assert submit(acme, now, "wide", formats=["EXCEL"]).visual_ids == many[:5]
        assert submit(acme, now, "wide", formats=["CSV"], visual_ids=["table-6", "table-6", "table-2"]).visual_ids == ["table-6", "table-2"]

    @pytest.mark.parametrize("lane", SnapshotJob.Lane)
    @pytest.mark.parametrize("trigger", [SnapshotJob.Trigger.PAGE, SnapshotJob.Trigger.API])
    def test_keeps_the_lane_and_how_it_was_asked_for(self, lane, trigger, acme, daily_calls, now):
        submit(acme, now, lane=lane, trigger=trigger)

        (kept,) = stored(acme)
        assert (kept.lane, kept.trigger) == (lane, trigger)

    def test_goes_to_the_lane_of_schedules_unless_somebody_waits_for_it(self, acme, daily_calls, now):
        assert submit(acme, now).lane == SnapshotJob.Lane.SCHEDULED


class TestNothingIsStored:
    @pytest.fixture(autouse=True)
    def then_nothing(self, acme):
        yield
        with tenant_scope(acme):
            assert not SnapshotJob.objects.exists()
            assert not JobEvent.objects.exists()

    def test_for_a_report_that_is_not_there(self, acme, daily_calls, now):
        refused = refusal(lambda: submit(acme, now, "no-such-report"))

        assert (refused.code, refused.detail) == ("report_not_available", "There is no such report for you.")
        assert [place.path for place in refused.places] == [("report",)]

    def test_for_a_report_of_another_company(self, acme, globex, now):
        make_grant(tenant=globex, report=make_report(slug="theirs"))

        assert refusal(lambda: submit(acme, now, "theirs")).code == "report_not_available"

    def test_for_a_report_that_was_withdrawn(self, acme, daily_calls, now):
        with tenant_scope(acme):
            Grant.objects.update(withdrawn_at=now)

        assert refusal(lambda: submit(acme, now)).code == "report_not_available"

    def test_for_a_report_that_was_retired(self, acme, daily_calls, now):
        with platform_scope():
            Report.objects.filter(pk=daily_calls.pk).update(retired_at=now)

        assert refusal(lambda: submit(acme, now)).code == "report_not_available"

    def test_without_a_format(self, acme, daily_calls, now):
        refused = refusal(lambda: submit(acme, now, formats=[]))

        assert (refused.code, refused.detail) == ("format_not_offered", "Choose at least one format.")
        assert [(place.path, place.code) for place in refused.places] == [(("formats",), "required")]

    def test_for_a_format_that_the_report_is_not_offered_in(self, acme, now):
        make_grant(tenant=acme, report=make_report(slug="paper", formats=["PDF"]))

        refused = refusal(lambda: submit(acme, now, "paper", formats=["PDF", "CSV"]))

        assert (refused.code, refused.detail) == ("format_not_offered", "CSV is not offered for this report. It comes as PDF.")

    def test_for_a_visual_that_cannot_be_exported(self, acme, daily_calls, now):
        refused = refusal(lambda: submit(acme, now, formats=["CSV"], visual_ids=["table-1", "chart-1"]))

        assert (refused.code, refused.detail) == ("visual_not_offered", "chart-1 is not a visual of this report that can be exported.")
        assert [place.path for place in refused.places] == [("visuals",)]

    def test_for_wrong_parameters_and_each_is_named(self, acme, daily_calls, now):
        refused = refusal(lambda: submit(acme, now, parameters={"Region": ["Nowhere"], "Rgion": "West", "MinSeconds": "3"}))

        assert {place.path: place.code for place in refused.places} == {
            ("parameters", "Rgion"): "parameter_unknown",
            ("parameters", "Region"): "parameter_value",
            ("parameters", "MinSeconds"): "parameter_value",
        }

    def test_for_a_parameter_that_is_fixed_for_the_company(self, acme, now):
        make_grant(tenant=acme, report=make_report(slug="north-only", parameters=PARAMETERS), parameters={"Region": ["North"]})

        refused = refusal(lambda: submit(acme, now, "north-only", parameters={"Region": ["West"]}))

        assert (refused.code, refused.detail) == ("parameter_pinned", "Region is fixed for you and cannot be changed.")


class TestOneForm:
    def test_pressed_twice_makes_one_job(self, acme, daily_calls, now):
        key = uuid.uuid4()

        first, second = (submit(acme, now + timedelta(seconds=later), form_key=key) for later in (0, 1))

        assert first.pk == second.pk
        assert len(stored(acme)) == 1
        assert len(events(first)) == 1

    @pytest.mark.parametrize(
        "another",
        [{"formats": ["CSV"]}, {"formats": ["PDF", "CSV"], "visual_ids": ["pivot-1"]}, {"parameters": {"Region": ["West"]}}],
    )
    def test_sent_again_with_another_wish_makes_another_job(self, another, acme, daily_calls, now):
        key = uuid.uuid4()
        first = submit(acme, now, form_key=key)

        second = submit(acme, now, form_key=key, **another)

        assert second.pk != first.pk
        assert second.formats == another.get("formats", ["PDF"])
        assert [event[0] for event in events(second)] == ["queued"]
        assert len(stored(acme)) == 2

    def test_sent_again_for_another_report_makes_another_job(self, acme, daily_calls, now):
        make_grant(tenant=acme, report=make_report(slug="other"))
        key = uuid.uuid4()

        first, second = submit(acme, now, form_key=key), submit(acme, now, "other", form_key=key)

        assert first.report_id != second.report_id

    def test_of_two_companies_with_one_key_makes_two_jobs(self, acme, globex, daily_calls, now):
        key = uuid.uuid4()

        first, second = submit(acme, now, form_key=key), submit(globex, now, form_key=key)

        assert (first.tenant_id, second.tenant_id) == (acme.pk, globex.pk)
        assert first.pk != second.pk

    def test_no_form_is_not_one_form(self, acme, daily_calls, now):
        assert submit(acme, now).pk != submit(acme, now).pk


@pytest.mark.django_db(transaction=True)
class TestAWakeUpThatCannotBeSent:
    @pytest.fixture
    def refused_queue(self, login, daily_calls):
        """Storing a message fails, as when the queue's table is full or its disk is."""
        owner = login(roles.OWNER)
        owner.execute("create function refuse_messages() returns trigger language plpgsql as $$ begin raise 'no room'; end $$")
        owner.execute("create trigger no_room before insert on django_q_ormq for each row execute function refuse_messages()")
        yield
        owner.execute("drop function refuse_messages() cascade")

    def test_neither_loses_the_job_nor_makes_the_caller_ask_twice(self, acme, now, refused_queue, caplog):
        job = submit(acme, now)

        assert [kept.pk for kept in stored(acme)] == [job.pk]
        assert [event[0] for event in events(job)] == ["queued"]
        assert not OrmQ.objects.exists()
        assert "no room" in caplog.text

    def test_leaves_the_connection_fit_for_the_next_one(self, acme, now, refused_queue):
        made = [submit(acme, now + timedelta(seconds=later)).pk for later in range(2)]

        assert [kept.pk for kept in stored(acme)] == made
        assert not connection.in_atomic_block

    def test_is_not_sent_for_what_was_refused(self, acme, daily_calls, now):
        refusal(lambda: submit(acme, now, "no-such-report"))

        assert not OrmQ.objects.exists()


class TestCancelling:
    def cancel(self, job, now, actor=ADAM):
        with tenant_scope(job.tenant_id):
            jobs.cancel(SnapshotJob.objects.select_related("tenant").get(pk=job.pk), actor, now=now)

    def test_ends_a_queued_job_and_is_written_down(self, acme, daily_calls, now):
        job = submit(acme, now)

        self.cancel(job, now + timedelta(minutes=1))

        (kept,) = stored(acme)
        assert (kept.status, kept.finished_at) == ("cancelled", now + timedelta(minutes=1))
        assert events(job)[-1] == ("cancelled", {"actor": "adam@acme.example"})
        with tenant_scope(acme):
            assert AuditEvent.objects.get(action="job.cancelled").object_id == str(job.pk)

    def test_twice_is_cancelling_once(self, acme, daily_calls, now):
        job = submit(acme, now)
        self.cancel(job, now + timedelta(minutes=1))

        self.cancel(job, now + timedelta(minutes=2))

        (kept,) = stored(acme)
        assert kept.finished_at == now + timedelta(minutes=1)
        assert [event[0] for event in events(job)] == ["queued", "cancelled"]
        with tenant_scope(acme):
            assert AuditEvent.objects.filter(action="job.cancelled").count() == 1

    def test_closes_the_attempt_that_found_all_slots_taken(self, acme, daily_calls, now):
        job = submit(acme, now)
        make_attempt(job=job, now=now)

        self.cancel(job, now + timedelta(minutes=1))

        with tenant_scope(acme):
            assert Attempt.objects.get(job=job).ended_at == now + timedelta(minutes=1)

    @pytest.mark.parametrize("status", ["starting", "running", "collecting"])
    def test_comes_too_late_for_a_job_under_way(self, status, acme, daily_calls, now):
        job = make_job(tenant=acme, report=daily_calls, status=status, now=now)

        refused = refusal(lambda: self.cancel(job, now))

        assert (refused.code, refused.detail) == ("job_running", "This job is already running. QuickSight cannot stop it.")
        assert [kept.status for kept in stored(acme)] == [status]
        assert events(job) == []

    @pytest.mark.parametrize("status", ["completed", "failed"])
    def test_comes_too_late_for_a_job_that_ended(self, status, acme, daily_calls, now):
        job = make_job(tenant=acme, report=daily_calls, status=status, now=now)

        refused = refusal(lambda: self.cancel(job, now))

        assert (refused.code, refused.detail) == ("job_already_ended", "This job has already ended.")
        assert [kept.status for kept in stored(acme)] == [status]

    def test_loses_against_a_start_that_was_faster(self, acme, daily_calls, now):
        read = submit(acme, now)
        with engine_scope():
            SnapshotJob.objects.filter(pk=read.pk).update(status="starting", next_look_at=now)

        with tenant_scope(acme):
            refused = refusal(lambda: jobs.cancel(read, ADAM, now=now))

        assert refused.code == "job_running"
        assert [kept.status for kept in stored(acme)] == ["starting"]


class TestRunningAgain:
    def retry(self, job, now, **options):
        with tenant_scope(job.tenant_id):
            found = SnapshotJob.objects.select_related("tenant", "report").get(pk=job.pk)
            return jobs.retry(found, ADAM, now=now, **options)

    @pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
    def test_makes_a_new_job_that_points_at_the_old_one(self, status, acme, daily_calls, now):
        wished = {"formats": ["CSV"], "visual_ids": ["pivot-1"], "parameters": DEFAULTS | {"Region": ["West"]}}
        old = make_job(tenant=acme, report=daily_calls, status=status, now=now, **wished)

        new = self.retry(old, now + timedelta(hours=1))

        assert (new.retry_of_id, new.status, new.lane, new.trigger) == (old.pk, "queued", SnapshotJob.Lane.NOW, "retry")
        assert {name: getattr(new, name) for name in wished} == wished
        assert {kept.pk: kept.status for kept in stored(acme)} == {old.pk: status, new.pk: "queued"}

    @pytest.mark.parametrize("status", ["queued", "starting", "running", "collecting"])
    def test_waits_until_the_job_has_ended(self, status, acme, daily_calls, now):
        job = make_job(tenant=acme, report=daily_calls, status=status, now=now)

        refused = refusal(lambda: self.retry(job, now))

        assert (refused.code, refused.detail) == ("job_not_ended", "This job is still running.")
        assert [kept.pk for kept in stored(acme)] == [job.pk]

    def test_takes_what_is_fixed_for_the_company_today(self, acme, now):
        report = make_report(slug="by-region")
        grant = make_grant(tenant=acme, report=report, parameters={"Region": ["North"]})
        old = make_job(tenant=acme, report=report, status="failed", now=now, parameters=DEFAULTS | {"Region": ["North"]})
        with tenant_scope(acme):
            Grant.objects.filter(pk=grant.pk).update(parameters={"Region": ["West"]})

        assert self.retry(old, now).parameters == DEFAULTS | {"Region": ["West"]}

    def test_is_refused_once_the_report_was_withdrawn(self, acme, daily_calls, now):
        old = make_job(tenant=acme, report=daily_calls, status="failed", now=now)
        with tenant_scope(acme):
            Grant.objects.update(withdrawn_at=now)

        assert refusal(lambda: self.retry(old, now)).code == "report_not_available"

    def test_of_one_form_makes_one_job_and_of_another_job_another(self, acme, daily_calls, now):
        first, second = (make_job(tenant=acme, report=daily_calls, status="failed", now=now) for _ in range(2))
        key, later = uuid.uuid4(), count(1)

        made = [self.retry(job, now + timedelta(seconds=next(later)), form_key=key) for job in (first, first, second)]

        assert made[0].pk == made[1].pk != made[2].pk
        assert [job.retry_of_id for job in made] == [first.pk, first.pk, second.pk]


class TestTheLimitOnWaitingJobs:
    @pytest.fixture
    def limited(self, acme, daily_calls):
        acme.max_waiting = 2
        with platform_scope():
            acme.save(update_fields=["max_waiting"])
        return acme

    def test_refuses_what_would_be_more_and_says_how_many_wait(self, limited, now):
        for _ in range(2):
            submit(limited, now)

        refused = refusal(lambda: submit(limited, now))

        assert refused.code == "queue_full"
        assert refused.detail.startswith(
            "2 jobs of your company wait already, and with 1 more they would be more than the 2 that may wait."
        )
        assert len(stored(limited)) == 2

    def test_counts_only_what_waits(self, limited, daily_calls, now):
        for status in ("starting", "running", "collecting", "completed", "failed", "cancelled"):
            make_job(tenant=limited, report=daily_calls, status=status)

        assert submit(limited, now).status == "queued"

    def test_counts_no_other_tenants_jobs(self, limited, globex, daily_calls, now):
        for _ in range(5):
            make_job(tenant=globex, report=daily_calls)

        assert submit(limited, now).status == "queued"

    def test_gives_a_button_that_is_pressed_twice_its_first_job(self, limited, now):
        submit(limited, now)
        key = uuid.uuid4()

        first, second = (submit(limited, now, form_key=key) for _ in range(2))

        assert first.pk == second.pk
