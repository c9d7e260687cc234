"""A legal hold: nothing of a company is removed by anybody, until it is released."""

from __future__ import annotations

import urllib.request
from datetime import timedelta

import pytest
from django.utils import timezone

from reports import legal_hold, purging, removing
from reports.engine import events
from reports.erasing import asking, objects
from reports.models import Erasure, SnapshotFile
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent, Tenant
from tenants.scope import staff_scope, tenant_scope
from tests import factories
from tests.pretend_aws import BUCKET
from tests.recently import sign_in
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, daily_calls, new_clients, server
from tests.reports.test_retention import BODY, always, now_of, ready, versions
from tests.reports.test_retention import objects as stored

__all__ = ["account", "aws", "daily_calls", "new_clients", "server"]
pytestmark = pytest.mark.django_db
OMAR = Actor("omar@anycompany.example")
LATER = timedelta(hours=2)


def hold(tenant, staff) -> None:
    with staff_scope(staff):
        assert legal_hold.begin(tenant, OMAR, "Case 4711.", now=timezone.now())


def release(tenant, staff) -> None:
    with staff_scope(staff):
        assert legal_hold.release(tenant, OMAR, "Case closed.", now=timezone.now())


def acts(tenant) -> list[tuple[str, dict]]:
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(tenant=tenant).order_by("at").values_list("action", "after"))


def test_needs_a_reason_and_is_on_record_with_it(acme, omar):
    with staff_scope(omar), pytest.raises(Refused, match="why"):
        legal_hold.begin(acme, OMAR, "  ", now=timezone.now())

    hold(acme, omar)
    with staff_scope(omar):
        assert not legal_hold.begin(acme, OMAR, "Again.", now=timezone.now())
    release(acme, omar)

    assert acts(acme) == [("tenant.held", {"because": "Case 4711."}), ("tenant.released", {"because": "Case closed."})]


@pytest.mark.parametrize("given", [{"act": "release"}, {"act": "days", "retention_days": 1}])
def test_staff_give_their_password_before_files_go(acme, omar, client, given):
    hold(acme, omar)
    sign_in(client, omar, seconds_ago=3600)

    answer = client.post("/staff/tenants/acme/retention/", given | {"because": "Case closed."})

    assert answer.status_code == 403
    with tenant_scope(acme):
        kept = Tenant.objects.get(pk=acme.pk)
    assert (kept.held_because, kept.retention_days) == ("Case 4711.", acme.retention_days)


def test_the_purge_passes_over_the_company_and_no_other(acme, globex, omar, daily_calls, aws):
    (_, held), (_, other) = ready(acme, daily_calls, aws, days_ago=91), ready(globex, daily_calls, aws, days_ago=91)
    hold(acme, omar)

    purging.purge(timezone.now(), always)

    assert stored(aws) == {held.key}
    assert now_of(held).purged_at is None
    assert now_of(other).purged_at


def test_a_hold_that_begins_between_two_jobs_of_a_purge_keeps_the_second(acme, omar, daily_calls, aws):
    for _ in range(2):
        ready(acme, daily_calls, aws, days_ago=91)
    due = purging.due_jobs(acme.pk, timezone.now())
    purging.purge_job(acme.pk, due[0], timezone.now())
    hold(acme, omar)

    assert purging.purge_job(acme.pk, due[1], timezone.now()) is False
    assert len(stored(aws)) == 1


def test_keeps_what_is_past_its_days_and_hands_out_none_of_it(acme, omar, adam, client, daily_calls, aws):
    job, file = ready(acme, daily_calls, aws, days_ago=91)
    hold(acme, omar)
    client.force_login(adam)

    answer = client.post(f"/t/acme/jobs/{job.pk}/files/{file.pk}/")

    assert answer["Location"] == f"/t/acme/jobs/{job.pk}/"


def test_new_files_are_put_where_no_rule_reaches_and_are_heard_of(account, acme, omar, daily_calls, aws):
    hold(acme, omar)
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    (file,) = steps.files_of(job)
    assert file.key.startswith(f"t/held/{acme.pk}/{job.pk}/")
    assert events.KEY.fullmatch(file.key)


