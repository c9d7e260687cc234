"""What staff tell everybody on the page of the status: written, ended and taken back, each with a line in the audit trail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal import status_page
from reports.models import ServiceNote
from tenants.models import AuditEvent
from tenants.scope import staff_scope

pytestmark = pytest.mark.django_db
PAGE = "/staff/status/"
GIVEN = {"kind": "work", "title": "A new release", "text": "Five minutes without the site.", "begins_at": "2026-11-08T02:00", "ends_at": ""}


@pytest.fixture
def browser(client, ines):
    client.force_login(ines)
    return client


@pytest.fixture(autouse=True)
def nothing_kept():
    status_page.KEPT.forget()
    yield
    status_page.KEPT.forget()


def notes(ines) -> list[ServiceNote]:
    with staff_scope(ines):
        return list(ServiceNote.objects.all())


def acts(ines) -> list[str]:
    with staff_scope(ines):
        return list(AuditEvent.objects.filter(tenant=None).order_by("at").values_list("action", flat=True))


def test_what_is_written_everybody_reads(browser, ines, client):
    answer = browser.post(PAGE, GIVEN, follow=True)

    assert "Written." in answer.content.decode()
    (note,) = notes(ines)
    assert (note.title, note.by, note.ends_at) == ("A new release", ines.email, None)
    assert note.begins_at.isoformat() == "2026-11-08T02:00:00+00:00"
    assert "A new release" in client.get("/status/").content.decode()
    assert acts(ines) == ["service_note.written"]


@pytest.mark.parametrize(
    ("change", "field"), [({"title": " "}, "title"), ({"begins_at": "tomorrow"}, "begins_at"), ({"ends_at": "2026-11-08T01:59"}, "ends_at")]
)
def test_what_is_wrong_is_told_at_its_field(browser, ines, change, field):
    answer = browser.post(PAGE, GIVEN | change)

    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert notes(ines) == []


def test_one_that_lasts_is_ended_once(browser, ines):
    browser.post(PAGE, GIVEN | {"begins_at": f"{timezone.now() - timedelta(hours=1):%Y-%m-%dT%H:%M}"})
    (note,) = notes(ines)

    first = browser.post(f"{PAGE}{note.pk}/end/", follow=True).content.decode()
    second = browser.post(f"{PAGE}{note.pk}/end/", follow=True).content.decode()

    assert "It is over." in first
    assert "Somebody had ended it before." in second
    assert notes(ines)[0].ends_at is not None
    assert acts(ines) == ["service_note.written", "service_note.ended"]


def test_what_has_not_begun_is_taken_back(browser, ines):
    browser.post(PAGE, GIVEN | {"begins_at": f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"})
    (note,) = notes(ines)

    browser.post(f"{PAGE}{note.pk}/end/")

    assert notes(ines) == []
    assert acts(ines) == ["service_note.written", "service_note.taken_back"]
