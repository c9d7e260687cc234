"""The state that /metrics tells, as the worker looks it up."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone

from reports import figures, tasks
from reports.alerts import EVENT_LASTS, alert, settle
from reports.models import Figures, Heartbeat, Installation, Process, Pump, Schedule, Slot
from reports.restoring import mode
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def account(db):
    return factories.make_account(name="main", slots=3)


@pytest.fixture
def report(account, acme, globex):
    report = factories.make_report(slug="daily-calls", account=account)
    for tenant in (acme, globex):
        factories.make_grant(tenant=tenant, report=report)
    return report


def look() -> dict[str, dict[tuple[str, ...], float]]:
    """By the measure's name without our prefix, and the values of its labels in the order of their names."""
    figures.write(tasks.CLUSTERS, list(tasks.STANDS))
    with engine_scope():
        row = Figures.objects.get()
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for name, labels, value in row.state:
        found.setdefault(name.removeprefix("fanfold_"), {})[tuple(labels[label] for label in sorted(labels))] = value
    return found


def waiting_job(tenant, report, age, *, admitted=True, **fields):
    job = factories.make_job(tenant=tenant, report=report, now=timezone.now() - age, admitted=admitted, **fields)
    if admitted:
        factories.make_queue(tenant=tenant, account=report.account, lane=job.lane, queued=1)
    return job


def near(seconds: float) -> object:
    return pytest.approx(seconds, abs=60)


def test_an_empty_portal_has_figures_too(account):
    found = look()

    assert found["queue_jobs"] == {("main", "now"): 0, ("main", "scheduled"): 0}
    assert found["queue_oldest_seconds"] == {("main", "now"): 0, ("main", "scheduled"): 0}
    assert found["slots_limit"] == {("main",): 3}
    assert found["slots_in_use"] == found["slots_resting"] == found["slots_spare_in_use"] == {("main",): 0}
    assert found["deliveries_waiting"] == dict.fromkeys([(channel,) for channel in figures.CHANNELS], 0)
    assert found["schedule_late_seconds"] == found["restored_mode"] == {(): 0}
    assert found["stand_up"] == {(name,): 0 for name in tasks.STANDS}
    assert "alarms_open" not in found


def test_it_is_one_row_that_is_written_anew(account):
    look()
    look()

    assert Figures.objects.count() == 1


def test_the_line_is_told_by_lane_with_whom_waits_longest(account, report, acme, globex):
    waiting_job(acme, report, 3 * HOUR, lane=1)
    waiting_job(globex, report, HOUR, lane=1)
    waiting_job(globex, report, HOUR / 2, lane=0)

    found = look()

    assert found["queue_jobs"] == {("main", "now"): 1, ("main", "scheduled"): 2}
    assert found["queue_oldest_seconds"] == {("main", "now"): near(1800), ("main", "scheduled"): near(3 * 3600)}
    assert found["queue_startable_jobs"] == {("main",): 3}


def test_who_waits_outside_the_line_counts_for_the_oldest_only_if_it_may_come_in(account, report, acme, globex):
    """Without a pump nobody is let in."""
    waiting_job(acme, report, HOUR, admitted=False)
    waiting_job(globex, report, 5 * HOUR, admitted=False)
    factories.make_pause(kind="tenant", tenant=globex)

    found = look()

    assert found["queue_held_jobs"] == {("main",): 2}
    assert found["queue_oldest_seconds"]["main", "scheduled"] == near(3600)


def test_a_back_off_is_no_wait(account, report, acme):
    waiting_job(acme, report, 5 * HOUR, not_before=timezone.now() - HOUR)

    assert look()["queue_oldest_seconds"]["main", "scheduled"] == near(3600)


def test_no_more_than_a_thousand_outside_the_line_are_counted(account, report, acme, monkeypatch):
    monkeypatch.setattr(figures, "HELD_UP_TO", 2)
    for _ in range(4):
        waiting_job(acme, report, HOUR, admitted=False)

    assert look()["queue_held_jobs"] == {("main",): 2}


def test_what_a_tenants_limit_stops_could_not_start(account, report, acme):
    factories.make_queue(tenant=acme, account=account, queued=5, running=1)
    with platform_scope():
        type(acme).objects.filter(pk=acme.pk).update(max_running=3)

    found = look()

    assert found["queue_jobs"]["main", "scheduled"] == 5
    assert found["queue_startable_jobs"] == {("main",): 2}


def test_nothing_could_start_where_the_account_is_held(account, report, acme):
    factories.make_queue(tenant=acme, account=account, queued=5)
    factories.make_pause(kind="account", account=account)

    found = look()

    assert found["queue_startable_jobs"] == {("main",): 0}
    assert found["account_held"] == {("main", "paused"): 1, ("main", "refused"): 0, ("main", "unanswered"): 0}


def test_slots_are_told_apart(account, report, acme):
    jobs = [factories.make_job(tenant=acme, report=report, status="running") for _ in range(2)]
    with engine_scope():
        Slot.objects.filter(account=account, number=1).update(job=jobs[0])
        Slot.objects.filter(account=account, number=2).update(rests_until=timezone.now() + HOUR)
        Slot.objects.create(account=account, number=99, spare=True, job=jobs[1])

    found = look()

    assert [found[name]["main",] for name in ("slots_in_use", "slots_resting", "slots_spare_in_use")] == [1, 1, 1]


