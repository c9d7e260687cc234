"""How long files are kept: at the click, by the purge, and by S3's own rules."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.doctor import aws as doctor
from reports import files, purging, retention
from reports.links.remaking import remake_of
from reports.models import Attempt, Download, Link, SnapshotFile
from reports.refused import Refused
from tenants import roles
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests import factories
from tests.pretend_aws import BUCKET
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, daily_calls, new_clients, server

__all__ = ["account", "aws", "daily_calls", "new_clients", "server"]
pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BODY = b"%PDF-1.7 a report"


def ready(tenant, report, aws=None, *, days_ago: float = 0, **fields):
    """A completed job with one file, in S3 where `aws` is given."""
    at = timezone.now() - days_ago * DAY
    job = factories.make_job(tenant=tenant, report=report, status="completed", now=at, finished_at=at, attempt_count=1)
    file = factories.make_file(job=job, body=BODY, attempt=factories.make_attempt(job=job, bucket=BUCKET, ended_at=at, **fields))
    if aws:
        aws.client("s3").put_object(Bucket=BUCKET, Key=file.key, Body=BODY)
    return job, file


def set_tenant(tenant, **fields) -> None:
    with platform_scope():
        Tenant.objects.filter(pk=tenant.pk).update(**fields)
        tenant.refresh_from_db()


def objects(aws, bucket: str = BUCKET) -> set[str]:
    return {found["Key"] for found in aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="t/").get("Contents", ())}


def versions(aws, bucket: str) -> list[str]:
    found = aws.client("s3").list_object_versions(Bucket=bucket)
    return [one["Key"] for one in (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))]


def now_of(file) -> SnapshotFile:
    with tenant_scope(file.tenant_id):
        return SnapshotFile.objects.get(pk=file.pk)


def always() -> bool:
    return True


class TestAtTheClick:
    @pytest.fixture
    def old(self, acme, daily_calls, aws):
        return ready(acme, daily_calls, aws, days_ago=91)

    def test_a_member_is_told_instead_of_given_it(self, client, adam, old):
        job, file = old
        client.force_login(adam)

        answer = client.post(f"/t/acme/jobs/{job.pk}/files/{file.pk}/", follow=True)

        page = answer.content.decode()
        assert answer.redirect_chain == [(f"/t/acme/jobs/{job.pk}/", 303)]
        assert "was kept for 90 days, and is no longer here" in page
        assert "Removed after 90 days" in page
        assert "Files removed after 90 days" in client.get("/t/acme/jobs/").content.decode()
        with tenant_scope(job.tenant):
            assert not Download.objects.exists()

    def test_a_link_says_so_and_counts_no_use(self, old, aws):
        job, _file = old
        link, token = factories.make_link(job=job)
        path = f"/d/{job.tenant.code}/{token}"

        answers = [Client().get(path), Client().post(path)]

        assert [answer.status_code for answer in answers] == [410, 410]
        assert all("Acme Hotels keeps files for 90 days" in answer.content.decode() for answer in answers)
        with tenant_scope(job.tenant):
            assert Link.objects.get(pk=link.pk).uses == 0
            assert remake_of(job) is None

    def test_the_older_api_has_no_output_of_it(self, client, old):
        job, _file = old
        _key, secret = factories.make_api_key(tenant=job.tenant)

        answer = client.get(f"/qs-anonymous-snapshot/download_output/daily-calls/{job.pk}", headers={"X-Api-Key": secret})

        assert answer.json() == {"error": "Output location not available"}

    def test_no_way_to_a_url_leads_past_the_record_that_refuses_it(self, old, acme):
        _job, file = old

        with tenant_scope(acme), pytest.raises(Refused, match="no longer here"):
            files.note_download(file, Actor("anybody"), now=timezone.now())

    def test_on_its_last_day_it_is_given(self, client, adam, acme, daily_calls, aws):
        job, file = ready(acme, daily_calls, aws, days_ago=89.9)
        client.force_login(adam)

        assert client.post(f"/t/acme/jobs/{job.pk}/files/{file.pk}/")["Location"].startswith(aws.url)

    def test_fewer_days_count_at_once(self, client, adam, acme, daily_calls, aws):
        job, file = ready(acme, daily_calls, aws, days_ago=3)
        client.force_login(adam)
        set_tenant(acme, retention_days=2)

        assert client.post(f"/t/acme/jobs/{job.pk}/files/{file.pk}/")["Location"] == f"/t/acme/jobs/{job.pk}/"

    def test_a_link_that_ended_offers_no_new_one_to_what_is_gone(self, old, acme):
        job, _file = old
        _link, token = factories.make_link(job=job, email="gm@azurebay.example", expires_at=timezone.now() - DAY)

        page = Client().get(f"/d/{acme.code}/{token}").content.decode()

        assert "This link has ended" in page
        assert "Ask for a new link" not in page

    def test_nobody_makes_a_link_to_what_is_gone(self, old, acme, adam, client):
        job, _file = old
        client.force_login(adam)

        page = client.post(f"/t/acme/jobs/{job.pk}/links/", {"days": 30, "max_uses": 50, "protection": ""})

        assert page.status_code == 422
        assert "no longer kept" in page.content.decode()


class TestThePurge:
    def test_removes_the_object_and_then_says_so_on_the_row(self, acme, daily_calls, aws):
        (_old, old), (_young, young) = ready(acme, daily_calls, aws, days_ago=91), ready(acme, daily_calls, aws, days_ago=89)

        purged = purging.purge(timezone.now(), always)

        assert purged == 1
        assert objects(aws) == {young.key}
        assert now_of(old).purged_at
        assert now_of(young).purged_at is None

    def test_killed_before_the_row_is_written_it_does_the_same_again(self, acme, daily_calls, aws):
        _job, file = ready(acme, daily_calls, aws, days_ago=91)
        aws.client("s3").delete_object(Bucket=BUCKET, Key=file.key)

        assert purging.purge(timezone.now(), always) == 1
        assert now_of(file).purged_at
        assert purging.purge(timezone.now(), always) == 0

    def test_takes_every_version_in_a_bucket_of_the_companys_own(self, acme, daily_calls, aws):
        aws.control.create_bucket("acme-reports")
        s3 = aws.client("s3")
        s3.put_bucket_versioning(Bucket="acme-reports", VersioningConfiguration={"Status": "Enabled"})
        _job, file = ready(acme, daily_calls, days_ago=91)
        with tenant_scope(acme):
            SnapshotFile.objects.update(bucket="acme-reports")
            Attempt.objects.update(bucket="acme-reports")
        for body in (b"first", b"second"):
            s3.put_object(Bucket="acme-reports", Key=file.key, Body=body)
        s3.delete_object(Bucket="acme-reports", Key=file.key)
        assert len(versions(aws, "acme-reports")) == 3

        purging.purge(timezone.now(), always)

        assert versions(aws, "acme-reports") == []
        assert now_of(file).purged_at

    def test_takes_what_failed_attempts_left_and_no_file_of_anybody(self, acme, daily_calls, aws):
        at = timezone.now() - 91 * DAY
        failed = factories.make_job(tenant=acme, report=daily_calls, status="failed", now=at)
        attempt = factories.make_attempt(job=failed, bucket=BUCKET, ended_at=at, failure_code="result_invalid")
        _job, file = ready(acme, daily_calls, aws, days_ago=1)
        for key in (f"{attempt.prefix}half.csv", f"t/r90/{acme.pk}/not-a-job/x.csv"):
            aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x")

        purging.purge(timezone.now(), always)

        assert objects(aws) == {file.key, f"t/r90/{acme.pk}/not-a-job/x.csv"}
        assert purging.purge(timezone.now(), always) == 0

    def test_leaves_a_job_alone_that_moves_still(self, acme, daily_calls, aws):
        at = timezone.now() - 91 * DAY
        job = factories.make_job(tenant=acme, report=daily_calls, status="collecting", now=at)
        attempt = factories.make_attempt(job=job, bucket=BUCKET, ended_at=at, failure_code="result_missing")
        aws.client("s3").put_object(Bucket=BUCKET, Key=f"{attempt.prefix}new.csv", Body=b"x")

        purging.purge(timezone.now(), always)

        assert objects(aws) == {f"{attempt.prefix}new.csv"}

    def test_goes_on_until_nothing_is_due(self, acme, daily_calls, aws, monkeypatch):
        monkeypatch.setattr(purging, "BATCH", 2)
        for _ in range(3):
            job, _file = ready(acme, daily_calls, days_ago=91)
            for _visual in range(3):
                factories.make_file(job=job, format="CSV")

        assert purging.purge(timezone.now(), always) == 3
        with tenant_scope(acme):
            assert not SnapshotFile.objects.kept().exists()

    def test_companies_take_turns(self, acme, globex, daily_calls, aws, monkeypatch):
        monkeypatch.setattr(purging, "BATCH", 2)
        for _ in range(6):
            ready(acme, daily_calls, days_ago=91)
        _job, other = ready(globex, daily_calls, days_ago=91)
        looks = iter([True] * 7)

        purging.purge(timezone.now(), lambda: next(looks, False))

        assert now_of(other).purged_at
        with tenant_scope(acme):
            assert SnapshotFile.objects.kept().count() > 0

    def test_a_store_that_refuses_keeps_the_rows_and_raises_an_alarm(self, acme, daily_calls, aws, caplog, monkeypatch, new_clients):
        _job, file = ready(acme, daily_calls, aws, days_ago=91)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWSTHIS0")

        purging.purge(timezone.now(), always)

        assert now_of(file).purged_at is None
        assert "files_not_removed: Files of acme are past their days" in caplog.text


class TestTheLifecycle:
    def test_a_companys_days_choose_the_smallest_class_that_is_long_enough(self):
        chosen = {days: retention.class_of(Tenant(retention_days=days)) for days in (1, 30, 31, 90, 91, 400)}

        assert chosen == {1: "r30", 30: "r30", 31: "r90", 90: "r90", 91: "r400", 400: "r400"}
        assert retention.class_of(Tenant(retention_days=1, held_since=timezone.now())) == "held"

    def test_new_files_are_put_below_the_class(self, account, acme, daily_calls, aws):
        set_tenant(acme, retention_days=400)
        job = steps.submit(acme)

        steps.run_until_ended(account, job)

        (file,) = steps.files_of(job)
        assert file.key.startswith(f"t/r400/{acme.pk}/{job.pk}/")

    def test_the_rules_are_put_on_every_bucket_beside_those_of_others(self, account, acme, daily_calls, aws):
        theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "exports/"}, "Expiration": {"Days": 3}}
        s3 = aws.client("s3")
        s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [theirs]})
        before = [finding.level for finding in doctor.lifecycle()]

        told = command("lifecycle", "--apply")
        again = command("lifecycle", "--apply")

        present = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
        days = {rule["Filter"]["Prefix"]: rule["Expiration"].get("Days") for rule in present}
        assert days == {"exports/": 3, "t/r30/": 37, "t/r90/": 97, "t/r400/": 407, "t/": None}
        assert "1 other rule(s) kept" in told
        assert "has them already" in again
        assert (before, [finding.level for finding in doctor.lifecycle()]) == (["WARN"], ["OK"])

    def test_the_doctor_finds_a_rule_that_would_remove_what_is_held(self, account, acme, daily_calls, aws):
        theirs = {"ID": "sweep", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}
        aws.client("s3").put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [theirs, *retention.rules()]})

        (found,) = doctor.lifecycle()

        assert found.level == "FAIL"
        assert "sweep" in found.what

    def test_the_rules_can_be_read_before_they_are_put(self):
        rules = json.loads(command("lifecycle"))["Rules"]

        assert {rule["ID"] for rule in rules} == {"fanfold-r30", "fanfold-r90", "fanfold-r400", "fanfold-markers"}
        assert all("t/held" not in rule["Filter"]["Prefix"] for rule in rules)


def command(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


COPIES = """
insert into reports_snapshotfile (id, tenant_id, job_id, attempt_id, format, visual_id, name, bucket, region, key, size_bytes, sha256,
                                  created_at, version_id)
select gen_random_uuid(), tenant_id, job_id, attempt_id, 'CSV', 'copy-' || n, name, bucket, region, key, size_bytes, sha256,
       created_at + n * interval '1 minute', ''
  from reports_snapshotfile, generate_series(1, %s) n where id = %s
"""


@pytest.mark.django_db(transaction=True)
def test_files_that_are_not_due_are_not_read_to_find_those_that_are(acme, globex, daily_calls, login):
    """At a fiftieth of the size that the plan was looked at by hand, see docs/retention.md; the plan is the same."""
    for tenant in (acme, globex):
        _job, file = ready(tenant, daily_calls, days_ago=91)
        with tenant_scope(tenant), connection.cursor() as cursor:
            cursor.execute(COPIES, [10_000, file.pk])
    login(roles.OWNER).execute("analyze reports_snapshotfile")
    with tenant_scope(acme):
        due = SnapshotFile.objects.past_days(acme, timezone.now()).order_by("created_at", "id").values_list("job_id", flat=True)[:100]

        plan = due.explain()

    assert "file_kept" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
