"""Erasing an end customer: nothing of the person is left in any table or bucket, and everybody else's rows stay as they are."""

from __future__ import annotations

import base64
import re
from collections import Counter
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.management import CommandError, call_command
from django.db import models
from django.test import Client
from django.utils import timezone

from reports import links, notices
from reports.address_book import people, upload
from reports.address_book.lists import Line
from reports.address_book.people import Person
from reports.delivery import unsubscribing
from reports.delivery.last_look import reason_not_to_send
from reports.erasing import asking, objects, places, rows
from reports.models import (
    AddressKey,
    Batch,
    Delivery,
    Download,
    Erasure,
    JobEvent,
    Link,
    Notice,
    Occurrence,
    Recipient,
    Schedule,
    SnapshotFile,
    SnapshotJob,
    Suppression,
)
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent, User
from tenants.scope import tenant_scope
from tests import database, factories
from tests.pretend_aws import BUCKET
from tests.recently import sign_in
from tests.reports.engine.conftest import account, aws, daily_calls, new_clients, server
from tests.reports.test_retention import BODY, always, now_of, ready, versions
from tests.reports.test_retention import objects as stored

__all__ = ["account", "aws", "daily_calls", "new_clients", "server"]
pytestmark = pytest.mark.django_db
ANNA, NANNA, ANNA_ELSEWHERE = "anna@azurebay.example", "nanna@azurebay.example", "anna@azurebay.example.org"
OLGA = Actor("olga@acme.example")


def erase(tenant, address: str = ANNA, because: str = "She asked for it.", now=None) -> Erasure:
    with tenant_scope(tenant):
        return asking.erase(tenant, OLGA, address, because, now=now or timezone.now())


def lines_with(address: str, dump: str) -> list[str]:
    """Of a dump of the whole database: the tables that hold the address as a whole, as often as they do."""
    wanted, table, found = re.compile(rows.pattern_of(address), re.IGNORECASE), "", []
    for line in dump.splitlines():
        if line.startswith("COPY "):
            table = line.split()[1].removeprefix("public.")
        found += [table] if wanted.search(line) else []
    return found


def dump_of(database_name: str, tmp_path: Path) -> str:
    database.backup(database_name, tmp_path / "dump")
    return database.as_text(tmp_path / "dump")


def with_person_everywhere(tenant, report, aws, address: str = ANNA):
    """Somebody in each place where a person can stand, beside somebody whose address looks much the same. Returns the job for them alone
    and the one that both got."""
    now = timezone.now()
    with tenant_scope(tenant):
        # By the functions that pages call, which write the audit trail as well.
        person = people.add(tenant, OLGA, Person(address, "Anna"), now=now)
        people.change(person, OLGA, Person(address, "Anna Person"), now=now)
    other = factories.make_recipient(tenant=tenant, email=NANNA, name="Nanna Other")
    factories.make_group(tenant=tenant, name=f"Desk of {address}", recipients=[person, other])
    schedule = factories.make_schedule(
        tenant=tenant, report=report, cc=[address, NANNA], message=f"Ask {address.title()}.", parameters={"Customer": [address]}
    )
    audience = factories.make_audience(schedule=schedule, name="Anna", session_tags={"email": address}, recipients=[person])
    occurrence = factories.make_occurrence(schedule=schedule, status="partly_delivered", detail={"bounced": [address]})
    with tenant_scope(tenant):
        batch = Batch.objects.create(tenant=tenant, reference=f"for {address}", total=0, open_jobs=0, created_at=now, ended_at=now)
    made = []
    for recipients in ([person], [person, other]):
        job, file = ready(tenant, report, aws, days_ago=1, session_tags={"email": address})
        with tenant_scope(tenant):
            SnapshotJob.objects.filter(pk=job.pk).update(
                occurrence=occurrence,
                parameters={"Customer": [address]},
                narrowing_tags={"email": address},
                batch=batch,
                reference=address,
                metadata={"to": address},
            )
            JobEvent.objects.create(tenant=tenant, job=job, at=now, type="sent", data={"to": f"Anna <{address}>"})
        for recipient in recipients:
            of = {"address": recipient.email, "name": recipient.name, "recipient": recipient, "answer": f"250 ok {recipient.email}"}
            delivery = factories.make_delivery(job=job, audience=audience, status="sent", occurrence=occurrence, **of)
            link, _token = factories.make_link(job=job, email=recipient.email, recipient=recipient, delivery=delivery)
            seen = {"at": now, "ip": "203.0.113.9", "user_agent": "Anna's phone"}
            with tenant_scope(tenant):
                Download.objects.create(tenant=tenant, file=file, link=link, actor=link.reference, **seen)
                key, data = f"new link {link.pk} {recipient.email}", {"name": recipient.email}
                notices.ask_for(tenant, Notice.Kind.NEW_LINK, key, recipient.email, now=now, data=data)
        made.append(job)
    with tenant_scope(tenant):
        mailed = Delivery.objects.select_related("tenant").filter(address=address).first()
        unsubscribing.stop(mailed, Actor("by a mail"), now=now)
        Suppression.objects.update(detail=f"<{address}> said so")
        links.revoke_all(links.of_address(tenant, address), OLGA, now=now)
    return made


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_of_the_person_in_any_table_nor_in_the_bucket(acme, globex, daily_calls, aws, database_name, tmp_path):
    alone, shared = with_person_everywhere(acme, daily_calls, aws)
    with_person_everywhere(globex, daily_calls, aws)
    before = Counter(lines_with(ANNA, dump_of(database_name, tmp_path)))

    erased = erase(acme)
    objects.remove_all(timezone.now(), always)

    dump = dump_of(database_name, tmp_path)
    after = Counter(lines_with(ANNA, dump))
    own = [line for line in dump.splitlines() if str(acme.pk) in line and re.search(rows.pattern_of(ANNA), line, re.IGNORECASE)]
    assert own == []
    assert {table: 2 * count for table, count in after.items()} == dict(before), "the other company's rows are all there"
    assert len(before) >= 12
    assert "Anna Person" not in "".join(line for line in dump.splitlines() if str(acme.pk) in line)
    assert lines_with(NANNA, dump)
    keys = stored(aws)
    assert not any(str(alone.pk) in key for key in keys)
    assert any(str(shared.pk) in key for key in keys)
    with tenant_scope(acme):
        assert Erasure.objects.get(pk=erased.pk).ended_at
        assert AuditEvent.objects.get(action="person.erased").object_id == str(erased.pk)