class TestMovingWhatIsThere:
    def test_moves_the_object_the_row_and_later_the_old_object(self, acme, omar, daily_calls, aws):
        _job, file = ready(acme, daily_calls, aws)
        hold(acme, omar)
        now = timezone.now()

        legal_hold.move_held(now, always)

        held = now_of(file)
        assert held.key == file.key.replace("/r90/", "/held/")
        assert stored(aws) == {held.key, file.key}
        legal_hold.move_held(now + LATER, always)
        assert stored(aws) == {held.key}
        assert aws.client("s3").get_object(Bucket=BUCKET, Key=held.key)["Body"].read() == BODY
        assert now_of(file).moved_from == ""

    def test_a_url_that_was_signed_before_works_to_its_end(self, acme, omar, adam, client, daily_calls, aws):
        job, file = ready(acme, daily_calls, aws)
        client.force_login(adam)
        before = client.post(f"/t/acme/jobs/{job.pk}/files/{file.pk}/")["Location"]
        hold(acme, omar)
        legal_hold.move_held(timezone.now(), always)
        after = client.post(f"/t/acme/jobs/{job.pk}/files/{file.pk}/")["Location"]

        bodies = {urllib.request.urlopen(url).read() for url in (before, after)}

        assert bodies == {BODY}
        assert "/held/" in after

    @pytest.mark.parametrize("killed_after", ["copy", "row", "old object"])
    def test_killed_anywhere_it_goes_on(self, acme, omar, daily_calls, aws, killed_after):
        _job, file = ready(acme, daily_calls, aws)
        to, s3 = file.key.replace("/r90/", "/held/"), aws.client("s3")
        hold(acme, omar)
        s3.copy_object(Bucket=BUCKET, Key=to, CopySource={"Bucket": BUCKET, "Key": file.key})
        if killed_after in ("row", "old object"):
            with tenant_scope(acme):
                SnapshotFile.objects.update(key=to, moved_from=file.key, moved_at=timezone.now())
        if killed_after == "old object":
            s3.delete_object(Bucket=BUCKET, Key=file.key)

        legal_hold.move_held(timezone.now(), always)
        legal_hold.move_held(timezone.now() + LATER, always)

        assert stored(aws) == {to}
        assert (now_of(file).key, now_of(file).moved_from) == (to, "")

    def test_goes_on_with_the_next_batch_after_its_time_was_over(self, acme, omar, daily_calls, aws, monkeypatch):
        monkeypatch.setattr(legal_hold, "BATCH", 2)
        for days in range(5):
            ready(acme, daily_calls, aws, days_ago=days)
        hold(acme, omar)
        looks = iter([True])

        legal_hold.move_files(acme.pk, timezone.now(), lambda: next(looks, False))
        with tenant_scope(acme):
            left = legal_hold.kept(Tenant.objects.get(), timezone.now()).to_move
        legal_hold.move_held(timezone.now(), always)

        with tenant_scope(acme):
            assert left == 3
            assert legal_hold.kept(Tenant.objects.get(), timezone.now()).to_move == 0

    def test_the_oldest_go_first_because_s3_would_take_those_first(self, acme, omar, daily_calls, aws, monkeypatch):
        monkeypatch.setattr(legal_hold, "BATCH", 1)
        (_, young), (_, old) = ready(acme, daily_calls, aws, days_ago=1), ready(acme, daily_calls, aws, days_ago=80)
        hold(acme, omar)
        looks = iter([True])

        legal_hold.move_files(acme.pk, timezone.now(), lambda: next(looks, False))

        assert now_of(old).moved_at
        assert now_of(young).moved_at is None

    def test_moves_the_very_version_that_was_checked(self, acme, omar, daily_calls, aws):
        aws.control.create_bucket("acme-versions")
        s3 = aws.client("s3")
        s3.put_bucket_versioning(Bucket="acme-versions", VersioningConfiguration={"Status": "Enabled"})
        _job, file = ready(acme, daily_calls)
        checked = s3.put_object(Bucket="acme-versions", Key=file.key, Body=BODY)["VersionId"]
        s3.put_object(Bucket="acme-versions", Key=file.key, Body=BODY + b" overwritten")
        with tenant_scope(acme):
            SnapshotFile.objects.update(bucket="acme-versions", version_id=checked)
        hold(acme, omar)

        legal_hold.move_held(timezone.now(), always)
        legal_hold.move_held(timezone.now() + LATER, always)

        held = now_of(file)
        assert versions(aws, "acme-versions") == [held.key]
        assert s3.get_object(Bucket="acme-versions", Key=held.key, VersionId=held.version_id)["Body"].read() == BODY

    def test_what_s3_has_no_more_raises_an_alarm_and_stops_no_other(self, acme, omar, daily_calls, aws, caplog):
        ready(acme, daily_calls, days_ago=5)
        _job, there = ready(acme, daily_calls, aws, days_ago=4)
        hold(acme, omar)

        legal_hold.move_held(timezone.now(), always)

        assert now_of(there).moved_at
        assert "held_files_missing: 1 file(s) of acme" in caplog.text

    def test_a_copy_whose_file_was_purged_after_a_release_does_not_stay_for_ever(self, acme, omar, daily_calls, aws):
        _job, file = ready(acme, daily_calls, aws)
        hold(acme, omar)
        with tenant_scope(acme):
            stale = SnapshotFile.objects.select_related("job").get(pk=file.pk)
            SnapshotFile.objects.update(purged_at=timezone.now())

        assert legal_hold.move(stale, timezone.now()) is False
        assert stored(aws) == {file.key}

    def test_a_file_that_was_moved_while_the_purge_had_it_in_hand_is_not_called_gone(self, acme, omar, daily_calls, aws):
        job, file = ready(acme, daily_calls, aws, days_ago=91)
        hold(acme, omar)
        legal_hold.move_held(timezone.now(), always)

        marked = removing.mark(acme.pk, job.pk, [file.key], timezone.now())
        release(acme, omar)
        purging.purge(timezone.now(), always)

        assert marked == 0
        assert stored(aws) == set()

    def test_a_released_company_is_purged_again_wherever_its_files_lie(self, acme, omar, daily_calls, aws):
        _job, file = ready(acme, daily_calls, aws, days_ago=91)
        hold(acme, omar)
        legal_hold.move_held(timezone.now(), always)
        release(acme, omar)

        purging.purge(timezone.now(), always)

        assert stored(aws) == set()
        assert now_of(file).purged_at


