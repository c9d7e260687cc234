"""What S3 tells of new objects: whom it wakes, what is refused, and what a queue that is away costs."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from reports.engine import events
from reports.engine.crew import News, Report
from reports.engine.leasing import Lease
from reports.engine.pacing import Pacing
from reports.engine.process import STOP_FILE
from reports.models import Pump, SnapshotJob
from tenants.models import Tenant
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests.factories import make_account, make_grant, make_job, make_report
from tests.object_events import FORMS, bridged, direct, have_told, key_of, left_in, make_queue, send
from tests.reports.aws.test_s3_events import NOT_EVENTS, SECRET
from tests.reports.engine import steps
from tests.reports.engine.test_pump import pumping_in_a_thread
from tests.reports.engine.worker import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
FAR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def no_long_wait(monkeypatch):
    monkeypatch.setattr("reports.aws.queue.WAIT_SECONDS", 1)


@pytest.fixture(autouse=True)
def fresh_trouble(monkeypatch):
    monkeypatch.setattr(events, "_trouble", events.Trouble())


@pytest.fixture(autouse=True)
def nobody_listens_afterwards():
    yield
    wait_for(lambda: not any(thread.name == "events" for thread in threading.enumerate()), 20, "nobody listens")


@pytest.fixture
def url(aws, settings):
    settings.PORTAL_EVENT_QUEUE_URL = make_queue(aws)
    return settings.PORTAL_EVENT_QUEUE_URL


@pytest.fixture
def stop_file(monkeypatch, tmp_path):
    path = tmp_path / "stop"
    monkeypatch.setitem(os.environ, STOP_FILE, str(path))
    return path


@pytest.fixture
def rendering(aws, acme, daily_calls):
    """A job at QuickSight that nobody would look at for an hour."""
    return in_state(make_job(tenant=acme, report=daily_calls))


def in_state(job, status="running", **changes) -> SnapshotJob:
    values = {"status": status, "next_look_at": timezone.now() + FAR} | changes
    with tenant_scope(job.tenant_id):
        SnapshotJob.objects.filter(pk=job.pk).update(**values)
    return steps.now_of(job)


def is_due(job) -> bool:
    at = steps.now_of(job).next_look_at
    return at is not None and at <= timezone.now() + timedelta(seconds=1)


def refusals(log) -> list[str]:
    return [line["message"] for line in log() if "refused" in line["message"]]


def heard_at(account):
    return Pump.objects.get(account=account).heard_at


@pytest.mark.parametrize("form", [bridged, direct])
def test_an_event_makes_its_job_due_and_is_deleted(aws, url, account, rendering, form, json_log):
    send(aws, url, form(key_of(rendering)))

    wait = events.listen(url)

    job = steps.now_of(rendering)
    assert is_due(rendering)
    assert job.object_seen_at == job.next_look_at
    assert (job.status, heard_at(account) is not None) == ("running", True)
    assert (wait, left_in(aws, url), refusals(json_log)) == (0, 0, [])


def test_an_event_completes_nothing(aws, url, rendering):
    send(aws, url, *[bridged(key_of(rendering))] * 3)

    events.listen(url)

    assert steps.status_of(rendering) == "running"
    assert steps.files_of(rendering) == steps.events_of(rendering, "completed") == []


def test_ten_messages_are_one_statement(aws, url, acme, daily_calls):
    jobs = [in_state(make_job(tenant=acme, report=daily_calls)) for _ in range(10)]
    send(aws, url, *(bridged(key_of(job)) for job in jobs))
    sent = []

    def noting(execute, sql, params, many, context):
        sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(noting):
        events.listen(url)

    assert all(map(is_due, jobs))
    assert sent.count(events.WAKE) == sent.count(events.HEARD) == 1


def test_a_job_that_waits_for_its_file_is_due_when_the_file_comes(aws, url, rendering):
    job = in_state(rendering, "collecting")
    send(aws, url, bridged(key_of(job)))

    events.listen(url)

    assert is_due(job)


def test_a_start_that_nobody_answered_yet_is_not_sent_again_for_it(aws, url, rendering):
    job = in_state(rendering, "starting")
    send(aws, url, bridged(key_of(job)))

    events.listen(url)

    assert (is_due(job), steps.now_of(job).object_seen_at is None) == (False, False)


@pytest.mark.parametrize("reason", [{"waiting": "no_answer"}, {"waiting": "throttled"}, {"crashes": 1}])
def test_a_job_that_waits_out_a_back_off_goes_on_waiting(aws, url, rendering, reason):
    job = in_state(rendering, **reason)
    send(aws, url, bridged(key_of(job)))

    events.listen(url)

    assert not is_due(job)


@pytest.mark.parametrize("status", ["queued", "completed", "failed", "cancelled"])
def test_a_job_that_does_not_run_is_left_alone_and_that_is_no_refusal(aws, url, rendering, status, json_log):
    ended = timezone.now() if status in SnapshotJob.ENDED else None
    job = in_state(rendering, status, finished_at=ended, next_look_at=None)
    send(aws, url, bridged(key_of(job)))

    events.listen(url)

    after = steps.now_of(job)
    assert (after.status, after.next_look_at, after.object_seen_at) == (status, None, None)
    assert (left_in(aws, url), refusals(json_log)) == (0, [])


def test_a_bucket_of_the_tenants_own_is_ours_for_its_jobs_only(aws, url, rendering, globex, daily_calls, json_log):
    others = in_state(make_job(tenant=globex, report=daily_calls))
    with platform_scope():
        Tenant.objects.filter(pk=rendering.tenant_id).update(bucket="acme-reports")
    send(aws, url, bridged(key_of(rendering), bucket="acme-reports"), bridged(key_of(others), bucket="acme-reports"))

    events.listen(url)

    assert (is_due(rendering), is_due(others)) == (True, False)
    assert refusals(json_log) == ["events of objects refused: 1 of a foreign bucket"]


def test_whoever_listens_hears_for_every_account(aws, url, account, rendering, acme):
    other = make_account(name="other", aws_account_id="444455556666", region="eu-central-1")
    report = make_report(slug="elsewhere", account=other)
    make_grant(tenant=acme, report=report)
    job = in_state(make_job(tenant=acme, report=report))
    send(aws, url, bridged(key_of(job), account="444455556666"))

    events.listen(url)

    assert (is_due(job), is_due(rendering)) == (True, False)
    assert (heard_at(other) is None, heard_at(account) is None) == (False, True)


def test_what_is_no_event_of_ours_is_counted_without_a_word_of_it_and_holds_nothing_up(aws, url, rendering, json_log):
    elsewhere = [
        bridged(f"reports/{SECRET}.pdf"),
        direct(f"t/r90/{SECRET}/x/y.pdf"),
        bridged(key_of(rendering).removesuffix("/opaque näme.csv")),
    ]
    send(aws, url, *NOT_EVENTS.values(), *elsewhere, bridged(key_of(rendering)))

    while left_in(aws, url):
        assert events.listen(url) == 0

    counted = [int(number) for line in refusals(json_log) for number in re.findall(r"(\d+) of ", line)]
    assert sum(counted) == len(NOT_EVENTS) + len(elsewhere)
    assert SECRET not in str(json_log())
    assert is_due(rendering)


def test_forged_and_foreign_events_are_refused_by_kind_and_wake_nobody(aws, url, account, rendering, globex, json_log):
    elsewhere = key_of(rendering).replace(str(rendering.pk), "00000000-0000-4000-8000-000000000000")
    foreign = bridged(key_of(rendering), bucket="somebody-elses"), bridged(key_of(rendering), account="999988887777")
    send(aws, url, *foreign, bridged(key_of(rendering, tenant=globex)), bridged(elsewhere), direct(key_of(rendering), bucket="others"))

    events.listen(url)

    assert steps.now_of(rendering).object_seen_at is None
    assert not is_due(rendering)
    assert heard_at(account) is None
    assert refusals(json_log) == [
        "events of objects refused: 1 of a foreign account, 2 of a foreign bucket, 1 of a job of another tenant, 1 of an unknown job"
    ]
    assert left_in(aws, url) == 0


def test_the_message_by_which_s3_tries_a_queue_out_is_deleted_without_a_word(aws, settings, json_log):
    url = have_told(aws, "direct")

    events.listen(url)

    assert (left_in(aws, url), refusals(json_log)) == (0, [])


def test_what_was_told_of_an_attempt_is_forgotten_at_the_next(aws, url, account, acme, daily_calls):
    aws.control.fail_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")
    send(aws, url, bridged(key_of(job)))
    events.listen(url)
    seen = steps.now_of(job).object_seen_at

    steps.run_until(account, job, status="queued")
    steps.run_until(account, job, status="running")

    assert (seen is None, steps.now_of(job).object_seen_at) == (False, None)


def test_a_look_that_was_under_way_when_the_event_came_is_repeated_soon(aws, account, acme, daily_calls):
    """The look's own answer is older than the event, and would put the next look off by a fifth of the job's age."""
    aws.control.stuck_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")
    steps.let_pass(job, minutes=2)
    with engine_scope():
        (lease,) = steps.leasing.take_due(account.pk, limit=1)
    events.take_in([json.dumps(bridged(key_of(job)))])

    steps.work_on(account, lease)

    after = steps.now_of(job)
    assert after.next_look_at - timezone.now() < timedelta(seconds=3)


def test_a_pump_that_puts_looks_off_locks_jobs_in_the_order_of_events(account, acme, daily_calls):
    """Else the two may wait for each other."""
    until = timezone.now() + timedelta(minutes=1)
    ids = sorted((uuid.uuid4() for _ in range(2)), reverse=True)
    second, first = (make_job(tenant=acme, report=daily_calls, status="running", lease_until=until, pk=pk) for pk in ids)
    pacing = Pacing(account.pk, timezone.now)
    for job in (second, first):
        pacing.hear(Report(Lease(job.pk, acme.pk, "running", until=until), answered=True, news=News.NOT_YET))

    def put_off() -> None:
        with engine_scope():
            pacing.write()

    writer = threading.Thread(target=lambda: (put_off(), connection.close()))
    with tenant_scope(acme):
        SnapshotJob.objects.select_for_update().get(pk=first.pk)
        writer.start()
        wait_for(somebody_waits, 10, "the pump waits for the first one")
        free = SnapshotJob.objects.select_for_update(skip_locked=True).filter(pk=second.pk).exists()
    writer.join()

    assert free
    assert steps.now_of(second).lease_until is None


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where not granted")
        return bool(cursor.fetchone()[0])


def test_a_queue_that_is_not_there_is_told_once_and_asked_ever_more_slowly(aws, json_log):
    missing = f"{aws.url}/111122223333/not-made"

    waits = [events.listen(missing) for _ in range(8)]
    again = events.listen(make_queue(aws))

    told = [line["message"] for line in json_log() if "queue of object events" in line["message"]]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert again == 0
    assert told == [
        "the queue of object events: AWS says AWS.SimpleQueueService.NonExistentQueue; until it goes on, QuickSight is asked instead",
        "the queue of object events goes on",
    ]


def test_a_refused_key_is_told_too(aws, url, monkeypatch, new_clients, json_log):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-somebody-else")

    assert events.listen(url) == 1

    assert "AWS says InvalidSignatureException" in str(json_log())
    assert "of-somebody-else" not in str(json_log())


@pytest.mark.parametrize("fault", [OperationalError("server closed the connection unexpectedly"), RuntimeError("a fault of ours")])
def test_what_could_not_be_taken_in_comes_again(aws, settings, rendering, fault):
    url = make_queue(aws, VisibilityTimeout="0")
    send(aws, url, bridged(key_of(rendering)))

    def failing(execute, sql, params, many, context):
        if sql == events.WAKE:
            raise fault
        return execute(sql, params, many, context)

    with connection.execute_wrapper(failing):
        first = events.listen(url)
    before = is_due(rendering)
    second = events.listen(url)

    assert (first, before, second, is_due(rendering)) == (1, False, 0, True)
    assert left_in(aws, url) == 0


class TestAPump:
    @pytest.fixture
    def held(self, aws, acme, daily_calls):
        """Renders until the test lets it end."""
        aws.control.stuck_jobs()
        return steps.submit(acme)

    @staticmethod
    def put_off(job) -> None:
        """Rendering, and nobody looks for an hour."""

        def is_put_off() -> bool:
            with tenant_scope(job.tenant_id):
                waits = SnapshotJob.objects.filter(pk=job.pk, status="running", lease_until=None)
                return bool(waits.update(next_look_at=timezone.now() + FAR))

        wait_for(is_put_off, 20, "the job renders and nobody looks")

    @pytest.mark.parametrize("form", FORMS)
    def test_completes_a_job_long_before_it_would_have_looked(self, aws, account, held, settings, stop_file, form):
        settings.PORTAL_EVENT_QUEUE_URL = have_told(aws, form)

        with pumping_in_a_thread(account):
            self.put_off(held)
            aws.control.finish(str(steps.attempts_of(held)[0].pk))
            wait_for(lambda: steps.status_of(held) == "completed", 20, "the event was heard")
            stop_file.touch()

        assert len(steps.files_of(held)) == len(steps.events_of(held, "completed")) == 1
        assert heard_at(account) is not None

    def test_without_a_queue_listens_to_nobody(self, aws, account, held, stop_file):
        have_told(aws, "direct")

        with pumping_in_a_thread(account):
            self.put_off(held)
            aws.control.finish(str(steps.attempts_of(held)[0].pk))
            wait_for(lambda: aws.control.jobs()[0]["status"] == "COMPLETED", 10, "QuickSight is done")
            stop_file.touch()

        assert steps.status_of(held) == "running"

    def test_goes_on_by_polling_while_the_queue_is_away(
        self, aws, account, acme, daily_calls, settings, monkeypatch, new_clients, stop_file
    ):
        settings.PORTAL_EVENT_QUEUE_URL = have_told(aws, "eventbridge")
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")
        job = steps.submit(acme)

        with pumping_in_a_thread(account):
            wait_for(lambda: steps.status_of(job) == "completed", 20, "polled")
            stop_file.touch()

        assert heard_at(account) is None

    def test_goes_on_and_stops_while_the_queue_never_answers(
        self, aws, account, acme, daily_calls, settings, monkeypatch, new_clients, stop_file
    ):
        settings.PORTAL_EVENT_QUEUE_URL = have_told(aws, "eventbridge")
        job = steps.submit(acme)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{silent.getsockname()[1]}")

            with pumping_in_a_thread(account, window=600) as ended:
                wait_for(lambda: steps.status_of(job) == "completed", 20, "polled")
                stop_file.touch()
                wait_for(lambda: ended, 8, "the pump stops, and does not wait for the queue's time-out")

        assert ended == ["stop"]