class TestTheRows:
    @pytest.fixture
    def jobs_of_both(self, acme, daily_calls, aws):
        return with_person_everywhere(acme, daily_calls, aws)

    def test_a_runs_ledger_adds_up_with_an_erased_person_in_it(self, acme, jobs_of_both):
        erase(acme)

        with tenant_scope(acme):
            assert sorted(Delivery.objects.filter(job=jobs_of_both[1]).values_list("status", flat=True)) == ["sent", "sent"]
            (erased,) = Delivery.objects.filter(job=jobs_of_both[1]).exclude(address=NANNA)
            assert erased.address.endswith("@erased.invalid")
            assert (erased.name, erased.answer, erased.recipient_id) == ("", "", None)

    def test_links_open_nothing_and_downloads_stay_without_the_person(self, acme, jobs_of_both):
        erase(acme)

        with tenant_scope(acme):
            mine = Link.objects.filter(email="")
            assert mine.count() == 2
            assert all(link.revoked_at for link in mine)
            assert set(Download.objects.filter(link__in=mine).values_list("ip", "user_agent")) == {(None, "")}
            assert set(Download.objects.exclude(link__in=mine).values_list("ip", flat=True)) == {"203.0.113.9"}

    def test_the_record_tells_how_much_and_nothing_of_whom(self, acme, jobs_of_both):
        erased = erase(acme)

        assert erased.removed["files"] == 1
        assert erased.removed["rows"]["recipients"] >= 3
        assert erased.removed["rows"]["deliveries"] == 2
        with tenant_scope(acme):
            assert bytes(erased.address_hmac) == rows.address_hash(acme, ANNA.upper())

    def test_somebody_whose_address_only_looks_alike_keeps_everything(self, acme, jobs_of_both):
        for address in (NANNA, ANNA_ELSEWHERE):
            factories.make_job(tenant=acme, parameters={"Customer": [address]})
        factories.make_recipient(tenant=acme, email=ANNA_ELSEWHERE)

        erase(acme)

        with tenant_scope(acme):
            assert set(Recipient.objects.values_list("email", flat=True)) == {NANNA, ANNA_ELSEWHERE}
            assert Schedule.objects.get().cc == [NANNA]
            assert SnapshotJob.objects.filter(parameters__Customer__in=[[NANNA], [ANNA_ELSEWHERE]]).count() == 2

    def test_a_member_with_the_same_address_is_no_end_customer(self, acme, jobs_of_both):
        factories.make_member(tenant=acme, email=ANNA, role="viewer")
        with tenant_scope(acme):
            told, _new = notices.ask_for(acme, Notice.Kind.RUN_FAILED, "a failure", ANNA, now=timezone.now())

        erase(acme)

        assert User.objects.filter(email=ANNA).exists()
        with tenant_scope(acme):
            assert acme.memberships.count() == 1
            assert Notice.objects.filter(pk=told.pk).exists()

    def test_nobody_known_is_on_record_too(self, acme):
        erased = erase(acme, "nobody@azurebay.example")

        assert (erased.removed, erased.ended_at is not None) == ({"rows": {}, "files": 0}, True)


