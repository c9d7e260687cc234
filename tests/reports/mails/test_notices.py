from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from reports import failures, links
from reports.delivery import failures as delivery_failures
from reports.mails.letters import CONTENTS
from reports.models import Link, Notice
from tenants.models import Invitation
from tenants.scope import tenant_scope
from tests.factories import make_delivery, make_link, make_recipient
from tests.reports.mails.conftest import a_job, change, delivery_of

pytestmark = pytest.mark.django_db
Kind = Notice.Kind
# Nothing of these may reach anybody who is not staff.
INSIDE = re.compile(r"Traceback|Exception|arn:aws|botocore|\b[A-Z]\w+(Exception|Error|Fault)\b|\b[a-z]+_[a-z_]+\b|\b\d{12}\b")


def failed_run(occurrence, now, code="report_failed", **fields):
    """Two people wait for a job that failed."""
    job = a_job(occurrence, now, status="failed", failure_code=code, attempt_count=3, **fields)
    for number in (1, 2):
        make_delivery(job=job, address=f"person{number}@customer.example", status="failed", failure_code="job_failed")
    change(occurrence, status="failed", ended_at=now)
    return {"schedule": occurrence.schedule, "occurrence": occurrence, "data": {"of": "job", "code": code, "cause": f"job:{code}"}}


def visible(read):
    """What people see of it: addresses of pages are ours to choose."""
    return re.sub(r"https?://\S+", "", re.sub(r"<style>.*?</style>|<[^>]+>", " ", read.text + read.html, flags=re.S))


def test_the_owner_reads_what_failed_who_waits_why_and_what_to_try(noticed, occurrence, acme, now):
    read = noticed(acme, Kind.RUN_FAILED, **failed_run(occurrence, now))

    assert read.mail["Subject"] == "Failed: Calls of yesterday, Monday 23 November 2026"
    for part in read.both:
        assert "Calls of yesterday could not be made" in part
        assert "Acme Hotels, planned for Monday 23 November 2026, 07:00 (Berlin)." in part
        assert "2 people are waiting for it." in part
        assert "Nothing was sent." in part
        assert "The recipients were not told." in part
        assert "3 times, last at 07:02 (Berlin)" in part
        assert "QuickSight could not render this report." in part
        assert "Run the report again." in part
        assert "Tuesday 24 November 2026, 07:00 (Berlin)" in part
        assert reverse("occurrence", args=["acme", occurrence.schedule_id, occurrence.pk]) in part
        assert reverse("schedule_edit", args=["acme", occurrence.schedule_id]) in part
    assert read.mail["List-Unsubscribe"] is None


def test_some_mails_that_failed_are_told_as_such(noticed, occurrence, acme, now):
    sent = delivery_of(occurrence, now, status="sent")
    make_delivery(job=sent.job, status="bounced", failure_code="no_such_address", tries=1)
    change(occurrence, status="partly_delivered", ended_at=now)
    data = {"of": "delivery", "code": "no_such_address", "cause": "delivery:no_such_address"}

    read = noticed(acme, Kind.RUN_FAILED, schedule=occurrence.schedule, occurrence=occurrence, data=data)

    assert read.header("Subject").startswith("Partly delivered: Calls of yesterday")
    for part in read.both:
        assert "could not be delivered to everybody" in part
        assert "1 of 2 got it." in part
        assert "There is no such address." in part
        assert "Nothing was sent" not in part


def test_a_run_that_everybody_got_after_all_is_not_told_of(noticed, occurrence, acme, now):
    about = failed_run(occurrence, now)
    change(occurrence, status="delivered")

    assert noticed(acme, Kind.RUN_FAILED, **about) is None


