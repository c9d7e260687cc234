"""What the owner of a schedule reads when files are held, and when nobody decided in time."""

from __future__ import annotations

import pytest
from django.utils import timezone

from reports.gate import deciding
from reports.mails.letters import letter_of_notice
from reports.models import Notice
from tenants.scope import tenant_scope
from tests.reports.gate import files, steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(aws, schedule):
    job = steps.finish(aws, steps.make_run(schedule, people=["anna@c.example"]), files.pdf("Globex Resorts"))
    steps.review_all()
    return job


def mail(tenant, what: str, language: str = "en"):
    with tenant_scope(tenant):
        notice = Notice.objects.select_related("tenant", "schedule__report", "schedule__tenant", "occurrence__schedule").get(
            data__what=what
        )
        notice.language = language
        letter = letter_of_notice(notice, timezone.now())
        return letter and letter.message


def test_a_held_run_is_told_with_what_was_found_and_where_to_decide(acme, held):
    message = mail(acme, "held")

    assert message.to == ["olga@acme.example"]
    assert message.subject.startswith("Held: Daily call volume")
    assert "1 file looks unusual: “Acme Hotels” does not stand in it." in message.body
    assert f"/t/acme/schedules/{held.occurrence.schedule_id}/runs/{held.occurrence_id}/" in message.body


def test_the_mail_is_german_for_who_reads_german(acme, held):
    message = mail(acme, "held", "de")

    assert message.subject.startswith("Zurückgehalten: Daily call volume")
    assert "„Acme Hotels“ steht nicht darin." in message.body


def test_once_somebody_decided_the_mail_is_not_sent_any_more(acme, held):
    with tenant_scope(acme):
        deciding.release(held, steps.ADAM, timezone.now())

    assert mail(acme, "held") is None


def test_a_run_that_nobody_released_is_told(acme, held):
    steps.let_pass(acme, hours=25)
    steps.review_all()

    message = mail(acme, "lapsed")

    assert message.subject.startswith("Not sent: Daily call volume")
    assert "nobody released them in time" in message.body