class TestWhatStandsAgainstIt:
    def test_a_reason_that_names_the_person(self, acme):
        with pytest.raises(Refused, match="without the address"):
            erase(acme, because=f"{ANNA} asked.")

    def test_a_mail_that_leaves_at_this_moment_is_awaited(self, acme, daily_calls, aws):
        job, _file = ready(acme, daily_calls, aws)
        now = timezone.now()
        factories.make_delivery(job=job, address=ANNA, status="sending", lease_until=now + timedelta(minutes=1))
        factories.make_recipient(tenant=acme, email=ANNA)

        with pytest.raises(Refused, match="leaving at this moment"):
            erase(acme, now=now)

        with tenant_scope(acme):
            assert Recipient.objects.exists()
        assert erase(acme, now=now + timedelta(minutes=2)).removed["rows"]["deliveries"] == 1

    def test_a_mail_that_waits_is_not_sent_any_more_and_its_run_ends(self, acme, daily_calls, aws):
        schedule = factories.make_schedule(tenant=acme, report=daily_calls)
        occurrence = factories.make_occurrence(schedule=schedule, status="running", expanded_at=timezone.now())
        job, _file = ready(acme, daily_calls, aws)
        with tenant_scope(acme):
            SnapshotJob.objects.update(occurrence=occurrence)
        factories.make_delivery(job=job, occurrence=occurrence, address=ANNA, next_try_at=timezone.now())

        erase(acme)

        with tenant_scope(acme):
            assert Delivery.objects.values_list("status", "failure_code", "next_try_at").get() == ("suppressed", "erased", None)
            assert Occurrence.objects.get().status == "skipped"

    def test_a_report_for_them_alone_that_is_being_made(self, acme, daily_calls):
        job = factories.make_job(tenant=acme, report=daily_calls, status="running")
        factories.make_delivery(job=job, address=ANNA)

        with pytest.raises(Refused, match="is being made"):
            erase(acme)

        with tenant_scope(acme):
            assert Delivery.objects.get().address == ANNA


class TestTheirWord:
    """Somebody who stopped the mails and was erased gets none after a new upload."""

    @pytest.fixture
    def erased(self, acme):
        factories.make_suppression(tenant=acme, email=ANNA, reason="unsubscribed")
        erase(acme)

    def test_is_kept_as_a_hash_alone(self, acme, erased):
        with tenant_scope(acme):
            kept = Suppression.objects.get()
        assert (kept.email, kept.detail, len(kept.address_hmac)) == ("", "", 32)

    @pytest.mark.parametrize("how", ["added", "uploaded"])
    def test_counts_again_for_whoever_adds_them(self, acme, erased, how):
        with tenant_scope(acme):
            if how == "added":
                people.add(acme, OLGA, Person(ANNA), now=timezone.now())
            else:
                upload.save(acme, OLGA, [Line(1, ANNA)], leave_out=False, source="list.csv", now=timezone.now())

            assert Suppression.objects.values_list("email", "reason").get() == (ANNA, "unsubscribed")

    def test_stops_a_mail_that_comes_past_the_address_book(self, acme, daily_calls, erased):
        job, _file = ready(acme, daily_calls)
        delivery = factories.make_delivery(job=job, address=ANNA)

        with tenant_scope(acme):
            mail = Delivery.objects.select_related("tenant", "job").get(pk=delivery.pk)
            assert reason_not_to_send(mail, timezone.now()) == "unsubscribed"

    def test_outlives_a_change_of_the_portals_keys(self, acme, erased, settings):
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = (
            [settings.SECRET_KEY],
            "another-secret-key-of-more-than-fifty-characters-0123456789",
        )

        with tenant_scope(acme):
            people.add(acme, OLGA, Person(ANNA), now=timezone.now())
            assert Suppression.objects.get().email == ANNA

    def test_is_brought_under_the_newest_encryption_key_with_the_other_secrets(self, acme, erased, settings):
        settings.PORTAL_ENCRYPTION_KEYS = [base64.b64encode(b"k" * 32).decode()]
        out = StringIO()

        call_command("reencrypt", stdout=out)

        assert "newest key: 1 row(s)" in out.getvalue()
        settings.SECRET_KEY = "another" * 8
        with tenant_scope(acme):
            people.add(acme, OLGA, Person(ANNA), now=timezone.now())
            assert Suppression.objects.get().email == ANNA

    def test_is_a_hash_of_the_company_and_tells_another_nothing(self, acme, globex, erased):
        with tenant_scope(globex):
            theirs = rows.address_hash(globex, ANNA)
        with tenant_scope(acme):
            assert bytes(Suppression.objects.get().address_hmac) != theirs
            assert ANNA not in AddressKey.objects.get().sealed


