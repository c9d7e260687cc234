"""What a tenant used, by its own days: counted anew from the rows, as often as one likes."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from django.db import connection

from reports import day_figures, quota_warnings, recounting, usage
from reports.models import DailyUsage, Notice, SnapshotJob
from tenants import roles
from tenants.models import Tenant
from tenants.scope import platform_scope, staff_scope, tenant_scope
from tests import factories
from tests.factories import make_attempt, make_delivery, make_dry_run, make_file, make_job

pytestmark = pytest.mark.django_db
MB = 1024**2
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def older_tenants(acme, globex, now) -> None:
    """They were there before the days that these tests count."""
    with platform_scope():
        Tenant.objects.update(created_at=now - timedelta(days=400))
    for tenant in (acme, globex):
        tenant.created_at = now - timedelta(days=400)


def put(tenant: Tenant, **fields) -> None:
    with platform_scope():
        Tenant.objects.filter(pk=tenant.pk).update(**fields)
    for name, value in fields.items():
        setattr(tenant, name, value)


def days(tenant: Tenant) -> dict[str, DailyUsage]:
    with tenant_scope(tenant):
        return {row.day.isoformat(): row for row in DailyUsage.objects.filter(tenant=tenant).order_by("day")}


def counts(tenant: Tenant) -> dict[str, int]:
    """Jobs by day, where there were any."""
    return {day: row.jobs for day, row in days(tenant).items() if row.jobs}


def today(tenant: Tenant, now: datetime) -> DailyUsage:
    recounting.recount(tenant.pk, now)
    return days(tenant)[usage.day_of(tenant, now).isoformat()]


def completed(tenant, report, now, **fields):
    return make_job(tenant=tenant, report=report, status="completed", now=now, **fields)


class TestRecounting:
    def test_tells_what_was_made_what_became_of_it_and_what_left(self, acme, daily_calls, now):
        done = completed(acme, daily_calls, now, trigger="schedule")
        file = make_file(job=done, size_bytes=1000)
        make_file(job=done, format="CSV", size_bytes=24)
        make_job(tenant=acme, report=daily_calls, status="failed", now=now, trigger="api")
        make_job(tenant=acme, report=daily_calls, now=now)
        make_delivery(job=done, status="sent", sent_at=now)
        make_delivery(job=done, status="failed")
        download(file, now)
        download(file, now, is_repeat=True)

        row = today(acme, now + HOUR)

        assert (row.jobs, row.completed, row.failed) == (3, 1, 1)
        assert (row.files, row.files_bytes, row.stored_bytes) == (2, 1024, 1024)
        assert (row.deliveries, row.downloads) == (1, 1)
        assert row.jobs_by_report == {str(daily_calls.pk): 3}
        assert row.jobs_by_start == {"schedule": 1, "api": 1, "page": 1}
        assert row.recounted_at == now + HOUR

    def test_a_second_time_changes_nothing(self, acme, daily_calls, now):
        make_file(job=completed(acme, daily_calls, now), size_bytes=10)
        first = today(acme, now)

        second = today(acme, now)

        assert vars(first) | {"_state": None} == vars(second) | {"_state": None}

    def test_puts_right_what_was_counted_wrong_and_says_on_how_many_days(self, acme, daily_calls, now):
        make_job(tenant=acme, report=daily_calls, now=now)
        make_job(tenant=acme, report=daily_calls, now=now - timedelta(days=1))
        with tenant_scope(acme):
            for day, jobs in ((date(2026, 3, 1), 9), (date(2026, 3, 2), 0)):
                DailyUsage.objects.create(tenant=acme, day=day, jobs=jobs, completed=7, stored_bytes=7)

        wrong = recounting.recount(acme.pk, now)

        assert (wrong, counts(acme)) == (2, {"2026-03-01": 1, "2026-03-02": 1})
        assert [row.completed for row in days(acme).values()] == [0, 0]
        assert recounting.recount(acme.pk, now) == 0

    def test_counts_days_before_yesterday_no_more(self, acme, daily_calls, now):
        make_job(tenant=acme, report=daily_calls, now=now - timedelta(days=2))

        recounting.recount(acme.pk, now)

        assert list(days(acme)) == ["2026-03-01", "2026-03-02"]

    def test_counts_no_day_before_the_tenant_was_there(self, acme, now):
        put(acme, created_at=now)

        recounting.recount(acme.pk, now)

        assert list(days(acme)) == ["2026-03-02"]

    def test_leaves_out_dry_runs_of_staff(self, acme, daily_calls, now):
        make_file(job=make_dry_run(tenant=acme, report=daily_calls, status="completed", now=now))

        row = today(acme, now)

        assert (row.jobs, row.completed, row.report_units, row.files) == (0, 0, 0, 0)

    def test_counts_no_other_tenants_rows(self, acme, globex, daily_calls, now):
        download(make_file(job=completed(globex, daily_calls, now)), now)

        row = today(acme, now)

        assert [getattr(row, name) for name in usage.COLUMNS] == [0] * len(usage.COLUMNS)

    def test_counts_files_that_were_made_as_made_and_no_longer_as_stored_once_they_are_gone(self, acme, daily_calls, now):
        make_file(job=completed(acme, daily_calls, now), size_bytes=500, purged_at=now)

        row = today(acme, now)

        assert (row.files, row.files_bytes, row.stored_bytes) == (1, 500, 0)

    def test_goes_on_with_the_others_when_one_tenant_cannot_be_counted(self, acme, globex, daily_calls, now, caplog):
        for tenant in (acme, globex):
            make_job(tenant=tenant, report=daily_calls, now=now)
        put(acme, timezone="Nowhere/Town")

        recounting.recount_all(now)

        assert counts(globex) == {"2026-03-02": 1}
        assert f"tenant {acme.pk}: its usage could not be counted" in caplog.text


class TestDaysOfATenant:
    @pytest.mark.parametrize(
        ("zone", "before", "after"), [("Pacific/Kiritimati", "2026-03-02", "2026-03-03"), ("Pacific/Pago_Pago", "2026-03-01", "2026-03-02")]
    )
    def test_end_at_its_own_midnight(self, zone, before, after, acme, daily_calls):
        put(acme, timezone=zone)
        midnight = usage.starts_at(acme, date.fromisoformat(after))
        for at in (midnight - timedelta(microseconds=1), midnight, midnight):
            make_job(tenant=acme, report=daily_calls, now=at)

        recounting.recount(acme.pk, midnight)

        assert counts(acme) == {before: 1, after: 2}

    @pytest.mark.parametrize(
        ("zone", "day", "hours"),
        [
            ("Europe/Berlin", date(2026, 3, 29), 23),
            ("Europe/Berlin", date(2026, 10, 25), 25),
            ("Africa/Cairo", date(2026, 4, 24), 23),  # midnight itself is missing
            ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
            ("Europe/Berlin", date(2026, 3, 28), 24),
        ],
    )
    def test_are_as_long_as_its_clocks_make_them_and_leave_no_gap(self, zone, day, hours, acme, daily_calls):
        put(acme, timezone=zone)
        begins, ends = usage.starts_at(acme, day), usage.ends_at(acme, day)
        for at in (begins - timedelta(microseconds=1), begins, ends - timedelta(microseconds=1), ends):
            make_job(tenant=acme, report=daily_calls, now=at)

        recounting.recount(acme.pk, ends)

        assert ends - begins == timedelta(hours=hours)
        assert (usage.day_of(acme, begins), usage.day_of(acme, ends)) == (day, day + usage.DAY)
        assert counts(acme) == {day.isoformat(): 2, (day + usage.DAY).isoformat(): 1}


class TestReportUnits:
    @pytest.mark.parametrize(
        ("files", "units"),
        [
            ([(10, None)], 1),
            ([(10, 100)], 1),
            ([(10, 101)], 2),
            ([(100 * MB, 1)], 1),
            ([(100 * MB + 1, 1)], 2),
            ([(60 * MB, None), (60 * MB, 250)], 3),
            ([(450 * MB, 250)], 5),
        ],
    )
    def test_are_one_for_each_hundred_pages_or_megabytes_whichever_is_more(self, files, units, acme, daily_calls, now):
        job = completed(acme, daily_calls, now)
        for number, (size, pages) in enumerate(files):
            make_file(job=job, format="CSV" if number else "PDF", size_bytes=size, pages=pages)

        assert today(acme, now).report_units == units

    def test_are_used_again_by_an_attempt_whose_file_was_no_good(self, acme, daily_calls, now):
        job = completed(acme, daily_calls, now)
        make_attempt(job=job, number=1, service_status="COMPLETED", failure_code="result_invalid", ended_at=now)
        make_attempt(job=job, number=2, service_status="FAILED", failure_code="report_failed", ended_at=now)
        make_file(job=job, attempt=make_attempt(job=job, number=3, service_status="COMPLETED", ended_at=now))

        assert today(acme, now).report_units == 2

    def test_are_used_by_a_job_that_failed_after_files_were_made(self, acme, daily_calls, now):
        job = make_job(tenant=acme, report=daily_calls, status="failed", now=now)
        for number, told in enumerate(("COMPLETED", "COMPLETED", "FAILED"), 1):
            make_attempt(job=job, number=number, service_status=told, ended_at=now)

        assert today(acme, now).report_units == 2

    def test_are_not_used_by_one_that_never_ran(self, acme, daily_calls, now):
        make_job(tenant=acme, report=daily_calls, status="cancelled", now=now)

        assert today(acme, now).report_units == 0


class TestAMonth:
    def test_adds_up_its_days_and_says_how_jobs_divide(self, acme, now):
        with tenant_scope(acme):
            for day, jobs, stored, made in ((28, 5, 1, {"a": 5}), (1, 2, 30, {"a": 1, "b": 1}), (31, 4, 20, {"b": 4})):
                month = 2 if day == 28 else 3
                facts = {"jobs_by_report": made, "jobs_by_start": {"api": jobs}, "recounted_at": now}
                DailyUsage.objects.create(tenant=acme, day=date(2026, month, day), jobs=jobs, stored_bytes=stored, **facts)
            found = usage.of_month(acme, date(2026, 3, 1))

        assert [row.day.day for row in found.days] == [1, 31]
        assert (found.totals["jobs"], found.stored_bytes) == (6, 20)
        assert (found.by_report, found.by_start) == ({"b": 5, "a": 1}, {"api": 6})

    @pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-1", "2026-11-01", "٢٠٢٦-11", "0000-01", "month"])
    def test_is_read_strictly(self, text):
        assert usage.read_month(text) is None

    def test_is_read_as_its_first_day(self):
        assert usage.read_month("2026-11") == date(2026, 11, 1)

    def test_of_all_tenants_is_a_row_for_each(self, acme, globex, ines, now):
        for tenant, stored in ((acme, (30, 20)), (globex, (5, 9))):
            with tenant_scope(tenant):
                for day, size in zip((1, 2), stored, strict=True):
                    DailyUsage.objects.create(tenant=tenant, day=date(2026, 3, day), jobs=day, stored_bytes=size, recounted_at=now)
                DailyUsage.objects.create(tenant=tenant, day=date(2026, 3, 3), jobs=1)

        with staff_scope(ines):
            rows = {row["slug"]: (row["jobs"], row["stored_bytes"]) for row in usage.of_all_tenants(date(2026, 3, 1))}

        assert rows == {"acme": (4, 20), "globex": (4, 9)}


class TestAWarning:
    def use(self, tenant, jobs, now):
        with tenant_scope(tenant):
            DailyUsage.objects.update_or_create(tenant=tenant, day=usage.day_of(tenant, now), defaults={"jobs": jobs})
            return [(notice.address, notice.data) for notice in quota_warnings.warn(tenant, now)]

    def test_goes_to_each_owner_at_eighty_percent_and_to_nobody_else(self, acme, olga, adam, now):
        put(acme, jobs_per_day=10)
        factories.make_member(tenant=acme, email="otto@acme.example", role="owner")

        assert self.use(acme, 7, now) == []
        assert self.use(acme, 8, now) == [(email, {"quota": "jobs_per_day"}) for email in ("olga@acme.example", "otto@acme.example")]

    def test_comes_once_a_day_for_the_jobs_of_a_day(self, acme, olga, now):
        put(acme, jobs_per_day=10)

        told = [len(self.use(acme, jobs, now + later)) for jobs, later in ((8, HOUR), (10, 2 * HOUR), (9, 24 * HOUR))]

        assert told == [1, 0, 1]

    def test_comes_once_a_month_for_what_fills_up_slowly(self, acme, olga, now):
        put(acme, max_recipients=1)
        factories.make_recipient(tenant=acme)

        told = [len(self.use(acme, 0, now + timedelta(days=later))) for later in (0, 1, 29, 30)]

        assert told == [1, 0, 0, 1]

    def test_is_asked_for_when_usage_is_counted(self, acme, olga, daily_calls, now):
        put(acme, max_storage_bytes=1000)
        make_file(job=completed(acme, daily_calls, now), size_bytes=800)

        recounting.recount_all(now)

        with tenant_scope(acme):
            assert [notice.data for notice in Notice.objects.all()] == [{"quota": "storage_bytes"}]


def download(file, now, **fields):
    with tenant_scope(file.tenant_id):
        file.downloads.create(tenant_id=file.tenant_id, actor="alice@acme.example", at=now, **fields)


def fill(job: SnapshotJob, number: int) -> None:
    """Jobs like this one, an hour apart, back in time."""
    columns = [field.column for field in SnapshotJob._meta.concrete_fields]
    other = {"id": "gen_random_uuid()"} | {name: f"{name} - n * interval '1 hour'" for name in ("created_at", "finished_at")}
    names, chosen = ", ".join(columns), ", ".join(other.get(column, column) for column in columns)
    with tenant_scope(job.tenant_id), connection.cursor() as cursor:
        cursor.execute(
            f"insert into reports_snapshotjob ({names}) select {chosen} "
            "from reports_snapshotjob job cross join generate_series(1, %s) n where job.id = %s",
            [number, job.pk],
        )


def plan(question: str, tenant: Tenant, now: datetime) -> str:
    """By the tables' indexes: of tables without rows the planner would rather read all."""
    day = usage.day_of(tenant, now)
    facts = {"tenant": tenant.pk, "begins": usage.starts_at(tenant, day), "ends": usage.ends_at(tenant, day)}
    facts |= {"now": now, "unit_pages": 100, "unit_bytes": 100, "in_time": HOUR, "step": 1}
    with tenant_scope(tenant), connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(f"explain (format json) {question}", facts)
        return json.dumps(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("question", "indexes"),
    [
        (recounting.MADE, ["job_list"]),
        (recounting.ENDED, ["job_list_by_end", "download_by_time", "delivery_by_time"]),
        (recounting.STORED, ["file_kept"]),
        (day_figures.ENDED, ["job_list_by_end", "occurrence_by_end"]),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_counting_reads_one_day_by_an_index(question, indexes, acme, daily_calls, now, login):
    fill(completed(acme, daily_calls, now), 5000)
    owner = login(roles.OWNER)
    owner.execute("analyze reports_snapshotjob")
    # What was known of the files of other tests, which are gone.
    owner.execute("select pg_clear_relation_stats('public', 'reports_snapshotfile')")
    owner.execute(
        "select pg_clear_attribute_stats('public', 'reports_snapshotfile', attname::text, false) from pg_attribute "
        "where attrelid = 'reports_snapshotfile'::regclass and attnum > 0 and not attisdropped"
    )

    found = plan(question, acme, now)

    assert [name for name in indexes if name not in found] == []
