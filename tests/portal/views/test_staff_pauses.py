from __future__ import annotations

import pytest
from django.utils import timezone

from reports.models import Pause
from tenants.models import AuditEvent
from tenants.scope import engine_scope, staff_scope
from tests.factories import make_pause, the_account

pytestmark = pytest.mark.django_db
PAUSE, RESUME = "/staff/pauses/pause/", "/staff/pauses/resume/"
SUBJECTS = [
    {"kind": "account", "name": "main"},
    {"kind": "report", "name": "daily-calls"},
    {"kind": "tenant", "name": "acme"},
    {"kind": "delivery", "name": ""},
    {"kind": "delivery", "name": "acme"},
]


@pytest.fixture
def browser(client, ines):
    client.force_login(ines)
    return client


def pauses() -> list[Pause]:
    with engine_scope():
        return list(Pause.objects.all())


def acts(person) -> list[str]:
    with staff_scope(person):
        return list(AuditEvent.objects.filter(tenant=None).order_by("at").values_list("action", flat=True))


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: "-".join(subject.values()))
def test_it_asks_first_and_pauses_and_resumes_with_a_trace(browser, ines, acme, daily_calls, subject):
    asked = browser.get(PAUSE, subject)
    assert asked.status_code == 200
    assert pauses() == []

    told = browser.post(PAUSE, subject | {"because": "The dashboard is being rebuilt."}, follow=True).content.decode()

    (pause,) = pauses()
    assert (pause.kind, pause.by, pause.because) == (subject["kind"], ines.email, "The dashboard is being rebuilt.")
    assert "Paused: " in told
    assert "The dashboard is being rebuilt." in browser.get(RESUME, subject).content.decode()
    assert "Resumed: " in browser.post(RESUME, subject, follow=True).content.decode()
    assert pauses() == []
    assert acts(ines) == [f"{subject['kind']}.paused", f"{subject['kind']}.resumed"]


def test_without_a_reason_nothing_is_paused(browser, acme):
    answer = browser.post(PAUSE, {"kind": "tenant", "name": "acme", "because": "  "})

    assert answer.status_code == 422
    assert 'id="id_because_error"' in answer.content.decode()
    assert pauses() == []


def test_a_second_press_is_told_that_somebody_was_quicker(browser, acme):
    make_pause(tenant=acme, by="omar@platform.example", because="An unpaid bill.")
    subject = {"kind": "tenant", "name": "acme"}

    assert "It is paused already." in browser.get(PAUSE, subject).content.decode()
    assert "Somebody had paused it before" in browser.post(PAUSE, subject | {"because": "x"}, follow=True).content.decode()
    browser.post(RESUME, subject)
    assert "somebody has resumed it already" in browser.get(RESUME, subject).content.decode()
    assert "Somebody had resumed it before" in browser.post(RESUME, subject, follow=True).content.decode()


def test_a_pause_by_the_portal_tells_its_cause_and_that_it_ends_by_itself(browser, daily_calls):
    make_pause(kind="report", report=daily_calls, code="report_failed", probe_at=timezone.now())

    page = browser.get(RESUME, {"kind": "report", "name": "daily-calls"}).content.decode()

    assert "QuickSight could not render this report." in page
    assert "The portal ends this pause by itself" in page


@pytest.mark.parametrize(
    "subject",
    [
        {},
        {"kind": "everything"},
        {"kind": "account", "name": "no-such"},
        {"kind": "report", "name": "no-such"},
        {"kind": "tenant", "name": ""},
        {"kind": "delivery", "name": "no-such"},
        {"kind": "tenant", "name": "a\0b"},
    ],
)
def test_what_is_not_there_cannot_be_paused(browser, subject):
    the_account()

    assert browser.get(PAUSE, subject).status_code == 404
    assert browser.post(PAUSE, subject | {"because": "x"}).status_code == 404
    assert browser.post(RESUME, subject).status_code == 404