class TestTheObjects:
    def test_what_others_were_sent_or_given_stays(self, acme, daily_calls, aws):
        mailed, _ = ready(acme, daily_calls, aws)
        for address in (ANNA, NANNA):
            factories.make_delivery(job=mailed, address=address, status="sent")
        handed, _ = ready(acme, daily_calls, aws)
        factories.make_delivery(job=handed, address=ANNA, status="sent")
        factories.make_link(job=handed)
        own, _ = ready(acme, daily_calls, aws)
        factories.make_link(job=own, email=ANNA)

        assert erase(acme).removed["files"] == 0
        assert len(stored(aws)) == 3

    def test_what_was_prepared_again_or_corrected_for_them_alone_goes_too(self, acme, daily_calls, aws):
        first, _ = ready(acme, daily_calls, aws)
        factories.make_delivery(job=first, address=ANNA, status="sent")
        for about in ({"retry_of": first, "trigger": "remake"}, {"replaces": first, "trigger": "retry"}):
            job, _file = ready(acme, daily_calls, aws)
            with tenant_scope(acme):
                SnapshotJob.objects.filter(pk=job.pk).update(**about)

        assert erase(acme).removed["files"] == 3

    def test_is_handed_out_to_nobody_from_the_first_moment(self, acme, adam, client, daily_calls, aws):
        job, file = ready(acme, daily_calls, aws)
        factories.make_delivery(job=job, address=ANNA, status="sent")
        client.force_login(adam)
        erase(acme)

        answer = client.post(f"/t/acme/jobs/{job.pk}/files/{file.pk}/")

        assert answer["Location"] == f"/t/acme/jobs/{job.pk}/"
        assert "Removed with the person it was made for" in client.get(answer["Location"]).content.decode()

    def test_every_version_goes(self, acme, daily_calls, aws):
        aws.control.create_bucket("acme-erased")
        s3 = aws.client("s3")
        s3.put_bucket_versioning(Bucket="acme-erased", VersioningConfiguration={"Status": "Enabled"})
        job, file = ready(acme, daily_calls)
        with tenant_scope(acme):
            SnapshotFile.objects.update(bucket="acme-erased")
            job.attempts.update(bucket="acme-erased")
        for _ in range(2):
            s3.put_object(Bucket="acme-erased", Key=file.key, Body=BODY)
        s3.delete_object(Bucket="acme-erased", Key=file.key)
        factories.make_delivery(job=job, address=ANNA, status="sent")
        erase(acme)

        objects.remove_all(timezone.now(), always)

        assert versions(aws, "acme-erased") == []

    def test_killed_after_some_it_goes_on_and_ends_with_the_last(self, acme, daily_calls, aws):
        for _ in range(3):
            job, file = ready(acme, daily_calls, aws)
            factories.make_delivery(job=job, address=ANNA, status="sent")
        erased = erase(acme)
        # Its object went, and nobody wrote that down.
        aws.client("s3").delete_object(Bucket=BUCKET, Key=file.key)
        looks = iter([True])

        objects.remove(acme.pk, timezone.now(), lambda: next(looks, False))
        with tenant_scope(acme):
            open_still = Erasure.objects.get(pk=erased.pk).ended_at is None
        objects.remove(acme.pk, timezone.now(), always)

        assert open_still
        assert stored(aws) == set()
        assert now_of(file).purged_at
        with tenant_scope(acme):
            assert Erasure.objects.get(pk=erased.pk).ended_at


