"""What a tenant may use: never passed, however many ask at once, and said in a sentence where it ends."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from reports import jobs, quotas, usage
from reports.address_book import people
from reports.address_book.lists import Line
from reports.address_book.upload import Result, judge, save
from reports.models import DailyUsage, Recipient, SnapshotJob
from reports.occurrences import acting, reasons
from reports.quotas import Quotas
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent, Tenant
from tenants.scope import platform_scope, staff_scope, tenant_scope
from tests import factories
from tests.reports.engine.threads import together
from tests.reports.occurrences import steps

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example")
GIB = 1024**3
NONE = Quotas(None, None, None, None)


def limit(tenant: Tenant, **limits: int) -> Tenant:
    with platform_scope():
        Tenant.objects.filter(pk=tenant.pk).update(**limits)
    for name, value in limits.items():
        setattr(tenant, name, value)
    return tenant


def submit(tenant: Tenant, now: datetime, **wanted) -> SnapshotJob:
    with tenant_scope(tenant):
        return jobs.submit(tenant, ADAM, jobs.Wanted("daily-calls", ["PDF"], **wanted), now=now)


def refusal(act) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def counted(tenant: Tenant) -> dict[str, int]:
    """Jobs by day."""
    with tenant_scope(tenant):
        return {f"{row.day}": row.jobs for row in DailyUsage.objects.order_by("day")}


def stored(tenant: Tenant) -> int:
    with tenant_scope(tenant):
        return SnapshotJob.objects.count()


class TestJobsOfADay:
    def test_are_counted_also_without_a_limit(self, acme, daily_calls, now):
        for _ in range(3):
            submit(acme, now)

        assert counted(acme) == {"2026-03-02": 3}

    def test_that_are_all_made_refuse_the_next_one_with_the_time_it_is_let_in(self, acme, daily_calls, now):
        limit(acme, jobs_per_day=2, timezone="Europe/Berlin")
        for _ in range(2):
            submit(acme, now)

        refused = refusal(lambda: submit(acme, now))

        assert refused.code == "quota_exceeded"
        assert refused.detail == (
            "Your company has made 2 of the 2 jobs that it may make today. It can make more from Tuesday 3 March 2026, 00:00 (Berlin) on; "
            "scheduled reports go on meanwhile. For more ask Fanfold."
        )
        assert (stored(acme), counted(acme)) == (2, {"2026-03-02": 2})

    def test_begin_anew_at_the_tenants_own_midnight(self, acme, daily_calls):
        limit(acme, jobs_per_day=1, timezone="Pacific/Kiritimati")
        midnight = datetime(2026, 3, 2, 10, tzinfo=UTC)

        submit(acme, midnight - timedelta(seconds=1))
        submit(acme, midnight)

        assert refusal(lambda: submit(acme, midnight)).code == "quota_exceeded"
        assert counted(acme) == {"2026-03-02": 1, "2026-03-03": 1}

    def test_are_counted_once_for_a_button_that_is_pressed_twice_also_at_the_limit(self, acme, daily_calls, now):
        limit(acme, jobs_per_day=1)
        key = uuid.uuid4()

        first, second = (submit(acme, now, form_key=key) for _ in range(2))

        assert first.pk == second.pk
        assert counted(acme) == {"2026-03-02": 1}

    def test_of_another_tenant_are_not_counted(self, acme, globex, daily_calls, now):
        limit(acme, jobs_per_day=1)
        for _ in range(3):
            submit(globex, now)

        assert submit(acme, now).status == "queued"

    def test_of_zero_let_nothing_in(self, acme, daily_calls, now):
        limit(acme, jobs_per_day=0)

        assert refusal(lambda: submit(acme, now)).code == "quota_exceeded"
        assert counted(acme) == {}

    def test_hold_a_run_again_too(self, acme, daily_calls, now):
        failed = factories.make_job(tenant=acme, report=daily_calls, status="failed", now=now)
        limit(acme, jobs_per_day=0)

        with tenant_scope(acme):
            assert refusal(lambda: jobs.retry(failed, ADAM, now=now)).code == "quota_exceeded"


class TestMakersAtTheSameTime:
    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.mark.parametrize("limits", [{"jobs_per_day": 5}, {"max_waiting": 5}, {"jobs_per_day": 7, "max_waiting": 5}])
    def test_make_exactly_as_many_jobs_as_there_may_be(self, limits, acme, daily_calls, now):
        limit(acme, **limits)

        faults = together(*[lambda: submit(acme, now)] * 12)

        assert stored(acme) == 5
        assert counted(acme) == {"2026-03-02": 5}
        assert [type(fault) for fault in faults] == [Refused] * 7

    def test_add_exactly_as_many_people_as_there_may_be(self, acme, now):
        limit(acme, max_recipients=5)

        def add(number: int) -> None:
            with tenant_scope(acme):
                people.add(acme, ADAM, people.Person(f"person{number}@customer.example"), now=now)

        def upload(number: int) -> None:
            lines = [Line(line, f"list{number}-{line}@customer.example") for line in (1, 2)]
            with tenant_scope(acme):
                save(acme, ADAM, lines, leave_out=False, now=now)

        faults = together(*[lambda n=n: add(n) for n in range(6)], *[lambda n=n: upload(n) for n in range(3)])

        with tenant_scope(acme):
            assert Recipient.objects.count() == 5
        assert {type(fault) for fault in faults} == {Refused}


class TestASchedule:
    @pytest.fixture
    def due(self, acme, daily_calls, now):
        schedule = factories.make_schedule(tenant=acme, report=daily_calls, next_run_at=now)
        recipient = factories.make_recipient(tenant=acme)
        factories.make_audience(schedule=schedule, recipients=[recipient])
        return schedule

    def test_runs_at_its_time_when_the_jobs_of_the_day_are_used_up_and_is_counted(self, acme, due, now):
        limit(acme, jobs_per_day=0)
        occurrence = factories.make_occurrence(schedule=due, planned_at=now)

        steps.expand()

        assert [job.status for job in steps.jobs_of(due)] == ["queued"]
        assert sum(counted(acme).values()) == 1
        assert steps.the_occurrence(due).pk == occurrence.pk

    def test_that_is_run_by_hand_is_refused_when_they_are_used_up(self, acme, due, now):
        limit(acme, jobs_per_day=0)

        with tenant_scope(acme):
            refused = refusal(lambda: acting.run_now(due, ADAM, now))

        assert refused.code == "quota_exceeded"
        assert steps.occurrences_of(due) == []

    def test_that_was_run_by_hand_before_others_took_the_rest_ends_with_the_reason(self, acme, due, now):
        factories.make_occurrence(schedule=due, planned_at=now, kind="hand")
        limit(acme, jobs_per_day=0)

        steps.expand()

        occurrence = steps.the_occurrence(due)
        assert (occurrence.status, occurrence.reason, steps.jobs_of(due)) == ("failed", "quota_exceeded", [])
        assert "Your company has made 0 of the 0 jobs that it may make today." in reasons.words(occurrence)

    def test_ends_with_the_reason_where_there_is_no_room_for_its_files(self, acme, due, now):
        limit(acme, max_storage_bytes=0)
        factories.make_occurrence(schedule=due, planned_at=now)

        steps.expand()

        occurrence = steps.the_occurrence(due)
        assert (occurrence.status, occurrence.reason) == ("failed", "quota_exceeded")
        assert "so no report is made" in reasons.words(occurrence)


class TestStorage:
    def test_that_is_full_refuses_a_job_and_says_when_there_is_room_again(self, acme, daily_calls, now):
        limit(acme, max_storage_bytes=2 * GIB)
        factories.make_file(job=factories.make_job(tenant=acme, report=daily_calls, status="completed", now=now), size_bytes=2 * GIB)

        refused = refusal(lambda: submit(acme, now))

        assert refused.code == "quota_exceeded"
        assert refused.detail == (
            "Your company’s files take 2.0 GB of the 2.0 GB that it may store, so no report is made. "
            "A file is removed after 90 days. For more room ask Fanfold."
        )

    def test_that_is_nearly_full_lets_one_more_in(self, acme, daily_calls, now):
        limit(acme, max_storage_bytes=2 * GIB)
        factories.make_file(job=factories.make_job(tenant=acme, report=daily_calls, status="completed", now=now), size_bytes=2 * GIB - 1)

        assert submit(acme, now).status == "queued"

    def test_is_as_last_counted_and_what_was_collected_since(self, acme, daily_calls, now):
        with tenant_scope(acme):
            DailyUsage.objects.create(tenant=acme, day=now.date(), stored_bytes=1000, recounted_at=now)
        for minutes, size in ((-5, 70), (5, 3)):
            at = now + timedelta(minutes=minutes)
            factories.make_file(job=factories.make_job(tenant=acme, report=daily_calls, status="completed", now=at), size_bytes=size)

        with tenant_scope(acme):
            assert usage.stored_bytes(acme) == 1003


class TestRecipients:
    def test_beyond_the_limit_are_refused_one_by_one(self, acme, now):
        limit(acme, max_recipients=1)
        factories.make_recipient(tenant=acme)

        with tenant_scope(acme):
            refused = refusal(lambda: people.add(acme, ADAM, people.Person("new@customer.example"), now=now))

        assert refused.code == "quota_exceeded"
        assert [(place.path, place.detail) for place in refused.places] == [
            (
                ("email",),
                "This is one too many: your company’s limit of recipients is 1. Remove some, or ask Fanfold for more.",
            )
        ]

    def test_of_a_list_beyond_the_limit_refuse_the_list_and_name_the_lines(self, acme, now):
        limit(acme, max_recipients=2)
        known = factories.make_recipient(tenant=acme)
        lines = [Line(2, known.email, "Known"), Line(3, "a@customer.example"), Line(4, "b@customer.example")]

        with tenant_scope(acme):
            refused = refusal(lambda: save(acme, ADAM, lines, leave_out=False, now=now))
            assert Recipient.objects.count() == 1
            assert [one.result for one in judge(acme, lines)] == [Result.CHANGED, Result.NEW, Result.WRONG]

        assert [place.path for place in refused.places] == [("lines", "4", "email")]

    def test_may_be_changed_and_removed_beyond_it(self, acme, now):
        limit(acme, max_recipients=0)
        person = factories.make_recipient(tenant=acme)

        with tenant_scope(acme):
            people.change(person, ADAM, people.Person(person.email, "Another name"), now=now)
            people.remove(person, ADAM, revoke_links=False, now=now)
            assert Recipient.objects.count() == 0


class TestSettingThem:
    WANTED = Quotas(jobs_per_day=200, max_waiting=50, max_recipients=250, max_storage_bytes=50 * GIB)

    def test_is_kept_with_who_and_why(self, acme, ines, now):
        with staff_scope(ines):
            assert quotas.set_quotas(acme, self.WANTED, Actor(ines.email), "They bought the larger plan.", now=now)

        with tenant_scope(acme):
            assert quotas.quotas_of(Tenant.objects.get(pk=acme.pk)) == self.WANTED
            event = AuditEvent.objects.get(action="tenant.quotas_set")
        assert (event.actor, event.before) == (ines.email, vars(NONE))
        assert event.after == vars(self.WANTED) | {"because": "They bought the larger plan."}

    def test_to_what_they_are_writes_nothing(self, acme, ines, now):
        with staff_scope(ines):
            assert not quotas.set_quotas(acme, NONE, Actor(ines.email), "No reason.", now=now)

        with tenant_scope(acme):
            assert not AuditEvent.objects.exists()


def test_a_file_that_is_prepared_again_for_a_customer_is_counted_and_not_refused(acme, daily_calls, now):
    limit(acme, jobs_per_day=0, max_waiting=0, max_storage_bytes=0)

    with tenant_scope(acme):
        quotas.count_jobs(acme, 1, now)

    assert counted(acme) == {"2026-03-02": 1}
