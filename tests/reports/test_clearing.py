"""Clearing the queue: what waits is cancelled, with a reason, and nothing else is touched."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from reports import clearing
from reports.engine import claim, recount
from reports.refused import Refused
from reports.timeline import lines
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import engine_scope, tenant_scope
from tests.factories import make_delivery, make_job, make_occurrence, make_report, make_schedule
from tests.reports.engine import steps

pytestmark = pytest.mark.django_db
STAFF = Actor("sam@fanfold.example")
WHY = "Made twice by mistake."


@pytest.fixture
def daily_calls(db):
    return make_report(slug="daily-calls")


def clear(**which) -> int:
    return clearing.clear(actor=STAFF, because=WHY, now=timezone.now(), **which)


def statuses(*jobs) -> list[str]:
    return [steps.status_of(job) for job in jobs]


def wait_for_occurrence(tenant, report, slug):
    schedule = make_schedule(tenant=tenant, report=report, slug=slug)
    occurrence = make_occurrence(schedule=schedule, status="running", expanded_at=timezone.now())
    job = make_job(tenant=tenant, report=report, trigger="schedule", occurrence=occurrence)
    return schedule, occurrence, job


class TestOf:
    def test_a_tenant_leaves_other_tenants_alone(self, acme, globex, daily_calls):
        mine = [make_job(tenant=acme, report=daily_calls) for _ in range(3)]
        theirs = make_job(tenant=globex, report=daily_calls)

        assert (clearing.count(tenant=acme), clear(tenant=acme)) == (3, 3)
        assert statuses(*mine, theirs) == ["cancelled"] * 3 + ["queued"]

    def test_a_report_reaches_every_tenant(self, acme, globex, daily_calls):
        other = make_job(tenant=acme, report=make_report())
        cleared = [make_job(tenant=tenant, report=daily_calls) for tenant in (acme, globex)]

        assert clear(report=daily_calls) == 2
        assert statuses(*cleared, other) == ["cancelled", "cancelled", "queued"]

    def test_a_schedule_leaves_the_report_s_other_jobs_alone(self, acme, daily_calls):
        schedule, _occurrence, planned = wait_for_occurrence(acme, daily_calls, "mondays")
        by_hand = make_job(tenant=acme, report=daily_calls)

        assert clear(schedule=schedule) == 1
        assert statuses(planned, by_hand) == ["cancelled", "queued"]

    def test_a_tenant_and_a_report_means_what_is_of_both(self, acme, globex, daily_calls):
        both = make_job(tenant=acme, report=daily_calls)
        others = [make_job(tenant=globex, report=daily_calls), make_job(tenant=acme, report=make_report())]

        assert clear(tenant=acme, report=daily_calls) == 1
        assert statuses(both, *others) == ["cancelled", "queued", "queued"]

    def test_one_tenant_s_schedule_and_another_tenant_means_nothing(self, acme, globex, daily_calls):
        schedule, _occurrence, _job = wait_for_occurrence(acme, daily_calls, "mondays")

        assert clear(tenant=globex, schedule=schedule) == 0

    def test_everything_takes_as_many_batches_as_it_needs(self, acme, globex, daily_calls, monkeypatch):
        monkeypatch.setattr(clearing, "BATCH", 2)
        for tenant in (acme, globex):
            for _ in range(5):
                make_job(tenant=tenant, report=daily_calls)

        assert (clear(), clearing.count()) == (10, 0)


class TestWhatItDoes:
    def test_what_runs_goes_on(self, acme, daily_calls):
        running = make_job(tenant=acme, report=daily_calls, status="running")

        assert clear(tenant=acme) == 0
        assert statuses(running) == ["running"]

    def test_the_reason_stands_on_the_timeline(self, acme, daily_calls):
        job = make_job(tenant=acme, report=daily_calls)

        clear(tenant=acme)

        (event,) = steps.events_of(job, "cleared")
        (line,) = lines([{"at": event.at.isoformat(), "type": event.type, "data": event.data}])
        assert line.detail == f"By sam@fanfold.example: {WHY}"

    def test_it_is_audited_once_in_each_tenant_it_touched(self, acme, globex, daily_calls):
        for _ in range(3):
            make_job(tenant=acme, report=daily_calls)

        clear(report=daily_calls)

        with tenant_scope(acme):
            (event,) = AuditEvent.objects.filter(action="queue.cleared")
            assert (event.actor, event.after["jobs"], event.after["because"], event.after["report"]) == (STAFF.label, 3, WHY, "daily-calls")
        with tenant_scope(globex):
            assert not AuditEvent.objects.filter(action="queue.cleared").exists()

    def test_deliveries_and_the_occurrence_end_with_the_jobs(self, acme, daily_calls):
        schedule, occurrence, job = wait_for_occurrence(acme, daily_calls, "mondays")
        delivery = make_delivery(job=job, next_try_at=None)

        clear(schedule=schedule)

        with tenant_scope(acme):
            delivery.refresh_from_db()
            occurrence.refresh_from_db()
        assert (delivery.status, occurrence.status) == ("failed", "failed")

    def test_no_queue_counts_them_any_more(self, acme, daily_calls):
        for _ in range(9):
            make_job(tenant=acme, report=daily_calls, lane=0)
        with engine_scope():
            claim.claim(daily_calls.account_id)

        clear(tenant=acme)

        with engine_scope():
            assert recount.wrong() == []

    @pytest.mark.parametrize("because", ["", "  ", "x" * 301])
    def test_without_a_reason_nothing_is_cancelled(self, acme, daily_calls, because):
        make_job(tenant=acme, report=daily_calls)

        with pytest.raises(Refused) as refused:
            clearing.clear(tenant=acme, actor=STAFF, because=because, now=timezone.now())

        assert (refused.value.code, clearing.count(tenant=acme)) == ("reason_missing", 1)


def command(*words: str) -> str:
    out = StringIO()
    call_command("clear_queue", *words, stdout=out)
    return out.getvalue().strip()


class TestTheCommand:
    def test_counts_first_and_cancels_then(self, acme, daily_calls):
        _schedule, _occurrence, job = wait_for_occurrence(acme, daily_calls, "mondays")
        words = ["--tenant", "acme", "--schedule", "mondays", "--report", "daily-calls"]

        assert command(*words, "--dry-run") == "Jobs that wait: 1. Dry run: none was cancelled."
        assert statuses(job) == ["queued"]
        assert command(*words, "--because", WHY) == "Cancelled: 1 job(s)."
        assert statuses(job) == ["cancelled"]

    def test_can_mean_everything_but_only_when_told_so(self, acme, daily_calls):
        make_job(tenant=acme, report=daily_calls)

        with pytest.raises(CommandError, match="or say --all"):
            command("--because", WHY)
        assert command("--all", "--because", WHY) == "Cancelled: 1 job(s)."

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--tenant", "acme", "--all"], "not both"),
            (["--schedule", "mondays"], "--schedule needs --tenant"),
            (["--tenant", "nobody"], "There is no tenant “nobody”"),
            (["--report", "nothing"], "There is no report “nothing”"),
            (["--tenant", "acme", "--schedule", "never"], "There is no schedule “never”"),
            (["--tenant", "acme"], "--because: Say in 1 to 300 characters why"),
        ],
    )
    def test_says_what_is_wrong_with_its_words(self, acme, daily_calls, words, sentence):
        make_job(tenant=acme, report=daily_calls)

        with pytest.raises(CommandError, match=sentence):
            command(*words)
        assert clearing.count() == 1