def test_signs_of_life_have_their_age(account):
    now = timezone.now()
    with engine_scope():
        Heartbeat.objects.create(cluster="portal", beat_at=now - HOUR)
        Pump.objects.filter(account=account).update(beat_at=now - HOUR)
        for pid, cluster, seconds in ((1, "work", 0), (2, "work", 0), (3, "work", 60), (4, "portal", 60)):
            row = Process.objects.create(worker="w", pid=pid, host="h", cluster=cluster, doing="stand courier", worked_at=now)
            Process.objects.filter(pk=row.pk).update(seen_at=now - timedelta(seconds=seconds))

    found = look()

    assert found["heartbeat_age_seconds"] == {("portal",): near(3600)}
    assert found["pump_age_seconds"] == {("main",): near(3600)}
    assert found["worker_processes"] == {("portal",): 0, ("work",): 2}
    assert found["stand_up"]["courier",] == 1
    assert found["stand_up"]["carrier",] == 0


def test_who_makes_no_turn_does_not_stand_by(account):
    with engine_scope():
        Process.objects.create(worker="w", pid=1, host="h", doing="stand courier", worked_at=timezone.now() - HOUR)

    assert look()["stand_up"]["courier",] == 0


class TestWhatGoesOut:
    def test_is_told_by_channel_with_how_long_it_is_overdue(self, report, acme):
        job, due = factories.make_job(tenant=acme, report=report, status="completed"), timezone.now() - HOUR
        factories.make_delivery(job=job, address="a@acme.example", next_try_at=due)
        factories.make_delivery(job=job, address="b@acme.example", next_try_at=timezone.now() + HOUR)
        factories.make_delivery(job=job, address="c@acme.example", status="sent", ended_at=due)
        webhook = factories.make_webhook(tenant=acme)
        factories.make_webhook_delivery(webhook=webhook, next_try_at=due)

        found = look()

        assert {channel: number for (channel,), number in found["deliveries_waiting"].items() if number} == {"email": 2, "webhook": 1}
        assert found["deliveries_oldest_seconds"]["email",] == near(3600)
        assert found["deliveries_oldest_seconds"]["webhook",] == near(3600)
        assert found["deliveries_oldest_seconds"]["sftp",] == 0

    @pytest.mark.parametrize("whose", ["the tenant's", "everybody's"])
    def test_waits_on_purpose_while_mail_is_paused(self, report, acme, whose):
        job = factories.make_job(tenant=acme, report=report, status="completed")
        factories.make_delivery(job=job, next_try_at=timezone.now() - HOUR)
        factories.make_pause(kind="delivery", tenant=acme if whose == "the tenant's" else None)

        assert look()["deliveries_waiting"]["email",] == 0

    def test_waits_on_purpose_while_its_tenant_is_suspended(self, report, acme):
        job = factories.make_job(tenant=acme, report=report, status="completed")
        factories.make_delivery(job=job, next_try_at=timezone.now() - HOUR)
        factories.make_webhook_delivery(webhook=factories.make_webhook(tenant=acme), next_try_at=timezone.now() - HOUR)
        with platform_scope():
            type(acme).objects.filter(pk=acme.pk).update(suspended_at=timezone.now())

        assert set(look()["deliveries_waiting"].values()) == {0}


def test_a_schedule_that_nobody_notes_is_late(report, acme):
    for hours in (-5, 1, 3):
        factories.make_schedule(tenant=acme, report=report, slug=f"s{hours}", next_run_at=timezone.now() - hours * HOUR)
    with tenant_scope(acme):
        Schedule.objects.filter(slug="s3").update(retired_at=timezone.now())

    assert look()["schedule_late_seconds"] == {(): near(3600)}


def test_alarms_are_told_while_they_last(account):
    for subject in ("main", "other"):
        alert("account_refused", "It is refused.", subject)
    alert("job_given_up", "It ended its process.", "main", lasts=EVENT_LASTS)
    settle("account_refused", "other")

    assert look()["alarms_open"] == {("account_refused",): 1, ("job_given_up",): 1}


def test_restored_mode_is_told(account):
    mode.begin(Installation.Because.DECLARED, backup_at=timezone.now())

    assert look()["restored_mode"] == {(): 1}


def test_a_look_that_fails_ends_no_stand_and_the_next_one_is_made(account, monkeypatch, caplog):
    monkeypatch.setattr(figures, "LOOK_SECONDS", 0.0)
    turn = figures.writer(tasks.CLUSTERS, list(tasks.STANDS))
    with monkeypatch.context() as patch:
        patch.setattr(figures, "WRITE", "select 1 / 0")
        assert turn() is False
    assert "could not be looked up" in caplog.text

    turn()

    with engine_scope():
        assert Figures.objects.count() == 1


def test_the_web_login_reads_it_and_writes_none_of_it(web_login: psycopg.Connection):
    def may(privilege: str, table: str) -> bool:
        return web_login.execute(f"select has_table_privilege('{table}', '{privilege}')").fetchone()[0]

    assert may("select", "reports_figures")
    assert may("select", "reports_tally")
    assert not may("update", "reports_figures")
    assert not may("insert", "reports_figures")
    assert not may("delete", "reports_tally")