class TestByCommand:
    def test_does_all_of_it_and_says_how_much(self, acme, daily_calls, aws):
        job, _file = ready(acme, daily_calls, aws)
        factories.make_delivery(job=job, address=ANNA, status="sent")
        out = StringIO()

        call_command("erase", ANNA, "--tenant=acme", "--because=She asked.", stdout=out)

        assert "deliveries 1" in out.getvalue()
        assert "Files: 1." in out.getvalue()
        assert stored(aws) == set()

    def test_says_what_stands_against_it(self, acme):
        with pytest.raises(CommandError, match="no email address"):
            call_command("erase", "nobody", "--tenant=acme", "--because=x")
        with pytest.raises(CommandError, match="There is no tenant"):
            call_command("erase", ANNA, "--tenant=none", "--because=x")


class TestThePage:
    @pytest.fixture
    def owner(self, client: Client, olga):
        return sign_in(client, olga)

    def test_asks_for_the_password_before_what_nobody_can_undo(self, client, acme, olga):
        person = factories.make_recipient(tenant=acme, email=ANNA)
        sign_in(client, olga, seconds_ago=3600)

        answer = client.post(f"/t/acme/recipients/{person.pk}/erase/", {"address": ANNA, "because": "She asked."})

        assert answer.status_code == 403
        with tenant_scope(acme):
            assert Recipient.objects.filter(pk=person.pk).exists()

    def test_wants_the_address_typed_and_a_reason(self, owner, acme):
        person = factories.make_recipient(tenant=acme, email=ANNA)
        path = f"/t/acme/recipients/{person.pk}/erase/"

        wrong = owner.post(path, {"address": NANNA, "because": "She asked."})
        empty = owner.post(path, {"address": ANNA, "because": ""})
        right = owner.post(path, {"address": ANNA.upper(), "because": "She asked."}, follow=True)

        assert (wrong.status_code, empty.status_code) == (422, 422)
        assert "This is not the address of the person on this page." in wrong.content.decode()
        assert right.redirect_chain == [("/t/acme/recipients/erase/", 303)]
        assert "The person was erased." in right.content.decode()
        assert "She asked." in right.content.decode()
        with tenant_scope(acme):
            assert not Recipient.objects.exists()

    def test_erases_somebody_whom_the_book_does_not_have(self, owner, acme, daily_calls):
        job, _file = ready(acme, daily_calls)
        factories.make_link(job=job, email=ANNA)

        page = owner.post("/t/acme/recipients/erase/", {"address": ANNA, "because": "She asked."}, follow=True)

        assert "The person was erased." in page.content.decode()

    def test_is_for_owners_alone(self, client, acme, adam):
        sign_in(client, adam)

        assert client.get("/t/acme/recipients/erase/").status_code == 403


def columns_of(model: type[models.Model]) -> set[str]:
    """In which an address could stand: an address field, free text, JSON, or a text as long as an address may be."""
    found = set()
    for field in model._meta.concrete_fields:
        base = field.base_field if isinstance(field, ArrayField) else field
        is_text = isinstance(base, models.EmailField | models.TextField | models.JSONField)
        is_long = isinstance(base, models.CharField) and (base.max_length or 0) >= 200 and not SETTLED.search(field.name)
        found |= {field.name} if (is_text or is_long) and not field.choices else set()
    return found


# Ids of QuickSight's, and names of code.
SETTLED = re.compile(r"_ids?$|^(func|hook|external_id|role_arn|required_tags|open_data_sets|codename|name)$")


def test_every_column_that_could_hold_an_address_is_listed():
    listed: dict[str, set[str]] = {}
    for table in (places.BLANKED, places.REWRITTEN, places.KEPT):
        for label, names in table.items():
            listed.setdefault(label, set()).update(names)
    for label, name in places.DELETED.items():
        listed.setdefault(label, set()).add(name)

    missing = {
        f"{model._meta.label}.{name}"
        for model in apps.get_models()
        if model._meta.label not in places.NOT_OF_CUSTOMERS
        for name in columns_of(model) - listed.get(model._meta.label, set())
    }

    assert missing == set(), "list it in reports/erasing/places.py, and take people out of it"


def test_what_is_listed_is_there():
    for table in (places.BLANKED, places.REWRITTEN, places.KEPT):
        for label, names in table.items():
            known = {field.name for field in apps.get_model(label)._meta.concrete_fields}
            assert set(names) <= known, label