@pytest.mark.parametrize("code", [*failures.CAUSES, "from_a_newer_release"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_no_failure_of_a_job_shows_its_inside(noticed, occurrence, acme, now, code, language):
    message = "botocore.exceptions.ClientError: arn:aws:iam::111122223333:role/x ThrottlingException\nTraceback (most recent call last)"
    about = failed_run(occurrence, now, code, failure_message=message)

    read = noticed(acme, Kind.RUN_FAILED, language=language, **about)

    assert INSIDE.findall(visible(read)) == []
    assert str(failures.cause_of(code).message) in read.text or language == "de"


@pytest.mark.parametrize("code", [*delivery_failures.CAUSES, "from_a_newer_release"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_no_failure_of_a_mail_shows_its_inside(noticed, occurrence, acme, now, code, language):
    delivery_of(occurrence, now, status="failed", failure_code=code, answer="550 5.1.1 SMTPRecipientsRefused")
    change(occurrence, status="failed", ended_at=now)
    data = {"of": "delivery", "code": code, "cause": f"delivery:{code}"}

    read = noticed(acme, Kind.RUN_FAILED, schedule=occurrence.schedule, occurrence=occurrence, language=language, data=data)

    assert INSIDE.findall(visible(read)) == []


def test_a_run_that_is_late_says_what_was_promised(noticed, occurrence, acme, now):
    change(occurrence, ready_by_at=now + timedelta(minutes=10))

    read = noticed(acme, Kind.RUN_LATE, schedule=occurrence.schedule, occurrence=occurrence)

    for part in read.both:
        assert "Calls of yesterday may not be ready in time" in part
        assert "Monday 23 November 2026, 07:12 (Berlin)" in part
        assert "It is not ready yet." in part


def test_a_run_that_ended_meanwhile_is_late_no_more(noticed, occurrence, acme, now):
    change(occurrence, ready_by_at=now, status="delivered", ended_at=now)

    assert noticed(acme, Kind.RUN_LATE, schedule=occurrence.schedule, occurrence=occurrence) is None


@pytest.fixture
def old_link(delivery) -> Link:
    link, _ = make_link(job=delivery.job, email="rosa@customer.example", protection="mailed", max_uses=7)
    return link


def test_a_new_link_has_the_old_ones_limits_and_opens_the_report(noticed, old_link, acme):
    read = noticed(acme, Kind.NEW_LINK, link=old_link, address="rosa@customer.example")

    url = re.search(r"http\S+/d/\S+", read.text)[0]
    with tenant_scope(acme):
        made = links.find(acme, url.rpartition("/")[2])
    assert (made.job_id, made.protection, made.max_uses) == (old_link.job_id, "mailed", 7)
    assert made.pk != old_link.pk
    assert "Acme Hotels Reports" in read.header("From")
    assert all("Your new link to Daily call volume" in part for part in read.both)


def test_a_new_link_ends_in_the_zone_of_its_schedule_as_the_first_mail_said(noticed, old_link, occurrence, acme):
    change(occurrence.schedule, timezone="America/New_York")

    assert "(New York)" in noticed(acme, Kind.NEW_LINK, link=old_link, address="rosa@customer.example").text


def test_nobody_gets_a_new_one_for_a_link_that_was_revoked(noticed, old_link, acme, now):
    change(old_link, revoked_at=now)

    assert noticed(acme, Kind.NEW_LINK, link=old_link) is None
    assert noticed(acme, Kind.READY_AGAIN, link=old_link) is None


def test_a_code_stands_in_the_mail_and_its_hash_alone_in_the_database(noticed, old_link, acme, now):
    change(old_link, expires_at=now + timedelta(days=1))

    read = noticed(acme, Kind.CODE, link=old_link, address="rosa@customer.example")

    code = re.search(r"^\d{6}$", read.text, re.M)[0]
    with tenant_scope(acme):
        old_link.refresh_from_db()
        stored = [value for value in vars(old_link).values() if isinstance(value, str)]
    assert code in read.html
    assert code not in read.header("Subject")
    assert code not in "".join(stored)
    assert old_link.code_expires_at == now + timedelta(minutes=10)


def test_no_code_is_made_for_a_link_that_opens_nothing(noticed, old_link, acme, now):
    change(old_link, expires_at=now)

    assert noticed(acme, Kind.CODE, link=old_link) is None


def test_files_that_are_there_again_are_told_with_a_link(noticed, old_link, acme):
    read = noticed(acme, Kind.READY_AGAIN, link=old_link)

    assert all("Daily call volume is ready again" in part for part in read.both)
    assert re.search(r"http\S+/d/\S+", read.text)


def test_a_test_is_said_to_be_one_and_opens_nothing(noticed, schedule, acme):
    read = noticed(acme, Kind.TEST, schedule=schedule, data={"name": "Olga Owner"})

    assert read.header("Subject") == "Test: Calls of yesterday: 24 November 2026"
    assert all("This is a test of the mail." in part for part in read.both)
    with tenant_scope(acme):
        assert not Link.objects.exists()
    assert read.mail["List-Unsubscribe"] is None


def test_an_invitation_leads_to_its_page_and_ends_with_it(noticed, acme, now):
    with tenant_scope(acme):
        invitation, token = Invitation.issue(acme, "new@acme.example", "viewer", now)

    read = noticed(acme, Kind.INVITATION, address="new@acme.example", data={"invitation": str(invitation.pk)})

    for part in read.both:
        assert f"/invitations/{acme.code}/{token}/" in part
        assert "Viewer" in part
        assert "new@acme.example" in part
    assert "Fanfold Reports" in read.header("From")


def test_an_invitation_that_was_accepted_is_not_sent(noticed, acme, now):
    with tenant_scope(acme):
        invitation, _ = Invitation.issue(acme, "new@acme.example", "viewer", now)
    change(invitation, accepted_at=now)

    assert noticed(acme, Kind.INVITATION, data={"invitation": str(invitation.pk)}) is None


def test_an_invitation_whose_key_is_gone_gets_a_working_address(noticed, acme, now, settings):
    with tenant_scope(acme):
        invitation, token = Invitation.issue(acme, "new@acme.example", "viewer", now)
    settings.SECRET_KEY = "another key of more than thirty-two characters"

    read = noticed(acme, Kind.INVITATION, data={"invitation": str(invitation.pk)})

    new_token = re.search(rf"/invitations/{acme.code}/([\w-]+)/", read.text)[1]
    assert new_token != token
    with tenant_scope(acme):
        assert Invitation.objects.with_token(new_token).get() == invitation


def test_every_kind_of_notice_has_a_letter():
    assert set(CONTENTS) == set(Kind)


class TestAQuota:
    @pytest.fixture
    def limited(self, acme, now):
        acme.max_recipients = 5
        for _ in range(4):
            make_recipient(tenant=acme)
        return acme

    def test_that_is_nearly_used_up_is_told_with_what_happens_then(self, noticed, limited, settings):
        settings.PLATFORM_NAME = "AnyCompany"

        read = noticed(limited, Kind.QUOTA, data={"quota": "recipients"})

        assert read.mail["Subject"] == "Nearly used up at Acme Hotels: Recipients"
        for part in read.both:
            assert "4 of 5" in part
            assert "At the limit nobody can be added to the address book." in part
            assert "For more ask AnyCompany." in part
            assert "/t/acme/settings/usage/" in part

    def test_that_has_room_again_is_not_told(self, noticed, limited):
        limited.max_recipients = 50

        assert noticed(limited, Kind.QUOTA, data={"quota": "recipients"}) is None

    def test_is_told_in_german(self, noticed, limited):
        read = noticed(limited, Kind.QUOTA, language="de", data={"quota": "recipients"})

        assert read.letter.message.subject == "Fast aufgebraucht bei Acme Hotels: Empfänger"
