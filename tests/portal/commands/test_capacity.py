"""`manage.py capacity`, as somebody types it before a company with many schedules comes."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time

import pytest
from django.core.management import CommandError, call_command

from reports.models import Pace, Schedule
from tenants.scope import engine_scope, tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
SINCE = "--from=2026-03-02T06:30+01:00"


@pytest.fixture
def capacity(capsys):
    def call(*words: str) -> str:
        call_command("capacity", *words)
        return capsys.readouterr().out

    return call


@pytest.fixture
def report():
    """Its jobs take ten minutes, as was learned from very many."""
    report = factories.make_report(account=factories.make_account(name="main", slots=4, requests_per_second=10), parameters=[])
    with engine_scope():
        Pace.objects.create(account=report.account, report=report, formats="PDF", jobs=10_000, log_mean=math.log(600), log_variance=0.0001)
    return report


def schedules(report, number: int, **fields) -> list[Schedule]:
    tenant = factories.make_tenant()
    factories.make_grant(tenant=tenant, report=report)
    at = {"cron": "0 7 * * *", "timezone": "Europe/Berlin", "next_run_at": MORNING} | fields
    return [factories.make_schedule(tenant=tenant, report=report, slug=f"s{n}", **at) for n in range(number)]


def test_tells_when_the_peak_ends_and_what_more_slots_would_buy(capacity, report):
    schedules(report, 12, ready_by=time(7, 15))

    said = capacity(SINCE, "--slots=12", "--slots=6")

    assert "Account main: 4 slots, 10 requests/s." in said
    assert "12 planned jobs in 24 hours, 600 s each on average." in said
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "Mon 02 Mar 2026, 06:00 UTC 12 06:32 UTC (32 min) 22 min 8" in lines
    assert "6 06:21 UTC (22 min) 11 min 6" in lines
    assert "12 at once under a minute 0" in lines


def test_counts_as_many_jobs_as_a_schedule_made_in_its_last_run(capacity, report):
    (schedule,) = schedules(report, 1)
    with tenant_scope(schedule.tenant_id):
        Schedule.objects.filter(pk=schedule.pk).update(job_count=40)

    assert "40 planned jobs" in capacity(SINCE)


def test_leaves_out_what_is_paused_or_due_later(capacity, report):
    schedules(report, 2, enabled=False)
    schedules(report, 2, cron="0 7 * * 3")

    assert "No schedule is due in these 24 hours." in capacity(SINCE)
    assert "2 planned jobs in 72 hours" in capacity(SINCE, "--hours=72")


def test_asks_what_if_jobs_were_more_or_took_another_time(capacity, report):
    schedules(report, 4)

    assert "8 planned jobs in 24 hours, 30 s each on average." in capacity(SINCE, "--times=2", "--seconds=30")
    assert "Nobody waits for a minute: at most 4 of the slots are in use at once." in capacity(SINCE)


def test_says_where_requests_are_the_limit(capacity, report):
    schedules(report, 400)

    assert "More than 31 are not kept full by 10 requests/s." in capacity(SINCE, "--seconds=30", "--slots=50")


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("--from=monday", "'monday' is no time with its zone, such as 2026-03-02T06:00+01:00"),
        ("--from=2026-03-02T06:00", "is no time with its zone"),
        ("--from=2026-02-30T06:00Z", "is no time with its zone"),
        ("--hours=1000", "'1000' is not a number of hours up to 168"),
        ("--hours=nan", "'nan' is not a number of hours up to 168"),
        ("--slots=0", "'0' is not a number of slots up to 10,000"),
        ("--slots=-3", "is not a number of slots"),
        ("--times=0", "is not a number above 0"),
        ("--seconds=x", "is not a number above 0"),
        ("--account=other", 'No account is called "other". manage.py apply FILE, with an [[account]], makes one.'),
    ],
)
def test_refuses_what_it_cannot_read(capacity, report, word, sentence):
    with pytest.raises(CommandError) as refused:
        capacity(word)

    assert sentence in str(refused.value)