class TestErasing:
    def test_is_refused_with_a_sentence_and_changes_nothing(self, acme, omar):
        factories.make_recipient(tenant=acme, email="anna@azurebay.example")
        hold(acme, omar)

        with tenant_scope(acme), pytest.raises(Refused, match="Acme Hotels is under a legal hold"):
            asking.erase(acme, Actor("olga"), "anna@azurebay.example", "She asked.", now=timezone.now())

        with tenant_scope(acme):
            assert not Erasure.objects.exists()
            assert acme.recipients.count() == 1

    def test_a_hold_that_begins_after_the_rows_keeps_the_objects_until_it_is_released(self, acme, omar, daily_calls, aws):
        job, file = ready(acme, daily_calls, aws)
        factories.make_delivery(job=job, address="anna@azurebay.example", status="sent")
        with tenant_scope(acme):
            erased = asking.erase(acme, Actor("olga"), "anna@azurebay.example", "She asked.", now=timezone.now())
        hold(acme, omar)

        objects.remove_all(timezone.now(), always)
        kept = stored(aws)
        release(acme, omar)
        objects.remove_all(timezone.now(), always)

        assert kept == {file.key}
        assert stored(aws) == set()
        with tenant_scope(acme):
            assert Erasure.objects.get(pk=erased.pk).ended_at
